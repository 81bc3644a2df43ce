package replay

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/webhook"
)

// operator is an http.RoundTripper that needs no network, so that synctest's clock goes on while a test waits.
type operator func(*http.Request) string

func (o operator) RoundTrip(r *http.Request) (*http.Response, error) {
	answer := io.NopCloser(strings.NewReader(o(r)))
	return &http.Response{StatusCode: http.StatusOK, Body: answer, Header: http.Header{}, Request: r}, nil
}

// captured is a record of a pod at a number of seconds.
func captured(pod string, seconds float64) string {
	at := time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC).Add(time.Duration(seconds * 1e9))
	return fmt.Sprintf(`{"type":"cpu_throttle","timestamp":%q,"namespace":"shop","pod_name":%q,`+
		`"container_name":"app","throttle_percentage":80}`, at.Format(time.RFC3339Nano), pod)
}

// post is a request that arrived: how long after the beginning, and the pods of its records.
type post struct {
	After time.Duration
	Pods  string
	Ahead time.Duration // from the clock to the time of its newest record
}

// sendCapture sends a capture by synctest's clock and returns the requests that arrive.
func sendCapture(t *testing.T, change func(*sender), lines ...string) (posts []post) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "capture.ndjson")
	require.NoError(t, os.WriteFile(name, []byte(strings.Join(lines, "\n")), 0o600))
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(time.Until(time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC))) // the decoder refuses synctest's year 2000
		begin := time.Now()
		client, err := webhook.New(webhook.Options{URL: "http://operator", Attempts: 1, Transport: operator(
			func(r *http.Request) string {
				p, accepted := post{After: time.Since(begin), Ahead: math.MinInt64}, 0
				for event, err := range pixie.Decode(r.Body) {
					if err != nil {
						break
					}
					accepted++
					p.Pods += event.From().Pod
					p.Ahead = max(p.Ahead, time.Until(event.From().Time))
				}
				posts = append(posts, p)
				return fmt.Sprintf(`{"accepted":%d}`, accepted)
			})})
		require.NoError(t, err)
		var errs bytes.Buffer
		s := sender{client: client, errs: &errs, maxRecords: 1000, pace: pace{speed: 1}}
		change(&s)
		if s.pace.shift != 0 {
			s.pace.shift = 0
			require.NoError(t, s.measureShift([]string{name}))
		}
		require.NoError(t, s.sendAll(t.Context(), []string{name}))
		require.Empty(t, errs.String())
		require.Equal(t, len(lines), s.accepted)
	})
	return posts
}

// Records are sent as far apart as they were recorded, to a second and never early, and at once with an infinite speed.
func TestRecordsAreSentAsFarApartAsTheyWereRecorded(t *testing.T) {
	lines := []string{
		captured("a", 0), captured("b", 0.2), captured("c", 1), captured("d", 0.5), captured("e", 10.1), captured("f", 30),
		captured("g", -5),
	}
	for name, tc := range map[string]struct {
		speed      float64
		maxRecords int
		want       []post
	}{
		"as recorded": {speed: 1, maxRecords: 1000, want: []post{
			{Pods: "a"},
			{After: time.Second, Pods: "bcd"},
			{After: 11 * time.Second, Pods: "e"},
			{After: 30 * time.Second, Pods: "fg"},
		}},
		"ten times as fast": {speed: 10, maxRecords: 1000, want: []post{
			{Pods: "a"},
			{After: time.Second, Pods: "bcd"},
			{After: 2 * time.Second, Pods: "e"},
			{After: 3 * time.Second, Pods: "fg"},
		}},
		"without waiting": {speed: math.Inf(1), maxRecords: 1000, want: []post{{Pods: "abcdefg"}}},
		"three records in a request": {speed: math.Inf(1), maxRecords: 3, want: []post{
			{Pods: "abc"}, {Pods: "def"}, {Pods: "g"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			got := sendCapture(t, func(s *sender) { s.pace.speed, s.maxRecords = tc.speed, tc.maxRecords }, lines...)
			require.Empty(t, cmp.Diff(tc.want, got, cmpopts.IgnoreFields(post{}, "Ahead")))
		})
	}
}

// With --now the newest record is sent at its own time, and none before its time.
func TestNowSendsTheNewestRecordAtItsOwnTime(t *testing.T) {
	lines := []string{captured("a", 0), captured("b", 4), captured("c", 30), captured("d", 20)}
	for _, speed := range []float64{1, 10, math.Inf(1)} {
		posts := sendCapture(t, func(s *sender) { s.pace.speed, s.pace.shift = speed, 1 }, lines...)
		for _, p := range posts {
			require.LessOrEqual(t, p.Ahead, time.Duration(0))
		}
		require.Zero(t, posts[len(posts)-1].Ahead)
	}
}

// Moving times changes nothing else: not the order, not a digit.
func TestMovingTimesChangesNothingElse(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for name, tc := range map[string]struct{ in, want string }{
		"record": {
			`{"x": 1.50, "timestamp":"2026-01-02T04:04:05+01:00", "y":{"timestamp":"2026-01-02T03:04:05Z"}, "z":"\u00e9"}`,
			`{"x":1.50,"timestamp":"2026-01-02T04:04:05Z","y":{"timestamp":"2026-01-02T03:04:05Z"},"z":"é"}`,
		},
		"row": {
			`{"_tableName_":"kg_cpu_throttle_v1","time_":"2026-01-02 03:04:05 +0000 UTC","nr_periods":"1e3"}`,
			`{"_tableName_":"kg_cpu_throttle_v1","time_":"2026-01-02T04:04:05Z","nr_periods":"1e3"}`,
		},
		"timeline": {
			`{"timestamp":"2026-01-02T03:04:05Z","timeline":[{"timestamp_ms":0,"action":"timestamp"},` +
				`{"timestamp":"2026-01-02T03:04:04.5Z","details":"timestamp"}]}`,
			`{"timestamp":"2026-01-02T04:04:05Z","timeline":[{"timestamp_ms":0,"action":"timestamp"},` +
				`{"timestamp":"2026-01-02T04:04:04.5Z","details":"timestamp"}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := shiftTimes([]byte(tc.in), at, time.Hour)
			require.NoError(t, err)
			require.Equal(t, tc.want, string(got))
		})
	}
}
