package pixie

import (
	"encoding/binary"
	"strings"
	"time"
)

// maxRemembered is the length up to which a text is remembered: that of a container ID.
const maxRemembered = 64

// repeats are what records say again and again: their names, and the time. A text in it has passed the checks of its kind, and is not made
// anew. It is bounded: of three texts for one pair of slots the oldest goes.
type repeats struct {
	labels, subdomains, texts remembered

	quoted [len(`"2006-01-02T15:04:05.999999999+00:00"`)]byte // the newest time as it was written
	length int
	at     time.Time
}

// remembered are texts by their hash, which has two slots for each.
type remembered struct {
	texts []string
	// shelf is where the newest of them stand: side by side, because they are compared with what is read, and memory that is close
	// together stays in the cache.
	shelf strings.Builder
}

const (
	// slots is how many there are: enough for the pods of a large cluster.
	slots = 1 << 14
	// shelfSize is how much memory a single text may keep alive.
	shelfSize = 1024
)

// find returns the text of a JSON string that has been read before.
func (m *remembered) find(quoted []byte) (string, bool) {
	texts := m.texts
	if len(texts) != slots || len(quoted) <= 2 || len(quoted) > maxRemembered+2 {
		return "", false
	}
	text := quoted[1 : len(quoted)-1]
	i := slot(text)
	if texts[i] == string(text) {
		return texts[i], true
	}
	i ^= 1
	return texts[i], texts[i] == string(text)
}

// keep remembers a text that was read without a fault, unless it was written with escapes, and returns it.
func (m *remembered) keep(quoted []byte, text string) string {
	if len(quoted) <= 2 || len(quoted) > maxRemembered+2 || len(quoted) != len(text)+2 {
		return text
	}
	if m.texts == nil {
		m.texts = make([]string, slots)
	}
	if m.shelf.Cap()-m.shelf.Len() < len(text) {
		m.shelf = strings.Builder{}
		m.shelf.Grow(shelfSize)
	}
	begin := m.shelf.Len()
	m.shelf.WriteString(text)
	text = m.shelf.String()[begin:]
	i := slot(quoted[1 : len(quoted)-1])
	m.texts[i], m.texts[i^1] = text, m.texts[i]
	return text
}

// slot is a hash of the length, and of both ends of the text: names differ there.
func slot(text []byte) uint64 {
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
	return h >> 32 % slots
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
