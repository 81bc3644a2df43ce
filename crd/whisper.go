package crd

import (
	"encoding/json"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// newWhisper returns the whisper of a report: the sentences, the figures and the advice of its worst window, and the
// condition of the present one.
func newWhisper(r Report) *v1alpha1.KernelWhisper {
	f := &r.Finding
	present, worst := r.viewOf(&f.Now), r.viewOf(&f.Worst)
	now := present.report
	kind := v1alpha1.WhisperKind(f.About.Kind)
	w := &v1alpha1.KernelWhisper{
		TypeMeta:   typeMeta(v1alpha1.KindKernelWhisper),
		ObjectMeta: newMeta(f.About),
		Spec: v1alpha1.KernelWhisperSpec{
			Kind: kind, Workload: newWorkload(f.About.Workload), Container: clipText(f.About.Container, maxLabel),
		},
		Status: v1alpha1.KernelWhisperStatus{
			Conditions: []metav1.Condition{
				newCondition(conditionTypeOf(kind), troubleStatus(now.Level), now, r.messageOf(&f.Now)),
			},
			Severity:  apiSeverity(worst.report.Level),
			Worst:     newWorst(&f.Worst, worst.report.Reason),
			Pods:      newPodCounts(&f.WorkloadWindow),
			Revisions: newRevisions(f.Revisions),
			Now: v1alpha1.Verdict{
				Severity: apiSeverity(now.Level), KernelSays: present.kernelSays, Pod: newMeasuredPod(&f.Now),
			},
			FirstSeenTime: eventSeconds(now.History.First),
			LastSeenTime:  eventSeconds(now.History.Last),
			KernelSays:    worst.kernelSays,
			MetricsSay:    worst.metricsSay,
			Advice:        shortAdvice(r.Advice),
			KernelTruth:   worst.truth,
			MetricsLie:    worst.lie,
			Coverage:      newCoverage(worst.report.Covered),
			LastChange:    newLastChange(f.About.Kind, f.Change),
		},
	}
	s, room := &w.Status, roomLeft(w)
	most := min(whisperRoom, room-windowsRoom)
	list, omitted, left := fitRecommendations(r.Advice, most)
	s.Recommendations, s.RecommendationsOmitted = list, omitted
	s.OtherWindows, s.NumberWindow = r.fitWindows(room - most + left)
	return w
}

// roomLeft returns how many bytes of JSON a whisper may get still. Names of pods, nodes and workloads may take half of
// an object, and have a tenth of that in practice.
func roomLeft(w *v1alpha1.KernelWhisper) int {
	text, err := json.Marshal(w)
	if err != nil {
		return 0
	}
	return maxWhisper - len(text)
}

func newWorkload(w gossip.Workload) v1alpha1.WorkloadReference {
	return v1alpha1.WorkloadReference{
		Group: clipText(w.Group, maxName), Kind: clipText(w.Kind, maxLabel),
		Name: clipText(w.Name, maxName), UID: clipText(w.UID, maxUID),
	}
}

// newMeasuredPod names the pod of an evidence.
func newMeasuredPod(e *gossip.PodEvidence) v1alpha1.MeasuredPod {
	return v1alpha1.MeasuredPod{
		Name: clipText(e.Pod, maxName), UID: clipText(e.UID, maxUID),
		Node: clipText(e.Node, maxName), Revision: clipText(e.Revision, maxLabel),
	}
}

// newRevisions returns the revisions that report, where there are several.
func newRevisions(list []string) []string {
	if len(list) < 2 {
		return nil
	}
	return clipTexts(list, 4, maxLabel)
}

// newPodCounts returns how many pods a window is about.
func newPodCounts(w *gossip.WorkloadWindow) v1alpha1.PodCounts {
	p := v1alpha1.PodCounts{
		AffectedOfSeen: fmt.Sprintf("%d/%d", w.Pods.Affected, w.Pods.Seen),
		Seen:           new(int64(w.Pods.Seen)), Affected: new(int64(w.Pods.Affected)),
		ShareBasisPoints: roundBasisPoints(w.Share),
	}
	if w.Skewed {
		p.Needs = v1alpha1.PodNeedsSkewed
	}
	if w.Kills > 0 {
		p.OOMKills = new(w.Kills)
	}
	quantityOf := coresQuantity
	if w.Worst.Window.Finding.Subject().Kind != gossip.KindCPUThrottling {
		quantityOf = bytesQuantity
	}
	p.LargestTarget, p.MedianTarget = quantityOf(w.Pods.LargestTarget), quantityOf(w.Pods.MedianTarget)
	for i := range w.Affected {
		pod := &w.Affected[i]
		p.List = append(p.List, v1alpha1.AffectedPod{
			MeasuredPod: newMeasuredPod(pod), Severity: apiSeverity(pod.Window.Finding.Severity()),
		})
	}
	return p
}

// view is what an object says of a finding.
type view struct {
	report                 gossip.Report
	kernelSays, metricsSay string
	truth                  v1alpha1.KernelTruth
	lie                    v1alpha1.MetricsLie
}

// viewOf returns what an object says of the evidence of a pod; the zero view for a birth.
func (r *Report) viewOf(e *gossip.PodEvidence) view {
	v := view{}
	switch f := e.Window.Finding.(type) {
	case gossip.CPUThrottling:
		v.report, v.truth.CPU, v.lie.CPU = f.Report, newCPUTruth(f), newCPULie(f)
		v.kernelSays, v.metricsSay = throttlingSays(f), throttlingMetrics(v.lie.CPU)
	case gossip.MemoryPressure:
		v.report, v.truth.Memory, v.lie.Memory = f.Report, newMemoryTruth(f), newMemoryLie(f)
		v.kernelSays, v.metricsSay = memorySays(f), memoryMetrics(f)
	case gossip.OOMKilled:
		v.report, v.truth.Memory = f.Report, newKillTruth(f)
		v.kernelSays, v.metricsSay = oomSays(f), shownKill(f, r.podOf(*e))
	case gossip.NetworkIssue:
		v.report, v.truth.Network, v.lie.Network = f.Report, newNetworkTruth(f), newNetworkLie(f)
		v.kernelSays, v.metricsSay = networkSays(f), formatLatencies(f)
	case gossip.PodBirth: // has a certificate
	}
	v.kernelSays, v.metricsSay = clipText(v.kernelSays, maxSays), clipText(v.metricsSay, maxSays)
	return v
}

// messageOf returns the message of the condition about the evidence of a pod; empty for a birth.
func (r *Report) messageOf(e *gossip.PodEvidence) string {
	switch f := e.Window.Finding.(type) {
	case gossip.CPUThrottling:
		return throttlingMessage(f, newCPULie(f))
	case gossip.MemoryPressure:
		return memoryMessage(f, r.podOf(*e))
	case gossip.OOMKilled:
		return oomMessage(f, shownKill(f, r.podOf(*e)))
	case gossip.NetworkIssue:
		return networkMessage(f)
	case gossip.PodBirth: // has a certificate
	}
	return ""
}

// conditionTypeOf returns the type of the one condition of a whisper.
func conditionTypeOf(kind v1alpha1.WhisperKind) string {
	switch kind {
	case v1alpha1.WhisperMemoryPressure:
		return v1alpha1.ConditionMemoryPressured
	case v1alpha1.WhisperOOMKill:
		return v1alpha1.ConditionOOMKilled
	case v1alpha1.WhisperNetworkIssue:
		return v1alpha1.ConditionNetworkDegraded
	default:
		return v1alpha1.ConditionThrottled
	}
}

// troubleStatus returns the status of the condition: True from Info on, and Unknown where nothing was measured.
func troubleStatus(s gossip.Severity) metav1.ConditionStatus {
	switch {
	case s >= gossip.SeverityInfo:
		return metav1.ConditionTrue
	case s == gossip.SeverityNone:
		return metav1.ConditionFalse
	default:
		return metav1.ConditionUnknown
	}
}
