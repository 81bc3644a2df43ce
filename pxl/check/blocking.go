package check

import (
	"slices"

	"github.com/kernel-gossip/kernel-gossip/pxl/check/internal/quote"
	"github.com/kernel-gossip/kernel-gossip/pxl/check/syntax"
)

// aggregateFrame is agg(out=('column', px.uda), ...).
func (c *checker) aggregateFrame(f *frame, a arguments) value {
	f.uses++
	made := &frame{blockedBy: "agg()", mayHaveMore: f.groupedByUnknown, lateCalls: f.lateCalls}
	if f.isStream {
		c.addProblem(a.at, "stream() must be the last operation before the sink")
	}
	for _, n := range f.groupColumns {
		col, _ := f.findColumn(n)
		made.columns = append(made.columns, col)
	}
	for _, arg := range a.list {
		if arg.name == "" {
			c.addProblem(arg.at, "agg() takes named arguments only: out=('column', px.function)")
			continue
		}
		if made.surelyHas(arg.name) {
			c.addProblem(arg.at, "column '%s' is made twice", arg.name)
		}
		made.set(c.aggregateColumn(f, arg))
	}
	return made
}

// aggregateColumn returns the column that one argument of agg makes.
func (c *checker) aggregateColumn(f *frame, arg argument) column {
	out := column{name: arg.name}
	s, ok := arg.value.(sequence)
	if !ok || !s.tuple || len(s.items) < 2 {
		if _, u := arg.value.(unknown); !u {
			c.addProblem(arg.at, "expected a tuple ('column', px.function), got %s", describeValue(arg.value))
		}
		return out
	}
	var kinds []dataType
	last := len(s.items) - 1
	for _, item := range s.items[:last] {
		n, ok := literalText(item)
		if !ok {
			if !mayBe(item, stringType) {
				c.addProblem(arg.at, "a column is named by a text, not by %s", describeValue(item))
			}
			kinds = append(kinds, anyType)
			continue
		}
		col := c.findColumn(f, n, arg.at)
		kinds = append(kinds, col.kind)
		out.isPercent = col.isPercent
	}
	uda, ok := s.items[last].(member)
	forms := c.pixie.udas[trimModule(uda.name)]
	if !ok || forms == nil {
		if _, u := s.items[last].(unknown); !u {
			c.addProblem(arg.at, "the last of the tuple is an aggregate function that is not called, such as px.sum, not %s",
				describeValue(s.items[last]))
		}
		return out
	}
	form, ok := resolveOverload(forms, kinds)
	if !ok {
		c.addProblem(arg.at, "Could not find UDA '%s' with arguments %s", trimModule(uda.name), typeList(kinds))
	}
	out.kind = form.returns
	return out
}

var joinKinds = []string{"inner", "outer", "left", "right"}

// mergeFrames joins two frames: the columns of both, with suffixes for equal names.
func (c *checker) mergeFrames(f *frame, at syntax.Pos, bound map[string]argument) value {
	made := c.addOperator(f, at, "merge()")
	if how, ok := literalText(bound["how"].value); ok && !slices.Contains(joinKinds, how) {
		c.addProblem(bound["how"].at, "how is one of %v, not %s", joinKinds, quote.Text(how))
	}
	right, ok := bound["right"].value.(*frame)
	if !ok {
		if v := bound["right"]; v.value != nil && (v.value != value(unknown{})) {
			c.addProblem(v.at, "merge() takes a DataFrame, not %s", describeValue(v.value))
		}
		made.mayHaveMore = true
		return made
	}
	c.addOperator(right, bound["right"].at, "")
	c.compareKeys(f, right, bound["left_on"], bound["right_on"])
	c.joinColumns(made, f, right, c.readSuffixes(at, bound["suffixes"]))
	made.mayHaveMore = made.mayHaveMore || f.mayHaveMore || right.mayHaveMore
	made.guardedColumns = nil
	made.addLateCalls(right.lateCalls...)
	return made
}

