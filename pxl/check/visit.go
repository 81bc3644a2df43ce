package check

import "strings"

// visit follows statements. The result is what a function returns: nil without a return statement.
func (c *checker) visit(body []statement, scope map[string]value) value {
	for i, s := range body {
		switch s := s.(type) {
		case importStmt:
			c.imports(s, scope)
		case exprStmt:
			if _, doc := s.value.(textExpr); doc && i > 0 {
				c.warn(s.pos, "a text that nothing uses")
			}
			c.eval(s.value, scope)
		case assignStmt:
			c.assign(s, scope)
		case defStmt:
			c.define(s, scope)
		case returnStmt:
			if c.calls == 0 {
				c.say(s.pos, "return outside of a function")
				continue
			}
			if s.value == nil {
				return none{}
			}
			return c.eval(s.value, scope)
		case refusedStmt:
			c.say(s.pos, "Can't parse expression of type %s", s.kind)
		}
	}
	return nil
}

var importable = set("px pxtrace pxconfig pxviews")

func (c *checker) imports(s importStmt, scope map[string]value) {
	if len(s.modules) > 1 {
		c.say(s.pos, "one import imports one module: write a line for each")
	}
	for _, m := range s.modules {
		root, _, _ := strings.Cut(m.module, ".")
		if !importable[root] || root != m.module && !s.from {
			c.say(s.pos, "ModuleNotFoundError: No module named %s", quote(m.module))
			continue
		}
		switch root {
		case "pxtrace":
			c.mutates = s.pos
		case "pxviews":
			c.views = s.pos
		}
		if s.from {
			continue
		}
		as := m.module
		if m.as != "" {
			as = m.as
		}
		scope[as] = member{m.module}
	}
}

// define notes a function; its body is visited when it is called.
func (c *checker) define(d defStmt, scope map[string]value) {
	if len(d.decorators) > 1 {
		c.say(d.decorators[1].where(), "a function has at most one decorator")
	}
	for _, e := range d.decorators {
		switch v := c.eval(e, scope).(type) {
		case unknown:
		case member:
			if v.name != "decorator" {
				c.say(e.where(), "%s is no decorator", v.name)
			}
		default:
			c.say(e.where(), "%s is no decorator", describe(v))
		}
	}
	seen := map[string]bool{}
	for _, p := range d.params {
		if seen[p.name] {
			c.say(p.pos, "parameter %s occurs twice", quote(p.name))
		}
		seen[p.name] = true
		if p.annotation == nil {
			continue
		}
		switch v := c.eval(p.annotation, scope).(type) {
		case unknown, typeObject:
		default:
			c.say(p.annotation.where(), "%s is no type", describe(v))
		}
	}
	f := &function{def: &d}
	scope[d.name] = f
	c.defs = append(c.defs, f)
}

// apply visits the body of a function.
func (c *checker) apply(f *function, args []value) value {
	f.called = true
	if c.calls >= maxCalls {
		c.say(f.def.pos, "%s calls itself without end", f.def.name)
		return unknown{}
	}
	c.calls++
	mapping := c.mapping
	c.mapping = ""
	defer func() { c.calls--; c.mapping = mapping }()
	scope := map[string]value{}
	for i, p := range f.def.params {
		scope[p.name] = args[i]
	}
	if v := c.visit(f.def.body, scope); v != nil {
		return v
	}
	return none{}
}

var constants = set("None True False")

func (c *checker) assign(s assignStmt, scope map[string]value) {
	if len(s.targets) > 1 {
		c.say(s.pos, "an assignment has one target")
	}
	switch t := s.targets[0].(type) {
	case nameExpr:
		if constants[t.name] {
			c.say(t.pos, "cannot assign to %s", t.name)
			return
		}
		scope[t.name] = c.eval(s.value, scope)
	case attrExpr:
		c.mapTo(t.base, t.name, s, scope)
	case indexExpr:
		index := c.eval(t.index, scope)
		column, ok := literalText(index)
		if !ok {
			if !mayBe(index, stringType) {
				c.say(t.index.where(), "a column is named by a text, not by %s", describe(index))
			}
		}
		c.mapTo(t.base, column, s, scope)
	default:
		c.say(t.where(), "the target of an assignment is a name or a column of a dataframe")
		c.eval(s.value, scope)
	}
}

// mapTo computes a column of the frame that base names. A column without name is one that is not known here.
func (c *checker) mapTo(base expression, columnName string, s assignStmt, scope map[string]value) {
	n, ok := base.(nameExpr)
	if !ok {
		if c.setMember(base, columnName, s, scope) {
			return
		}
		c.say(base.where(), "a column is assigned to a dataframe that has a name")
		c.eval(s.value, scope)
		return
	}
	switch f := c.eval(n, scope).(type) {
	case *frame:
		outer := c.mapping
		c.mapping = n.name
		v := c.eval(s.value, scope)
		c.mapping = outer
		scope[n.name] = c.mapped(f, columnName, v, s)
	case unknown:
		c.eval(s.value, scope)
	default:
		if c.setMember(base, columnName, s, scope) {
			return
		}
		c.say(n.pos, "%s has no columns", describe(f))
		c.eval(s.value, scope)
	}
}

// mapped is the frame that has one more column.
func (c *checker) mapped(f *frame, name string, v value, s assignStmt) *frame {
	made := c.operator(f, s.pos, "")
	col := column{name: name}
	var m meaning
	switch v := v.(type) {
	case *expr:
		m = c.place(f, made, v, s.value.where())
		col.kind, col.percent = m.kind, m.percent
	case unknown:
	default:
		c.say(s.value.where(), "a column cannot be %s", describe(v))
	}
	if name == "" {
		return &frame{open: true, blocked: made.blocked, late: made.late, guarded: made.guarded}
	}
	f.fill(made, name, m.columns)
	made.set(col)
	return made
}

// setMember assigns to a member of a module, as in px.Pod = str, and reports whether base is a module. Functions stay
// what they are: Pixie looks for them first.
func (c *checker) setMember(base expression, name string, s assignStmt, scope map[string]value) bool {
	if _, call := base.(callExpr); call {
		return false
	}
	module, ok := c.eval(base, scope).(member)
	if !ok || !importable[module.name] && !submodules[module.name] {
		return false
	}
	v, full := c.eval(s.value, scope), module.name+"."+name
	if _, special := signatures[full]; !special && !c.pixie.isFunction(name) {
		c.members[full] = v
	}
	return true
}
