package gossip

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// CleanText returns a text of a cluster, a capture or a workload as one line that is safe to show. U+FFFD (�) replaces
// every character that a reader cannot see and that a terminal, a log or an editor may obey: control characters (escape
// sequences, line ends, tabs), separators of lines, marks that change the direction of text, characters without width,
// tags, variation selectors, what Unicode has not assigned, and bytes that are not UTF-8. All other characters stay, so
// a text that was cleaned does not change again. Letters of any script, accents and symbols are not touched.
func CleanText(s string) string {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return strings.Map(cleanRune, s)
		}
	}
	return s
}

// CleanLines cleans each line of a text, and keeps the line ends. It is for messages of programs, such as errors: a
// text of a cluster or a capture in them must have been cleaned or quoted before, or it could add lines.
func CleanLines(s string) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = CleanText(line)
	}
	return strings.Join(lines, "\n")
}

// cleanRune returns a character that is visible, or a space, and U+FFFD for any other.
func cleanRune(r rune) rune {
	if unicode.IsGraphic(r) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector) {
		return r
	}
	return utf8.RuneError
}
