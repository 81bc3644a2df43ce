package check

import "slices"

// What can be said only at the end of a script, when it is known what became of a dataframe.

// late is a function that runs on PEMs in an operator that comes after one on Kelvin. Where rows are only exported,
// Pixie plans the first on the PEMs all the same (pixie-io/pixie#650); where they are displayed it refuses the script.
type late struct {
	at                  pos
	fn                  string
	exported, displayed bool
}

// onKelvin is what blocks a frame that a function on Kelvin has touched.
const onKelvin = "a function that runs on Kelvin"

const beforeBlocking = "UDF '%s' must execute before blocking nodes such as limit, agg, and join. (here: behind %s)"

func (c *checker) addLate(at pos, fn string) *late {
	l := &late{at: at, fn: fn}
	c.late = append(c.late, l)
	return l
}

// carry adds late functions to those of a frame.
func (f *frame) carry(more ...*late) {
	for _, l := range more {
		if len(f.late) < maxProblems && !slices.Contains(f.late, l) {
			f.late = append(slices.Clip(f.late), l)
		}
	}
}

// gap is a column that a list of columns names and the dataframe does not have. Pixie makes one operator of the list
// and of the assignments that follow it, as long as they read no column of the list and nothing else reads what they
// are assigned to (combine_consecutive_maps_rule.cc). So an assignment can fill the gap.
type gap struct {
	at     pos
	name   string
	filled *frame // that was assigned to; nil: none
}

func (c *checker) addGap(name string, at pos) *gap {
	g := &gap{at: at, name: name}
	c.gaps = append(c.gaps, g)
	return g
}

// fill notes that a column of the frame made is assigned by an expression that reads these columns.
func (f *frame) fill(made *frame, name string, reads []string) {
	if f.uses > 1 || slices.ContainsFunc(reads, f.knows) {
		return
	}
	for _, g := range f.gaps {
		if g.name == name && g.filled == nil {
			g.filled = f
		}
	}
	made.gaps = f.gaps
}

// ended says what is known at the end.
func (c *checker) ended() {
	c.settle()
	for _, r := range c.reads {
		if !r.exported {
			c.read(r, nil)
		}
	}
	for _, l := range c.late {
		if l.displayed || !l.exported {
			c.say(l.at, beforeBlocking, l.fn, onKelvin)
		}
	}
	for _, g := range c.gaps {
		if g.filled == nil || g.filled.uses > 1 {
			c.say(g.at, "Column '%s' not found in the dataframe", g.name)
		}
	}
}
