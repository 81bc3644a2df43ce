package observer

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// node is a folder that looks like the cgroups of a node, and an API server that knows its pods.
type node struct {
	root, proc string
	url        string

	mu   sync.Mutex
	pods []map[string]any
	asks int
}

func newNode(t *testing.T) *node {
	t.Helper()
	n := &node{root: t.TempDir(), proc: t.TempDir()}
	writeFile(t, filepath.Join(n.root, "cgroup.controllers"), "cpu\n")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		n.mu.Lock()
		defer n.mu.Unlock()
		n.asks++
		_ = json.NewEncoder(w).Encode(map[string]any{"items": n.pods})
	}))
	t.Cleanup(server.Close)
	n.url = server.URL + "/api/v1/pods"
	return n
}

func writeFile(t testing.TB, file, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
}

func id(i int) string { return fmt.Sprintf("%064x", i) }

// startPod makes a pod with one container and a sandbox, in the format of cgroup v2.
func (n *node) startPod(t testing.TB, i int) (dir string) {
	t.Helper()
	uid := fmt.Sprintf("00000000-0000-0000-0000-%012x", i)
	pod := filepath.Join(n.root, "kubepods.slice", "kubepods-pod"+strings.ReplaceAll(uid, "-", "_")+".slice")
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pods = append(n.pods, map[string]any{
		"metadata": map[string]any{"name": fmt.Sprint("api-", i), "namespace": "shop", "uid": uid},
		"spec":     map[string]any{"nodeName": "n", "containers": []any{map[string]any{"name": "app"}}},
		"status": map[string]any{
			"containerStatuses": []any{map[string]any{"name": "app", "containerID": "containerd://" + id(i)}},
		},
	})
	writeFile(t, filepath.Join(pod, "cri-containerd-"+id(i+1e6)+".scope", "cpu.stat"), "usage_usec 1\n")
	dir = filepath.Join(pod, "cri-containerd-"+id(i)+".scope")
	writeFile(t, filepath.Join(dir, "cpu.max"), "10000 100000\n")
	writeFile(t, filepath.Join(dir, "cgroup.threads"), "1\n")
	writeFile(t, filepath.Join(dir, "memory.current"), "50000000\n")
	writeFile(t, filepath.Join(dir, "memory.max"), "67108864\n")
	writeFile(t, filepath.Join(dir, "memory.pressure"),
		"some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n")
	writeFile(t, filepath.Join(pod, "cri-containerd-"+id(i+1e6)+".scope", "cgroup.procs"), fmt.Sprintln(i))
	writeFile(t, filepath.Join(n.proc, fmt.Sprint(i), "net", "dev"),
		"Inter-|\n face |\n    lo: 0 9 0 0 0 0 0 0 0 9 0 0 0 0 0 0\n  eth0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n")
	require.NoError(t, os.MkdirAll(filepath.Join(n.proc, fmt.Sprint(i), "ns"), 0o755))
	require.NoError(t, os.Symlink(fmt.Sprintf("net:[%d]", i), filepath.Join(n.proc, fmt.Sprint(i), "ns", "net")))
	n.setCounters(t, i, dir, 0)
	return dir
}

// setCounters sets the counters of a pod: they grow with k, and 80 % of the periods are throttled.
func (n *node) setCounters(t testing.TB, pod int, dir string, k int) {
	t.Helper()
	writeFile(t, filepath.Join(dir, "cpu.stat"), fmt.Sprintf(
		"usage_usec %d\nuser_usec 0\nsystem_usec 0\nnr_periods %d\nnr_throttled %d\nthrottled_usec %d\n",
		k*3000,
		k*10,
		k*8,
		k*600_000,
	))
	writeFile(
		t,
		filepath.Join(dir, "memory.stat"),
		fmt.Sprintf("anon 40000000\ninactive_file 10000000\npgmajfault %d\n", k*2),
	)
	writeFile(t, filepath.Join(dir, "memory.events"), fmt.Sprintf("low 0\nhigh 0\nmax %d\noom 0\noom_kill 0\n", k*5))
	writeFile(t, filepath.Join(n.proc, fmt.Sprint(pod), "net", "snmp"),
		fmt.Sprintf("Tcp: OutSegs RetransSegs\nTcp: %d %d\n", k*1000, k*7))
}

func discardLog() *slog.Logger { return slog.New(slog.DiscardHandler) }

