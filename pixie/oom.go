package pixie

import (
	"fmt"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// readOOMKill reads a record of type oom_kill.
func (r *record) readOOMKill() gossip.OOMKill {
	var o gossip.Origin
	r.readOrigin(&o)
	if o.Container == "" && o.ContainerID == "" {
		r.requireOne("container_name or container_id")
	}
	return gossip.OOMKill{
		Origin:     o,
		VictimPID:  r.readInteger(victimPID),
		VictimComm: r.readText(victimComm),
		UsageBytes: r.readInteger(usageBytes),
		LimitBytes: r.readInteger(limitBytes),
		Scope:      r.readScope(),
	}
}

// readScope reads which memory ran out: the memory of a cgroup or of the node.
func (r *record) readScope() gossip.Scope {
	s := gossip.Scope(r.readText(scope))
	switch s {
	case "", gossip.ScopeMemcg, gossip.ScopeGlobal:
	default:
		r.refuseField(scope, fmt.Errorf("not memcg or global: %s", quoteInput(string(s))))
	}
	return s
}
