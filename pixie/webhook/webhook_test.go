package webhook_test

import (
	"context"
	"encoding/pem"
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kernel-gossip/kernel-gossip/pixie/webhook"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// transport answers requests without a network, so that a test may have a clock of its own.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// answers returns a transport that gives each request this answer, and counts the requests.
func answers(sent *int, code int, header http.Header, text string) transport {
	return func(*http.Request) (*http.Response, error) {
		*sent++
		response := httptest.NewRecorder()
		maps.Copy(response.Header(), header)
		response.WriteHeader(code)
		_, _ = io.WriteString(response, text)
		return response.Result(), nil
	}
}

// Each row is a row of the table in the package comment.
func TestEachAnswerHasOneMeaning(t *testing.T) {
	const counted, none, page = `{"accepted":3,"ignored":0,"rejected":1}`, `{"accepted":0,"ignored":0,"rejected":2}`,
		`<h1>Hello</h1>`
	const refusal = `{"accepted":0,"ignored":0,"rejected":0,"error":"because"}`
	for name, tc := range map[string]struct {
		code int
		text string
		want webhook.Meaning
	}{
		"records counted":             {code: 200, text: counted, want: webhook.Accepted},
		"no record good":              {code: 400, text: none, want: webhook.Rejected},
		"records from the future":     {code: 422, text: none, want: webhook.Rejected},
		"body broke off":              {code: 400, text: refusal, want: webhook.Unusable},
		"too large for the operator":  {code: 413, text: refusal, want: webhook.Unusable},
		"too large for a proxy":       {code: 413, text: page, want: webhook.Unusable},
		"too slow":                    {code: 408, text: refusal, want: webhook.Later},
		"too early":                   {code: 425, text: page, want: webhook.Later},
		"busy":                        {code: 429, text: refusal, want: webhook.Later},
		"full":                        {code: 503, text: refusal, want: webhook.Later},
		"proxy without an operator":   {code: 502, text: page, want: webhook.Later},
		"operator too slow for proxy": {code: 504, text: page, want: webhook.Later},
		"fault of the server":         {code: 500, text: page, want: webhook.Later},
		"unknown token":               {code: 401, text: refusal, want: webhook.Refused},
		"no right":                    {code: 403, text: refusal, want: webhook.Refused},
		"no such path":                {code: 404, text: refusal, want: webhook.Refused},
		"no POST":                     {code: 405, text: page, want: webhook.Refused},
		"another format":              {code: 415, text: refusal, want: webhook.Refused},
		"moved":                       {code: 302, text: page, want: webhook.Refused},
		"no content":                  {code: 204, text: "", want: webhook.Refused},
		"a page":                      {code: 200, text: page, want: webhook.Refused},
		"an empty object":             {code: 200, text: `{}`, want: webhook.Refused},
		"HTTP to a TLS server": {
			code: 400, text: "Client sent an HTTP request to an HTTPS server.", want: webhook.Refused,
		},
		"a form that is not complete": {code: 422, text: page, want: webhook.Refused},
	} {
		t.Run(name, func(t *testing.T) {
			sent := 0
			c, err := webhook.New(webhook.Options{
				URL: "http://operator", Attempts: 1,
				Transport: answers(&sent, tc.code, nil, tc.text),
			})
			require.NoError(t, err)
			got, err := c.Post(t.Context(), []byte("{}"))
			require.Equal(t, 1, sent)
			if tc.want == webhook.Accepted || tc.want == webhook.Rejected {
				require.NoError(t, err)
				require.Equal(t, tc.want == webhook.Accepted, got.Accepted > 0)
				require.Positive(t, got.Rejected)
				return
			}
			failure, ok := errors.AsType[*webhook.Error](err)
			require.True(t, ok, err)
			require.Equal(t, tc.want, failure.Meaning, err)
			require.Equal(t, tc.code, failure.Code)
			require.Equal(t, webhook.Answer{}, got)
			if tc.text == refusal {
				require.ErrorContains(t, err, "http://operator/v1/events: ")
				require.ErrorContains(t, err, ": because")
			}
		})
	}
}

// A sender tries again when it helps, and then as often as it may.
func TestOnlyMeaningsThatPassAreTriedAgain(t *testing.T) {
	for name, tc := range map[string]struct {
		code     int
		options  webhook.Options
		attempts int
		says     string
	}{
		"busy": {
			code: 503, options: webhook.Options{Attempts: 4}, attempts: 4,
			says: "gave up after 4 attempts: http://operator/v1/events: 503",
		},
		"busy, one attempt": {
			code: 503, options: webhook.Options{Attempts: 1}, attempts: 1,
			says: "gave up after 1 attempt: ",
		},
		"refused": {
			code: 401, options: webhook.Options{Attempts: 4}, attempts: 1,
			says: "http://operator/v1/events: 401",
		},
		"refused, a service": {
			code: 401, options: webhook.Options{Attempts: 4, RetryRefused: true}, attempts: 4,
			says: "gave up after 4 attempts",
		},
		"unusable": {
			code: 413, options: webhook.Options{Attempts: 4, RetryRefused: true}, attempts: 1,
			says: "413",
		},
		"busy, no token to send": {
			code:    503,
			options: webhook.Options{Attempts: 4, Access: webhook.Access{TokenFile: "missing"}}, attempts: 0,
			says: "token: open missing",
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sent, noted := 0, 0
				tc.options.URL, tc.options.Transport = "http://operator", answers(&sent, tc.code, nil, "")
				tc.options.Retrying = func(attempt int, err error, pause time.Duration) {
					noted++
					require.Equal(t, noted, attempt)
					require.ErrorContains(t, err, "http://operator/v1/events: ")
					require.Positive(t, pause)
				}
				c, err := webhook.New(tc.options)
				require.NoError(t, err)
				_, err = c.Post(t.Context(), nil)
				require.ErrorContains(t, err, tc.says)
				require.Equal(t, tc.attempts, sent)
				require.Equal(t, max(0, tc.attempts-1), noted)
			})
		})
	}
}

