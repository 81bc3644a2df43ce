package crd_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// measuredFindings returns a finding of each kind with all the figures that advice and texts use.
func measuredFindings() []gossip.Finding {
	report := func(kind gossip.Kind, level gossip.Severity, reason gossip.Reason) gossip.Report {
		r := hiddenThrottling().Report
		r.About.Kind, r.Level, r.Reason, r.History.Worst = kind, level, reason, level
		r.Covered.Window, r.Covered.Samples, r.Covered.Expected = 15*time.Minute, 90, 90
		return r
	}
	cpu := gossip.CPUThrottling{
		Report:  report(gossip.KindCPUThrottling, gossip.SeverityHigh, gossip.ReasonThrottledWhileCPULow),
		Periods: gossip.Some[int64](8917), ThrottledPeriods: gossip.Some[int64](5531), Throttled: gossip.Some(5531.0 / 8917),
		ThrottledTime: gossip.Some(334_811 * time.Millisecond), MeanWait: gossip.Some(334_811 * time.Millisecond / 5531),
		Active: gossip.Some(0.99), UsageTime: gossip.Some(315_432 * time.Millisecond), Usage: gossip.Some(0.35),
		UsedOfLimit: gossip.Some(0.7), Limit: gossip.Some(0.5), CFSPeriod: 20 * time.Millisecond,
		Threads: gossip.Some[int64](12), NodeCPUs: gossip.Some[int64](8),
		FirstThrottled: noon.Add(-14 * time.Minute).Truncate(time.Second), LastThrottled: noon.Truncate(time.Second),
		Calm: 10 * time.Second, Paused: 30 * time.Second,
	}
	memory := memoryFinding()
	memory.Report = report(gossip.KindMemoryPressure, gossip.SeverityHigh, gossip.ReasonThrashing)
	memory.FaultRate, memory.FaultBaseline = gossip.Some(812.0), gossip.Some(10.0)
	memory.Reclaims, memory.Used = gossip.Some[int64](33), gossip.Some[int64](500<<20)
	memory.SomeAvg60, memory.FullAvg10 = gossip.Some(0.12), gossip.Some(0.03)
	memory.Leak = gossip.Some(gossip.Leak{BytesPerSecond: 262_144, R2: 0.97, Until: 128 * time.Second})
	kill := oomFinding()
	kill.Report = report(gossip.KindOOMKill, gossip.SeverityCritical, gossip.ReasonOOMKilled)
	kill.LastKill = noon.Truncate(time.Second)
	network := networkFinding()
	network.Report = report(gossip.KindNetworkIssue, gossip.SeverityWarning, gossip.ReasonRetransmits)
	network.About.Container = ""
	network.FailedConnects, network.FailedPerMinute = gossip.Some[int64](30), gossip.Some(2.0)
	network.Errors = gossip.Some[int64](3)
	return []gossip.Finding{cpu, memory, kill, network}
}

// A stored finding has all figures of the one that was measured.
func TestStoredFindingsHaveAllFigures(t *testing.T) {
	for _, f := range measuredFindings() {
		stored := crd.Stored(whisperOf(f)).Windows
		require.Len(t, stored, 1)
		whole := cmp.FilterValues(func(a, b time.Time) bool { return a.Truncate(time.Second).Equal(b.Truncate(time.Second)) },
			cmp.Ignore())
		window := stored[0].Worst.Window
		if diff := cmp.Diff(f, window.Finding, whole); diff != "" {
			t.Errorf("%s (-measured +stored):\n%s", f.Subject(), diff)
		}
		require.Equal(t, window.End, window.Finding.Time())
		require.Equal(t, f.Coverage().Window, window.End.Sub(window.Start))
	}
}

// The advice for a stored window is the advice that was given when it was measured.
func TestStoredWindowsGiveTheSameAdviceAgain(t *testing.T) {
	rules := recommend.Default()
	for _, f := range measuredFindings() {
		advice := rules.For(f, gossip.Pod{Name: "api-0"})
		require.NotEmpty(t, advice, f.Subject())
		stored := crd.Stored(whisperOf(f)).Worst.Window.Finding
		require.Empty(t, cmp.Diff(advice, rules.For(stored, gossip.Pod{Name: "api-0"})), f.Subject())
	}
}

func TestObjectsWithoutTroubleHaveNoWindows(t *testing.T) {
	for name, o := range map[string]*v1alpha1.KernelWhisper{
		"no status": {},
		"healthy":   whisperOf(throttledIn(0, gossip.SeverityNone)),
	} {
		stored := crd.Stored(o)
		require.Empty(t, stored.Windows, name)
		require.Nil(t, stored.Number, name)
		require.LessOrEqual(t, stored.Severity(), gossip.SeverityNone, name)
	}
}

// Where there is no room for all windows, the more severe ones stay, and of equal ones the newer.
func TestTheMoreSevereWindowsStay(t *testing.T) {
	cpu := measuredFindings()[0].(gossip.CPUThrottling)
	var windows []gossip.WorkloadWindow
	for day := range 12 {
		f := cpu
		f.Level = gossip.SeverityWarning
		if day == 2 {
			f.Level = gossip.SeverityHigh
		}
		end := noon.AddDate(0, 0, day-13)
		windows = append(windows, gossip.WorkloadWindow{Worst: gossip.PodEvidence{
			Pod: "api-0", Window: gossip.WorstWindow{Finding: f, Start: end.Add(-15 * time.Minute), End: end},
		}})
	}
	r := reportOf(cpu)
	windows = append(windows, r.Finding.WorkloadWindow)
	r.Finding.Windows = windows
	list := crd.New(r).(*v1alpha1.KernelWhisper).Status.OtherWindows
	var days []int
	for _, w := range list {
		days = append(days, w.EndTime.Day())
	}
	require.Equal(t, []int{18, 21, 22, 23, 24, 25, 26, 27}, days, "days of February")
	require.Equal(t, v1alpha1.SeverityHigh, list[0].Severity)
}
