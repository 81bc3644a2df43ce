package webhook

import (
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
)

// Meaning is what a sender does about an answer. The package comment has the table of them.
type Meaning int

const (
	// Accepted means that the operator dealt with the records. None is sent again.
	Accepted Meaning = iota + 1
	// Rejected means that the operator read all records and that none is good. None is sent again.
	Rejected
	// Unusable means that this body will never be accepted; another may be.
	Unusable
	// Later means that the same request may be accepted later.
	Later
	// Refused means that no request of this sender to this URL is accepted until a person changes something.
	Refused
)

// String returns the name of the meaning.
func (m Meaning) String() string {
	switch m {
	case Accepted:
		return "accepted"
	case Rejected:
		return "rejected"
	case Unusable:
		return "unusable"
	case Later:
		return "later"
	case Refused:
		return "refused"
	}
	return fmt.Sprintf("Meaning(%d)", int(m))
}

// meaningOf is the table of the package comment for answers; ofOperator is whether the answer is an operator's.
func meaningOf(code int, a Answer, ofOperator bool) Meaning {
	switch {
	case code == http.StatusRequestEntityTooLarge:
		return Unusable
	case code == http.StatusRequestTimeout, code == http.StatusTooEarly, code == http.StatusTooManyRequests, code >= 500:
		return Later
	case !ofOperator:
		return Refused
	case code == http.StatusOK:
		return Accepted
	case code != http.StatusBadRequest && code != http.StatusUnprocessableEntity:
		return Refused
	case a.Rejected > 0:
		return Rejected
	}
	return Unusable
}

// meaningOfFailure is the table of the package comment for requests that got no answer.
func meaningOfFailure(err error) Meaning {
	_, isUntrusted := errors.AsType[*tls.CertificateVerificationError](err)
	if isUntrusted || errors.Is(err, http.ErrSchemeMismatch) {
		return Refused
	}
	return Later
}
