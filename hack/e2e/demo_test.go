//go:build e2e

package e2e_test

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/scenarios"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/stage"
)

// kept is a live source that keeps the objects that it gave, to compare what is shown with them.
type kept struct {
	*scenarios.Live

	births   []*v1alpha1.PodBirthCertificate
	whispers map[v1alpha1.WhisperKind][]*v1alpha1.KernelWhisper
	commands []string
}

func (k *kept) Certificate(ctx context.Context, role string) (*v1alpha1.PodBirthCertificate, error) {
	c, err := k.Live.Certificate(ctx, role)
	if c != nil {
		k.births = append(k.births, c)
	}
	return c, err
}

func (k *kept) Whisper(ctx context.Context, role string, kind v1alpha1.WhisperKind) (*v1alpha1.KernelWhisper, error) {
	w, err := k.Live.Whisper(ctx, role, kind)
	if w != nil {
		k.whispers[kind] = append(k.whispers[kind], w)
	}
	return w, err
}

func (k *kept) Run(ctx context.Context, line string) (string, error) {
	k.commands = append(k.commands, line)
	return k.Live.Run(ctx, line)
}

// playDemo plays one scenario on the cluster of the tests, 80 columns wide and without colours, and returns what it
// showed.
func playDemo(t *testing.T, name string) (string, *kept) {
	t.Helper()
	chosen, err := scenarios.Find(name)
	require.NoError(t, err)
	source := &kept{
		Live:     &scenarios.Live{Kubectl: world.kubectl, Images: world.images},
		whispers: make(map[v1alpha1.WhisperKind][]*v1alpha1.KernelWhisper),
	}
	var out strings.Builder
	pauses := 0
	st := stage.New(&out)
	st.Width, st.Wait = 80, func() error { pauses++; return nil }
	err = scenarios.Play(t.Context(), st, source, chosen)
	t.Log(out.String())
	require.NoError(t, err)
	require.Positive(t, pauses)
	require.NotContains(t, out.String(), "\x1b")
	for line := range strings.SplitSeq(out.String(), "\n") {
		require.LessOrEqual(t, text.StringWidthWithoutEscSequences(line), 80, line)
	}
	for _, left := range []string{scenarios.Namespace, scenarios.LossNamespace} {
		gone(t, &corev1.Namespace{}, "", left)
	}
	return out.String(), source
}

// contrasts are the two sides of each contrast, a line each, without the large digits.
func contrasts(t *testing.T, shown string) [][2]string {
	t.Helper()
	var out [][2]string
	inside := false
	for line := range strings.SplitSeq(shown, "\n") {
		switch {
		case strings.Contains(line, "─┬─"):
			out, inside = append(out, [2]string{}), true
		case strings.Contains(line, "─┴─"):
			inside = false
		case inside:
			left, right, ok := strings.Cut(line, "│")
			require.True(t, ok, line)
			last := &out[len(out)-1]
			last[0] += strings.Join(strings.Fields(left), " ") + " "
			last[1] += strings.Join(strings.Fields(right), " ") + " "
		}
	}
	return out
}

// The scenarios have one namespace, so they are parts of one test: tests of their own would wait for each other, and
// each would keep one of the others from running.
func TestTheDemoShowsWhatTheKernelKnows(t *testing.T) { //nolint:tparallel // see above
	t.Parallel()
	t.Run("the figures of a birth", demoShowsBirth)
	t.Run("throttling and its end", demoShowsThrottling)
	t.Run("a kill that Kubernetes does not show", demoShowsKill)
	t.Run("failed connects and retransmits", demoShowsNetwork)
	t.Run("a cancelled demo cleans up", cancelledDemoCleansUp)
}

func demoShowsBirth(t *testing.T) {
	t.Helper()
	shown, source := playDemo(t, "birth")
	c := source.births[len(source.births)-1].Status
	views := contrasts(t, shown)
	require.Len(t, views, 1)
	require.Contains(t, views[0][0], "container started: web Running, ready, restarts: 0")
	for n, what := range map[*int64]string{
		c.KernelStats.Mounts: "mounts", c.KernelStats.CgroupWrites: "writes to cgroup files",
		c.KernelStats.NamespacesCreated: "namespaces",
		c.KernelStats.ProcessesCreated:  "processes and threads", c.KernelStats.Execs: "programs executed",
	} {
		require.Equal(t, *n, number(t, views[0][1], ` ([\d,]+) `+what))
	}
	require.Contains(t, views[0][1], fmt.Sprintf("in %d ms", *c.KernelStats.DurationMilliseconds))
	for _, e := range c.Timeline {
		require.Regexp(t, fmt.Sprintf(`(?m)^ +%dms %s +·*█+ *.`, *e.OffsetMilliseconds, e.Actor), shown)
	}
	require.Contains(t, shown, strconv.FormatInt(*c.KernelStats.TotalSyscalls, 10), "by kubectl")
}

