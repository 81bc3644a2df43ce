package crd

import (
	"math"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// cpuWhisper is the whisper about CPU throttling.
func cpuWhisper(f gossip.CPUThrottling, p gossip.Pod, advice []recommend.Recommendation) *v1alpha1.KernelWhisper {
	lie := cpuLie(f)
	w := newWhisper(f.Report, p, advice, throttlingMessage(f, lie))
	w.Status.KernelSays, w.Status.MetricsSay = clip(kernelSays(f), maxSays), clip(metricsSay(lie), maxSays)
	w.Status.KernelTruth.CPU, w.Status.MetricsLie.CPU = cpuTruth(f), lie
	return w
}

// newWhisper makes a whisper of what all kinds have.
func newWhisper(r gossip.Report, p gossip.Pod, advice []recommend.Recommendation, message string) *v1alpha1.KernelWhisper {
	pod := podReference(r, p)
	list, omitted := recommendations(advice, whisperRoom)
	kind := v1alpha1.WhisperKind(r.About.Kind)
	return &v1alpha1.KernelWhisper{
		TypeMeta:   typeMeta(v1alpha1.KindKernelWhisper),
		ObjectMeta: objectMeta(r, pod),
		Spec:       v1alpha1.KernelWhisperSpec{Kind: kind, Pod: pod, Container: clip(r.About.Container, maxLabel)},
		Status: v1alpha1.KernelWhisperStatus{
			Conditions:      []metav1.Condition{condition(conditionType(kind), inTrouble(r.Level), r, message)},
			Severity:        severity(r.Level),
			WorstSeverity:   severity(max(r.Level, r.History.Worst)),
			FirstSeenTime:   seconds(r.History.First),
			LastSeenTime:    seconds(r.History.Last),
			Advice:          setting(advice),
			Coverage:        coverage(r.Covered),
			Recommendations: list, RecommendationsOmitted: omitted,
		},
	}
}

// conditionType is the type of the one condition of a whisper.
func conditionType(kind v1alpha1.WhisperKind) string {
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

// inTrouble is the status of the condition: trouble from Info on, and no claim where nothing was measured.
func inTrouble(s gossip.Severity) metav1.ConditionStatus {
	switch {
	case s >= gossip.SeverityInfo:
		return metav1.ConditionTrue
	case s == gossip.SeverityNone:
		return metav1.ConditionFalse
	default:
		return metav1.ConditionUnknown
	}
}

func cpuTruth(f gossip.CPUThrottling) v1alpha1.CPUTruth {
	return v1alpha1.CPUTruth{
		ThrottledPercent:      percent(f.Throttled, 100),
		Periods:               count(f.Periods),
		ThrottledPeriods:      count(f.ThrottledPeriods),
		ThrottledMilliseconds: milliseconds(f.ThrottledTime),
		ActivePercent:         percent(f.Active, 100),
		MeanWaitMilliseconds:  milliseconds(f.MeanWait),
	}
}

func cpuLie(f gossip.CPUThrottling) v1alpha1.CPULie {
	return v1alpha1.CPULie{
		Usage:          cores(f.Usage),
		Limit:          cores(f.Limit),
		PercentOfLimit: percent(f.UsedOfLimit, math.MaxInt32),
	}
}
