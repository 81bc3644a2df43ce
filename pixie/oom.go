package pixie

import (
	"fmt"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// oomKill reads a record of type oom_kill.
func (r *record) oomKill() gossip.Event {
	var o gossip.Origin
	r.origin(&o)
	if o.Container == "" && o.ContainerID == "" {
		r.requireOne("container_name or container_id")
	}
	return gossip.OOMKill{
		Origin:     o,
		VictimPID:  r.integer(victimPID),
		VictimComm: r.text(victimComm),
		UsageBytes: r.integer(usageBytes),
		LimitBytes: r.integer(limitBytes),
		Scope:      r.scope(),
	}
}

// scope reads whose memory ran out.
func (r *record) scope() gossip.Scope {
	s := gossip.Scope(r.text(scope))
	switch s {
	case "", gossip.ScopeMemcg, gossip.ScopeGlobal:
	default:
		r.fail(scope, fmt.Errorf("not memcg or global: %s", quote(string(s))))
	}
	return s
}
