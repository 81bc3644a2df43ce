package replay

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// sleeper is a clock that moves only when somebody sleeps.
type sleeper struct {
	at     time.Time
	sleeps []time.Duration
}

func (s *sleeper) currentTime() time.Time { return s.at }

func (s *sleeper) sleepFor(ctx context.Context, d time.Duration) error {
	s.at = s.at.Add(d)
	s.sleeps = append(s.sleeps, d)
	return ctx.Err()
}

// captured is a record of a pod at so many seconds.
func captured(pod string, seconds float64) string {
	at := time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC).Add(time.Duration(seconds * 1e9))
	return fmt.Sprintf(`{"type":"cpu_throttle","timestamp":%q,"namespace":"shop","pod_name":%q,"container_name":"app","throttle_percentage":80}`, at.Format(time.RFC3339Nano), pod)
}

// post is a request that arrived: when, after the first, and the pods and times of its records.
type post struct {
	After time.Duration
	Pods  string
	Ahead time.Duration // of its newest record to the clock
}

// sent sends a capture by a clock of its own and returns what arrives.
func sent(t *testing.T, change func(*sender), lines ...string) (posts []post, c *sleeper) {
	t.Helper()
	c = &sleeper{at: time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)}
	begin := c.at
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p := post{After: c.at.Sub(begin), Ahead: math.MinInt64}
		accepted := 0
		for event, err := range pixie.Decode(r.Body) {
			if err != nil {
				break
			}
			accepted++
			p.Pods += event.From().Pod
			p.Ahead = max(p.Ahead, event.From().Time.Sub(c.at))
		}
		posts = append(posts, p)
		_ = json.NewEncoder(w).Encode(map[string]int{"accepted": accepted})
	}))
	defer server.Close()
	name := filepath.Join(t.TempDir(), "capture.ndjson")
	require.NoError(t, os.WriteFile(name, []byte(strings.Join(lines, "\n")), 0o600))
	p, err := newPoster(&sendOptions{URL: server.URL, Attempts: 1}, io.Discard)
	require.NoError(t, err)
	defer p.client.CloseIdleConnections()
	var errs bytes.Buffer
	s := sender{poster: p, errs: &errs, maxRecords: 1000, pace: pace{speed: 1}, clock: c}
	change(&s)
	if s.pace.shift != 0 {
		s.pace.shift = 0
		require.NoError(t, s.measureShift([]string{name}))
	}
	require.NoError(t, s.sendAll(t.Context(), []string{name}))
	require.Empty(t, errs.String())
	require.Equal(t, len(lines), s.accepted)
	return posts, c
}

// Records are sent as far apart as they were recorded, to a second and never early, and at once when the clock is of no
// interest.
func TestRecordsAreSentAsFarApartAsTheyWereRecorded(t *testing.T) {
	lines := []string{captured("a", 0), captured("b", 0.2), captured("c", 1), captured("d", 0.5), captured("e", 10.1), captured("f", 30), captured("g", -5)}
	at := func(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
	anyTime := func(posts []post) []post {
		for i := range posts {
			posts[i].Ahead = 0
		}
		return posts
	}
	got, _ := sent(t, func(*sender) {}, lines...)
	require.Empty(t, cmp.Diff([]post{{After: 0, Pods: "a"}, {After: at(1), Pods: "bcd"}, {After: at(11), Pods: "e"}, {After: at(30), Pods: "fg"}}, anyTime(got)))
	got, _ = sent(t, func(s *sender) { s.pace.speed = 10 }, lines...)
	require.Empty(t, cmp.Diff([]post{{After: 0, Pods: "a"}, {After: at(1), Pods: "bcd"}, {After: at(2), Pods: "e"}, {After: at(3), Pods: "fg"}}, anyTime(got)))
	got, c := sent(t, func(s *sender) { s.pace.speed = math.Inf(1) }, lines...)
	require.Empty(t, cmp.Diff([]post{{Pods: "abcdefg"}}, anyTime(got)))
	require.Empty(t, c.sleeps)
	got, _ = sent(t, func(s *sender) { s.pace.speed, s.maxRecords = math.Inf(1), 3 }, lines...)
	require.Empty(t, cmp.Diff([]post{{Pods: "abc"}, {Pods: "def"}, {Pods: "g"}}, anyTime(got)))
}

// With --now the newest record is sent at its own time, and none before its time.
func TestNowSendsTheNewestRecordAtItsOwnTime(t *testing.T) {
	lines := []string{captured("a", 0), captured("b", 4), captured("c", 30), captured("d", 20)}
	for _, speed := range []float64{1, 10, math.Inf(1)} {
		posts, _ := sent(t, func(s *sender) { s.pace.speed, s.pace.shift = speed, 1 }, lines...)
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
			`{"timestamp":"2026-01-02T03:04:05Z","timeline":[{"timestamp_ms":0,"action":"timestamp"},{"timestamp":"2026-01-02T03:04:04.5Z","details":"timestamp"}]}`,
			`{"timestamp":"2026-01-02T04:04:05Z","timeline":[{"timestamp_ms":0,"action":"timestamp"},{"timestamp":"2026-01-02T04:04:04.5Z","details":"timestamp"}]}`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := shiftTimes([]byte(tc.in), at, time.Hour)
			require.NoError(t, err)
			require.Equal(t, tc.want, string(got))
		})
	}
}

func TestRetryAfter(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"": -1, "0": 0, "5": 5 * time.Second, "-5": -1, "soon": -1, "999999999": longest, "Mon, 02 Jan 2006 15:04:05 GMT": 0,
	} {
		require.Equal(t, want, retryAfter(http.Header{"Retry-After": {text}}), text)
	}
}

// An operator that is away is asked again after growing pauses, and after the time that it names.
func TestPauses(t *testing.T) {
	codes := []int{503, 503, 503, 429, 200}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		code := codes[0]
		codes = codes[1:]
		if code == 429 {
			w.Header().Set("Retry-After", "7")
		}
		w.WriteHeader(code)
		_, _ = w.Write([]byte(`{"accepted":1}`))
	}))
	defer server.Close()
	p, err := newPoster(&sendOptions{URL: server.URL, Attempts: 5}, io.Discard)
	require.NoError(t, err)
	defer p.client.CloseIdleConnections()
	c := &sleeper{}
	a, err := p.post(t.Context(), []byte("{}"), c)
	require.NoError(t, err)
	require.Equal(t, 1, a.Accepted)
	require.Len(t, c.sleeps, 4)
	for i, d := range c.sleeps[:3] {
		require.GreaterOrEqual(t, d, firstPause<<i/2)
		require.LessOrEqual(t, d, firstPause<<i)
	}
	require.Equal(t, 7*time.Second, c.sleeps[3])
}
