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
	labels, subdomains, texts remembered

	quoted [len(`"2006-01-02T15:04:05.999999999+00:00"`)]byte // the newest time as it was written
	length int
	at     time.Time
}

// remembered are texts in the order in which they were first read. Senders go through their pods in one order again and again, so the
// text that is asked for is mostly the one behind the last; the others are found by their hash.
type remembered struct {
	texts []string
	last  int      // index of the text that was asked for last
	index []uint16 // by hash: index of a text and 1, in one of a few neighbours; 0 is none
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

// find returns the text of a JSON string that has been read before.
func (m *remembered) find(quoted []byte) (string, bool) {
	if len(quoted) <= 2 || len(quoted) > maxRemembered+2 || quoted[0] != '"' {
		return "", false
	}
	text := quoted[1 : len(quoted)-1]
	if next := m.last + 1; next < len(m.texts) && m.texts[next] == string(text) {
		m.last = next
		return m.texts[next], true
	}
	if len(m.texts) == 0 {
		return "", false
	}
	h := hash(text)
	for i := range uint64(neighbours) {
		n := int(m.index[(h+i)%uint64(len(m.index))])
		if n == 0 {
			break
		}
		if m.texts[n-1] == string(text) {
			m.last = n - 1
			return m.texts[n-1], true
		}
	}
	return "", false
}

// keep remembers a text that was read without a fault, unless it was written with escapes, and returns it.
func (m *remembered) keep(quoted []byte, text string) string {
	if len(quoted) <= 2 || len(quoted) > maxRemembered+2 || len(quoted) != len(text)+2 {
		return text
	}
	if len(m.texts) == maxTexts {
		m.texts = m.texts[:0]
		clear(m.index)
	}
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
	m.last = len(m.texts)
	m.texts = append(m.texts, text)
	h := hash(quoted[1 : len(quoted)-1])
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
