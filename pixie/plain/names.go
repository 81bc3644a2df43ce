package plain

import "encoding/binary"

// quickWords is the number of words in which a name is compared at once. Longer names are found by a map.
const quickWords = 3

// Names are the names of the fields that a Splitter knows.
type Names struct {
	plans  [MaxNames + 1]fieldPlan // with the members only
	byName map[string]Field
}

// fieldPlan is what a Splitter expects of a field. It fills a cache line.
type fieldPlan struct {
	words, masks [quickWords]uint64 // the start of the member, to compare: the name in quotes, and the colon
	interner     *Interner          // of the texts; nil for none
	length       uint8              // of the start of the member
	// next are the two fields that have followed this one, the newer one first, because senders write the fields in one
	// order.
	next [2]Field
}

// unexpected is the plan for a member that no text begins with: a bit is compared that its mask has removed.
var unexpected = fieldPlan{words: [quickWords]uint64{1}}

// NewNames returns the names of a list: the name at place i belongs to Field i. There may be at most MaxNames.
func NewNames(list []string) *Names {
	names := &Names{byName: make(map[string]Field, len(list))}
	for i := range names.plans {
		names.plans[i] = unexpected
	}
	for i, name := range list[:min(len(list), MaxNames)] {
		names.byName[name] = Field(i)
		names.plans[i] = newFieldPlan(name)
	}
	return names
}

// Find returns the field of a name, and whether it is in the list.
func (n *Names) Find(name string) (f Field, known bool) {
	f, known = n.byName[name]
	return f, known
}

func newFieldPlan(name string) fieldPlan {
	member := `"` + name + `":`
	if len(member) > quickWords*8 {
		return unexpected
	}
	var padded, mask [quickWords * 8]byte
	copy(padded[:], member)
	for i := range member {
		mask[i] = 0xff
	}
	plan := fieldPlan{length: uint8(len(member))} //nolint:gosec // at most quickWords*8
	for i := range quickWords {
		plan.words[i] = binary.LittleEndian.Uint64(padded[i*8:])
		plan.masks[i] = binary.LittleEndian.Uint64(mask[i*8:])
	}
	return plan
}

// startsMember reports whether the member begins at text[i]. It does not recognise a member near the end of the text.
func (p *fieldPlan) startsMember(text []byte, i int) bool {
	if len(text)-i < quickWords*8 {
		return false
	}
	text = text[i : i+quickWords*8]
	a := binary.LittleEndian.Uint64(text)
	b := binary.LittleEndian.Uint64(text[8:])
	c := binary.LittleEndian.Uint64(text[16:])
	return (a&p.masks[0]^p.words[0])|(b&p.masks[1]^p.words[1])|(c&p.masks[2]^p.words[2]) == 0
}
