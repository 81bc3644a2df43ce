package recommend

import "github.com/kernel-gossip/kernel-gossip/gossip"

// Demand returns what a container needs by a finding, to choose between windows of one severity: it is the
// gossip.Options.Demand of both programs. It is the limit that the rules would advise, before they round it, in cores
// or bytes. Only comparisons of findings of one kind have a meaning. It is 0 where there is no number, as for networks
// and births.
func Demand(f gossip.Finding) float64 {
	switch f := valueOf(f).(type) {
	case gossip.CPUThrottling:
		if checkEstimable(f) == nil {
			return estimateNeed(f).target
		}
	case gossip.MemoryPressure, gossip.OOMKilled:
		if need, ok := memoryNeedOf(f, gossip.Pod{}); ok && need.peak.Known {
			return needForUsage(need.peak.Value)
		}
	case gossip.NetworkIssue, gossip.PodBirth:
	}
	return 0
}