// Without Attempts only the context ends it. Then the error is the context's, with what went wrong last.
func TestPostEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent := 0
		c, err := webhook.New(webhook.Options{URL: "http://operator", Transport: answers(&sent, 503, nil, "")})
		require.NoError(t, err)
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		begin := time.Now()
		_, err = c.Post(ctx, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.ErrorContains(t, err, "503")
		require.Equal(t, time.Hour, time.Since(begin))
		require.Greater(t, sent, 60)
	})
}

func TestPausesGrowAndAnswersSayHowLong(t *testing.T) {
	for name, tc := range map[string]struct {
		header http.Header
		least  []time.Duration // of the pauses
		most   []time.Duration
	}{
		"no answer says how long": {
			least: []time.Duration{
				500 * time.Millisecond, time.Second, 2 * time.Second, 2500 * time.Millisecond,
				2500 * time.Millisecond,
			},
			most: []time.Duration{
				1500 * time.Millisecond, 3 * time.Second, 6 * time.Second, 7500 * time.Millisecond,
				7500 * time.Millisecond,
			},
		},
		"seconds": {
			header: http.Header{"Retry-After": {"7"}},
			least:  []time.Duration{7500 * time.Millisecond, 7500 * time.Millisecond, 7500 * time.Millisecond},
			most:   []time.Duration{8500 * time.Millisecond, 8500 * time.Millisecond, 8500 * time.Millisecond},
		},
		"no time at all": { // not a reason to try again without a pause
			header: http.Header{"Retry-After": {"0"}},
			least:  []time.Duration{500 * time.Millisecond, 500 * time.Millisecond},
			most:   []time.Duration{1500 * time.Millisecond, 1500 * time.Millisecond},
		},
		"a past date": {
			header: http.Header{"Retry-After": {"Mon, 02 Jan 1995 15:04:05 GMT"}},
			least:  []time.Duration{500 * time.Millisecond}, most: []time.Duration{1500 * time.Millisecond},
		},
		"a date": { // the clock of a synctest bubble begins at midnight of 2000-01-01
			header: http.Header{"Retry-After": {"Sat, 01 Jan 2000 00:00:30 GMT"}},
			least:  []time.Duration{30500 * time.Millisecond}, most: []time.Duration{31500 * time.Millisecond},
		},
		"a year": {
			header: http.Header{"Retry-After": {"31536000"}},
			least:  []time.Duration{120 * time.Second}, most: []time.Duration{122 * time.Second},
		},
		"nonsense": {
			header: http.Header{"Retry-After": {"-5"}},
			least:  []time.Duration{500 * time.Millisecond, time.Second},
			most:   []time.Duration{1500 * time.Millisecond, 3 * time.Second},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				sent, begin := 0, time.Now()
				c, err := webhook.New(webhook.Options{
					URL: "http://operator", Attempts: len(tc.least) + 1, LastPause: 5 * time.Second,
					Transport: answers(&sent, 503, tc.header, ""),
					Retrying: func(attempt int, _ error, pause time.Duration) {
						require.GreaterOrEqual(t, pause, tc.least[attempt-1], attempt)
						require.LessOrEqual(t, pause, tc.most[attempt-1]+time.Microsecond, attempt)
						begin = begin.Add(pause)
					},
				})
				require.NoError(t, err)
				_, err = c.Post(t.Context(), nil)
				require.Error(t, err)
				require.Equal(t, begin, time.Now(), "the pauses are made")
			})
		})
	}
}

