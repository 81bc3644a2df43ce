package replay

import (
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

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

// selection is the subjects and the time that the user wants.
type selection struct {
	namespace    pattern   // from -n
	podNamespace pattern   // the namespace in --pod
	pod          pattern   // the rest of --pod
	since        time.Time // zero: from the beginning
	until        time.Time // zero: to the end
}

// parseSelection reads the flags. Offsets are from the first record.
func (o *options) parseSelection(first time.Time) (s selection, err error) {
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
	if s.since, err = parseMoment("--since", o.Since, first); err != nil {
		return s, err
	}
	if s.until, err = parseMoment("--until", o.Until, first); err != nil {
		return s, err
	}
	if !s.since.IsZero() && !s.until.IsZero() && s.since.After(s.until) {
		return s, fmt.Errorf("--since %s is after --until %s", o.Since, o.Until)
	}
	return s, nil
}

// filterFindings returns the selected findings. It runs after the analysis, because a filter never changes a verdict. A
// filter that no record of the capture matches is an error: a typing mistake must not look like good news.
func (s *selection) filterFindings(findings []gossip.Finding, first time.Time) ([]gossip.Finding, error) {
	inNamespace := s.inNamespace(findings)
	if len(inNamespace) == 0 {
		return nil, fmt.Errorf("no record of namespace %s: the capture has %s",
			cmp.Or(s.namespace, s.podNamespace), formatList(subjectNames(findings, namespaceOf)))
	}
	selected := s.ofPod(inNamespace)
	if len(selected) == 0 {
		return nil, fmt.Errorf("no record of pod %s: the capture has %s",
			s.pod, formatList(subjectNames(inNamespace, podOf)))
	}
	newest := slices.MaxFunc(selected, func(a, b gossip.Finding) int { return a.Time().Compare(b.Time()) }).Time()
	span := formatTime(first) + " to " + formatTime(newest)
	switch {
	case s.since.After(newest):
		return nil, fmt.Errorf("no record since %s: the capture is of %s", formatTime(s.since), span)
	case !s.until.IsZero() && s.until.Before(first):
		return nil, fmt.Errorf("no record until %s: the capture is of %s", formatTime(s.until), span)
	}
	return slices.DeleteFunc(selected, func(f gossip.Finding) bool {
		from, to := seenBetween(f)
		return to.Before(s.since) || (!s.until.IsZero() && from.After(s.until))
	}), nil
}

func (s *selection) inNamespace(findings []gossip.Finding) []gossip.Finding {
	return filterSubjects(findings, func(a gossip.Subject) bool {
		return s.namespace.matchesName(a.Namespace) && s.podNamespace.matchesName(a.Namespace)
	})
}

// ofPod returns the findings of the pod with exactly this name, or else of all pods with this prefix.
func (s *selection) ofPod(findings []gossip.Finding) []gossip.Finding {
	found := filterSubjects(findings, func(a gossip.Subject) bool { return s.pod.matchesName(a.Pod) })
	if len(found) > 0 || s.pod.hasWildcard() {
		return found
	}
	return filterSubjects(findings, func(a gossip.Subject) bool { return strings.HasPrefix(a.Pod, string(s.pod)) })
}

// filterSubjects returns the findings about the wanted subjects.
func filterSubjects(findings []gossip.Finding, wanted func(gossip.Subject) bool) []gossip.Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f gossip.Finding) bool { return !wanted(f.Subject()) })
}

// filterSeverity returns the findings that were once at least this severe.
func filterSeverity(lowest gossip.Severity, findings []gossip.Finding) []gossip.Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f gossip.Finding) bool { return f.Seen().Worst < lowest })
}

// seenBetween returns the time in which a finding was seen: for trouble while it lasted, for anything else the measured
// window.
func seenBetween(f gossip.Finding) (from, to time.Time) {
	if h := f.Seen(); !h.First.IsZero() && f.Subject().Kind != gossip.KindPodBirth {
		return h.First, h.Last
	}
	at := f.Time()
	return at.Add(-f.Coverage().Window), at
}

// parseMoment reads a time, or an offset from the first record. An empty text is the zero time.
func parseMoment(flag, text string, first time.Time) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if offset, err := time.ParseDuration(text); err == nil {
		return first.Add(offset), nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s: %q is neither RFC 3339 (2026-11-22T12:00:00Z) nor an offset (5m)", flag, text)
	}
	return at, nil
}

func formatTime(at time.Time) string { return at.UTC().Format(time.RFC3339) }

func namespaceOf(a gossip.Subject) string { return a.Namespace }
func podOf(a gossip.Subject) string       { return a.Namespace + "/" + a.Pod }

// subjectNames returns the names of the subjects of findings, each once, in their order.
func subjectNames(findings []gossip.Finding, name func(gossip.Subject) string) []string {
	var list []string
	for _, f := range findings { // sorted by subject
		if n := name(f.Subject()); len(list) == 0 || list[len(list)-1] != n {
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
