package crd

import (
	"math"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// newCPUWhisper returns the whisper about CPU throttling.
func newCPUWhisper(f gossip.CPUThrottling, p gossip.Pod, advice []recommend.Recommendation) *v1alpha1.KernelWhisper {
	lie := newCPULie(f)
	w := newWhisper(f.Report, p, advice, throttlingMessage(f, lie))
	w.Status.KernelSays, w.Status.MetricsSay = clipText(
		throttlingSays(f), maxSays,
	), clipText(throttlingMetrics(lie), maxSays)
	w.Status.KernelTruth.CPU, w.Status.MetricsLie.CPU = newCPUTruth(f), lie
	return w
}

// newWhisper returns a whisper with the fields that all kinds have.
func newWhisper(
	r gossip.Report, p gossip.Pod, advice []recommend.Recommendation, message string,
) *v1alpha1.KernelWhisper {
	pod := podReference(r, p)
	list, omitted := fitRecommendations(advice, whisperRoom)
	kind := v1alpha1.WhisperKind(r.About.Kind)
	return &v1alpha1.KernelWhisper{
		TypeMeta:   typeMeta(v1alpha1.KindKernelWhisper),
		ObjectMeta: objectMeta(r, pod),
		Spec:       v1alpha1.KernelWhisperSpec{Kind: kind, Pod: pod, Container: clipText(r.About.Container, maxLabel)},
		Status: v1alpha1.KernelWhisperStatus{
			Conditions:      []metav1.Condition{newCondition(conditionTypeOf(kind), troubleStatus(r.Level), r, message)},
			Severity:        apiSeverity(r.Level),
			WorstSeverity:   apiSeverity(max(r.Level, r.History.Worst)),
			FirstSeenTime:   eventSeconds(r.History.First),
			LastSeenTime:    eventSeconds(r.History.Last),
			Advice:          shortAdvice(advice),
			Coverage:        newCoverage(r.Covered),
			Recommendations: list, RecommendationsOmitted: omitted,
		},
	}
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

func newCPUTruth(f gossip.CPUThrottling) v1alpha1.CPUTruth {
	return v1alpha1.CPUTruth{
		ThrottledPercent:      roundPercent(f.Throttled, 100),
		Periods:               countPointer(f.Periods),
		ThrottledPeriods:      countPointer(f.ThrottledPeriods),
		ThrottledMilliseconds: roundMilliseconds(f.ThrottledTime),
		ActivePercent:         roundPercent(f.Active, 100),
		MeanWaitMilliseconds:  roundMilliseconds(f.MeanWait),
	}
}

func newCPULie(f gossip.CPUThrottling) v1alpha1.CPULie {
	return v1alpha1.CPULie{
		Usage:          coresQuantity(f.Usage),
		Limit:          coresQuantity(f.Limit),
		PercentOfLimit: roundPercent(f.UsedOfLimit, math.MaxInt32),
	}
}
