package webhook

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// The pauses that the zero Options have.
const (
	DefaultFirstPause = time.Second
	DefaultLastPause  = 30 * time.Second
)

const (
	requestTimeout = time.Minute     // of one attempt; an operator answers within 45 s
	maxRetryAfter  = 2 * time.Minute // an operator asks for 5 s at most
	maxAnswer      = 1 << 20         // bytes
	maxExcerpt     = 300             // bytes of an answer that is not an operator's, in an error
)

// Options of a Client. Only URL is required.
type Options struct {
	// URL is where records are posted to, such as http://127.0.0.1:8080/v1/events. Without a path it is /v1/events.
	URL string
	// Access has the token and the certificates.
	Access Access
	// Transport sends the requests; nil means Access.Transport. It does not add the token.
	Transport http.RoundTripper
	// Attempts is how often Post sends a request at most; 0 means until its context ends.
	Attempts int
	// RetryRefused makes Post try again also when the sender is refused. It is for services: tokens, rights and
	// addresses are mended while they run.
	RetryRefused bool
	// FirstPause and LastPause bound the pauses between attempts; 0 means DefaultFirstPause and DefaultLastPause.
	FirstPause, LastPause time.Duration
	// Retrying is called before each pause with the number of the attempt that failed, from 1, and why. Nil is not called.
	Retrying func(attempt int, err error, pause time.Duration)
}

// Client posts records to one operator. It is safe for concurrent use. Make it with New.
type Client struct {
	options Options
	url     *url.URL
	http    *http.Client
}

// New makes a Client. It sends nothing yet.
func New(o Options) (*Client, error) {
	target, err := ParseURL(o.URL)
	if err != nil {
		return nil, err
	}
	if o.Transport == nil {
		if o.Transport, err = o.Access.Transport(); err != nil {
			return nil, fmt.Errorf("certificates: %w", err)
		}
	}
	if o.FirstPause <= 0 {
		o.FirstPause = DefaultFirstPause
	}
	if o.LastPause <= 0 {
		o.LastPause = DefaultLastPause
	}
	if o.Retrying == nil {
		o.Retrying = func(int, error, time.Duration) {}
	}
	return &Client{options: o, url: target, http: &http.Client{
		Transport: o.Transport, Timeout: requestTimeout,
		// The token is for this URL only.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}, nil
}

// ParseURL reads the URL of an operator. Its path is /v1/events if it has none.
func ParseURL(text string) (*url.URL, error) {
	target, err := url.Parse(text)
	if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
		return nil, fmt.Errorf("%q is not like http://127.0.0.1:8080/v1/events", text)
	}
	if target.Path == "" || target.Path == "/" {
		target.Path = "/v1/events"
	}
	return target, nil
}

// CloseIdleConnections closes the connections that no request uses.
func (c *Client) CloseIdleConnections() { c.http.CloseIdleConnections() }

// Post posts records, one a line, and waits until the operator has dealt with them: see the package comment. The error
// is an [*Error], or wraps the context's error if the context ends first.
func (c *Client) Post(ctx context.Context, records []byte) (Answer, error) {
	pauses := &backoff.ExponentialBackOff{
		InitialInterval: c.options.FirstPause, MaxInterval: c.options.LastPause,
		Multiplier: 2, RandomizationFactor: backoff.DefaultRandomizationFactor,
	}
	for attempt := 1; ; attempt++ {
		answer, failure := c.postOnce(ctx, records)
		switch {
		case failure == nil:
			return answer, nil
		case ctx.Err() != nil:
			return Answer{}, fmt.Errorf("%w: %w", ctx.Err(), failure.Err)
		case !c.isRetried(failure.Meaning):
			return Answer{}, failure
		}
		failure.Attempts = attempt
		if attempt == c.options.Attempts {
			return Answer{}, failure
		}
		pause := pauses.NextBackOff()
		if failure.hasRetryAfter {
			pauses.Reset()
			pause = failure.RetryAfter + pauses.NextBackOff()
			pauses.Reset()
		}
		c.options.Retrying(attempt, failure.Err, pause)
		if !wait(ctx, pause) {
			return Answer{}, fmt.Errorf("%w: %w", ctx.Err(), failure.Err)
		}
	}
}

// isRetried reports whether an answer of this meaning is a reason to try again.
func (c *Client) isRetried(m Meaning) bool {
	return m == Later || m == Refused && c.options.RetryRefused
}

// postOnce sends a request once. There is an answer or a failure.
func (c *Client) postOnce(ctx context.Context, records []byte) (Answer, *Error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url.String(), bytes.NewReader(records))
	if err != nil {
		return Answer{}, &Error{Meaning: Refused, Err: err}
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	if err := c.options.Access.Authorize(r); err != nil {
		return Answer{}, &Error{Meaning: Refused, Err: fmt.Errorf("token: %w", err)}
	}
	response, err := c.http.Do(r)
	if err != nil {
		return Answer{}, &Error{Meaning: meaningOfFailure(err), Err: err}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return Answer{}, &Error{Meaning: Later, Err: fmt.Errorf("%s: the answer broke off: %w", c.url.Redacted(), err)}
	}
	return c.readAnswer(response, text)
}

// readAnswer decides what an answer means.
func (c *Client) readAnswer(response *http.Response, text []byte) (Answer, *Error) {
	answer, ofOperator := parseAnswer(text)
	meaning := meaningOf(response.StatusCode, answer, ofOperator)
	if meaning == Accepted || meaning == Rejected {
		return answer, nil
	}
	said := answer.Message()
	if said == "" {
		said = strconv.Quote(string(text[:min(len(text), maxExcerpt)]))
	}
	if response.StatusCode == http.StatusOK {
		said += ": not the answer of an operator"
	}
	failure := &Error{
		Meaning: meaning, Code: response.StatusCode,
		Err: fmt.Errorf("%s: %s: %s", c.url.Redacted(), response.Status, said),
	}
	failure.RetryAfter, failure.hasRetryAfter = parseRetryAfter(response.Header)
	return Answer{}, failure
}

// parseRetryAfter reads the header, which has seconds or a date, and reports whether it is there.
func parseRetryAfter(header http.Header) (time.Duration, bool) {
	text := header.Get("Retry-After")
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return min(time.Duration(seconds)*time.Second, maxRetryAfter), true
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(0, time.Until(at)), maxRetryAfter), true
	}
	return 0, false
}

// wait waits, and reports false if ctx ended before.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
