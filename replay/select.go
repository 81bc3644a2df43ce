package replay

import (
	"cmp"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// pattern matches names with *, ? and [ ], or the one name that is equal.
type pattern string

func (p pattern) matchesName(name string) bool {
	if p == "" {
		return true
	}
	ok, err := path.Match(string(p), name) // a pattern without these characters matches the equal name
	return err == nil && ok
}

func (p pattern) hasWildcard() bool { return strings.ContainsAny(string(p), `*?[\`) }

// selection is the subjects that the user wants to see.
type selection struct {
	namespace    pattern // from -n
	podNamespace pattern // the namespace in --pod
	pod          pattern // the rest of --pod
}

// parseSelection reads the flags.
func (o *options) parseSelection() (s selection, err error) {
	s.namespace = pattern(o.Namespace)
	within, pod, namespaced := strings.Cut(o.Pod, "/")
	if !namespaced {
		within, pod = "", o.Pod
	}
	s.podNamespace, s.pod = pattern(within), pattern(pod)
	for _, p := range []struct {
		flag    string
		pattern pattern
	}{{"--namespace", s.namespace}, {"--pod", s.podNamespace}, {"--pod", s.pod}} {
		if _, err := path.Match(string(p.pattern), ""); err != nil {
			return s, fmt.Errorf("%s: %q is not a pattern: %w", p.flag, p.pattern, err)
		}
	}
	return s, nil
}

// rollUpSelected returns what is shown: the selected pods alone, or the workloads that have one of them. A selection of
// pods never changes the verdict on a workload.
func (c *analysis) rollUpSelected(all, selected []podMeasurement, how grouping) []measurement {
	if how.byPod || len(selected) == len(all) {
		return c.pods.rollUp(selected, how)
	}
	type part struct { // of a subject, without its workload
		namespace, container string
		kind                 gossip.Kind
	}
	wanted, namespaces := map[part][]gossip.Workload{}, map[string]bool{}
	for i := range selected {
		about := selected[i].judgedSubject()
		f := c.pods.completeFinding(&selected[i], about.Kind == gossip.KindPodBirth)
		of := part{about.Namespace, about.Container, about.Kind}
		wanted[of] = append(wanted[of], f.Workload)
		namespaces[about.Namespace] = true
	}
	near := filterSubjects(all, func(a gossip.Subject) bool { return namespaces[a.Namespace] })
	return slices.DeleteFunc(c.pods.rollUp(near, how), func(m measurement) bool {
		of := part{m.About.Namespace, m.About.Container, m.About.Kind}
		return !slices.ContainsFunc(wanted[of], func(w gossip.Workload) bool {
			return w.Identity() == m.About.Workload.Identity() ||
				(w.Guessed && w.Name == m.About.Workload.Name && !m.About.Workload.IsPod())
		})
	})
}

// filterMeasurements returns the selected measurements. It runs after the analysis, because this filter never changes a
// verdict. A filter that no record that counts matches is an error: a typing mistake must not look like good news.
func (s *selection) filterMeasurements(all []podMeasurement, counts *timeRange) ([]podMeasurement, error) {
	if len(all) == 0 { // all figures are impossible
		return nil, errors.New("no record that could be used")
	}
	inNamespace := s.inNamespace(all)
	if len(inNamespace) == 0 {
		return nil, fmt.Errorf("no record of namespace %s%s: the capture has %s",
			cmp.Or(s.namespace, s.podNamespace), counts, formatList(subjectNames(all, namespaceOf)))
	}
	selected := s.ofPod(inNamespace)
	if len(selected) == 0 {
		return nil, fmt.Errorf("no record of pod %s%s: the capture has %s",
			s.pod, counts, formatList(subjectNames(inNamespace, podOf)))
	}
	return selected, nil
}

func (s *selection) inNamespace(all []podMeasurement) []podMeasurement {
	return filterSubjects(all, func(a gossip.Subject) bool {
		return s.namespace.matchesName(a.Namespace) && s.podNamespace.matchesName(a.Namespace)
	})
}

// ofPod returns the measurements of the pod with exactly this name, or else of all pods with this prefix.
func (s *selection) ofPod(all []podMeasurement) []podMeasurement {
	found := filterSubjects(all, func(a gossip.Subject) bool { return s.pod.matchesName(a.Pod) })
	if len(found) > 0 || s.pod.hasWildcard() {
		return found
	}
	return filterSubjects(all, func(a gossip.Subject) bool { return strings.HasPrefix(a.Pod, string(s.pod)) })
}

// filterSubjects returns the measurements of the wanted subjects.
func filterSubjects(all []podMeasurement, wanted func(gossip.Subject) bool) []podMeasurement {
	return dropUnwanted(all, func(m podMeasurement) bool { return !wanted(m.judgedSubject()) })
}

// filterSeverity returns the measurements with a worst window that was at least this severe.
func filterSeverity(lowest gossip.Severity, all []measurement) []measurement {
	return dropUnwanted(all, func(m measurement) bool { return m.Severity() < lowest })
}

// dropUnwanted returns the other measurements. Mostly all are wanted, and none is copied.
func dropUnwanted[M any](all []M, isUnwanted func(M) bool) []M {
	if !slices.ContainsFunc(all, isUnwanted) {
		return all
	}
	return slices.DeleteFunc(slices.Clone(all), isUnwanted)
}

// countPods returns the number of pods that were measured.
func countPods(all []podMeasurement) int { return len(subjectNames(all, podOf)) }

func namespaceOf(a gossip.Subject) string { return a.Namespace }
func podOf(a gossip.Subject) string       { return a.Namespace + "/" + a.Pod }

// subjectNames returns the names of the subjects, each once, in their order.
func subjectNames(all []podMeasurement, name func(gossip.Subject) string) []string {
	var list []string
	for i := range all { // sorted by subject
		if n := name(all[i].judgedSubject()); len(list) == 0 || list[len(list)-1] != n {
			list = append(list, n)
		}
	}
	return list
}

// formatList returns the first names of a list, and the number of the rest.
func formatList(list []string) string {
	const maxNames = 10
	if len(list) <= maxNames {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:maxNames], ", "), len(list)-maxNames)
}
