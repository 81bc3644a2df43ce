package ingest

import (
	"context"
	"errors"
	"net/http"
)

// Authenticator decides whether the sender of a request may send, and returns a name for it that it cannot choose
// itself. Its error wraps ErrUnauthenticated or ErrForbidden; any other error means that it cannot decide now.
type Authenticator interface {
	Authenticate(r *http.Request) (sender string, err error)
}

// senderKey is the key of a sender's name in a context.
type senderKey struct{}

// WithSender returns a context with the name of a sender.
func WithSender(ctx context.Context, sender string) context.Context {
	return context.WithValue(ctx, senderKey{}, sender)
}

// SenderOf returns the name of the sender by which an Authenticator knows it; empty if senders are not authenticated.
func SenderOf(ctx context.Context) string {
	sender, _ := ctx.Value(senderKey{}).(string)
	return sender
}

var (
	// ErrUnauthenticated means that the sender is unknown: 401.
	ErrUnauthenticated = errors.New("a bearer token is needed, and it has to be a good one")
	// ErrForbidden means that the sender is known and may not send: 403.
	ErrForbidden = errors.New("not allowed")
)
