package replay

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"
)

// Bounds of asking again.
const (
	firstPause = time.Second
	lastPause  = 30 * time.Second
	longest    = 2 * time.Minute // that an operator may ask for
	maxAnswer  = 1 << 20         // bytes
)

// poster posts requests to an operator.
type poster struct {
	client    *http.Client
	url       string
	tokenFile string
	attempts  int
	note      io.Writer // of what is tried again
}

func newPoster(o *sendOptions, note io.Writer) (*poster, error) {
	target, err := url.Parse(o.URL)
	if err != nil || target.Host == "" || target.Scheme != "http" && target.Scheme != "https" {
		return nil, fmt.Errorf("--url: %q is not like http://127.0.0.1:8080/v1/events", o.URL)
	}
	if target.Path == "" || target.Path == "/" {
		target.Path = "/v1/events"
	}
	transport := &http.Transport{Proxy: http.ProxyFromEnvironment, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("--ca-file: %w", err)
		}
		roots := x509.NewCertPool()
		if !roots.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("--ca-file: %s: no certificate in it", o.CAFile)
		}
		transport.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	}
	return &poster{
		url: target.String(), tokenFile: o.TokenFile, attempts: o.Attempts, note: note,
		client: &http.Client{
			Transport: transport, Timeout: time.Minute,
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }, // the token is for nobody else
		},
	}, nil
}

// answer is what the operator says of the records of a request.
type answer struct {
	Accepted, Ignored, Rejected int
	Unknown                     int // about pods that the operator's cluster does not have
	Error, Warning              string
	Errors                      []string
}

// post posts a request until it is answered for good. The error ends the sending: the operator is away, or wants none
// of it.
func (p *poster) post(ctx context.Context, body []byte, c clock) (answer, error) {
	pause := firstPause
	for attempt := 1; ; attempt++ {
		a, after, err := p.try(ctx, body)
		var again *laterError
		switch {
		case err == nil:
			return a, nil
		case ctx.Err() != nil:
			return answer{}, errors.New("interrupted")
		case !errors.As(err, &again):
			return answer{}, err
		case attempt == p.attempts:
			return answer{}, fmt.Errorf("gave up after %s: %w", formatCount(attempt, "attempt"), err)
		}
		if after < 0 {
			after = pause/2 + rand.N(pause/2) //nolint:gosec // so that senders do not come all at once; no secret
			pause = min(2*pause, lastPause)
		}
		after = min(after, longest)
		fmt.Fprintf(p.note, "gossip-replay: attempt %d of %d: %v; again in %s\n",
			attempt, p.attempts, err, after.Round(100*time.Millisecond))
		if err := c.sleepFor(ctx, after); err != nil {
			return answer{}, errors.New("interrupted")
		}
	}
}

// laterError is an answer, or none, that may be another one later.
type laterError struct{ err error }

func (e *laterError) Error() string { return e.err.Error() }
func (e *laterError) Unwrap() error { return e.err }

// try posts a request once. After is how long the operator wants to be left alone; negative when it does not say.
func (p *poster) try(ctx context.Context, body []byte) (a answer, after time.Duration, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, p.url, bytes.NewReader(body))
	if err != nil {
		return a, 0, err
	}
	r.Header.Set("Content-Type", "application/x-ndjson")
	token, err := p.token()
	if err != nil {
		return a, 0, err
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := p.client.Do(r)
	if err != nil {
		return a, -1, &laterError{err}
	}
	defer response.Body.Close()
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return a, -1, &laterError{fmt.Errorf("%s: the answer broke off: %w", p.url, err)}
	}
	said := fmt.Errorf("%s: %s: %s", p.url, response.Status, excerpt(text))
	understood := json.Unmarshal(text, &a) == nil
	switch response.StatusCode {
	case http.StatusOK:
		if !understood {
			return a, 0, fmt.Errorf("%w: not the answer of an operator", said)
		}
		return a, 0, nil
	case http.StatusBadRequest, http.StatusUnprocessableEntity:
		if understood && a.Rejected > 0 { // each of them: the next request may be better
			return a, 0, nil
		}
		return a, 0, said
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusServiceUnavailable, http.StatusGatewayTimeout:
		return a, retryAfter(response.Header), &laterError{said}
	}
	return a, 0, said
}

// token is read for each request: tokens of Kubernetes live for an hour or less, and captures can take longer.
func (p *poster) token() (string, error) {
	if p.tokenFile == "" {
		return os.Getenv(tokenVariable), nil
	}
	token, err := os.ReadFile(p.tokenFile)
	if err != nil {
		return "", fmt.Errorf("--token-file: %w", err)
	}
	return strings.TrimSpace(string(token)), nil
}

// retryAfter is what the header says, in seconds or as a date; negative when it says nothing.
func retryAfter(header http.Header) time.Duration {
	text := header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds >= 0 {
		return time.Duration(min(seconds, int(longest/time.Second))) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, time.Until(at))
	}
	return -1
}

// excerpt is the beginning of an answer, fit for a terminal.
func excerpt(text []byte) string {
	const most = 300
	var a answer
	if json.Unmarshal(text, &a) == nil && a.Error != "" {
		return a.Error
	}
	return strconv.Quote(string(text[:min(len(text), most)]))
}
