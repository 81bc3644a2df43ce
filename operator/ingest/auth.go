package ingest

import (
	"errors"
	"net/http"
)

// Authenticator says whether the sender of a request may send. Its error is, or wraps, ErrUnauthenticated or ErrForbidden; any other
// means that it could not find out.
type Authenticator interface {
	Authenticate(r *http.Request) error
}

var (
	// ErrUnauthenticated says that nobody knows the sender: 401.
	ErrUnauthenticated = errors.New("a bearer token is needed, and it has to be a good one")
	// ErrForbidden says that the sender is known and may not send: 403.
	ErrForbidden = errors.New("not allowed")
)
