package kube

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// quotasOf returns the namespace's ResourceQuotas that bound the sum of its pods' CPU or memory, by name. Quotas with
// scopes count only some pods and are left out, except for the scope NotBestEffort: advice is about such pods.
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

// leftCores returns the CPU that a quota leaves, in cores, for the first of the names that it bounds. A quota without
// status leaves all.
func leftCores(q *corev1.ResourceQuota, names ...corev1.ResourceName) gossip.Optional[float64] {
	for _, name := range names {
		if hard, ok := q.Spec.Hard[name]; ok {
			used := q.Status.Used[name]
			return gossip.Some(float64(hard.MilliValue()-used.MilliValue()) / 1000)
		}
	}
	return gossip.Optional[float64]{}
}

// leftBytes returns the memory that a quota leaves, in the same way.
func leftBytes(q *corev1.ResourceQuota, names ...corev1.ResourceName) gossip.Optional[int64] {
	for _, name := range names {
		if hard, ok := q.Spec.Hard[name]; ok {
			used := q.Status.Used[name]
			return gossip.Some(hard.Value() - used.Value())
		}
	}
	return gossip.Optional[int64]{}
}
