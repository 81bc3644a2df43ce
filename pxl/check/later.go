package check

import (
	"slices"

	"github.com/kernel-gossip/kernel-gossip/pxl/check/syntax"
)

// lateCall is a function that runs on PEMs in an operator that comes after an operator on Kelvin. If rows are only
// exported, Pixie plans the first operator on the PEMs nevertheless (pixie-io/pixie#650); if they are displayed, it
// refuses the script.
type lateCall struct {
	at                  syntax.Pos
	fn                  string
	exported, displayed bool
}

// onKelvin is what blocks a frame that a function on Kelvin has touched.
const onKelvin = "a function that runs on Kelvin"

const beforeBlocking = "UDF '%s' must execute before blocking nodes such as limit, agg, and join. (here: after %s)"

func (c *checker) addLateCall(at syntax.Pos, fn string) *lateCall {
	l := &lateCall{at: at, fn: fn}
	c.lateCalls = append(c.lateCalls, l)
	return l
}

// addLateCalls adds late calls to a frame.
func (f *frame) addLateCalls(more ...*lateCall) {
	for _, l := range more {
		if len(f.lateCalls) < maxProblems && !slices.Contains(f.lateCalls, l) {
			f.lateCalls = append(slices.Clip(f.lateCalls), l)
		}
	}
}

// missingColumn is a column that a list of columns names and the dataframe does not have. Pixie makes one operator of
// the list and of the assignments after it, as long as they read no column of the list and nothing else reads their
// result (combine_consecutive_maps_rule.cc). So an assignment can fill the column.
type missingColumn struct {
	at     syntax.Pos
	name   string
	filled *frame // the frame with an assignment to this column; nil: none
}

func (c *checker) addMissing(name string, at syntax.Pos) *missingColumn {
	g := &missingColumn{at: at, name: name}
	c.missing = append(c.missing, g)
	return g
}

// fillMissing records that an expression which reads these columns is assigned to a column of the frame made.
func (f *frame) fillMissing(made *frame, name string, reads []string) {
	if f.uses > 1 || slices.ContainsFunc(reads, f.surelyHas) {
		return
	}
	for _, g := range f.missing {
		if g.name == name && g.filled == nil {
			g.filled = f
		}
	}
	made.missing = f.missing
}

// reportAtEnd reports the problems that are known only at the end of a script, when it is clear which rows are exported
// or displayed.
func (c *checker) reportAtEnd() {
	c.checkUnused()
	for _, r := range c.exports {
		if !r.exported {
			c.checkExported(r, nil)
		}
	}
	for _, l := range c.lateCalls {
		if l.displayed || !l.exported {
			c.addProblem(l.at, beforeBlocking, l.fn, onKelvin)
		}
	}
	for _, g := range c.missing {
		if g.filled == nil || g.filled.uses > 1 {
			c.addProblem(g.at, "Column '%s' not found in the dataframe", g.name)
		}
	}
}
