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

// pattern selects names: those it matches with *, ? and [ ], or else the one it is.
type pattern string

func (p pattern) matches(name string) bool {
	if p == "" {
		return true
	}
	ok, err := path.Match(string(p), name) // without any of those characters this is equality
	return err == nil && ok
}

func (p pattern) wild() bool { return strings.ContainsAny(string(p), `*?[\`) }

// selection is which subjects are of interest, and when.
type selection struct {
	namespace pattern   // of -n
	within    pattern   // the namespace in --pod
	pod       pattern   // the rest of --pod
	since     time.Time // zero: from the beginning
	until     time.Time // zero: to the end
}

// selection reads the flags. Offsets are from the first record.
func (o *options) selection(first time.Time) (s selection, err error) {
	s.namespace = pattern(o.Namespace)
	within, pod, namespaced := strings.Cut(o.Pod, "/")
	if !namespaced {
		within, pod = "", o.Pod
	}
	s.within, s.pod = pattern(within), pattern(pod)
	for _, p := range []struct {
		flag    string
		pattern pattern
	}{{"--namespace", s.namespace}, {"--pod", s.within}, {"--pod", s.pod}} {
		if _, err := path.Match(string(p.pattern), ""); err != nil {
			return s, fmt.Errorf("%s: %q is not a pattern: %w", p.flag, p.pattern, err)
		}
	}
	if s.since, err = moment("--since", o.Since, first); err != nil {
		return s, err
	}
	if s.until, err = moment("--until", o.Until, first); err != nil {
		return s, err
	}
	if !s.since.IsZero() && !s.until.IsZero() && s.since.After(s.until) {
		return s, fmt.Errorf("--since %s is after --until %s", o.Since, o.Until)
	}
	return s, nil
}

// apply returns the findings that are selected. It comes after the analysis: a filter never changes a verdict. A filter
// that no record of the capture matches is an error, because a slip of the pen must not look like good news.
func (s *selection) apply(findings []gossip.Finding, first time.Time) ([]gossip.Finding, error) {
	in := s.inNamespace(findings)
	if len(in) == 0 {
		return nil, fmt.Errorf("no record of namespace %s: the capture has %s",
			cmp.Or(s.namespace, s.within), several(subjectNames(findings, namespaceOf)))
	}
	of := s.ofPod(in)
	if len(of) == 0 {
		return nil, fmt.Errorf("no record of pod %s: the capture has %s", s.pod, several(subjectNames(in, podOf)))
	}
	newest := slices.MaxFunc(of, func(a, b gossip.Finding) int { return a.Time().Compare(b.Time()) }).Time()
	span := stamp(first) + " to " + stamp(newest)
	switch {
	case s.since.After(newest):
		return nil, fmt.Errorf("no record since %s: the capture is of %s", stamp(s.since), span)
	case !s.until.IsZero() && s.until.Before(first):
		return nil, fmt.Errorf("no record until %s: the capture is of %s", stamp(s.until), span)
	}
	return slices.DeleteFunc(of, func(f gossip.Finding) bool {
		from, to := seen(f)
		return to.Before(s.since) || (!s.until.IsZero() && from.After(s.until))
	}), nil
}

func (s *selection) inNamespace(findings []gossip.Finding) []gossip.Finding {
	return only(findings, func(a gossip.Subject) bool {
		return s.namespace.matches(a.Namespace) && s.within.matches(a.Namespace)
	})
}

// ofPod takes the pod of exactly this name, if there is one, else all whose names begin so.
func (s *selection) ofPod(findings []gossip.Finding) []gossip.Finding {
	found := only(findings, func(a gossip.Subject) bool { return s.pod.matches(a.Pod) })
	if len(found) > 0 || s.pod.wild() {
		return found
	}
	return only(findings, func(a gossip.Subject) bool { return strings.HasPrefix(a.Pod, string(s.pod)) })
}

func only(findings []gossip.Finding, wanted func(gossip.Subject) bool) []gossip.Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f gossip.Finding) bool { return !wanted(f.Subject()) })
}

// atLeast returns the findings that have been so bad.
func atLeast(lowest gossip.Severity, findings []gossip.Finding) []gossip.Finding {
	return slices.DeleteFunc(slices.Clone(findings), func(f gossip.Finding) bool { return f.Seen().Worst < lowest })
}

// seen is the time between which a finding was seen: trouble while it lasted, anything else when it was measured.
func seen(f gossip.Finding) (from, to time.Time) {
	if h := f.Seen(); !h.First.IsZero() && f.Subject().Kind != gossip.KindPodBirth {
		return h.First, h.Last
	}
	at := f.Time()
	return at.Add(-f.Coverage().Window), at
}

// moment reads a time, or an offset from the first record. Empty is the zero time.
func moment(flag, text string, first time.Time) (time.Time, error) {
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

func stamp(at time.Time) string { return at.UTC().Format(time.RFC3339) }

func namespaceOf(a gossip.Subject) string { return a.Namespace }
func podOf(a gossip.Subject) string       { return a.Namespace + "/" + a.Pod }

// subjectNames are what the subjects of findings are called, each once, in their order.
func subjectNames(findings []gossip.Finding, name func(gossip.Subject) string) []string {
	var list []string
	for _, f := range findings { // in the order of subjects
		if n := name(f.Subject()); len(list) == 0 || list[len(list)-1] != n {
			list = append(list, n)
		}
	}
	return list
}

// several is a list as far as it fits into a message.
func several(list []string) string {
	const most = 10
	if len(list) <= most {
		return strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(list[:most], ", "), len(list)-most)
}
