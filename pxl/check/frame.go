package check

// operator makes the frame of one more operator; a blocking one is named.
func (c *checker) operator(f *frame, at pos, blocking string) *frame {
	if f.grouped {
		c.say(at, "groupby() must be followed by agg()")
	}
	if f.stream {
		c.say(at, "stream() must be the last operation before the sink")
	}
	c.steps -= len(f.columns)
	f.uses++
	made := f.derive()
	made.grouped, made.by, made.anyBy = false, nil, false
	if blocking != "" {
		made.blocked = blocking
	}
	return made
}

// place puts an expression into an operator on f, whose frame is made.
func (c *checker) place(f, made *frame, e *expr, at pos) meaning {
	m := c.resolve(e, f, at)
	switch {
	case m.pem == "" || f.blocked == "":
	case f.blocked == onKelvin:
		made.carry(c.addLate(at, m.pem))
	default:
		c.say(at, beforeBlocking, m.pem, f.blocked)
	}
	if m.kelvin && made.blocked == "" {
		made.blocked = onKelvin
	}
	c.divisions(m.divides, f.guarded)
	return m
}

// divisions warns of those that nothing guards.
func (c *checker) divisions(all []division, guards []string) {
	for _, d := range all {
		if !overlap(d.columns, guards) {
			c.warn(d.at, "division by what may be 0 gives Inf or NaN, and a NaN ends px run -o json: guard it with px.select")
		}
	}
}

// column looks a column up, and says so when it is not there.
func (c *checker) column(f *frame, name string, at pos) column {
	col, ok := f.find(name)
	if !ok {
		c.say(at, "Column '%s' not found in the dataframe", name)
	}
	return col
}

// reading is a column, by name.
func (c *checker) reading(f *frame, name string, at pos) *expr {
	return c.make(&expr{at: at, column: name, from: f})
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
		if c.isElsewhere(e.base) {
			return unknown{}
		}
		return c.metadata(b.frame, index, e.index.where())
	case *frame:
		if c.isElsewhere(e.base) {
			return unknown{}
		}
		return c.item(b, index, e.index.where())
	case sequence, dictionary:
		return unknown{}
	}
	c.say(e.pos, "%s cannot be subscripted", describe(base))
	return unknown{}
}

// isElsewhere reports whether a subscript is of another name than the one that is assigned to, and refuses it. Pixie
// takes other.x there, and looks x up in the dataframe that is assigned to, but neither other['x'] nor
// other.ctx['pod'] (ValidateSubscriptValue of ast_visitor.cc).
func (c *checker) isElsewhere(base expression) bool {
	if attr, ok := base.(attrExpr); ok {
		base = attr.base
	}
	n, ok := base.(nameExpr)
	if !ok || c.mapping == "" || n.name == c.mapping {
		return false
	}
	c.say(n.pos, "name '%s' is not available in this context", n.name)
	return true
}

func (c *checker) item(f *frame, index value, at pos) value {
	switch index := index.(type) {
	case sequence:
		return c.keep(f, index, at)
	case *expr:
		if s, ok := index.literal.(string); ok {
			return c.reading(f, s, at)
		}
		if mayBe(index, stringType) { // the name of a column
			return unknown{}
		}
		return c.filter(f, index, at)
	case unknown:
		return unknown{}
	}
	c.say(at, "a dataframe is subscripted by a column, a list of columns or a condition, not by %s", describe(index))
	return unknown{}
}

func (c *checker) filter(f *frame, condition *expr, at pos) *frame {
	made := c.operator(f, at, "")
	m := c.place(f, made, condition, at)
	if m.kind != anyType && m.kind != boolean {
		c.say(at, "Expected Bool for Filter expression, got %s", m.kind)
	}
	made.guarded = union(made.guarded, m.columns)
	return made
}

// keep is df[['a', 'b']].
func (c *checker) keep(f *frame, index sequence, at pos) *frame {
	made := c.operator(f, at, "")
	made.columns, made.open = nil, false
	for _, item := range index.items {
		name, ok := literalText(item)
		if !ok {
			if !mayBe(item, stringType) {
				c.say(at, "a list of columns holds their names, as texts, not %s", describe(item))
			}
			made.open = true
			continue
		}
		if made.knows(name) {
			c.say(at, "cannot specify the same column name more than once when keeping columns: '%s'", name)
		}
		col, ok := f.find(name)
		if !ok {
			made.gaps = append(made.gaps, c.addGap(name, at))
		}
		made.columns = append(made.columns, col)
	}
	return made
}

// metadata is df.ctx['key'].
func (c *checker) metadata(f *frame, index value, at pos) value {
	key, ok := literalText(index)
	if !ok {
		if !mayBe(index, stringType) {
			c.say(at, "metadata is named by a text, not by %s", describe(index))
		}
		return unknown{}
	}
	if _, ok := c.pixie.ctx[key]; !ok {
		c.say(at, "Metadata '%s' not found", key)
		return unknown{}
	}
	return c.make(&expr{at: at, key: key, from: f})
}
