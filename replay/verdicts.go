package replay

import (
	"sync"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// measurement is what the analysis knows of one subject.
type measurement struct {
	now     gossip.Finding // of the present window, which ends with the newest record that counts
	worst   gossip.WorstWindow
	windows []gossip.WorstWindow // all that are kept, if they are several
	change  *gossip.WorkloadChange
}

func (m *measurement) judgedSubject() gossip.Subject  { return m.now.Subject() }
func (m *measurement) worstSeverity() gossip.Severity { return m.worst.Finding.Severity() }

// reportAbout returns what the object is made of.
func (m *measurement) reportAbout(pod gossip.Pod) crd.Report {
	return crd.Report{Now: m.now, Worst: m.worst, Windows: m.windows, Change: m.change, Pod: pod}
}

// measurementsOf returns what an analyzer knows, in the order of subjects.
func measurementsOf(analyzer *gossip.Analyzer) []measurement {
	list := make([]measurement, 0, analyzer.Stats().Subjects)
	for found := range analyzer.PodFindings() {
		m := measurement{now: found.Now, worst: found.Worst, change: changeOf(found)}
		if len(found.Windows) > 1 {
			m.windows = found.Windows
		}
		list = append(list, m)
	}
	return list
}

// collectMeasurements returns what all lanes know, in the order of subjects, and releases the analyzers.
func (c *analysis) collectMeasurements() []measurement {
	var own [laneCount][]measurement
	var stats [laneCount]gossip.Stats
	var all sync.WaitGroup
	for i, analyzer := range c.lanes.analyzers {
		all.Go(func() {
			own[i] = measurementsOf(analyzer)
			stats[i] = analyzer.Stats() // after PodFindings, which observes what was pending
			c.lanes.analyzers[i] = nil
		})
	}
	all.Wait()
	reportUncounted(c.errs, stats[:])
	merged := mergeMeasurements(own[:])
	list := make([]measurement, len(merged))
	for i, m := range merged {
		list[i] = *m
	}
	return list
}

// mergeMeasurements merges lists that are each in the order of subjects.
func mergeMeasurements(lists [][]measurement) []*measurement {
	if len(lists) == 1 {
		list := make([]*measurement, len(lists[0]))
		for i := range lists[0] {
			list[i] = &lists[0][i]
		}
		return list
	}
	var a, b []*measurement
	var both sync.WaitGroup
	both.Go(func() { a = mergeMeasurements(lists[:len(lists)/2]) })
	both.Go(func() { b = mergeMeasurements(lists[len(lists)/2:]) })
	both.Wait()
	list := make([]*measurement, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].judgedSubject().Compare(b[0].judgedSubject()) <= 0 {
			list, a = append(list, a[0]), a[1:]
		} else {
			list, b = append(list, b[0]), b[1:]
		}
	}
	return append(append(list, a...), b...)
}

// verdict is a measurement with the advice on its worst window, and its object; the object is nil where there is no
// trouble.
type verdict struct {
	measurement
	finding gossip.Finding // of the worst window
	pod     gossip.Pod
	advice  []recommend.Recommendation
	object  crd.Object
}

// makeVerdicts advises on measurements and makes their objects.
func (c catalogs) makeVerdicts(measurements []measurement) []verdict {
	rules := recommend.Default()
	list := make([]verdict, len(measurements))
	for i := range measurements {
		list[i] = c.makeVerdict(&measurements[i], rules)
	}
	return list
}

func (c catalogs) makeVerdict(m *measurement, rules recommend.Rules) verdict {
	v := verdict{measurement: *m, finding: m.worst.Finding}
	if crd.HasObject(m.reportAbout(gossip.Pod{})) {
		report := m.reportAbout(c.findPod(m.judgedSubject(), m.now.UID())).Advised(rules)
		v.pod, v.advice, v.object = report.Pod, report.Advice, crd.New(report)
	}
	return v
}
