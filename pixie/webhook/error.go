package webhook

import (
	"fmt"
	"time"
)

// Error is why a request is not accepted.
type Error struct {
	// Meaning is Unusable, Later or Refused.
	Meaning Meaning
	// Code is the HTTP status; 0 if there was no answer.
	Code int
	// RetryAfter is how long the answer asks to wait, at most two minutes; 0 if it does not ask.
	RetryAfter time.Duration
	// Attempts is how often the request was sent before the client gave up; 0 if there was no reason to try again.
	Attempts int
	// Err has the URL, the status and what the answer says.
	Err error

	hasRetryAfter bool
}

// Error returns the text of Err, and after how many attempts the client gave up.
func (e *Error) Error() string {
	switch e.Attempts {
	case 0:
		return e.Err.Error()
	case 1:
		return fmt.Sprintf("gave up after 1 attempt: %v", e.Err)
	}
	return fmt.Sprintf("gave up after %d attempts: %v", e.Attempts, e.Err)
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }
