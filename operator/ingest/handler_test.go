package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// sink keeps the events that it takes, as the operator does.
type sink struct {
	analyzer *gossip.Analyzer
	full     bool
	ignore   string        // namespace
	entered  chan struct{} // one for each call, if there is hold
	hold     chan struct{}
}

func newSink() *sink { return &sink{analyzer: gossip.New(gossip.Options{})} }

func (s *sink) take(_ context.Context, events []gossip.Event) (ingest.Outcome, error) {
	if s.hold != nil {
		s.entered <- struct{}{}
		<-s.hold
	}
	if s.full {
		return ingest.Outcome{}, errors.New("full")
	}
	var out ingest.Outcome
	for _, e := range events {
		if e.From().Namespace == s.ignore {
			out.Ignored++
			continue
		}
		if e.From().PodUID == "stranger" {
			out.Unknown, out.Warning = out.Unknown+1, "no such pod"
			continue
		}
		s.analyzer.Observe(e)
	}
	return out, nil
}

// record returns a good record, with replacements.
func record(change ...string) string {
	text := fmt.Sprintf(`{"type":"cpu_throttle","timestamp":%q,"namespace":"shop","pod_name":"api-0",`+
		`"container_name":"app","nr_periods":50,"nr_throttled":40}`,
		time.Now().UTC().Format(time.RFC3339Nano))
	return strings.NewReplacer(change...).Replace(text)
}

// future returns a record that is ahead of the clock by d.
func future(d time.Duration) string {
	return fmt.Sprintf(`{"type":"cpu_throttle","timestamp":%q,"namespace":"shop","pod_name":"api-0",`+
		`"container_name":"app","throttle_percentage":1}`,
		time.Now().Add(d).UTC().Format(time.RFC3339))
}

type reply struct {
	Code                        int
	Accepted, Ignored, Rejected int
	Unknown                     int
	Error, Warning              string
	Errors                      []string
}

func post(t *testing.T, h http.Handler, body io.Reader, header ...string) reply {
	t.Helper()
	request := httptest.NewRequest(http.MethodPost, "/v1/events", body)
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response := httptest.NewRecorder()
	h.ServeHTTP(response, request)
	return read(t, response.Code, response.Body.Bytes())
}

func read(t *testing.T, code int, text []byte) reply {
	t.Helper()
	out := reply{Code: code}
	require.NoError(t, json.Unmarshal(text, &out), "%s", text)
	return out
}

func packed(t *testing.T, format, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	var w io.WriteCloser = gzip.NewWriter(&out)
	if format == "zstd" {
		z, err := zstd.NewWriter(&out)
		require.NoError(t, err)
		w = z
	}
	_, err := io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return out.Bytes()
}

func TestPostedBodiesGetTheirAnswer(t *testing.T) {
	good, bad := record(), `{"type":"fan_speed"}`
	stranger := record(`"pod_name"`, `"pod_uid":"stranger","pod_name"`)
	for name, tc := range map[string]struct {
		body   string
		header []string
		want   reply // without texts
		says   string
	}{
		"one": {body: good, want: reply{Code: 200, Accepted: 1}},
		"array": {
			body: "[" + good + "," + record("api-0", "api-1") + "]",
			want: reply{Code: 200, Accepted: 2},
		},
		"lines": {body: good + "\n" + record("api-0", "api-1") + "\n", want: reply{Code: 200, Accepted: 2}},
		"gzip": {
			body: string(packed(t, "gzip", good)), header: []string{"Content-Encoding", "gzip"},
			want: reply{Code: 200, Accepted: 1},
		},
		"gzip without a header": {body: string(packed(t, "gzip", good)), want: reply{Code: 200, Accepted: 1}},
		"zstd": {
			body: string(packed(t, "zstd", good)), header: []string{"Content-Encoding", "zstd"},
			want: reply{Code: 200, Accepted: 1},
		},
		"one of two is bad": {
			body: good + "\n" + bad, want: reply{Code: 200, Accepted: 1, Rejected: 1},
			says: "line 2: type: unknown",
		},
		"ignored": {body: record("shop", "elsewhere"), want: reply{Code: 200, Ignored: 1}},
		"unknown pod": {
			body: stranger + "\n" + good,
			want: reply{Code: 200, Accepted: 1, Unknown: 1, Warning: "no such pod"},
		},
		"unknown pods only": {body: stranger, want: reply{Code: 200, Unknown: 1, Warning: "no such pod"}},
		"all bad":           {body: bad + "\n" + bad, want: reply{Code: 400, Rejected: 2}, says: "no record was good"},
		"not JSON":          {body: "hello", want: reply{Code: 400, Rejected: 1}, says: "invalid JSON"},
		"empty":             {want: reply{Code: 400}, says: "no record"},
		"white space":       {body: " \n\n", want: reply{Code: 400}, says: "no record"},
		"empty array":       {body: "[]", want: reply{Code: 400}, says: "no record"},
		"broken gzip": {
			body: string(packed(t, "gzip", good+"\n"+good)[:60]), want: reply{Code: 400},
			says: "broke off",
		},
		"no gzip": {body: "\x1f\x8b\x00\x00\x00", want: reply{Code: 400}, says: "broke off"},
		"future": {
			body: future(11 * time.Minute), want: reply{Code: 422, Rejected: 1},
			says: "ahead of this clock",
		},
		"days in the future": {
			body: future(45*24*time.Hour + time.Hour), want: reply{Code: 422, Rejected: 1},
			says: "is 45 days ahead of this clock",
		},
		"years in the future": {
			body: future(27129 * time.Hour), want: reply{Code: 422, Rejected: 1},
			says: "is 3 years ahead of this clock",
		},
		"near future":          {body: future(9 * time.Minute), want: reply{Code: 200, Accepted: 1}},
		"future and bad":       {body: future(time.Hour) + "\n" + bad, want: reply{Code: 400, Rejected: 2}},
		"future and good":      {body: future(time.Hour) + "\n" + good, want: reply{Code: 200, Accepted: 1, Rejected: 1}},
		"too long":             {body: strings.Repeat(" ", 70_000), want: reply{Code: 413}, says: "65536 bytes"},
		"bomb":                 {body: string(packed(t, "gzip", strings.Repeat(" ", 1<<24))), want: reply{Code: 413}},
		"bomb behind a record": {body: string(packed(t, "zstd", good+strings.Repeat("\n", 1<<24))), want: reply{Code: 413}},
		"form": {
			body: good, header: []string{"Content-Type", "application/x-www-form-urlencoded"},
			want: reply{Code: 415}, says: "send application/json",
		},
		"JSON with charset": {
			body: good, header: []string{"Content-Type", "application/json; charset=utf-8"},
			want: reply{Code: 200, Accepted: 1},
		},
		"cloud events": {
			body: good, header: []string{"Content-Type", "application/cloudevents+json"},
			want: reply{Code: 200, Accepted: 1},
		},
		"brotli": {body: good, header: []string{"Content-Encoding", "br"}, want: reply{Code: 415}, says: "send gzip"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSink()
			s.ignore = "elsewhere"
			h := ingest.New(ingest.Options{Take: s.take, MaxBody: 1 << 16}).Events()
			got := post(t, h, strings.NewReader(tc.body), tc.header...)
			require.Contains(t, got.Error+strings.Join(got.Errors, "\n"), tc.says)
			got.Error, got.Errors = "", nil
			require.Empty(t, cmp.Diff(tc.want, got))
			require.Equal(t, int64(tc.want.Accepted), s.analyzer.Stats().Observed, "what was refused leaves nothing behind")
		})
	}
}

// Every bad input of the decoder's corpus gets an answer with its count.
func TestBadInputsOfTheDecoderGetAnAnswer(t *testing.T) {
	files, err := filepath.Glob("../../pixie/testdata/fuzz/*/*")
	require.NoError(t, err)
	more, err := filepath.Glob("../../pixie/testdata/*.txtar")
	require.NoError(t, err)
	h := ingest.New(ingest.Options{Take: newSink().take}).Events()
	require.NotEmpty(t, slices.Concat(files, more))
	for _, file := range slices.Concat(files, more) {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		got := post(t, h, bytes.NewReader(content))
		require.Contains(t, []int{200, 400}, got.Code, file)
		require.NotZero(t, got.Accepted+got.Rejected, file)
	}
}

func TestErrorsAreBounded(t *testing.T) {
	h := ingest.New(ingest.Options{Take: newSink().take}).Events()
	got := post(t, h, strings.NewReader(strings.Repeat("{}\n", 5000)))
	require.Equal(t, 5000, got.Rejected)
	require.Len(t, got.Errors, 10)
}

func TestOnlyPostsToThePathAreTaken(t *testing.T) {
	h := ingest.New(ingest.Options{Take: newSink().take}).Events()
	for target, want := range map[string]int{
		"POST /v1/events": 200, "POST /webhook/pixie": 200, "POST /": 404, "POST /v1/events/": 404, "GET /v1/events": 405,
		"DELETE /webhook/pixie": 405,
	} {
		method, path, _ := strings.Cut(target, " ")
		response := httptest.NewRecorder()
		h.ServeHTTP(response, httptest.NewRequest(method, path, strings.NewReader(record())))
		require.Equal(t, want, response.Code, target)
		require.Equal(t, "application/json", response.Header().Get("Content-Type"))
	}
}

func TestFullDoorAsksToComeAgain(t *testing.T) {
	s := newSink()
	s.full = true
	h := ingest.New(ingest.Options{Take: s.take}).Events()
	response := httptest.NewRecorder()
	h.ServeHTTP(response, httptest.NewRequest(http.MethodPost, "/v1/events", strings.NewReader(record())))
	require.Equal(t, http.StatusServiceUnavailable, response.Code)
	require.Equal(t, "5", response.Header().Get("Retry-After"))
	require.Zero(t, read(t, response.Code, response.Body.Bytes()).Accepted)
}

func TestBusyDoorAsksToComeAgain(t *testing.T) {
	s := newSink()
	s.entered, s.hold = make(chan struct{}, 3), make(chan struct{})
	counted := map[string]int{}
	h := ingest.New(ingest.Options{
		Take: s.take, MaxRequests: 2,
		Rejected: func(reason string, n int) { counted[reason] += n },
	}).Events()
	codes := make(chan int)
	for range 2 {
		go func() {
			response := httptest.NewRecorder()
			h.ServeHTTP(response, httptest.NewRequest(http.MethodPost, "/v1/events", strings.NewReader(record())))
			codes <- response.Code
		}()
	}
	<-s.entered
	<-s.entered
	response := httptest.NewRecorder()
	h.ServeHTTP(response, httptest.NewRequest(http.MethodPost, "/v1/events", strings.NewReader(record())))
	require.Equal(t, http.StatusTooManyRequests, response.Code)
	require.Equal(t, "1", response.Header().Get("Retry-After"))
	require.Equal(t, map[string]int{"busy": 1}, counted)
	close(s.hold)
	require.Equal(t, []int{200, 200}, []int{<-codes, <-codes})
	require.Equal(t, 200, post(t, h, strings.NewReader(record())).Code)
}

func FuzzHandler(f *testing.F) {
	f.Add("application/json", "", []byte(record()))
	f.Add("text/plain", "gzip", []byte("\x1f\x8b"))
	f.Add("", "zstd", []byte("[{},\n"))
	f.Fuzz(func(t *testing.T, kind, packing string, body []byte) {
		s := newSink()
		h := ingest.New(ingest.Options{Take: s.take, MaxBody: 1 << 16}).Events()
		got := post(t, h, bytes.NewReader(body), "Content-Type", kind, "Content-Encoding", packing)
		require.Contains(t, []int{200, 400, 413, 415, 422}, got.Code)
		require.Equal(t, got.Code == 200, got.Accepted+got.Ignored > 0)
		require.Equal(t, int64(got.Accepted), s.analyzer.Stats().Observed)
		require.LessOrEqual(t, len(got.Errors), got.Rejected)
	})
}
