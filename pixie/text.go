package pixie

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// form is a rule for texts.
type form uint8

const (
	anyText   form = iota
	label          // RFC 1123 labels: Kubernetes holds namespaces and containers to them
	subdomain      // RFC 1123 subdomains: pods
	numForms
)

var forms = [numFields]form{namespace: label, podName: subdomain, containerName: label}

// internedFields are the fields with texts that occur again and again.
var internedFields = [...]field{
	typeName, namespace, podName, podUID, node, containerName, containerID, source, victimComm, scope,
}

// readText reads a string within the length of its field, and of its form; absent is empty.
func (r *record) readText(f field) string {
	if !r.fields.Has(f) {
		return ""
	}
	return r.readPresentText(f)
}

func (r *record) readPresentText(f field) string {
	if text := r.fields.InternedText(f); text != "" {
		return text
	}
	if text, known := r.texts[forms[f]].Find(f, r.valueOf(f)); known {
		return text
	}
	return r.readNewText(f)
}

// readNewText reads a string that is not interned.
func (r *record) readNewText(f field) string {
	if r.err != nil {
		return ""
	}
	value := r.valueOf(f)
	if r.isRow() {
		value = rowText(value)
	}
	written, err := r.outer.parseText(value, fields[f])
	if err == nil {
		err = forms[f].checkText(written)
	}
	if err != nil {
		r.refuseField(f, err)
		return written
	}
	if s := fields[f].cleanText(written); s != written { // is not interned: the next one has to be cleaned, too
		return s
	}
	return r.texts[forms[f]].Add(f, r.valueOf(f), written)
}

func (f form) checkText(s string) error {
	switch {
	case f == label && s != "" && !gossip.IsLabelName(s):
		return fmt.Errorf("not a Kubernetes name (a-z, 0-9 and '-' inside): %s", quoteInput(s))
	case f == subdomain && s != "" && !gossip.IsObjectName(s):
		return fmt.Errorf("not a Kubernetes name (a-z, 0-9, '-' and '.' inside): %s", quoteInput(s))
	}
	return nil
}

// readTime reads a required time.
func (r *record) readTime(f field) time.Time {
	r.requireField(f)
	if r.err != nil {
		return time.Time{}
	}
	quoted := r.valueOf(f)
	if r.fields.IsRepeated(f) || r.newestTime.Equal(quoted) {
		return r.newest
	}
	t, err := r.outer.parseTime(quoted, fields[f])
	if err != nil {
		r.refuseField(f, err)
		return t
	}
	r.newestTime.Set(quoted)
	r.newest = t
	return t
}

// parseText reads a string as it was written, which need not be fit to be shown.
func (m *members) parseText(value []byte, s spec) (string, error) {
	b, err := m.unquoteText(value)
	switch {
	case err != nil:
		return "", err
	case len(b) == 0 && s.min > 0:
		return "", errors.New("empty")
	case int64(len(b)) > s.max:
		return "", fmt.Errorf("longer than %d bytes: %d", s.max, len(b))
	}
	return string(b), nil
}

// cleanText makes a text fit to be shown, within the length of its field. The record counts, whatever is in the text:
// a process that gave itself such a name must not hide what the kernel did to it.
func (s spec) cleanText(text string) string {
	clean := gossip.CleanText(text)
	if clean == text || int64(len(clean)) <= s.max {
		return clean
	}
	return strings.ToValidUTF8(clean[:s.max], "") // no part of a character at the end
}

// parseTime reads a time as RFC 3339 writes it, with 'T' and 'Z' in upper case, and returns it in UTC.
func (m *members) parseTime(value []byte, s spec) (time.Time, error) {
	b, err := m.unquoteText(value)
	if err != nil {
		return time.Time{}, err
	}
	if len(b) == 0 {
		return time.Time{}, errors.New("empty")
	}
	var t time.Time
	if int64(len(b)) > s.max || t.UnmarshalText(b) != nil {
		return time.Time{}, fmt.Errorf("not RFC 3339: %s", quoteInput(b))
	}
	t = t.UTC()
	if y := t.Year(); y < 2000 || y > 2199 {
		return time.Time{}, fmt.Errorf("year outside 2000–2199: %s", quoteInput(b))
	}
	return t, nil
}