// What a request has: the records, their type, and the token that the file has at that moment.
func TestTokenFileIsReadForEachRequest(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	require.NoError(t, os.WriteFile(token, []byte("first\n"), 0o600))
	var got []string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		got = append(got, strings.Join([]string{
			r.Method, r.URL.String(), r.Header.Get("Content-Type"),
			r.Header.Get("Authorization"), string(text),
		}, " "))
		if len(got) == 1 {
			_ = os.WriteFile(token, []byte("second"), 0o600)
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		_, _ = io.WriteString(w, `{"accepted":1}`)
	}))
	defer server.Close()
	c, err := webhook.New(webhook.Options{
		URL: server.URL, Access: webhook.Access{TokenFile: token, Token: "neither"}, RetryRefused: true,
		FirstPause: time.Millisecond,
	})
	require.NoError(t, err)
	defer c.CloseIdleConnections()
	answer, err := c.Post(t.Context(), []byte("{}\n"))
	require.NoError(t, err)
	require.Equal(t, webhook.Answer{Accepted: 1}, answer)
	require.Empty(t, cmp.Diff([]string{
		"POST /v1/events application/x-ndjson Bearer first {}\n", "POST /v1/events application/x-ndjson Bearer second {}\n",
	}, got))
}

// A redirect would lead the token to a host that no user chose.
func TestTokenDoesNotFollowRedirects(t *testing.T) {
	var reached atomic.Bool
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached.Store(true) }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	c, err := webhook.New(webhook.Options{URL: server.URL, Access: webhook.Access{Token: "secret"}})
	require.NoError(t, err)
	defer c.CloseIdleConnections()
	_, err = c.Post(t.Context(), nil)
	require.ErrorContains(t, err, "307 Temporary Redirect")
	require.False(t, reached.Load())
}

// Requests without an answer: the network may come back, settings that are wrong do not mend themselves.
func TestFailuresWithoutAnAnswerHaveAMeaning(t *testing.T) {
	secure := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_,
			_ = io.WriteString(w, `{"accepted":1}`)
	}))
	defer secure.Close()
	secure.Config.ErrorLog = nil
	plain := httptest.NewServer(http.NotFoundHandler())
	defer plain.Close()
	cut := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, `{"accepted":1`)
	}))
	defer cut.Close()
	ca := filepath.Join(t.TempDir(), "ca.crt")
	require.NoError(t, os.WriteFile(ca,
		pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: secure.Certificate().Raw}), 0o600))
	for name, tc := range map[string]struct {
		url  string
		ca   string
		want webhook.Meaning // 0 is an answer
	}{
		"trusted":             {url: secure.URL, ca: ca},
		"not trusted":         {url: secure.URL, want: webhook.Refused},
		"another name":        {url: strings.Replace(secure.URL, "127.0.0.1", "localhost", 1), ca: ca, want: webhook.Refused},
		"HTTP where TLS is":   {url: strings.Replace(secure.URL, "https", "http", 1), want: webhook.Refused},
		"TLS where HTTP is":   {url: strings.Replace(plain.URL, "http", "https", 1), want: webhook.Refused},
		"answer breaks off":   {url: cut.URL, want: webhook.Later},
		"connection refused":  {url: "http://127.0.0.1:1", want: webhook.Later},
		"name does not exist": {url: "http://operator.invalid", want: webhook.Later},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := webhook.New(webhook.Options{URL: tc.url, Access: webhook.Access{CAFile: tc.ca}, Attempts: 1})
			require.NoError(t, err)
			defer c.CloseIdleConnections()
			_, err = c.Post(t.Context(), nil)
			if tc.want == 0 {
				require.NoError(t, err)
				return
			}
			failure, ok := errors.AsType[*webhook.Error](err)
			require.True(t, ok, err)
			require.Equal(t, tc.want, failure.Meaning, err)
			require.Zero(t, failure.RetryAfter)
		})
	}
}

func TestNewRefusesWhatCannotBePostedTo(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o600))
	for name, tc := range map[string]struct {
		options webhook.Options
		says    string
	}{
		"no URL":         {options: webhook.Options{}, says: `"" is not like http://127.0.0.1:8080/v1/events`},
		"a name":         {options: webhook.Options{URL: "localhost:8080"}, says: `"localhost:8080" is not like`},
		"another scheme": {options: webhook.Options{URL: "ftp://localhost"}, says: "is not like"},
		"no file": {
			options: webhook.Options{URL: "http://a", Access: webhook.Access{CAFile: dir + "/missing"}},
			says:    "certificates: open ",
		},
		"no certificate": {options: webhook.Options{URL: "http://a", Access: webhook.Access{CAFile: empty}}, says: empty +
			": no certificate in it"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := webhook.New(tc.options)
			require.ErrorContains(t, err, tc.says)
		})
	}
	for text, want := range map[string]string{
		"http://a": "http://a/v1/events", "https://a/": "https://a/v1/events",
		"http://a/webhook/pixie?x=1": "http://a/webhook/pixie?x=1",
	} {
		got, err := webhook.ParseURL(text)
		require.NoError(t, err)
		require.Equal(t, want, got.String())
	}
}

func TestMessageJoinsAllThatWentWrong(t *testing.T) {
	a := webhook.Answer{Error: "no record was good", Errors: []string{"line 1: \xff", "line 2: b"}, Warning: "no such pod"}
	require.Equal(t, "no record was good; line 1: �; line 2: b; no such pod", a.Message())
	require.Len(t, a.Errors, 2)
	require.Empty(t, webhook.Answer{Accepted: 3}.Message())
}