func demoShowsThrottling(t *testing.T) {
	t.Helper()
	shown, source := playDemo(t, "throttle")
	views := contrasts(t, shown)
	require.GreaterOrEqual(t, len(views), 2)
	last := len(views) - 1
	require.Contains(t, views[0][0], "kubelet's summary")
	var before, after *v1alpha1.KernelWhisper // the first that was throttled, the last
	for _, w := range source.whispers[v1alpha1.WhisperCPUThrottling] {
		if before == nil && throttled(w).Reason == v1alpha1.ReasonThrottledWhileCPULow {
			before = w
		}
		after = w
	}
	for i, w := range map[int]*v1alpha1.KernelWhisper{0: before, last: after} {
		require.Equal(t, *w.Status.KernelTruth.CPU.ThrottledPeriods, number(t, views[i][1], `throttled: ([\d,]+) of`))
		require.Equal(t, *w.Status.KernelTruth.CPU.Periods, number(t, views[i][1], `throttled: [\d,]+ of ([\d,]+)`))
	}
	require.Less(t, number(t, views[0][0], `of the CPU limit: (\d+)m of 100m`), int64(80), "the average looks fine")
	require.GreaterOrEqual(t, *before.Status.KernelTruth.CPU.ThrottledPercent, int32(25))
	require.Less(t, *after.Status.KernelTruth.CPU.ThrottledPercent, int32(10))
	waited, now := number(t, views[0][1], `of work took (\d+) ms`), number(t, views[last][1], `of work took (\d+) ms`)
	require.Greater(t, waited, now)
	require.Contains(t, shown, fmt.Sprintf("took %d ms, and takes %d ms now", waited, now))
	require.Contains(t, views[last][0], "restarts: 0")
	require.Contains(t, shown, "The same pod, no restart.")
	var advised []string
	for _, w := range source.whispers[v1alpha1.WhisperCPUThrottling] {
		for _, r := range w.Status.Recommendations {
			advised = append(advised, r.Resize...)
		}
	}
	require.Subset(t, advised, source.commands[2:3], "what was run is what an object said")
}

func demoShowsKill(t *testing.T) {
	t.Helper()
	shown, source := playDemo(t, "memory")
	kills := source.whispers[v1alpha1.WhisperOOMKill]
	truth := kills[len(kills)-1].Status
	views := contrasts(t, shown)
	require.Len(t, views, 1)
	require.Contains(t, views[0][1], truth.KernelSays)
	require.Contains(t, views[0][1], truth.KernelTruth.Memory.Victim)
	require.Contains(t, views[0][1], truth.Advice)
	require.Regexp(t, `(?m)^ +\d+s kubelet's summary +█+░+ [\d.]+Mi of 48Mi$`, shown)
	if strings.Contains(shown, "This kubelet has the whole container killed") {
		require.NotContains(t, views[0][0], "restarts: 0")
		return
	}
	require.Regexp(t, `(?m)^hog +1/1 +Running +`, shown)
	require.Contains(t, views[0][0], "Running, ready, restarts: 0 last state: none")
	require.Contains(t, views[0][0], "Kubernetes shows no OOM kill")
}

func demoShowsNetwork(t *testing.T) {
	t.Helper()
	shown, source := playDemo(t, "network")
	views := contrasts(t, shown)
	require.Len(t, views, 2)
	for _, v := range views {
		require.Contains(t, v[0], "Running, ready, restarts: 0")
	}
	require.Regexp(t, `\d+ of \d+ failed: dial tcp`, shown, "the client's own log")
	whispers := source.whispers[v1alpha1.WhisperNetworkIssue]
	truth := whispers[len(whispers)-1].Status.KernelTruth.Network
	require.Equal(t, *truth.Retransmits, number(t, views[1][1], `sent again: ([\d,]+) of`))
	require.Equal(t, *truth.Segments, number(t, views[1][1], `sent again: [\d,]+ of ([\d,]+) segments`))
	require.Equal(t, *truth.ConnectFailures, number(t, views[1][1], `failed connects: ([\d,]+)`))
	require.GreaterOrEqual(t, *truth.ConnectFailures, int64(10))
}

// What is played before an error is cleaned up too, and a run that is cancelled.
func cancelledDemoCleansUp(t *testing.T) {
	t.Helper()
	chosen, err := scenarios.Find("throttle")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	st := &stage.Stage{Out: io.Discard}
	source := &stopped{Live: &scenarios.Live{Kubectl: world.kubectl, Images: world.images}, stop: cancel}
	require.ErrorIs(t, scenarios.Play(ctx, st, source, chosen), context.Canceled)
	require.True(t, source.begun)
	gone(t, &corev1.Namespace{}, "", scenarios.Namespace)
}

// stopped is a live source with a user who presses Ctrl-C while the verdict is waited for.
type stopped struct {
	*scenarios.Live

	stop  func()
	begun bool
}

func (s *stopped) Begin(ctx context.Context, scenario string) error {
	err := s.Live.Begin(ctx, scenario)
	s.begun = err == nil
	return err
}

func (s *stopped) Whisper(context.Context, string, v1alpha1.WhisperKind) (*v1alpha1.KernelWhisper, error) {
	s.stop()
	return nil, nil
}

// Every workload of the demo is restricted, labelled and bounded; the API server refuses what is not.
func TestDemoWorkloadsAreRestricted(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"birth", "throttle", "memory", "network"} {
		ns := namespace(t, name)
		waitForAccount(t, ns)
		_, err := world.kubectl.Run(t.Context(), nil, "label", "namespace", ns,
			"pod-security.kubernetes.io/enforce=restricted")
		require.NoError(t, err)
		manifest := filepath.Join("..", "..", "examples", "demo", "scenarios", "manifests", name+".yaml")
		_, err = world.kubectl.Run(t.Context(), nil, "apply", "--dry-run=server", "--namespace", ns, "--filename", manifest)
		require.NoError(t, err)
	}
}

// number is the first group of a pattern in what was shown, as a number.
func number(t *testing.T, shown, pattern string) int64 {
	t.Helper()
	m := regexp.MustCompile(pattern).FindStringSubmatch(shown)
	require.NotNil(t, m, "%s is not in %q", pattern, shown)
	n, err := strconv.ParseInt(strings.ReplaceAll(m[1], ",", ""), 10, 64)
	require.NoError(t, err)
	return n
}
