package crd

import (
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// The bounds of texts, in bytes of JSON. They are never above the bounds of the schema, which count characters.
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

// clipText bounds a text to most bytes of JSON. A longer text is cut between two characters and ends in "…". It is
// cleaned first, because the finding and the pod may be made by any program.
func clipText(s string, most int) string {
	s = printableText(s)
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

// clipTexts bounds a list and each text in it. Empty texts are left out.
func clipTexts(list []string, items, most int) []string {
	var out []string
	for _, s := range list {
		if len(out) == items {
			break
		}
		if s = clipText(s, most); s != "" {
			out = append(out, s)
		}
	}
	return out
}

// wholeCommand returns the command, or nothing if it does not fit as a whole.
func wholeCommand(s string) string {
	if s != printableText(s) || jsonSize(s) > maxCommand {
		return ""
	}
	return s
}

// printableText returns a text on one line without characters that cannot be seen, and without space around it.
func printableText(s string) string { return strings.TrimSpace(gossip.CleanText(s)) }

// escapes is the number of bytes that encoding/json adds to a character.
var escapes = [256]uint8{'"': 1, '\\': 1, '<': 5, '>': 5, '&': 5}

// jsonSize returns the number of bytes that encoding/json writes for a printable text, without the quotes.
func jsonSize(s string) int {
	n := len(s) + 3*(strings.Count(s, "\u2028")+strings.Count(s, "\u2029"))
	for i := range len(s) {
		n += int(escapes[s[i]])
	}
	return n
}