func newTestWatcher(t testing.TB, n *node) *watcher {
	t.Helper()
	w, err := newWatcher(options{cgroupRoot: n.root, pods: n.url}, discardLog())
	require.NoError(t, err)
	w.node.Proc = n.proc
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	w.node.Now = func() time.Time { // 3 s from reading to reading: counters have to fit into their window
		at = at.Add(3 * time.Second)
		return at
	}
	return w
}

// decodeEvents are the events of one kind in what was printed.
func decodeEvents[E gossip.Event](t *testing.T, text []byte) []E {
	t.Helper()
	var out []E
	for e, err := range pixie.Decode(bytes.NewReader(text)) {
		require.NoError(t, err)
		if e, is := e.(E); is {
			out = append(out, e)
		}
	}
	return out
}

// The first look at a container is the baseline, each later one has what the counters grew by.
func TestCountersBecomeTheDifferencesBetweenLooks(t *testing.T) {
	n := newNode(t)
	first, second := n.startPod(t, 1), n.startPod(t, 2)
	w := newTestWatcher(t, n)
	var b bytes.Buffer
	out := &printer{w: &b}
	step := func(what string, records int, change func()) []gossip.CPUSample {
		t.Helper()
		change()
		b.Reset()
		require.NoError(t, w.observeOnce(t.Context(), out), what)
		got := decodeEvents[gossip.CPUSample](t, b.Bytes())
		require.Len(t, got, records, what)
		return got
	}
	step("the first read is the baseline", 0, func() {})
	got := step("what they grew by", 2, func() { n.setCounters(t, 1, first, 5); n.setCounters(t, 2, second, 7) })
	s := got[0]
	require.Equal(
		t,
		gossip.Subject{Kind: gossip.KindCPUThrottling, Namespace: "shop", Pod: "api-1", Container: "app"},
		s.Subject(),
	)
	require.Equal(t, gossip.Some[int64](50), s.Periods)
	require.Equal(t, gossip.Some[int64](40), s.ThrottledPeriods)
	require.Equal(t, gossip.Some[int64](3_000_000), s.ThrottledUsec)
	require.Equal(t, gossip.Some[int64](15_000), s.UsageUsec)
	step(
		"counters fell: the intervals are left out",
		1,
		func() { n.setCounters(t, 1, first, 1); n.setCounters(t, 2, second, 8) },
	)
	require.Equal(t, 3, w.node.LeftOut, "of CPU, memory and network")
	step("and counts again", 2, func() { n.setCounters(t, 1, first, 2) })
	step("another limit", 1, func() { writeFile(t, filepath.Join(first, "cpu.max"), "max 100000\n") })
	step("a container ended", 1, func() { require.NoError(t, os.RemoveAll(filepath.Dir(first))) })
	require.Equal(t, 1, w.node.Containers)
	step("a new one has a baseline first", 1, func() { n.startPod(t, 3) })
	step("and then counts", 2, func() {})

	n.mu.Lock()
	n.asks = 0
	n.mu.Unlock()
	for range 3 * patience {
		require.NoError(t, w.observeOnce(t.Context(), out))
	}
	require.LessOrEqual(t, n.asks, patience, "a sandbox is a reason to ask for some looks only")
}

// Beside the record of its CPU, each container has one of its memory, and each pod one of its network.
func TestMemoryIsTheContainersAndNetworkThePods(t *testing.T) {
	n := newNode(t)
	dir := n.startPod(t, 1)
	w := newTestWatcher(t, n)
	var b bytes.Buffer
	look := func() (gossip.MemorySample, gossip.NetworkSample) {
		t.Helper()
		b.Reset()
		require.NoError(t, w.observeOnce(t.Context(), &printer{w: &b}))
		memory, network := decodeEvents[gossip.MemorySample](t, b.Bytes()), decodeEvents[gossip.NetworkSample](t, b.Bytes())
		require.Len(t, memory, 1)
		require.Len(t, network, 1)
		return memory[0], network[0]
	}
	require.NoError(t, w.observeOnce(t.Context(), &printer{w: &b}))
	require.Empty(t, b.String(), "the first read is the baseline")
	n.setCounters(t, 1, dir, 3)
	memory, network := look()
	require.Equal(
		t,
		gossip.Subject{Kind: gossip.KindMemoryPressure, Namespace: "shop", Pod: "api-1", Container: "app"},
		memory.Subject(),
	)
	require.Equal(t, gossip.Some[int64](40_000_000), memory.WorkingSet)
	require.Equal(t, gossip.Some[int64](1<<26), memory.LimitBytes)
	require.Equal(t, gossip.Some[int64](6), memory.MajorFaults)
	require.Equal(t, gossip.Some[int64](15), memory.LimitHits)
	require.True(t, memory.SomeAvg60.Known)
	require.Equal(t, gossip.Subject{Kind: gossip.KindNetworkIssue, Namespace: "shop", Pod: "api-1"}, network.Subject())
	require.Equal(t, gossip.Some[int64](3000), network.Segments)
	require.Equal(t, gossip.Some[int64](21), network.Retransmits)
	require.False(t, network.FailedConnects.Known, "without bpftrace they are not counted")
}

