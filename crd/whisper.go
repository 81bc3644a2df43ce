package crd

import (
	"math"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

func newWhisper(f gossip.CPUThrottling, p gossip.Pod, advice []recommend.Recommendation) *v1alpha1.KernelWhisper {
	pod := podReference(f.Report, p)
	list, omitted := recommendations(advice, whisperRoom)
	return &v1alpha1.KernelWhisper{
		TypeMeta:   typeMeta(v1alpha1.KindKernelWhisper),
		ObjectMeta: objectMeta(f.Report, pod),
		Spec: v1alpha1.KernelWhisperSpec{
			Kind:      v1alpha1.WhisperCPUThrottling,
			Pod:       pod,
			Container: clip(f.About.Container, maxLabel),
		},
		Status: v1alpha1.KernelWhisperStatus{
			Conditions:      []metav1.Condition{condition(v1alpha1.ConditionThrottled, throttled(f.Level), f.Report, throttlingMessage(f))},
			Severity:        severity(f.Level),
			WorstSeverity:   severity(max(f.Level, f.History.Worst)),
			FirstSeenTime:   seconds(f.History.First),
			LastSeenTime:    seconds(f.History.Last),
			KernelSays:      clip(kernelSays(f), maxSays),
			MetricsSay:      clip(metricsSay(f), maxSays),
			Advice:          setting(advice),
			KernelTruth:     v1alpha1.KernelTruth{CPU: cpuTruth(f)},
			MetricsLie:      v1alpha1.MetricsLie{CPU: cpuLie(f)},
			Coverage:        coverage(f.Covered),
			Recommendations: list, RecommendationsOmitted: omitted,
		},
	}
}

// throttled is the status of the condition: trouble from Info on, and no claim where nothing was measured.
func throttled(s gossip.Severity) metav1.ConditionStatus {
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
