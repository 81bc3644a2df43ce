package pixie

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// form is what a text is held to.
type form uint8

const (
	anyText   form = iota
	label          // RFC 1123 labels: Kubernetes holds namespaces and containers to them
	subdomain      // RFC 1123 subdomains: pods
	numForms
)

var forms = [numFields]form{namespace: label, podName: subdomain, containerName: label}

// text reads a string within the length of its field, and of its form; absent is empty.
func (r *record) text(f field) string {
	if !r.has(f) {
		return ""
	}
	return r.someText(f)
}

func (r *record) someText(f field) string {
	n, known := r.list[f].text, &r.texts[forms[f]]
	if n == 0 {
		n = known.find(r.of(f))
	}
	if n == 0 {
		return r.newText(f)
	}
	r.last[f] = n
	return known.texts[n-1]
}

// newText reads a string that is not remembered.
func (r *record) newText(f field) string {
	if r.err != nil {
		return ""
	}
	value := r.of(f)
	if r.isRow() {
		value = rowText(value)
	}
	s, err := r.outer.text(value, fields[f])
	if err == nil {
		err = forms[f].check(s)
	}
	if err != nil {
		r.fail(f, err)
		return s
	}
	return r.keep(f, r.of(f), s)
}

func (f form) check(s string) error {
	switch {
	case f == label && s != "" && !isLabel(s):
		return fmt.Errorf("not a Kubernetes name (a-z, 0-9 and '-' inside): %s", quote(s))
	case f == subdomain && s != "" && !isSubdomain(s):
		return fmt.Errorf("not a Kubernetes name (a-z, 0-9, '-' and '.' inside): %s", quote(s))
	}
	return nil
}

func isSubdomain(s string) bool {
	for part := range strings.SplitSeq(s, ".") {
		if !isLabel(part) {
			return false
		}
	}
	return true
}

func isLabel(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case c == '-' && 0 < i && i < len(s)-1:
		default:
			return false
		}
	}
	return s != ""
}

// time reads a required time.
func (r *record) time(f field) time.Time {
	r.require(f)
	if r.err != nil {
		return time.Time{}
	}
	if r.list[f].text > 0 {
		return r.at
	}
	if t, ok := r.repeats.time(r.of(f)); ok {
		return t
	}
	t, err := r.outer.time(r.of(f), fields[f])
	if err != nil {
		r.fail(f, err)
		return t
	}
	r.keepTime(r.of(f), t)
	return t
}

// text reads a string that has no characters which could play tricks on a terminal or a log.
func (m *members) text(value []byte, s spec) (string, error) {
	b, err := m.unquote(value)
	switch {
	case err != nil:
		return "", err
	case len(b) == 0 && s.min > 0:
		return "", errors.New("empty")
	case int64(len(b)) > s.max:
		return "", fmt.Errorf("longer than %d bytes: %d", s.max, len(b))
	}
	text := string(b)
	if i := strings.IndexFunc(text, isControl); i >= 0 {
		return "", fmt.Errorf("control character: %s", quote(text[i:]))
	}
	return text, nil
}

// isControl knows control characters, line and paragraph separators, and those that reverse the direction of text.
func isControl(c rune) bool {
	return unicode.IsControl(c) || '\u2028' <= c && c <= '\u202e' || '\u2066' <= c && c <= '\u2069'
}

// time reads a time as RFC 3339 writes it, with 'T' and 'Z' in upper case, and returns it in UTC.
func (m *members) time(value []byte, s spec) (time.Time, error) {
	b, err := m.unquote(value)
	if err != nil {
		return time.Time{}, err
	}
	if len(b) == 0 {
		return time.Time{}, errors.New("empty")
	}
	var t time.Time
	if int64(len(b)) > s.max || t.UnmarshalText(b) != nil {
		return time.Time{}, fmt.Errorf("not RFC 3339: %s", quote(b))
	}
	t = t.UTC()
	if y := t.Year(); y < 2000 || y > 2199 {
		return time.Time{}, fmt.Errorf("year outside 2000–2199: %s", quote(b))
	}
	return t, nil
}
