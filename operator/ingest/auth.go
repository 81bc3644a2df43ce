package ingest

import (
	"errors"
	"net/http"
)

// Authenticator decides whether the sender of a request may send. Its error wraps ErrUnauthenticated or ErrForbidden;
// any other error means that it cannot decide now.
type Authenticator interface {
	Authenticate(r *http.Request) error
}

var (
	// ErrUnauthenticated means that the sender is unknown: 401.
	ErrUnauthenticated = errors.New("a bearer token is needed, and it has to be a good one")
	// ErrForbidden means that the sender is known and may not send: 403.
	ErrForbidden = errors.New("not allowed")
)
