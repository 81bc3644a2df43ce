package ingest_test

import (
	"context"
	"crypto/tls"
	"encoding/pem"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
	"github.com/kernel-gossip/kernel-gossip/pixie/webhook"
)

// postOnce posts records to a door that serves on loopback, as senders do.
func postOnce(t *testing.T, door *ingest.Door, o webhook.Options, records string) (webhook.Answer, *webhook.Error) {
	t.Helper()
	address := serve(t, ingest.NewServer(door.Events()), nil)
	o.URL, o.Attempts = "http://"+address+o.URL, 1
	client, err := webhook.New(o)
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	answer, err := client.Post(t.Context(), []byte(records))
	if err == nil {
		return answer, nil
	}
	failure, ok := errors.AsType[*webhook.Error](err)
	require.True(t, ok, err)
	return answer, failure
}

// forbids knows each sender and admits none; if away, it cannot authenticate.
type forbids struct{ away bool }

func (f forbids) Authenticate(*http.Request) (string, error) {
	if f.away {
		return "", errors.New("the API server is away")
	}
	return "", ingest.ErrForbidden
}

// Each answer of a door has the meaning that the table of package webhook gives it.
func TestSendersUnderstandEachAnswerOfADoor(t *testing.T) {
	good, bad := record(), `{"type":"fan_speed"}`
	for name, tc := range map[string]struct {
		body    string
		path    string
		token   string
		door    ingest.Options
		full    bool
		want    webhook.Answer // without texts
		meaning webhook.Meaning
		code    int
		retry   time.Duration
	}{
		"accepted":        {body: good, want: webhook.Answer{Accepted: 1}},
		"some are bad":    {body: good + "\n" + bad, want: webhook.Answer{Accepted: 1, Rejected: 1}},
		"ignored":         {body: record("shop", "elsewhere"), want: webhook.Answer{Ignored: 1}},
		"unknown":         {body: record(`"pod_name"`, `"pod_uid":"stranger","pod_name"`), want: webhook.Answer{Unknown: 1}},
		"all are bad":     {body: bad + "\n" + bad, want: webhook.Answer{Rejected: 2}},
		"future":          {body: future(time.Hour), want: webhook.Answer{Rejected: 1}},
		"no record":       {body: "\n", meaning: webhook.Unusable, code: 400},
		"body breaks off": {body: string(packed(t, "gzip", good)[:60]), meaning: webhook.Unusable, code: 400},
		"too large":       {body: good, door: ingest.Options{MaxBody: 64}, meaning: webhook.Unusable, code: 413},
		"another path":    {body: good, path: "/v2/events", meaning: webhook.Refused, code: 404},
		"unknown token":   {body: good, door: ingest.Options{Auth: &knows{}}, meaning: webhook.Refused, code: 401},
		"good token": {
			body: good, door: ingest.Options{Auth: &knows{}}, token: word,
			want: webhook.Answer{Accepted: 1},
		},
		"no right": {body: good, door: ingest.Options{Auth: forbids{}}, meaning: webhook.Refused, code: 403},
		"no authenticator": {
			body: good, door: ingest.Options{Auth: forbids{away: true}}, meaning: webhook.Later, code: 503,
			retry: 5 * time.Second,
		},
		"full": {body: good, full: true, meaning: webhook.Later, code: 503, retry: 5 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSink()
			s.ignore, s.full, tc.door.Take = "elsewhere", tc.full, s.take
			got, failure := postOnce(t, ingest.New(tc.door),
				webhook.Options{URL: tc.path, Access: webhook.Access{Token: tc.token}}, tc.body)
			got.Error, got.Errors, got.Warning = "", nil, ""
			require.Empty(t, cmp.Diff(tc.want, got))
			if failure == nil {
				require.Zero(t, tc.meaning)
				return
			}
			require.Equal(t, tc.meaning, failure.Meaning, failure)
			require.Equal(t, tc.code, failure.Code)
			require.Equal(t, tc.retry, failure.RetryAfter)
		})
	}
}

// A sender that is asked to try again delivers its records.
func TestBusyDoorGetsTheRecordsLater(t *testing.T) {
	hold, entered, s := make(chan struct{}), make(chan struct{}), newSink()
	first := true
	door := ingest.New(ingest.Options{
		MaxRequests: 1,
		Take: func(ctx context.Context, events []gossip.Event) (ingest.Outcome, error) {
			if first {
				first = false
				close(entered)
				<-hold
			}
			return s.take(ctx, events)
		},
	})
	address := serve(t, ingest.NewServer(door.Events()), nil)
	var why error
	client, err := webhook.New(webhook.Options{
		URL: "http://" + address,
		Retrying: func(_ int, err error, _ time.Duration) {
			if why == nil {
				why = err
				close(hold)
			}
		},
	})
	require.NoError(t, err)
	defer client.CloseIdleConnections()
	done := make(chan error)
	go func() {
		_, err := client.Post(t.Context(), []byte(record()))
		done <- err
	}()
	<-entered
	answer, err := client.Post(t.Context(), []byte(record("api-0", "api-1")))
	require.NoError(t, err)
	require.Equal(t, webhook.Answer{Accepted: 1}, answer)
	require.ErrorContains(t, why, "429 Too Many Requests: too many requests at a time")
	require.NoError(t, <-done)
	require.Equal(t, int64(2), s.analyzer.Stats().Observed)
}

