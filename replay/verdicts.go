package replay

import (
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

// verdicts advises on all findings and makes their objects, in the order of subjects.
func (c *capture) verdicts() []verdict {
	rules := recommend.Default()
	advise := func(findings []gossip.Finding) []verdict {
		verdicts := make([]verdict, len(findings))
		for i, f := range findings {
			verdicts[i] = c.pods.verdict(f, rules)
		}
		return verdicts
	}
	var all []verdict
	for verdicts := range inParallel(c.analyzer.Findings(), advise) {
		all = append(all, verdicts...)
	}
	note(c.errs, c.analyzer.Stats())
	return all
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
