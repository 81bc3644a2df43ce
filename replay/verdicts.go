package replay

import (
	"sync"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// verdict is a finding, the advice about it, and its object; nil where it is not worth one.
type verdict struct {
	finding gossip.Finding
	advice  []recommend.Recommendation
	object  crd.Object
}

// verdicts advises on all findings and makes their objects, in the order of subjects. What was analysed is let go.
func (c *capture) verdicts() []verdict {
	rules := recommend.Default()
	var own [laneCount][]verdict
	var stats [laneCount]gossip.Stats
	var all sync.WaitGroup
	for i, analyzer := range c.lanes.analyzers {
		all.Go(func() {
			for f := range analyzer.Findings() {
				own[i] = append(own[i], c.pods.verdict(f, rules))
			}
			stats[i] = analyzer.Stats() // all that waited is observed now
			c.lanes.analyzers[i] = nil
		})
	}
	all.Wait()
	note(c.errs, stats[:])
	return merged(own[:])
}

func (c catalogs) verdict(f gossip.Finding, rules recommend.Rules) verdict {
	v := verdict{finding: f}
	if crd.HasObject(f) {
		pod := c.find(f.Subject(), f.UID())
		v.advice = rules.For(f, pod)
		v.object = crd.New(f, pod, v.advice)
	}
	return v
}