// The records of a slow body are not bad: the door answers 408, and not 400 as for a body that breaks off, and to an
// exporter of OpenTelemetry 503, because it does not send again after 408.
func TestSlowBodyMayBeSentAgain(t *testing.T) {
	door := ingest.New(ingest.Options{Take: newSink().take})
	many := strings.Repeat(record()+"\n", 2000)
	metrics, err := proto.Marshal(metricsRequest(time.Now(), 50))
	require.NoError(t, err)
	for name, tc := range map[string]struct {
		body, contentType string
		metrics, secure   bool
	}{
		"plain":         {body: many, contentType: "application/x-ndjson"},
		"TLS":           {body: many, contentType: "application/x-ndjson", secure: true},
		"an array":      {body: "[" + record() + "]", contentType: "application/json"},
		"gzip":          {body: string(packed(t, "gzip", many)), contentType: "application/x-ndjson"},
		"zstd":          {body: string(packed(t, "zstd", many)), contentType: "application/x-ndjson"},
		"OTLP":          {body: string(metrics), contentType: "application/x-protobuf", metrics: true},
		"OTLP with TLS": {body: string(metrics), contentType: "application/x-protobuf", metrics: true, secure: true},
		"OTLP as JSON":  {body: `{"resourceMetrics":[]}`, contentType: "application/json", metrics: true},
	} {
		t.Run(name, func(t *testing.T) {
			server, url, want := ingest.NewServer(door.Events()), "/v1/events", http.StatusRequestTimeout
			if tc.metrics {
				want = http.StatusServiceUnavailable
				server, url = ingest.NewServer(door.Metrics()), "/v1/metrics"
			}
			server.ReadTimeout = 100 * time.Millisecond
			var config *tls.Config
			scheme := "http://"
			if tc.secure {
				config = &tls.Config{Certificates: []tls.Certificate{*certificate(t, "operator")}, MinVersion: tls.VersionTLS12}
				scheme = "https://"
			}
			url = scheme + serve(t, server, config) + url
			body := slowly{text: strings.NewReader(tc.body), wait: 300 * time.Millisecond}
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, &body)
			require.NoError(t, err)
			request.Header.Set("Content-Type", tc.contentType)
			response, err := clientFrom(t, "127.0.0.1").Do(request)
			require.NoError(t, err)
			defer func() { _ = response.Body.Close() }()
			require.Equal(t, want, response.StatusCode)
		})
	}
}

// slowly waits before each read except the first, which returns half of the text.
type slowly struct {
	text  *strings.Reader
	wait  time.Duration
	begun bool
}

func (s *slowly) Read(p []byte) (int, error) {
	if s.begun {
		time.Sleep(s.wait)
		return s.text.Read(p)
	}
	s.begun = true
	return s.text.Read(p[:min(len(p), max(1, s.text.Len()/2))])
}

// Senders that trust the certificate reach a door with TLS, and an http:// URL of it is a wrong setting.
func TestSendersCheckTheCertificate(t *testing.T) {
	door := ingest.New(ingest.Options{Take: newSink().take})
	own := certificate(t, "operator")
	address := serve(t, ingest.NewServer(door.Events()),
		&tls.Config{Certificates: []tls.Certificate{*own}, MinVersion: tls.VersionTLS12})
	ca := filepath.Join(t.TempDir(), "ca.crt")
	require.NoError(t, os.WriteFile(ca, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: own.Certificate[0]}),
		0o600))
	for name, tc := range map[string]struct {
		scheme string
		code   int
		says   string
	}{
		"another name": {scheme: "https", says: "certificate"}, // it is for no address
		"no TLS":       {scheme: "http", code: 400, says: "HTTP request to an HTTPS server"},
	} {
		t.Run(name, func(t *testing.T) {
			client, err := webhook.New(webhook.Options{URL: tc.scheme + "://" + address, Access: webhook.Access{CAFile: ca}})
			require.NoError(t, err)
			defer client.CloseIdleConnections()
			_, err = client.Post(t.Context(), []byte(record()))
			failure, ok := errors.AsType[*webhook.Error](err)
			require.True(t, ok, err)
			require.Equal(t, webhook.Refused, failure.Meaning)
			require.Equal(t, tc.code, failure.Code)
			require.ErrorContains(t, err, tc.says)
		})
	}
}
