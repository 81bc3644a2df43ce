package plain

import "encoding/binary"

// quickWords is the number of words in which a name is compared at once. Longer names are found by a map.
const quickWords = 3

// Names are the names of the fields that a Splitter knows.
type Names struct {
	quick  [MaxNames + 1]quickName
	byName map[string]Field
}

// quickName is the start of a member, as words to compare: the name in quotes, and the colon.
type quickName struct {
	words, masks [quickWords]uint64
	length       int
}

// never is a quickName that no text begins with: a bit is compared that its mask has removed.
var never = quickName{words: [quickWords]uint64{1}}

// NewNames returns the names of a list: the name at place i belongs to Field i. There may be at most MaxNames.
func NewNames(list []string) *Names {
	names := &Names{byName: make(map[string]Field, len(list))}
	for i := range names.quick {
		names.quick[i] = never
	}
	for i, name := range list[:min(len(list), MaxNames)] {
		names.byName[name] = Field(i)
		names.quick[i] = newQuickName(name)
	}
	return names
}

// Find returns the field of a name, and whether it is in the list.
func (n *Names) Find(name string) (f Field, known bool) {
	f, known = n.byName[name]
	return f, known
}

func newQuickName(name string) quickName {
	member := `"` + name + `":`
	if len(member) > quickWords*8 {
		return never
	}
	var padded, mask [quickWords * 8]byte
	q := quickName{length: copy(padded[:], member)}
	for i := range q.length {
		mask[i] = 0xff
	}
	for i := range quickWords {
		q.words[i] = binary.LittleEndian.Uint64(padded[i*8:])
		q.masks[i] = binary.LittleEndian.Uint64(mask[i*8:])
	}
	return q
}

// startsMember reports whether the member begins at text[i]. It does not recognise a member near the end of the text.
func (q *quickName) startsMember(text []byte, i int) bool {
	if len(text)-i < quickWords*8 {
		return false
	}
	text = text[i : i+quickWords*8]
	a := binary.LittleEndian.Uint64(text)
	b := binary.LittleEndian.Uint64(text[8:])
	c := binary.LittleEndian.Uint64(text[16:])
	return (a&q.masks[0]^q.words[0])|(b&q.masks[1]^q.words[1])|(c&q.masks[2]^q.words[2]) == 0
}
