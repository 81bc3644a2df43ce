package pixie

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// text reads a string within the length of its field; absent is empty, which fields with a least length refuse.
func (r *record) text(f field) string {
	if s, ok := r.texts.find(r.values[f]); ok {
		return s
	}
	s := r.newText(f)
	if r.err == nil {
		s = r.texts.keep(r.values[f], s)
	}
	return s
}

// newText reads a string that is not remembered.
func (r *record) newText(f field) string {
	if r.err != nil {
		return ""
	}
	if r.values[f] == nil {
		if fields[f].min > 0 {
			r.fail(f, errRequired)
		}
		return ""
	}
	value := r.values[f]
	if r.isRow() {
		value = rowText(value)
	}
	s, err := r.outer.text(value, fields[f])
	r.fail(f, err)
	return s
}

// label reads a name that Kubernetes holds to RFC 1123 labels: namespaces and containers.
func (r *record) label(f field) string {
	if s, ok := r.labels.find(r.values[f]); ok {
		return s
	}
	s := r.newText(f)
	if r.err != nil || s == "" {
		return s
	}
	if !isLabel(s) {
		r.fail(f, fmt.Errorf("not a Kubernetes name (a-z, 0-9 and '-' inside): %s", quote(s)))
		return s
	}
	return r.labels.keep(r.values[f], s)
}

// subdomain reads a name that Kubernetes holds to RFC 1123 subdomains: pods.
func (r *record) subdomain(f field) string {
	if s, ok := r.subdomains.find(r.values[f]); ok {
		return s
	}
	s := r.newText(f)
	if r.err != nil || s == "" {
		return s
	}
	for part := range strings.SplitSeq(s, ".") {
		if !isLabel(part) {
			r.fail(f, fmt.Errorf("not a Kubernetes name (a-z, 0-9, '-' and '.' inside): %s", quote(s)))
			return s
		}
	}
	return r.subdomains.keep(r.values[f], s)
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
	if t, ok := r.repeats.time(r.values[f]); ok {
		return t
	}
	t, err := r.outer.time(r.values[f], fields[f])
	if err != nil {
		r.fail(f, err)
		return t
	}
	r.keepTime(r.values[f], t)
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
	case float64(len(b)) > s.max:
		return "", fmt.Errorf("longer than %.0f bytes: %d", s.max, len(b))
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
	if float64(len(b)) > s.max || t.UnmarshalText(b) != nil {
		return time.Time{}, fmt.Errorf("not RFC 3339: %s", quote(b))
	}
	t = t.UTC()
	if y := t.Year(); y < 2000 || y > 2199 {
		return time.Time{}, fmt.Errorf("year outside 2000–2199: %s", quote(b))
	}
	return t, nil
}
