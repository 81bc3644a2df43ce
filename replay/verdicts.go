package replay

import (
	"slices"
	"sync"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// collectFindings returns the findings of all lanes, in the order of subjects, and releases the analyzers.
func (c *analysis) collectFindings() []gossip.Finding {
	var own [laneCount][]gossip.Finding
	var stats [laneCount]gossip.Stats
	var all sync.WaitGroup
	for i, analyzer := range c.lanes.analyzers {
		all.Go(func() {
			own[i] = slices.Collect(analyzer.Findings())
			stats[i] = analyzer.Stats() // after Findings, which observes what was pending
			c.lanes.analyzers[i] = nil
		})
	}
	all.Wait()
	reportUncounted(c.errs, stats[:])
	return mergeFindings(own[:])
}

// mergeFindings merges lists that are each in the order of subjects.
func mergeFindings(lists [][]gossip.Finding) []gossip.Finding {
	if len(lists) == 1 {
		return lists[0]
	}
	var a, b []gossip.Finding
	var both sync.WaitGroup
	both.Go(func() { a = mergeFindings(lists[:len(lists)/2]) })
	both.Go(func() { b = mergeFindings(lists[len(lists)/2:]) })
	both.Wait()
	list := make([]gossip.Finding, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].Subject().Compare(b[0].Subject()) <= 0 {
			list, a = append(list, a[0]), a[1:]
		} else {
			list, b = append(list, b[0]), b[1:]
		}
	}
	return append(append(list, a...), b...)
}

// verdict is a finding, its advice, and its object; the object is nil for a finding that gets none.
type verdict struct {
	finding gossip.Finding
	advice  []recommend.Recommendation
	object  crd.Object
}

// makeVerdicts advises on findings and makes their objects.
func (c catalogs) makeVerdicts(findings []gossip.Finding) []verdict {
	rules := recommend.Default()
	list := make([]verdict, len(findings))
	for i, f := range findings {
		v := verdict{finding: f}
		if crd.HasObject(crd.Report{Now: f}) || f.Seen().Worst >= gossip.SeverityInfo {
			report := crd.Report{Now: f, Pod: c.findPod(f.Subject(), f.UID())}.Advised(rules)
			v.advice, v.object = report.Advice, crd.New(report)
		}
		list[i] = v
	}
	return list
}
