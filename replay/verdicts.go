package replay

import (
	"iter"
	"slices"
	"sync"
	"time"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// podMeasurement is what the analysis knows of one subject of a pod: a gossip.PodFinding without what Kubernetes knows,
// because there may be very many.
type podMeasurement struct {
	now     gossip.Finding       // of the present window, which ends with the newest record that counts
	windows []gossip.WorstWindow // all that are kept; none if that is the present one alone
	change  *gossip.Change       // nil if there was none
	since   time.Time            // of the oldest record
}

func (m *podMeasurement) judgedSubject() gossip.Subject { return m.now.Subject() }

// podMeasurementsOf returns what an analyzer knows, in the order of subjects.
func podMeasurementsOf(analyzer *gossip.Analyzer) []podMeasurement {
	list := make([]podMeasurement, 0, analyzer.Stats().Subjects)
	for found := range analyzer.PodFindings() {
		m := podMeasurement{now: found.Now, change: found.Change, since: found.Since}
		if len(found.Windows) != 1 || !found.Windows[0].End.Equal(found.Now.Time()) {
			m.windows = found.Windows
		}
		list = append(list, m)
	}
	return list
}

// collectMeasurements returns what all lanes know, in the order of subjects, and releases the analyzers.
func (c *analysis) collectMeasurements() []podMeasurement {
	var own [laneCount][]podMeasurement
	var stats [laneCount]gossip.Stats
	var all sync.WaitGroup
	for i, analyzer := range c.lanes.analyzers {
		all.Go(func() {
			own[i] = podMeasurementsOf(analyzer)
			stats[i] = analyzer.Stats() // after PodFindings, which observes what was pending
			c.lanes.analyzers[i] = nil
		})
	}
	all.Wait()
	reportUncounted(c.errs, stats[:])
	return mergeMeasurements(own[:])
}

// mergeMeasurements merges lists that are each in the order of subjects.
func mergeMeasurements(lists [][]podMeasurement) []podMeasurement {
	if len(lists) == 1 {
		return lists[0]
	}
	var a, b []podMeasurement
	var both sync.WaitGroup
	both.Go(func() { a = mergeMeasurements(lists[:len(lists)/2]) })
	both.Go(func() { b = mergeMeasurements(lists[len(lists)/2:]) })
	both.Wait()
	list := make([]podMeasurement, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if a[0].judgedSubject().Compare(b[0].judgedSubject()) <= 0 {
			list, a = append(list, a[0]), a[1:]
		} else {
			list, b = append(list, b[0]), b[1:]
		}
	}
	return append(append(list, a...), b...)
}

// grouping is how pods are put together.
type grouping struct {
	settings gossip.Options
	byPod    bool // each pod is judged alone
}

// rollUp returns what the pods of each workload show together, in the order of workloads.
func (c catalogs) rollUp(pods []podMeasurement, how grouping) []measurement {
	rules := recommend.Default()
	need := func(p gossip.PodFinding, f gossip.Finding) gossip.Need {
		return rules.NeedOf(f, c.findPod(p.Now.Subject(), p.Now.UID()))
	}
	work := func(pods []podMeasurement) []gossip.WorkloadFinding {
		found := make([]gossip.PodFinding, len(pods))
		for i := range pods {
			found[i] = c.completeFinding(&pods[i], how.byPod)
		}
		return gossip.RollUp(found, how.settings, need)
	}
	var all []measurement
	for list := range mapParallel(chunkNamespaces(pods), work) {
		for i := range list {
			all = append(all, measurement{&list[i]})
		}
	}
	return all
}

// chunkNamespaces yields the measurements of each namespace: no workload has pods in several.
func chunkNamespaces(pods []podMeasurement) iter.Seq[[]podMeasurement] {
	return func(yield func([]podMeasurement) bool) {
		for len(pods) > 0 {
			namespace := pods[0].judgedSubject().Namespace
			n := slices.IndexFunc(pods, func(m podMeasurement) bool { return m.judgedSubject().Namespace != namespace })
			if n < 0 {
				n = len(pods)
			}
			if !yield(pods[:n]) {
				return
			}
			pods = pods[n:]
		}
	}
}

// completeFinding returns a finding with what the files of pods have about the pod, or else with the workload that its
// name shows.
func (c catalogs) completeFinding(m *podMeasurement, byPod bool) gossip.PodFinding {
	about := m.judgedSubject()
	f := gossip.PodFinding{Now: m.now, Windows: m.windows, Change: m.change, Since: m.since}
	if len(c) > 0 {
		if pod := c.findPod(about, m.now.UID()); pod.Name != "" {
			f = f.WithPod(&pod)
		}
	}
	switch {
	case byPod:
		f.Workload = gossip.Workload{Kind: "Pod", Version: "v1", Name: about.Pod, UID: m.now.UID()}
	case !f.Workload.Known():
		f.Workload, f.Revision = kube.GuessWorkload(about.Pod)
	}
	return f
}

// measurement is what the pods of a workload show together about one kind of trouble, or the birth of a pod.
type measurement struct{ *gossip.WorkloadFinding }

func (m measurement) presentFinding() gossip.Finding  { return m.Now.Window.Finding }
func (m measurement) worstWindow() gossip.WorstWindow { return m.Worst.Window }
func (m measurement) severityNow() gossip.Severity    { return m.presentFinding().Severity() }

// verdict is a measurement with the advice on its worst window, and its object; the object is nil where there is no
// trouble.
type verdict struct {
	measurement
	finding gossip.Finding // of the worst window
	report  crd.Report     // with the advice; empty without an object
	object  crd.Object
}

// makeVerdicts advises on measurements and makes their objects.
func (c catalogs) makeVerdicts(measurements []measurement) []verdict {
	rules := recommend.Default()
	list := make([]verdict, len(measurements))
	for i, m := range measurements {
		list[i] = c.makeVerdict(m, rules)
	}
	return list
}

func (c catalogs) makeVerdict(m measurement, rules recommend.Rules) verdict {
	v := verdict{measurement: m, finding: m.worstWindow().Finding}
	if crd.HasObject(*m.WorkloadFinding) {
		v.report = crd.Report{Finding: *m.WorkloadFinding, PodOf: c.podOf}.Advised(rules)
		v.object = crd.New(v.report)
	}
	return v
}

// podOf returns the pod that a finding names.
func (c catalogs) podOf(e gossip.PodEvidence) gossip.Pod {
	return c.findPod(e.Window.Finding.Subject(), e.UID)
}