// Where the node's processes are not visible there is no network. That is logged once, and all else goes on.
func TestHiddenProcessesAreLoggedOnce(t *testing.T) {
	n := newNode(t)
	first, second := n.startPod(t, 1), n.startPod(t, 2)
	for i, dir := range map[int]string{1: first, 2: second} {
		writeFile(t, filepath.Join(filepath.Dir(dir), "cri-containerd-"+id(i+1e6)+".scope", "cgroup.procs"), "0\n")
	}
	w := newTestWatcher(t, n)
	var b, log bytes.Buffer
	w.log = slog.New(slog.NewTextHandler(&log, nil))
	for range 3 {
		require.NoError(t, w.observeOnce(t.Context(), &printer{w: &b}))
	}
	require.Empty(t, decodeEvents[gossip.NetworkSample](t, b.Bytes()))
	require.Len(t, decodeEvents[gossip.MemorySample](t, b.Bytes()), 4)
	require.Equal(t, 1, strings.Count(log.String(), "The network is not read"), log.String())
}

func TestKnownPodsAreReadWhileTheListIsAway(t *testing.T) {
	n := newNode(t)
	dir := n.startPod(t, 1)
	w := newTestWatcher(t, n)
	var b, log bytes.Buffer
	w.log = slog.New(slog.NewTextHandler(&log, nil))
	require.NoError(t, w.observeOnce(t.Context(), &printer{w: &b}))
	w.list.url += "\x7f"
	n.startPod(t, 2)
	for range 3 {
		n.setCounters(t, 1, dir, 3)
		require.NoError(t, w.observeOnce(t.Context(), &printer{w: &b}))
	}
	require.Len(t, decodeEvents[gossip.CPUSample](t, b.Bytes()), 3)
	require.Equal(t, 1, strings.Count(log.String(), "Cannot ask for pods"), log.String())
}

// receiver is an operator that answers as the test says.
type receiver struct {
	mu       sync.Mutex
	answer   func(call int) int
	text     string
	calls    int
	received bytes.Buffer
	token    string
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, _ := io.ReadAll(request.Body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls++
	r.token = request.Header.Get("Authorization")
	code := r.answer(r.calls)
	if code == http.StatusOK {
		r.received.Write(body)
	}
	w.WriteHeader(code)
	_, _ = io.WriteString(w, r.text)
}

// numbers are the numbers of the records that were received, in order.
func (r *receiver) numbers(t *testing.T) []int64 {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []int64
	for _, s := range decodeEvents[gossip.CPUSample](t, r.received.Bytes()) {
		out = append(out, s.Periods.Value)
	}
	return out
}

// numbered is an event with a number.
func numbered(i int64) gossip.Event {
	return gossip.CPUSample{
		Origin:           gossip.Origin{Time: time.Unix(1795387302, 0), Namespace: "shop", Pod: "api-0", Container: "app"},
		Periods:          gossip.Some(i),
		ThrottledPeriods: gossip.Some[int64](0),
	}
}

func TestRecordsAreSentOnceAndInOrder(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	writeFile(t, token, "secret\n")
	all := []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}
	last := all[7:]
	always := func(code int) func(int) int { return func(int) int { return code } }
	afterTwo := func(code int) func(int) int {
		return func(call int) int {
			if call <= 2 {
				return code
			}
			return http.StatusOK
		}
	}
	for name, tc := range map[string]struct {
		answer  func(call int) int
		text    string // of the answer, if it is not {"accepted":1}
		max     int
		want    []int64
		dropped int
	}{
		"taken":             {answer: always(200), max: 1 << 20, want: all},
		"busy":              {answer: afterTwo(503), max: 1 << 20, want: all},
		"no right, for now": {answer: afterTwo(403), max: 1 << 20, want: all},
		"no such path yet":  {answer: afterTwo(404), max: 1 << 20, want: all},
		"too large":         {answer: always(413), max: 1 << 20, dropped: 10},
		"not readable":      {answer: always(400), max: 1 << 20, dropped: 10},
		"none is good":      {answer: always(400), text: `{"accepted":0,"rejected":10}`, max: 1 << 20, dropped: 10},
		"two are bad":       {answer: always(200), text: `{"accepted":8,"rejected":2}`, max: 1 << 20, want: all, dropped: 2},
		"a full buffer":     {answer: always(200), max: 3*len(pixie.Append(nil, numbered(1))) + 1, want: last, dropped: 7},
	} {
		t.Run(name, func(t *testing.T) {
			r := &receiver{answer: tc.answer, text: `{"accepted":1}`}
			if tc.text != "" {
				r.text = tc.text
			}
			server := httptest.NewServer(r)
			defer server.Close()
			s, err := newSender(
				options{url: server.URL, tokenFile: token, maxBuffer: tc.max, firstPause: time.Millisecond},
				discardLog(),
			)
			require.NoError(t, err)
			for i := range 10 {
				s.addEvent(numbered(int64(i)))
			}
			ctx, stop := context.WithCancel(t.Context())
			var done sync.WaitGroup
			done.Go(func() { s.run(ctx) })
			s.flush(20 * time.Second)
			stop()
			done.Wait()
			if diff := cmp.Diff(tc.want, r.numbers(t)); diff != "" {
				t.Errorf("received (-want +got):\n%s", diff)
			}
			_, dropped := s.countRecords()
			require.Equal(t, tc.dropped, dropped)
			require.Equal(t, "Bearer secret", r.token)
		})
	}
}

