package check

import "slices"

// operator makes the frame of one more operator; a blocking one is named.
func (c *checker) operator(f *frame, at pos, blocking string) *frame {
	if f.grouped {
		c.say(at, "groupby() must be followed by agg()")
	}
	if f.stream {
		c.say(at, "stream() must be the last operation before the sink")
	}
	c.steps -= len(f.columns)
	made := f.derive()
	made.grouped, made.by = false, nil
	if blocking != "" {
		made.blocked = blocking
	}
	return made
}

// place puts an expression into an operator on f, whose frame is made.
func (c *checker) place(f, made *frame, e *expr, at pos) {
	for _, name := range e.columns {
		c.column(f, name, at)
	}
	if e.pem != "" && f.blocked != "" {
		c.say(at, "UDF '%s' must execute before blocking nodes such as limit, agg, and join. (here: behind %s)", e.pem, f.blocked)
	}
	if e.kelvin {
		made.blocked = "a function that runs on Kelvin"
	}
	c.divisions(e, f.guarded)
}

// column looks a column up, and says so when it is not there.
func (c *checker) column(f *frame, name string, at pos) column {
	col, ok := f.find(name)
	if !ok {
		c.say(at, "Column '%s' not found in the dataframe", name)
	}
	return col
}

func reading(col column) *expr {
	return &expr{kind: col.kind, percent: col.percent, column: col.name, columns: []string{col.name}}
}

// reading is a column of f; one that is not there is not known.
func (c *checker) reading(f *frame, name string, at pos) *expr {
	if col := c.column(f, name, at); f.has(name) {
		return reading(col)
	}
	return &expr{}
}

// methods of a dataframe and their parameters; those with a question mark may be left out.
var methods = map[string]string{
	"agg": "", "groupby": "by", "merge": "right how left_on right_on suffixes?", "append": "objs", "head": "n? _pem_only?",
	"drop": "columns", "filter": "key", "map": "column_name expr", "rolling": "window on?", "stream": "",
}

// attribute is something in a module, a method or column of a frame.
func (c *checker) attribute(base value, e attrExpr) value {
	switch b := base.(type) {
	case unknown:
		return unknown{}
	case member:
		return c.memberOf(b.name, e)
	case *frame:
		if e.name == "ctx" {
			return context{b}
		}
		if _, ok := methods[e.name]; ok {
			return method{b, e.name}
		}
		if b.grouped {
			c.say(e.pos, "groupby() must be followed by agg()")
		}
		return c.reading(b, e.name, e.pos)
	}
	c.say(e.pos, "%s has no attribute '%s'", describe(base), e.name)
	return unknown{}
}

// subscript is df['column'], df[['a', 'b']], df['a', 'b'], df[mask] or df.ctx['key'].
func (c *checker) subscript(e indexExpr, scope map[string]value) value {
	base, index := c.eval(e.base, scope), c.eval(e.index, scope)
	switch b := base.(type) {
	case unknown:
		return unknown{}
	case context:
		return c.metadata(b.frame, index, e.index.where())
	case *frame:
		if n, ok := e.base.(nameExpr); ok && c.mapping != "" && n.name != c.mapping {
			c.say(n.pos, "name '%s' is not available in this context", n.name)
			return unknown{}
		}
		return c.item(b, index, e.index.where())
	case sequence, dictionary:
		return unknown{}
	}
	c.say(e.pos, "%s cannot be subscripted", describe(base))
	return unknown{}
}

func (c *checker) item(f *frame, index value, at pos) value {
	switch index := index.(type) {
	case sequence:
		return c.keep(f, index, at)
	case *expr:
		if s, ok := index.literal.(string); ok {
			return c.reading(f, s, at)
		}
		if index.argument && index.kind == stringType {
			return &expr{}
		}
		if index.kind != anyType && index.kind != boolean {
			c.say(at, "Expected Bool for Filter expression, got %s", index.kind)
		}
		made := c.operator(f, at, "")
		c.place(f, made, index, at)
		made.guarded = union(made.guarded, index.columns)
		return made
	case unknown:
		return unknown{}
	}
	c.say(at, "a dataframe is subscripted by a column, a list of columns or a condition, not by %s", describe(index))
	return unknown{}
}

func (c *checker) keep(f *frame, index sequence, at pos) value {
	made := c.operator(f, at, "")
	made.columns = nil
	for _, item := range index.items {
		name, ok := literalText(item)
		if !ok {
			if _, u := item.(unknown); !u && !isArgument(item) {
				c.say(at, "a list of columns holds texts, not %s", describe(item))
			}
			made.open = true
			continue
		}
		if made.knows(name) {
			c.say(at, "cannot specify the same column name more than once when keeping columns: '%s'", name)
		}
		made.columns = append(made.columns, c.column(f, name, at))
	}
	if f.open && !slices.ContainsFunc(index.items, func(v value) bool { _, ok := literalText(v); return !ok }) {
		made.open = false
	}
	return made
}

// metadata is df.ctx['key']: a function of the first column that is there of those that tell it.
func (c *checker) metadata(f *frame, index value, at pos) value {
	key, ok := literalText(index)
	if !ok {
		if _, u := index.(unknown); !u && !isArgument(index) {
			c.say(at, "metadata is named by a text, not by %s", describe(index))
		}
		return unknown{}
	}
	k, ok := c.pixie.ctx[key]
	if !ok {
		c.say(at, "Metadata '%s' not found", key)
		return unknown{}
	}
	for _, col := range k.from {
		if !f.knows(col) {
			continue
		}
		kind, _ := f.find(col)
		fn := col + "_to_" + k.name
		if _, ok := c.pixie.udfs[fn]; !ok {
			return &expr{kind: stringType, columns: []string{col}}
		}
		return c.udf(at, fn, []value{reading(kind)})
	}
	if !f.open {
		c.say(at, "Metadata '%s' needs one of the columns %v, and the dataframe has none of them", key, k.from)
	}
	return &expr{}
}
