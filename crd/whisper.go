package crd

import (
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// newWhisper returns the whisper of a report: the sentences, the figures and the advice of its worst window, and the
// condition of the present one.
func newWhisper(now gossip.Finding, r Report) *v1alpha1.KernelWhisper {
	worst, present := r.worstWindow(), viewOf(now, r.Pod)
	decides := present
	if r.Worst.Finding != nil {
		decides = viewOf(worst.Finding, r.Pod)
	}
	report := present.report
	pod := podReference(report, r.Pod)
	kind := v1alpha1.WhisperKind(report.About.Kind)
	list, omitted, room := fitRecommendations(r.Advice, whisperRoom)
	return &v1alpha1.KernelWhisper{
		TypeMeta:   typeMeta(v1alpha1.KindKernelWhisper),
		ObjectMeta: objectMeta(report, pod),
		Spec:       v1alpha1.KernelWhisperSpec{Kind: kind, Pod: pod, Container: clipText(report.About.Container, maxLabel)},
		Status: v1alpha1.KernelWhisperStatus{
			Conditions: []metav1.Condition{
				newCondition(conditionTypeOf(kind), troubleStatus(report.Level), report, messageOf(now, r.Pod)),
			},
			Severity:        apiSeverity(decides.report.Level),
			Worst:           newWorst(worst, decides.report.Reason),
			Now:             v1alpha1.Verdict{Severity: apiSeverity(report.Level), KernelSays: present.kernelSays},
			FirstSeenTime:   eventSeconds(report.History.First),
			LastSeenTime:    eventSeconds(report.History.Last),
			KernelSays:      decides.kernelSays,
			MetricsSay:      decides.metricsSay,
			Advice:          shortAdvice(r.Advice),
			KernelTruth:     decides.truth,
			MetricsLie:      decides.lie,
			Coverage:        newCoverage(decides.report.Covered),
			LastChange:      newLastChange(report.About.Kind, r.Change),
			Recommendations: list, RecommendationsOmitted: omitted,
			OtherWindows: fitWindows(r.troubleWindows(worst), r.Pod, room+windowsRoom),
		},
	}
}

// view is what an object says of a finding.
type view struct {
	report                 gossip.Report
	kernelSays, metricsSay string
	truth                  v1alpha1.KernelTruth
	lie                    v1alpha1.MetricsLie
}

// viewOf returns what an object says of a finding; the zero view for a birth.
func viewOf(f gossip.Finding, p gossip.Pod) view {
	v := view{}
	switch f := f.(type) {
	case gossip.CPUThrottling:
		v.report, v.truth.CPU, v.lie.CPU = f.Report, newCPUTruth(f), newCPULie(f)
		v.kernelSays, v.metricsSay = throttlingSays(f), throttlingMetrics(v.lie.CPU)
	case gossip.MemoryPressure:
		v.report, v.truth.Memory, v.lie.Memory = f.Report, newMemoryTruth(f), newMemoryLie(f)
		v.kernelSays, v.metricsSay = memorySays(f), memoryMetrics(f)
	case gossip.OOMKilled:
		v.report, v.truth.Memory = f.Report, newKillTruth(f)
		v.kernelSays, v.metricsSay = oomSays(f), shownKill(f, p)
	case gossip.NetworkIssue:
		v.report, v.truth.Network, v.lie.Network = f.Report, newNetworkTruth(f), newNetworkLie(f)
		v.kernelSays, v.metricsSay = networkSays(f), formatLatencies(f)
	case gossip.PodBirth: // has a certificate
	}
	v.kernelSays, v.metricsSay = clipText(v.kernelSays, maxSays), clipText(v.metricsSay, maxSays)
	return v
}

// messageOf returns the message of the condition about a finding; empty for a birth.
func messageOf(f gossip.Finding, p gossip.Pod) string {
	switch f := f.(type) {
	case gossip.CPUThrottling:
		return throttlingMessage(f, newCPULie(f))
	case gossip.MemoryPressure:
		return memoryMessage(f, p)
	case gossip.OOMKilled:
		return oomMessage(f, shownKill(f, p))
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