func TestLostRecordsAreGapsInTheCoverage(t *testing.T) {
	n := newNode(t)
	dir := n.startPod(t, 1)
	w := newTestWatcher(t, n)
	var b bytes.Buffer
	for i := range 12 {
		n.setCounters(t, 1, dir, i)
		require.NoError(t, w.observeOnce(t.Context(), &printer{w: &b}))
	}
	all := decodeEvents[gossip.CPUSample](t, b.Bytes())
	coverage := func(lost func(i int) bool) gossip.Coverage {
		a := gossip.New(gossip.Options{})
		for i, s := range all {
			if !lost(i) {
				a.Observe(s)
			}
		}
		f, ok := a.Finding(all[0].Subject())
		require.True(t, ok)
		return f.Coverage()
	}
	whole, part := coverage(func(int) bool { return false }), coverage(func(i int) bool { return i >= 3 && i < 8 })
	require.Zero(t, whole.Gaps)
	require.Equal(t, 1, part.Gaps)
	require.Less(t, part.Samples, part.Expected)
}

func TestWrongFlagsAreExplained(t *testing.T) {
	inCluster := map[string]string{
		"KUBERNETES_SERVICE_HOST": "10.0.0.1",
		"KUBERNETES_SERVICE_PORT": "443",
		"NODE_NAME":               "n1",
	}
	for args, want := range map[string]string{
		"--bpftrace=maybe": `--bpftrace: "maybe"`, "--interval=1ms": "--interval", "now": `"now"`, "--node=": "--node inside",
	} {
		_, err := parse(
			strings.Fields(args),
			func(name string) (string, bool) { v, ok := inCluster[name]; return v, ok },
			io.Discard,
		)
		require.ErrorContains(t, err, want)
	}
	_, err := parse(nil, func(string) (string, bool) { return "", false }, io.Discard)
	require.ErrorContains(t, err, "--pods is needed")
	o, err := parse(nil, func(name string) (string, bool) { v, ok := inCluster[name]; return v, ok }, io.Discard)
	require.NoError(t, err)
	require.Equal(t, "https://10.0.0.1:443/api/v1/pods?resourceVersion=0&fieldSelector=spec.nodeName%3Dn1", o.pods)
}

// BenchmarkLook is one look at 100 pods.
func BenchmarkLook(b *testing.B) {
	n := &node{root: b.TempDir(), proc: b.TempDir()}
	writeFile(b, filepath.Join(n.root, "cgroup.controllers"), "cpu\n")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"items": n.pods})
	}))
	defer server.Close()
	n.url = server.URL
	for i := range 100 {
		n.startPod(b, i)
	}
	w := newTestWatcher(b, n)
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, w.observeOnce(b.Context(), &printer{w: io.Discard}))
	}
}
