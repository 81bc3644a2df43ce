package pixie

import (
	"encoding/binary"
	"strings"
	"time"
)

// maxRemembered is the length up to which a text is remembered: that of a container ID.
const maxRemembered = 64

// repeats are what records say again and again: their names, and the time. A text in it has passed the checks of its kind, and is not made
// anew. It is bounded.
type repeats struct {
	texts [numForms]remembered
	last  [numFields]int // number of the text that the field had last

	quoted [len(`"2006-01-02T15:04:05.999999999+00:00"`)]byte // the newest time as it was written
	length int
	at     time.Time
}

// remembered are texts in the order in which they were first read, numbered from 1. Senders go through their pods in one order again and
// again, so a field mostly has the text behind the last that it had, or the same; the others are found by their hash.
type remembered struct {
	texts []string
	index []uint16 // by hash: number of a text, in one of a few neighbours; 0 is none
	// shelf is where the newest texts stand, side by side: they are compared with what is read, and memory that is close together stays
	// in the cache.
	shelf strings.Builder
}

const (
	// maxTexts is how many texts are remembered: enough for the pods of a large cluster. When there are more it begins anew.
	maxTexts = 1 << 14
	// neighbours is how many places of the index may have a text.
	neighbours = 4
	// shelfSize is how much memory a single text may keep alive.
	shelfSize = 1024
)

// expected returns where the JSON string ends that begins at i, and its number, if it is the text of that number or the one behind; 0 if it
// is another.
func (m *remembered) expected(text []byte, i, last int) (end, number int) {
	for n := max(last-1, 0); n <= last && n < len(m.texts); n++ {
		s := m.texts[n]
		if end = i + 1 + len(s); end < len(text) && text[end] == '"' && string(text[i+1:end]) == s {
			return end + 1, n + 1
		}
	}
	return 0, 0
}

// find returns the number of the text of a JSON string; 0 if it has not been read before.
func (m *remembered) find(quoted []byte) int {
	if len(quoted) <= 2 || len(quoted) > maxRemembered+2 || quoted[0] != '"' || len(m.texts) == 0 {
		return 0
	}
	text := quoted[1 : len(quoted)-1]
	h := hash(text)
	for i := range uint64(neighbours) {
		n := int(m.index[(h+i)%uint64(len(m.index))])
		if n == 0 {
			break
		}
		if m.texts[n-1] == string(text) {
			return n
		}
	}
	return 0
}

// keep remembers the text of a JSON string that was read without a fault, unless it was written with escapes, and returns it.
func (r *record) keep(f field, quoted []byte, text string) string {
	if len(quoted) <= 2 || len(quoted) > maxRemembered+2 || len(quoted) != len(text)+2 {
		return text
	}
	m := &r.texts[forms[f]]
	if len(m.texts) == maxTexts {
		m.texts = m.texts[:0]
		clear(m.index)
		for i := range r.list { // these numbers are no longer good
			r.list[i].text = 0
		}
	}
	text = m.keep(text, hash(quoted[1:len(quoted)-1]))
	r.last[f] = len(m.texts)
	return text
}

func (m *remembered) keep(text string, h uint64) string {
	if m.index == nil {
		m.index = make([]uint16, 2*maxTexts)
	}
	if m.shelf.Cap()-m.shelf.Len() < len(text) {
		m.shelf = strings.Builder{}
		m.shelf.Grow(shelfSize)
	}
	begin := m.shelf.Len()
	m.shelf.WriteString(text)
	text = m.shelf.String()[begin:]
	m.texts = append(m.texts, text)
	at := h % uint64(len(m.index)) // of the text that has to go, if all places are taken
	for i := range uint64(neighbours) {
		if n := (h + i) % uint64(len(m.index)); m.index[n] == 0 {
			at = n
			break
		}
	}
	m.index[at] = uint16(len(m.texts)) //nolint:gosec // at most maxTexts
	return text
}

// hash is of the length, and of both ends of the text: names differ there.
func hash(text []byte) uint64 {
	n := len(text)
	var head, tail uint64
	switch {
	case n >= 8:
		head, tail = binary.LittleEndian.Uint64(text), binary.LittleEndian.Uint64(text[n-8:])
	case n >= 4:
		head, tail = uint64(binary.LittleEndian.Uint32(text)), uint64(binary.LittleEndian.Uint32(text[n-4:]))
	default:
		head, tail = uint64(text[0]), uint64(text[n/2])<<8|uint64(text[n-1])
	}
	h := (head ^ uint64(n)) * 0x9e3779b97f4a7c15
	h = (h ^ h>>32 ^ tail) * 0x9e3779b97f4a7c15
	return h >> 32
}

// time returns the newest time, if it was written so.
func (r *repeats) time(quoted []byte) (time.Time, bool) {
	return r.at, r.length > 0 && string(quoted) == string(r.quoted[:r.length])
}

// keepTime remembers a time that was read without a fault.
func (r *repeats) keepTime(quoted []byte, at time.Time) {
	if len(quoted) <= len(r.quoted) {
		r.length, r.at = copy(r.quoted[:], quoted), at
	}
}
