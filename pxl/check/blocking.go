package check

import "slices"

// aggregate is agg(out=('column', px.uda), ...).
func (c *checker) aggregate(f *frame, a arguments) value {
	f.uses++
	made := &frame{blocked: "agg()", open: f.anyBy, late: f.late}
	if f.stream {
		c.say(a.at, "stream() must be the last operation before the sink")
	}
	for _, n := range f.by {
		col, _ := f.find(n)
		made.columns = append(made.columns, col)
	}
	for _, arg := range a.list {
		if arg.name == "" {
			c.say(arg.at, "agg() takes named arguments only: out=('column', px.function)")
			continue
		}
		if made.knows(arg.name) {
			c.say(arg.at, "column '%s' is made twice", arg.name)
		}
		made.set(c.aggregated(f, arg))
	}
	return made
}

// aggregated is the column that one argument of agg makes.
func (c *checker) aggregated(f *frame, arg argument) column {
	out := column{name: arg.name}
	s, ok := arg.value.(sequence)
	if !ok || !s.tuple || len(s.items) < 2 {
		if _, u := arg.value.(unknown); !u {
			c.say(arg.at, "expected a tuple ('column', px.function), got %s", describe(arg.value))
		}
		return out
	}
	var kinds []dataType
	last := len(s.items) - 1
	for _, item := range s.items[:last] {
		n, ok := literalText(item)
		if !ok {
			if !mayBe(item, stringType) {
				c.say(arg.at, "a column is named by a text, not by %s", describe(item))
			}
			kinds = append(kinds, anyType)
			continue
		}
		col := c.column(f, n, arg.at)
		kinds = append(kinds, col.kind)
		out.percent = col.percent
	}
	uda, ok := s.items[last].(member)
	forms := c.pixie.udas[trimModule(uda.name)]
	if !ok || forms == nil {
		if _, u := s.items[last].(unknown); !u {
			c.say(arg.at, "the last of the tuple is an aggregate function that is not called, such as px.sum, not %s", describe(s.items[last]))
		}
		return out
	}
	form, ok := resolve(forms, kinds)
	if !ok {
		c.say(arg.at, "Could not find UDA '%s' with arguments %s", trimModule(uda.name), typeList(kinds))
	}
	out.kind = form.returns
	return out
}

var joins = []string{"inner", "outer", "left", "right"}

// merge joins two frames: the columns of both, those of one name with suffixes.
func (c *checker) merge(f *frame, at pos, bound map[string]argument) value {
	made := c.operator(f, at, "merge()")
	if how, ok := literalText(bound["how"].value); ok && !slices.Contains(joins, how) {
		c.say(bound["how"].at, "how is one of %v, not %s", joins, quote(how))
	}
	right, ok := bound["right"].value.(*frame)
	if !ok {
		if v := bound["right"]; v.value != nil && (v.value != value(unknown{})) {
			c.say(v.at, "merge() takes a DataFrame, not %s", describe(v.value))
		}
		made.open = true
		return made
	}
	c.operator(right, bound["right"].at, "")
	c.keys(f, right, bound["left_on"], bound["right_on"])
	c.join(made, f, right, c.suffixes(at, bound["suffixes"]))
	made.open = made.open || f.open || right.open
	made.guarded = nil
	made.carry(right.late...)
	return made
}

// keys compares the columns by which two frames are joined.
func (c *checker) keys(left, right *frame, leftOn, rightOn argument) {
	names, _ := c.names(left, leftOn)
	others, _ := c.names(right, rightOn)
	for i, n := range others {
		if i >= len(names) {
			break
		}
		a, _ := left.find(names[i])
		b, _ := right.find(n)
		if a.kind != b.kind && a.kind != anyType && b.kind != anyType {
			c.say(rightOn.at, "column '%s' is %s and column '%s' is %s: they cannot be joined", names[i], a.kind, n, b.kind)
		}
	}
	if a, b := count(leftOn.value), count(rightOn.value); a != b && a > 0 && b > 0 {
		c.say(rightOn.at, "left_on has %d columns, right_on %d", a, b)
	}
}

// count is how many columns an argument names; 0: not known.
func count(v value) int {
	switch v := v.(type) {
	case sequence:
		return len(v.items)
	case *expr:
		return 1
	}
	return 0
}

// maxColumns bounds what merges can make of a frame.
const maxColumns = 1000

// suffixes are what columns of one name get in a merge.
type suffixes struct {
	at    pos
	ends  [2]string
	known [2]bool
}

func (c *checker) suffixes(at pos, arg argument) suffixes {
	if arg.value == nil {
		return suffixes{at: at, ends: [2]string{"_x", "_y"}, known: [2]bool{true, true}}
	}
	made := suffixes{at: arg.at}
	s, ok := arg.value.(sequence)
	if !ok || len(s.items) != 2 {
		if _, u := arg.value.(unknown); !u {
			c.say(arg.at, "suffixes are a list of two texts")
		}
		return made
	}
	for i, item := range s.items {
		made.ends[i], made.known[i] = literalText(item)
		if !made.known[i] && !mayBe(item, stringType) {
			c.say(arg.at, "suffixes are a list of two texts")
		}
	}
	return made
}

func (c *checker) join(made, left, right *frame, s suffixes) {
	made.columns = nil
	if len(left.columns)+len(right.columns) > maxColumns {
		c.say(s.at, "the script does too much to be checked: more than %d columns", maxColumns)
		made.open = true
		return
	}
	sides := [2]*frame{left, right}
	names, taken := [2]map[string]bool{left.names(), right.names()}, map[string]bool{}
	for side, f := range sides {
		for _, col := range f.columns {
			if names[1-side][col.name] {
				if !s.known[side] {
					made.open = true
					continue
				}
				col.name += s.ends[side]
			}
			if sides[1-side].open { // which may have a column of that name
				col.kind = anyType
			}
			if taken[col.name] {
				c.say(s.at, "column '%s' comes from both sides: give other suffixes", col.name)
				continue
			}
			taken[col.name] = true
			made.columns = append(made.columns, col)
		}
	}
}

// union is append(): frames of one relation.
func (c *checker) union(f *frame, at pos, objs argument) value {
	made := c.operator(f, at, "append()")
	items := []value{objs.value}
	if s, ok := objs.value.(sequence); ok {
		items = s.items
	}
	for _, item := range items {
		o, ok := item.(*frame)
		if !ok {
			if _, u := item.(unknown); !u && item != nil {
				c.say(objs.at, "append() takes DataFrames, not %s", describe(item))
			}
			made.open = true
			continue
		}
		c.operator(o, objs.at, "")
		for _, pair := range [2][2]*frame{{f, o}, {o, f}} {
			for _, col := range pair[0].columns {
				twin, has := pair[1].find(col.name)
				if !has || twin.kind != col.kind && twin.kind != anyType && col.kind != anyType {
					c.say(objs.at, "append() needs the same columns on both sides: '%s' (%s) is on one only", col.name, col.kind)
				}
			}
		}
		made.open = made.open || o.open
		made.carry(o.late...)
	}
	made.guarded = nil
	return made
}
