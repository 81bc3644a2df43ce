package plain

import (
	"encoding/binary"
	"strings"
)

const (
	maxInterned   = 64      // bytes of a text: the length of a container ID
	maxTexts      = 1 << 14 // enough for the pods of a large cluster
	hashSlots     = 2 * maxTexts
	hashNeighbors = 4    // slots that a text may have, from the slot of its hash on
	shelfSize     = 1024 // bytes: so much memory one text may keep alive
)

// Interner keeps texts that occur again and again, so that they are checked and allocated once. Senders report their
// pods in order, again and again: a field mostly has the text that it had last, or the one first seen right after it.
// All others are found by their hash. When it is full, the interner starts again without texts. The zero value is
// empty.
type Interner struct {
	texts []string             // in the order in which they were added
	slots []uint16             // by hash: the number of a text, from 1; 0 is none
	last  [MaxNames + 1]uint16 // by field: the index of the text that it had last
	// shelf holds the newest texts side by side: they are compared with what is read, and memory that is close together
	// stays in the cache.
	shelf strings.Builder
}

// Predict checks whether the JSON string at text[i] is the one that the field had last, or the one first seen right
// after it. It returns the text and where the string ends; "" if it is another. It is small enough to be inlined.
func (m *Interner) Predict(f Field, text []byte, i int) (known string, end int) {
	last := m.last[f]
	for n := last; n <= last+1 && int(n) < len(m.texts); n++ {
		known = m.texts[n]
		end = i + 1 + len(known)
		if end < len(text) && text[end] == '"' && string(text[i+1:end]) == known {
			m.last[f] = n
			return known, end + 1
		}
	}
	return "", 0
}

// Find returns the text of a JSON string that was added before.
func (m *Interner) Find(f Field, quoted []byte) (known string, ok bool) {
	if !isInternable(quoted) || len(m.texts) == 0 {
		return "", false
	}
	text := quoted[1 : len(quoted)-1]
	hash := hashOf(text)
	for i := range uint64(hashNeighbors) {
		n := m.slots[(hash+i)%hashSlots]
		if n == 0 {
			break
		}
		if known = m.texts[n-1]; known == string(text) {
			m.last[f] = n - 1
			return known, true
		}
	}
	return "", false
}

// Add adds the text of a JSON string and returns it. A text that was written with escapes, or is too long, is not kept.
func (m *Interner) Add(f Field, quoted []byte, text string) string {
	if !isInternable(quoted) || len(quoted) != len(text)+2 {
		return text
	}
	if len(m.texts) == maxTexts {
		m.texts = m.texts[:0]
		clear(m.slots)
		m.last = [MaxNames + 1]uint16{}
	}
	text = m.addToShelf(text)
	m.texts = append(m.texts, text)
	number := uint16(len(m.texts)) //nolint:gosec // at most maxTexts
	*m.freeSlot(hashOf(quoted[1 : len(quoted)-1])) = number
	m.last[f] = number - 1
	return text
}

func isInternable(quoted []byte) bool {
	return len(quoted) > 2 && len(quoted) <= maxInterned+2 && quoted[0] == '"'
}

// addToShelf returns a copy of the text next to the ones before.
func (m *Interner) addToShelf(text string) string {
	if m.shelf.Cap()-m.shelf.Len() < len(text) {
		m.shelf = strings.Builder{}
		m.shelf.Grow(shelfSize)
	}
	begin := m.shelf.Len()
	m.shelf.WriteString(text)
	return m.shelf.String()[begin:]
}

// freeSlot returns the slot for a text: the first of the hash if all its neighbors are taken.
func (m *Interner) freeSlot(hash uint64) *uint16 {
	if m.slots == nil {
		m.slots = make([]uint16, hashSlots)
	}
	for i := range uint64(hashNeighbors) {
		if slot := &m.slots[(hash+i)%hashSlots]; *slot == 0 {
			return slot
		}
	}
	return &m.slots[hash%hashSlots]
}

// hashOf hashes the length and both ends of a text: names differ there. The text is not empty.
func hashOf(text []byte) uint64 {
	const factor = 0x9e3779b97f4a7c15 // 2⁶⁴ divided by the golden ratio, as Fibonacci hashing has it
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
	h := (head ^ uint64(n)) * factor
	h = (h ^ h>>32 ^ tail) * factor
	return h >> 32
}
