package recommend

import (
	"cmp"
	"strings"
)

// defaultSummary returns the summary of a recommendation from a rule that does not write its own.
func defaultSummary(r Recommendation) string {
	if r.Target != nil {
		return firstClause(r.Action)
	}
	return cmp.Or(firstClause(r.Reason), firstClause(r.Action))
}

// summarizeChange returns what to set: "cpu limit 100m → 1 core", "memory request → 512Mi".
func (c limitChange) summarizeChange(measureAgain bool) string {
	what := string(c.unit) + " limit"
	switch {
	case c.requestOnly:
		what = string(c.unit) + " request"
	case c.wholePod:
		what = "pod " + what
	}
	from := ""
	if c.from > 0 {
		from = c.unit.formatWithUnit(c.from) + " "
	}
	summary := what + " " + from + "→ " + c.unit.formatWithUnit(c.to)
	if measureAgain {
		summary += ", then measure again"
	}
	return summary
}

// firstClause returns the first part of a text that is complete by itself.
func firstClause(text string) string {
	for _, end := range []string{". ", "; "} {
		text, _, _ = strings.Cut(text, end)
	}
	return strings.TrimRight(text, ".")
}
