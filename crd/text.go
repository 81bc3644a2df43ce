package crd

import (
	"strings"
	"unicode"
)

// The bounds of our texts, in bytes of JSON: never above the schema's, which count characters.
const (
	maxName     = 253
	maxLabel    = 63
	maxUID      = 128
	maxMessage  = 768
	maxSays     = 64
	maxBirth    = 96 // kernelSays of a certificate
	maxAdvice   = 128
	maxField    = 48 // names of fields and sources
	maxSentence = 256
	maxProse    = 512
	maxCommand  = 1024
	maxAction   = 64 // of a step
	maxDetails  = 96
)

const ellipsis = "…"

// clip bounds a text to so many bytes of JSON. A longer one is cut between two characters and ends in "…". Control characters and
// bytes that are not UTF-8 are replaced first: the API server would refuse them, or a terminal would obey them.
func clip(s string, most int) string {
	s = printable(s)
	if jsonSize(s) <= most {
		return s
	}
	room := most - len(ellipsis)
	for i, r := range s {
		if room -= jsonSize(string(r)); room < 0 {
			return strings.TrimRight(s[:i], " ") + ellipsis
		}
	}
	return s
}

// clipAll bounds a list and each text in it, without the empty ones.
func clipAll(list []string, items, most int) []string {
	var out []string
	for _, s := range list {
		if s = clip(s, most); s != "" && len(out) < items {
			out = append(out, s)
		}
	}
	return out
}

// command is a command that fits whole, or nothing.
func command(s string) string {
	if s != printable(s) || jsonSize(s) > maxCommand {
		return ""
	}
	return s
}

func printable(s string) string {
	if isPlain(s) {
		return strings.TrimSpace(s)
	}
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD")))
}

// isPlain says whether a text has nothing but the printable characters of ASCII, as nearly all have.
func isPlain(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}

// escapes are how many bytes encoding/json makes more of a character.
var escapes = [256]uint8{'"': 1, '\\': 1, '<': 5, '>': 5, '&': 5}

// jsonSize is how many bytes encoding/json makes of a printable text.
func jsonSize(s string) int {
	n := len(s) + 3*(strings.Count(s, "\u2028")+strings.Count(s, "\u2029"))
	for i := range len(s) {
		n += int(escapes[s[i]])
	}
	return n
}