// compareKeys compares the columns on which two frames are joined.
func (c *checker) compareKeys(left, right *frame, leftOn, rightOn argument) {
	names, _ := c.columnNames(left, leftOn)
	others, _ := c.columnNames(right, rightOn)
	for i, n := range others {
		if i >= len(names) {
			break
		}
		a, _ := left.findColumn(names[i])
		b, _ := right.findColumn(n)
		if a.kind != b.kind && a.kind != anyType && b.kind != anyType {
			c.addProblem(rightOn.at, "column '%s' is %s and column '%s' is %s: they cannot be joined",
				names[i], a.kind, n, b.kind)
		}
	}
	if a, b := countColumns(leftOn.value), countColumns(rightOn.value); a != b && a > 0 && b > 0 {
		c.addProblem(rightOn.at, "left_on has %d columns, right_on %d", a, b)
	}
}

// countColumns returns how many columns an argument names; 0 if that is not known.
func countColumns(v value) int {
	switch v := v.(type) {
	case sequence:
		return len(v.items)
	case *expr:
		return 1
	}
	return 0
}

// maxColumns limits the columns of a frame, which merges can double.
const maxColumns = 1000

// mergeSuffixes are the suffixes of equal column names in a merge.
type mergeSuffixes struct {
	at    syntax.Pos
	ends  [2]string
	known [2]bool
}

func (c *checker) readSuffixes(at syntax.Pos, arg argument) mergeSuffixes {
	if arg.value == nil {
		return mergeSuffixes{at: at, ends: [2]string{"_x", "_y"}, known: [2]bool{true, true}}
	}
	made := mergeSuffixes{at: arg.at}
	s, ok := arg.value.(sequence)
	if !ok || len(s.items) != 2 {
		if _, u := arg.value.(unknown); !u {
			c.addProblem(arg.at, "suffixes are a list of two texts")
		}
		return made
	}
	for i, item := range s.items {
		made.ends[i], made.known[i] = literalText(item)
		if !made.known[i] && !mayBe(item, stringType) {
			c.addProblem(arg.at, "suffixes are a list of two texts")
		}
	}
	return made
}

func (c *checker) joinColumns(made, left, right *frame, s mergeSuffixes) {
	made.columns = nil
	if len(left.columns)+len(right.columns) > maxColumns {
		c.addProblem(s.at, "the script does too much to be checked: more than %d columns", maxColumns)
		made.mayHaveMore = true
		return
	}
	sides := [2]*frame{left, right}
	names, taken := [2]map[string]bool{left.columnNames(), right.columnNames()}, map[string]bool{}
	for side, f := range sides {
		for _, col := range f.columns {
			if names[1-side][col.name] {
				if !s.known[side] {
					made.mayHaveMore = true
					continue
				}
				col.name += s.ends[side]
			}
			if sides[1-side].mayHaveMore { // perhaps a column of that name
				col.kind = anyType
			}
			if taken[col.name] {
				c.addProblem(s.at, "column '%s' comes from both sides: give other suffixes", col.name)
				continue
			}
			taken[col.name] = true
			made.columns = append(made.columns, col)
		}
	}
}

// appendFrames is append(): frames with the same columns.
func (c *checker) appendFrames(f *frame, at syntax.Pos, objs argument) value {
	made := c.addOperator(f, at, "append()")
	items := []value{objs.value}
	if s, ok := objs.value.(sequence); ok {
		items = s.items
	}
	for _, item := range items {
		o, ok := item.(*frame)
		if !ok {
			if _, u := item.(unknown); !u && item != nil {
				c.addProblem(objs.at, "append() takes DataFrames, not %s", describeValue(item))
			}
			made.mayHaveMore = true
			continue
		}
		c.addOperator(o, objs.at, "")
		for _, pair := range [2][2]*frame{{f, o}, {o, f}} {
			for _, col := range pair[0].columns {
				twin, has := pair[1].findColumn(col.name)
				if !has || twin.kind != col.kind && twin.kind != anyType && col.kind != anyType {
					c.addProblem(objs.at, "append() needs the same columns on both sides: '%s' (%s) is on one only",
						col.name, col.kind)
				}
			}
		}
		made.mayHaveMore = made.mayHaveMore || o.mayHaveMore
		made.addLateCalls(o.lateCalls...)
	}
	made.guardedColumns = nil
	return made
}
