package recommend

import "github.com/kernel-gossip/kernel-gossip/gossip"

// Demand is the gossip.Options.Demand of both programs. What a container needs is the limit that the rules would
// advise, before they round it, in cores or bytes; 0 where there is no number.
func Demand() gossip.Demand {
	return gossip.Demand{
		CPU: func(f gossip.CPUThrottling) float64 {
			if checkEstimable(f) != nil {
				return 0
			}
			return estimateNeed(f).target
		},
		Memory: func(f gossip.MemoryPressure) float64 { return memoryDemand(f) },
		Kills:  func(f gossip.OOMKilled) float64 { return memoryDemand(f) },
	}
}

func memoryDemand(f gossip.Finding) float64 {
	if need, ok := memoryNeedOf(f, gossip.Pod{}); ok && need.peak.Known {
		return needForUsage(need.peak.Value)
	}
	return 0
}
