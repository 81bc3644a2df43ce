package crd

import (
	"maps"
	"math"
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// What counts as news: smaller moves are not worth a write to the cluster.
const (
	newsTarget  = 0.20            // relative move of a recommended value
	newsPercent = 5               // points
	newsShare   = 5               // a fifth of a share of packets, which are small
	newsSeen    = 5 * time.Minute // of lastSeenTime
)

// News reports whether after is worth a write, where before is the object in the cluster, or nil when there is none.
// News are:
//
//   - a new object or another subject;
//   - another severity of the worst window or of now, another condition (type, status, reason), reason of the worst
//     window, or set of rules;
//   - a worst window that has no time in common with the one that was written, or other numbers of pods in its time;
//   - several revisions that report where it was one, or one where it was several: which ones is none, because each run
//     of a CronJob is another one;
//   - a target that appeared, disappeared or moved by more than 20 %;
//   - a percentage that appeared, disappeared or moved by 5 points or more, or a share of packets that moved by 20 % of
//     itself;
//   - another lastChange, or what it did: a figure that is not final counts once;
//   - a lastSeenTime that moved by 5 minutes or more.
//
// Texts alone (messages, evidence) and counts are never news. Small moves add up, because each is compared with what
// was written. A later birth of the same pod is no news either: a container that restarts is not born again, and after
// a restart of the operator only the object has the first birth.
func News(before, after Object) bool {
	switch after := after.(type) {
	case *v1alpha1.KernelWhisper:
		old, ok := before.(*v1alpha1.KernelWhisper)
		return after != nil && (!ok || old == nil || old.Spec != after.Spec || whisperNews(&old.Status, &after.Status))
	case *v1alpha1.PodBirthCertificate:
		old, ok := before.(*v1alpha1.PodBirthCertificate)
		return after != nil && (!ok || old == nil || old.Spec != after.Spec || certificateNews(&old.Status, &after.Status))
	}
	return false
}

func whisperNews(a, b *v1alpha1.KernelWhisperStatus) bool {
	ta, tb, la, lb := a.KernelTruth.CPU, b.KernelTruth.CPU, a.MetricsLie.CPU, b.MetricsLie.CPU
	return a.Severity != b.Severity || a.Now.Severity != b.Now.Severity || worstNews(&a.Worst, &b.Worst) ||
		a.Pods.AffectedOfSeen != b.Pods.AffectedOfSeen || len(a.Revisions) > 1 != (len(b.Revisions) > 1) ||
		conditionNews(a.Conditions, b.Conditions) ||
		adviceNews(a.Recommendations, b.Recommendations) ||
		percentNews(ta.ThrottledPercent, tb.ThrottledPercent) ||
		percentNews(ta.ActivePercent, tb.ActivePercent) ||
		percentNews(la.PercentOfLimit, lb.PercentOfLimit) ||
		memoryNews(&a.KernelTruth.Memory, &b.KernelTruth.Memory) ||
		networkNews(&a.KernelTruth.Network, &b.KernelTruth.Network) ||
		changeNews(&a.LastChange, &b.LastChange) ||
		timeNews(a.LastSeenTime, b.LastSeenTime)
}

// worstNews reports whether another window is the worst, and not the same one a little later.
func worstNews(a, b *v1alpha1.WorstWindow) bool {
	known := a.StartTime != nil && a.EndTime != nil && b.StartTime != nil && b.EndTime != nil
	return a.Reason != b.Reason || (known && (a.EndTime.Before(b.StartTime) || b.EndTime.Before(a.StartTime)))
}

func memoryNews(a, b *v1alpha1.MemoryTruth) bool {
	return percentNews(a.SomeAvg60Percent, b.SomeAvg60Percent) || percentNews(a.FullAvg10Percent, b.FullAvg10Percent) ||
		percentNews(usedPercent(a), usedPercent(b))
}

// usedPercent returns the peak as a percentage of the limit, which is no field of the object.
func usedPercent(m *v1alpha1.MemoryTruth) *int32 {
	if m.PeakBytes == nil || m.LimitBytes == nil || *m.LimitBytes <= 0 {
		return nil
	}
	return roundPercent(gossip.Some(float64(*m.PeakBytes)/float64(*m.LimitBytes)), math.MaxInt32)
}

func networkNews(a, b *v1alpha1.NetworkTruth) bool {
	return shareNews(a.RetransmitBasisPoints, b.RetransmitBasisPoints) || shareNews(a.DropBasisPoints, b.DropBasisPoints)
}

// shareNews compares shares by their ratio: a move from 1 % to 2 % counts as much as one from 10 % to 20 %.
func shareNews(a, b *int32) bool {
	if a == nil || b == nil {
		return a != b
	}
	return *a != *b && newsShare*(max(*a, *b)-min(*a, *b)) >= *a
}

func certificateNews(a, b *v1alpha1.PodBirthCertificateStatus) bool {
	if a.BornTime != nil && b.BornTime != nil && a.BornTime.Before(b.BornTime) {
		return false
	}
	return a.Severity != b.Severity ||
		conditionNews(a.Conditions, b.Conditions) ||
		adviceNews(a.Recommendations, b.Recommendations)
}

// conditionNews compares the type, status and reason of conditions, but neither message nor time.
func conditionNews(a, b []metav1.Condition) bool {
	type claim struct{ kind, status, reason string }
	claims := func(list []metav1.Condition) map[claim]bool {
		set := make(map[claim]bool, len(list))
		for _, c := range list {
			set[claim{c.Type, string(c.Status), c.Reason}] = true
		}
		return set
	}
	return !maps.Equal(claims(a), claims(b))
}

// adviceNews compares the rules that gave advice, in any order, and their targets.
func adviceNews(a, b []v1alpha1.Recommendation) bool {
	if len(a) != len(b) {
		return true
	}
	for _, r := range b {
		i := slices.IndexFunc(a, func(old v1alpha1.Recommendation) bool { return old.Rule == r.Rule })
		if i < 0 || targetNews(&a[i], &r) {
			return true
		}
	}
	return false
}

func targetNews(a, b *v1alpha1.Recommendation) bool {
	if a.Target == nil || b.Target == nil {
		return a.Target != b.Target
	}
	before, after := a.Target.AsApproximateFloat64(), b.Target.AsApproximateFloat64()
	// In milli-units, because the binary fraction of 1.2 is a little more than 20 % above 1.
	return math.Abs(math.Round(1000*after)-math.Round(1000*before)) > newsTarget*math.Round(1000*before)
}

func percentNews(a, b *int32) bool {
	if a == nil || b == nil {
		return a != b
	}
	return max(*a, *b)-min(*a, *b) >= newsPercent
}

func timeNews(a, b *metav1.Time) bool {
	if a == nil || b == nil {
		return a != b
	}
	return b.Sub(a.Time).Abs() >= newsSeen
}
