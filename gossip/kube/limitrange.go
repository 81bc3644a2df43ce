package kube

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// limitRangesOf returns the namespace's LimitRanges that bound a container's CPU or memory, by name. If a LimitRange
// has several items, the smallest bound counts.
func limitRangesOf(namespace string, all []corev1.LimitRange) []gossip.LimitRange {
	var out []gossip.LimitRange
	for i := range all {
		if all[i].Namespace != namespace {
			continue
		}
		l := gossip.LimitRange{Name: all[i].Name}
		for _, item := range all[i].Spec.Limits {
			if item.Type == corev1.LimitTypeContainer {
				l.Max = tighterBound(l.Max, positiveCores(item.Max[corev1.ResourceCPU]))
				l.MaxRatio = tighterBound(l.MaxRatio, positiveCores(item.MaxLimitRequestRatio[corev1.ResourceCPU]))
				l.MaxMemory = tighterBound(l.MaxMemory, positiveBytes(item.Max[corev1.ResourceMemory]))
				l.MaxMemoryRatio = tighterBound(l.MaxMemoryRatio, positiveCores(item.MaxLimitRequestRatio[corev1.ResourceMemory]))
			}
		}
		if l.Max.Known || l.MaxRatio.Known || l.MaxMemory.Known || l.MaxMemoryRatio.Known {
			out = append(out, l)
		}
	}
	slices.SortStableFunc(out, func(a, b gossip.LimitRange) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func tighterBound[T float64 | int64](a, b gossip.Optional[T]) gossip.Optional[T] {
	if !a.Known || (b.Known && b.Value < a.Value) {
		return b
	}
	return a
}
