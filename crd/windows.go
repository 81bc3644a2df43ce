package crd

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// The number of windows beside the worst one is bounded. Their size is bounded by what the recommendations leave of
// their room, and by some more: a window of a real capture has about 600 bytes.
const (
	maxWindows  = 8
	windowsRoom = 1 << 10
)

// newWorst says when the worst window was.
func newWorst(w gossip.WorstWindow, reason gossip.Reason) v1alpha1.WorstWindow {
	return v1alpha1.WorstWindow{
		StartTime: eventSeconds(w.Start), EndTime: eventSeconds(w.End), Reason: apiReason(reason),
	}
}

// fitWindows returns the windows that have room, the oldest first. Where not all have, the more severe ones stay, and
// of equal ones the newer.
func fitWindows(windows []gossip.WorstWindow, p gossip.Pod, room int) []v1alpha1.Window {
	slices.SortStableFunc(windows, func(a, b gossip.WorstWindow) int {
		return cmp.Or(cmp.Compare(b.Finding.Severity(), a.Finding.Severity()), b.End.Compare(a.End))
	})
	var list []v1alpha1.Window
	for _, w := range windows {
		one := newWindow(w, p)
		text, err := json.Marshal(one)
		size := len(text) + len(",")
		if err != nil || size > room || len(list) == maxWindows {
			continue
		}
		room -= size
		list = append(list, one)
	}
	slices.SortStableFunc(list, func(a, b v1alpha1.Window) int { return a.EndTime.Compare(b.EndTime.Time) })
	return list
}

// newWindow returns a window with its figures.
func newWindow(w gossip.WorstWindow, p gossip.Pod) v1alpha1.Window {
	v := viewOf(w.Finding, p)
	return v1alpha1.Window{
		StartTime: orUnixStart(w.Start), EndTime: orUnixStart(w.End),
		Severity: apiSeverity(v.report.Level), Reason: apiReason(v.report.Reason),
		KernelTruth: v.truth, MetricsLie: v.lie, Coverage: newCoverage(v.report.Covered),
	}
}

// Windows returns the windows of an object with their figures, the oldest first: the worst one and the others. Nothing
// is known of them but what the object says, so figures are rounded, and times are in whole seconds.
// gossip.Analyzer.Restore takes them after a restart. There are none for a certificate, or without trouble.
func Windows(o Object) []gossip.WorstWindow {
	w, ok := o.(*v1alpha1.KernelWhisper)
	if !ok || w == nil {
		return nil
	}
	s := &w.Status
	stored := slices.Clone(s.OtherWindows)
	if s.Worst.StartTime != nil && s.Worst.EndTime != nil {
		stored = append(stored, v1alpha1.Window{
			StartTime: s.Worst.StartTime, EndTime: s.Worst.EndTime, Severity: s.Severity, Reason: s.Worst.Reason,
			KernelTruth: s.KernelTruth, MetricsLie: s.MetricsLie, Coverage: s.Coverage,
		})
	}
	var list []gossip.WorstWindow
	for i := range stored {
		if f := findingOf(w, &stored[i]); f != nil && f.Severity() >= gossip.SeverityInfo {
			list = append(list, gossip.WorstWindow{
				Finding: f, Start: eventTime(stored[i].StartTime), End: eventTime(stored[i].EndTime),
			})
		}
	}
	slices.SortStableFunc(list, func(a, b gossip.WorstWindow) int { return a.End.Compare(b.End) })
	return list
}

// findingOf returns the finding of a window of a whisper; nil if it is of an unknown kind.
func findingOf(o *v1alpha1.KernelWhisper, w *v1alpha1.Window) gossip.Finding {
	r := gossip.Report{
		About: Subject(o), PodUID: PodUID(o), At: eventTime(w.EndTime),
		Level: parseSeverity(w.Severity), Reason: gossip.Reason(w.Reason), History: History(o),
		Covered: parseCoverage(w.Coverage),
	}
	switch o.Spec.Kind {
	case v1alpha1.WhisperCPUThrottling:
		return parseThrottling(r, w.KernelTruth.CPU, w.MetricsLie.CPU)
	case v1alpha1.WhisperMemoryPressure:
		return parsePressure(r, w.KernelTruth.Memory, w.MetricsLie.Memory)
	case v1alpha1.WhisperOOMKill:
		return parseKills(r, w.KernelTruth.Memory)
	case v1alpha1.WhisperNetworkIssue:
		return parseNetwork(r, w.KernelTruth.Network, w.MetricsLie.Network)
	}
	return nil
}
