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
	"github.com/kernel-gossip/kernel-gossip/operator/observer/kernel"
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
	write(t, filepath.Join(n.root, "cgroup.controllers"), "cpu\n")
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

func write(t testing.TB, file, text string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
}

func id(i int) string { return fmt.Sprintf("%064x", i) }

// start makes a pod with one container and a sandbox, in the format of cgroup v2.
func (n *node) start(t testing.TB, i int) (dir string) {
	t.Helper()
	uid := fmt.Sprintf("00000000-0000-0000-0000-%012x", i)
	pod := filepath.Join(n.root, "kubepods.slice", "kubepods-pod"+strings.ReplaceAll(uid, "-", "_")+".slice")
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pods = append(n.pods, map[string]any{
		"metadata": map[string]any{"name": fmt.Sprint("api-", i), "namespace": "shop", "uid": uid},
		"spec":     map[string]any{"nodeName": "n", "containers": []any{map[string]any{"name": "app"}}},
		"status":   map[string]any{"containerStatuses": []any{map[string]any{"name": "app", "containerID": "containerd://" + id(i)}}},
	})
	write(t, filepath.Join(pod, "cri-containerd-"+id(i+1e6)+".scope", "cpu.stat"), "usage_usec 1\n")
	dir = filepath.Join(pod, "cri-containerd-"+id(i)+".scope")
	write(t, filepath.Join(dir, "cpu.max"), "10000 100000\n")
	write(t, filepath.Join(dir, "cgroup.threads"), "1\n")
	write(t, filepath.Join(dir, "memory.current"), "50000000\n")
	write(t, filepath.Join(dir, "memory.max"), "67108864\n")
	write(t, filepath.Join(dir, "memory.pressure"), "some avg10=0.00 avg60=0.00 avg300=0.00 total=0\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=0\n")
	write(t, filepath.Join(pod, "cri-containerd-"+id(i+1e6)+".scope", "cgroup.procs"), fmt.Sprintln(i))
	write(t, filepath.Join(n.proc, fmt.Sprint(i), "net", "dev"), "Inter-|\n face |\n    lo: 0 9 0 0 0 0 0 0 0 9 0 0 0 0 0 0\n  eth0: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n")
	require.NoError(t, os.MkdirAll(filepath.Join(n.proc, fmt.Sprint(i), "ns"), 0o755))
	require.NoError(t, os.Symlink(fmt.Sprintf("net:[%d]", i), filepath.Join(n.proc, fmt.Sprint(i), "ns", "net")))
	n.tell(t, i, dir, 0)
	return dir
}

