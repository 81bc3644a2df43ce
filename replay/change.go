package replay

import "fmt"

// formatChange returns what the newest change did, with its time in UTC; empty if there was none: "12:03 cpu limit 100m
// → 1 core: throttled in 81% of periods → 0%". The separator is between the change and its effect.
func (l layout) formatChange(v verdict, separator string) string {
	c := v.whisperStatus().LastChange
	if c.Time == nil {
		return ""
	}
	text := l.formatSpan(c.Time.Time, c.Time.Time) + " " + c.What + separator + c.Before + " → " + c.After
	if c.Pods != "1 of 1" {
		text += " (" + c.Pods + " pods)"
	}
	return text
}

// explainChange returns the same in sentences.
func (l layout) explainChange(v verdict) string {
	c := v.whisperStatus().LastChange
	if c.Time == nil {
		return ""
	}
	return fmt.Sprintf("Change at %s UTC, in %s pods: %s. Before: %s. After: %s.", l.formatSpan(c.Time.Time, c.Time.Time),
		c.Pods, c.What, c.Before, c.After)
}

// changeCells returns the cells about the newest change; empty ones if there was none.
func (s *tableRow) changeCells() []string {
	c := s.whisperStatus().LastChange
	if c.Time == nil {
		return make([]string, 5)
	}
	return []string{formatTime(c.Time.Time), c.What, c.Before, c.After, c.Pods}
}
