package crd

import (
	"cmp"
	"encoding/json"
	"slices"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// The number of windows beside the worst one is bounded. They have the room that the rest of the whisper leaves, and at
// least some: a window of a real capture has about 850 bytes.
const (
	maxWindows  = 8
	windowsRoom = 1 << 10
	// maxWhisper is the most of a whisper in JSON. The API server adds what it manages, and stores less than 16 KiB. The
	// names of the fields that get the room need the rest of 14 KiB.
	maxWhisper = 14<<10 - 128
)

// newWorst says when the worst window was, and names its pod.
func newWorst(e *gossip.PodEvidence, reason gossip.Reason) v1alpha1.WorstWindow {
	return v1alpha1.WorstWindow{
		StartTime: eventSeconds(e.Window.Start), EndTime: eventSeconds(e.Window.End), Reason: apiReason(reason),
		Pod: newMeasuredPod(e),
	}
}

// fitWindows returns the windows in trouble beside the worst one that have room, the oldest first, and the one of the
// number, if that is not the worst one. Where not all have room, the more severe ones stay, and of equal ones the
// newer.
func (r *Report) fitWindows(room int) (others []v1alpha1.Window, number v1alpha1.Window) {
	fits := func(w *v1alpha1.Window) bool {
		text, err := json.Marshal(w)
		if size := len(text) + len(","); err == nil && size <= room {
			room -= size
			return true
		}
		return false
	}
	f := &r.Finding
	if n := f.Number; n != nil && !isSameEvidence(n, &f.Worst) {
		if w := r.newWindow(n); fits(&w) {
			number = w
		}
	}
	windows := slices.DeleteFunc(slices.Clone(f.Windows), func(w gossip.WorkloadWindow) bool {
		return isSameEvidence(&w.Worst, &f.Worst) || !isTrouble(w.Worst.Window.Finding)
	})
	slices.SortStableFunc(windows, func(a, b gossip.WorkloadWindow) int {
		return cmp.Or(cmp.Compare(b.Severity(), a.Severity()), b.Worst.Window.End.Compare(a.Worst.Window.End))
	})
	for i := range windows {
		one := r.newWindow(&windows[i].Worst)
		one.Seen, one.Affected = new(int64(windows[i].Pods.Seen)), new(int64(windows[i].Pods.Affected))
		if len(others) < maxWindows && fits(&one) {
			others = append(others, one)
		}
	}
	slices.SortStableFunc(others, func(a, b v1alpha1.Window) int { return a.EndTime.Compare(b.EndTime.Time) })
	return others, number
}

// isSameEvidence reports whether two pieces of evidence are about the same pod and time. One that was stored has whole
// seconds.
func isSameEvidence(a, b *gossip.PodEvidence) bool {
	return a.Pod == b.Pod && eventSeconds(a.Window.Start).Equal(eventSeconds(b.Window.Start)) &&
		eventSeconds(a.Window.End).Equal(eventSeconds(b.Window.End))
}

// newWindow returns a window with its figures.
func (r *Report) newWindow(e *gossip.PodEvidence) v1alpha1.Window {
	v := r.viewOf(e)
	return v1alpha1.Window{
		StartTime: orUnixStart(e.Window.Start), EndTime: orUnixStart(e.Window.End),
		Severity: apiSeverity(v.report.Level), Reason: apiReason(v.report.Reason), Pod: newMeasuredPod(e),
		KernelTruth: v.truth, MetricsLie: v.lie, Coverage: newCoverage(v.report.Covered),
	}
}