// tell sets the counters of a pod: they grow with k, the CPU's are those of 80 % throttled periods.
func (n *node) tell(t testing.TB, pod int, dir string, k int) {
	t.Helper()
	write(t, filepath.Join(dir, "cpu.stat"), fmt.Sprintf("usage_usec %d\nuser_usec 0\nsystem_usec 0\nnr_periods %d\nnr_throttled %d\nthrottled_usec %d\n",
		k*3000, k*10, k*8, k*600_000))
	write(t, filepath.Join(dir, "memory.stat"), fmt.Sprintf("anon 40000000\ninactive_file 10000000\npgmajfault %d\n", k*2))
	write(t, filepath.Join(dir, "memory.events"), fmt.Sprintf("low 0\nhigh 0\nmax %d\noom 0\noom_kill 0\n", k*5))
	write(t, filepath.Join(n.proc, fmt.Sprint(pod), "net", "snmp"), fmt.Sprintf("Tcp: OutSegs RetransSegs\nTcp: %d %d\n", k*1000, k*7))
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func watch(t testing.TB, n *node) *watcher {
	t.Helper()
	w, err := newWatcher(options{cgroupRoot: n.root, pods: n.url}, quiet())
	require.NoError(t, err)
	w.proc = n.proc
	at := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	w.clock = func() time.Time { // 3 s from reading to reading: counters have to fit into their window
		at = at.Add(3 * time.Second)
		return at
	}
	return w
}

// decoded are the events of one kind in what was printed.
func decoded[E gossip.Event](t *testing.T, text []byte) []E {
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

func TestWatch(t *testing.T) {
	n := newNode(t)
	first, second := n.start(t, 1), n.start(t, 2)
	w := watch(t, n)
	var b bytes.Buffer
	out := &printer{w: &b}
	step := func(what string, records int, change func()) []gossip.CPUSample {
		t.Helper()
		change()
		b.Reset()
		require.NoError(t, w.look(t.Context(), out), what)
		got := decoded[gossip.CPUSample](t, b.Bytes())
		require.Len(t, got, records, what)
		return got
	}
	step("the first read is the baseline", 0, func() {})
	got := step("what they grew by", 2, func() { n.tell(t, 1, first, 5); n.tell(t, 2, second, 7) })
	s := got[0]
	require.Equal(t, gossip.Subject{Kind: gossip.KindCPUThrottling, Namespace: "shop", Pod: "api-1", Container: "app"}, s.Subject())
	require.Equal(t, [4]int64{50, 40, 3_000_000, 15_000}, [4]int64{s.Periods.Value, s.ThrottledPeriods.Value, s.ThrottledUsec.Value, s.UsageUsec.Value})
	step("counters fell: the intervals are left out", 1, func() { n.tell(t, 1, first, 1); n.tell(t, 2, second, 8) })
	require.Equal(t, 3, w.leftOut, "of CPU, memory and network")
	step("and counts again", 2, func() { n.tell(t, 1, first, 2) })
	step("another limit", 1, func() { write(t, filepath.Join(first, "cpu.max"), "max 100000\n") })
	step("a container ended", 1, func() { require.NoError(t, os.RemoveAll(filepath.Dir(first))) })
	require.Len(t, w.last, 1)
	step("a new one has a baseline first", 1, func() { n.start(t, 3) })
	step("and then counts", 2, func() {})

	n.mu.Lock()
	n.asks = 0
	n.mu.Unlock()
	for range 3 * patience {
		require.NoError(t, w.look(t.Context(), out))
	}
	require.LessOrEqual(t, n.asks, patience, "sandboxes are no reason to ask for ever")
}

// Beside the CPU's, each container has a record of its memory and each pod one of its network.
func TestMemoryAndNetwork(t *testing.T) {
	n := newNode(t)
	dir := n.start(t, 1)
	w := watch(t, n)
	var b bytes.Buffer
	look := func() (gossip.MemorySample, gossip.NetworkSample) {
		t.Helper()
		b.Reset()
		require.NoError(t, w.look(t.Context(), &printer{w: &b}))
		memory, network := decoded[gossip.MemorySample](t, b.Bytes()), decoded[gossip.NetworkSample](t, b.Bytes())
		require.Len(t, memory, 1)
		require.Len(t, network, 1)
		return memory[0], network[0]
	}
	require.NoError(t, w.look(t.Context(), &printer{w: &b}))
	require.Empty(t, b.String(), "the first read is the baseline")
	n.tell(t, 1, dir, 3)
	memory, network := look()
	require.Equal(t, gossip.Subject{Kind: gossip.KindMemoryPressure, Namespace: "shop", Pod: "api-1", Container: "app"}, memory.Subject())
	require.Equal(t, [4]int64{40_000_000, 1 << 26, 6, 15}, [4]int64{memory.WorkingSet.Value, memory.LimitBytes.Value, memory.MajorFaults.Value, memory.LimitHits.Value})
	require.True(t, memory.SomeAvg60.Known)
	require.Equal(t, gossip.Subject{Kind: gossip.KindNetworkIssue, Namespace: "shop", Pod: "api-1"}, network.Subject())
	require.Equal(t, [2]int64{3000, 21}, [2]int64{network.Segments.Value, network.Retransmits.Value})
	require.False(t, network.FailedConnects.Known, "without bpftrace nobody counts them")

	w.trace = &kernel.Trace{}
	w.sockets.Add(kernel.Socket{Event: "connect_fail", NetNS: 1, Count: 12})
	w.sockets.Add(kernel.Socket{Event: "connect_fail", NetNS: 2, Count: 34}) // somebody else's
	_, network = look()
	require.Equal(t, gossip.Some[int64](12), network.FailedConnects)
	_, network = look()
	require.Equal(t, gossip.Some[int64](0), network.FailedConnects, "counted once")
}

// Where the node's processes are not visible there is no network, which is said once, and all else goes on.
func TestNoProcesses(t *testing.T) {
	n := newNode(t)
	first, second := n.start(t, 1), n.start(t, 2)
	for i, dir := range map[int]string{1: first, 2: second} {
		write(t, filepath.Join(filepath.Dir(dir), "cri-containerd-"+id(i+1e6)+".scope", "cgroup.procs"), "0\n")
	}
	w := watch(t, n)
	var b, log bytes.Buffer
	w.log = slog.New(slog.NewTextHandler(&log, nil))
	for range 3 {
		require.NoError(t, w.look(t.Context(), &printer{w: &b}))
	}
	require.Empty(t, decoded[gossip.NetworkSample](t, b.Bytes()))
	require.Len(t, decoded[gossip.MemorySample](t, b.Bytes()), 4)
	require.Equal(t, 1, strings.Count(log.String(), "The network is not read"), log.String())
}

// While the API server is away, what is known is read on.
func TestPodsAway(t *testing.T) {
	n := newNode(t)
	dir := n.start(t, 1)
	w := watch(t, n)
	var b, log bytes.Buffer
	w.log = slog.New(slog.NewTextHandler(&log, nil))
	require.NoError(t, w.look(t.Context(), &printer{w: &b}))
	w.list.url += "\x7f"
	n.start(t, 2)
	for range 3 {
		n.tell(t, 1, dir, 3)
		require.NoError(t, w.look(t.Context(), &printer{w: &b}))
	}
	require.Len(t, decoded[gossip.CPUSample](t, b.Bytes()), 3)
	require.Equal(t, 1, strings.Count(log.String(), "Cannot ask for pods"), log.String())
}

// receiver is an operator with moods.
type receiver struct {
	mu       sync.Mutex
	answer   func(call int) int
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
	_, _ = io.WriteString(w, `{"accepted":1}`)
}

// lines are the numbers of the records that were received, in order.
func (r *receiver) lines(t *testing.T) []int {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var out []int
	for line := range strings.Lines(r.received.String()) {
		var record struct{ N int }
		require.NoError(t, json.Unmarshal([]byte(line), &record))
		out = append(out, record.N)
	}
	return out
}

func TestSend(t *testing.T) {
	token := filepath.Join(t.TempDir(), "token")
	write(t, token, "secret\n")
	for name, tc := range map[string]struct {
		answer  func(call int) int
		max     int
		want    []int
		dropped int
	}{
		"taken":             {answer: func(int) int { return 200 }, max: 1 << 20, want: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
		"later":             {answer: func(call int) int { return map[bool]int{true: 503, false: 200}[call < 3] }, max: 1 << 20, want: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
		"no right, for now": {answer: func(call int) int { return map[bool]int{true: 403, false: 200}[call < 2] }, max: 1 << 20, want: []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}},
		"refused for good":  {answer: func(int) int { return 400 }, max: 1 << 20, dropped: 10},
		"a full buffer":     {answer: func(int) int { return 200 }, max: 30, want: []int{7, 8, 9}, dropped: 7}, // {"N":7} and a newline are 8 bytes
	} {
		t.Run(name, func(t *testing.T) {
			r := &receiver{answer: tc.answer}
			server := httptest.NewServer(r)
			defer server.Close()
			s, err := newSender(options{url: server.URL, tokenFile: token, maxBuffer: tc.max}, quiet())
			require.NoError(t, err)
			s.pause = time.Millisecond
			for i := range 10 {
				s.put(map[string]int{"N": i})
			}
			ctx, stop := context.WithCancel(t.Context())
			var done sync.WaitGroup
			done.Go(func() { s.run(ctx) })
			s.flush(20 * time.Second)
			stop()
			done.Wait()
			if diff := cmp.Diff(tc.want, r.lines(t)); diff != "" {
				t.Errorf("received (-want +got):\n%s", diff)
			}
			_, dropped := s.counts()
			require.Equal(t, tc.dropped, dropped)
			require.Equal(t, "Bearer secret", r.token)
		})
	}
}

// Whatever is lost on the way shows as a gap in the coverage of the verdict.
func TestLossIsCoverage(t *testing.T) {
	n := newNode(t)
	dir := n.start(t, 1)
	w := watch(t, n)
	var b bytes.Buffer
	for i := range 12 {
		n.tell(t, 1, dir, i)
		require.NoError(t, w.look(t.Context(), &printer{w: &b}))
	}
	all := decoded[gossip.CPUSample](t, b.Bytes())
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

func TestFlags(t *testing.T) {
	inCluster := map[string]string{"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443", "NODE_NAME": "n1"}
	for args, want := range map[string]string{
		"--bpftrace=maybe": `--bpftrace: "maybe"`, "--interval=1ms": "--interval", "now": `"now"`, "--node=": "--node inside",
	} {
		_, err := parse(strings.Fields(args), func(name string) (string, bool) { v, ok := inCluster[name]; return v, ok }, io.Discard)
		require.ErrorContains(t, err, want)
	}
	_, err := parse(nil, func(string) (string, bool) { return "", false }, io.Discard)
	require.ErrorContains(t, err, "--pods is needed")
	o, err := parse(nil, func(name string) (string, bool) { v, ok := inCluster[name]; return v, ok }, io.Discard)
	require.NoError(t, err)
	require.Equal(t, "https://10.0.0.1:443/api/v1/pods?resourceVersion=0&fieldSelector=spec.nodeName%3Dn1", o.pods)
}

// One look at 100 pods.
func BenchmarkLook(b *testing.B) {
	n := &node{root: b.TempDir(), proc: b.TempDir()}
	write(b, filepath.Join(n.root, "cgroup.controllers"), "cpu\n")
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_ = json.NewEncoder(w).Encode(map[string]any{"items": n.pods})
	}))
	defer server.Close()
	n.url = server.URL
	for i := range 100 {
		n.start(b, i)
	}
	w := watch(b, n)
	b.ReportAllocs()
	for b.Loop() {
		require.NoError(b, w.look(b.Context(), &printer{w: io.Discard}))
	}
}
