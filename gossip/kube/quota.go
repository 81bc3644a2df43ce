package kube

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// quotasOf lists the namespace's ResourceQuotas that bound the sum of its pods' CPU or memory, by name. Quotas with
// scopes count some pods only and are left out, but for the scope of pods that are not of the BestEffort class, which
// advice is about.
func quotasOf(namespace string, all []corev1.ResourceQuota) []gossip.Quota {
	var out []gossip.Quota
	for i := range all {
		q := &all[i]
		scoped := q.Spec.ScopeSelector != nil ||
			slices.ContainsFunc(
				q.Spec.Scopes, func(s corev1.ResourceQuotaScope) bool { return s != corev1.ResourceQuotaScopeNotBestEffort },
			)
		if q.Namespace != namespace || scoped {
			continue
		}
		left := gossip.Resources{
			CPURequest:    leftCores(q, corev1.ResourceRequestsCPU, corev1.ResourceCPU),
			CPULimit:      leftCores(q, corev1.ResourceLimitsCPU),
			MemoryRequest: leftBytes(q, corev1.ResourceRequestsMemory, corev1.ResourceMemory),
			MemoryLimit:   leftBytes(q, corev1.ResourceLimitsMemory),
		}
		if left != (gossip.Resources{}) {
			out = append(out, gossip.Quota{Name: q.Name, Left: left})
		}
	}
	slices.SortStableFunc(out, func(a, b gossip.Quota) int { return strings.Compare(a.Name, b.Name) })
	return out
}

// leftCores is what a quota leaves of CPU, in cores, under the first of the names that it bounds. One without status
// leaves all.
func leftCores(q *corev1.ResourceQuota, names ...corev1.ResourceName) gossip.Optional[float64] {
	for _, name := range names {
		if hard, ok := q.Spec.Hard[name]; ok {
			used := q.Status.Used[name]
			return gossip.Some(float64(hard.MilliValue()-used.MilliValue()) / 1000)
		}
	}
	return gossip.Optional[float64]{}
}

// leftBytes is the same of memory.
func leftBytes(q *corev1.ResourceQuota, names ...corev1.ResourceName) gossip.Optional[int64] {
	for _, name := range names {
		if hard, ok := q.Spec.Hard[name]; ok {
			used := q.Status.Used[name]
			return gossip.Some(hard.Value() - used.Value())
		}
	}
	return gossip.Optional[int64]{}
}
