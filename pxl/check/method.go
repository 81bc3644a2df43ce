package check

import (
	"slices"
	"strings"
)

// argument is one argument of a call.
type argument struct {
	at    pos
	name  string // empty: by its place
	value value
}

// arguments are those of one call.
type arguments struct {
	at   pos
	list []argument
}

func (c *checker) call(e callExpr, scope map[string]value) value {
	fn := c.eval(e.fn, scope)
	a := arguments{at: e.pos}
	for _, x := range e.args {
		a.list = append(a.list, argument{x.where(), "", c.eval(x, scope)})
	}
	for _, n := range e.named {
		for _, o := range a.list {
			if o.name == n.name {
				c.say(n.pos, "argument '%s' is given twice", n.name)
			}
		}
		a.list = append(a.list, argument{n.value.where(), n.name, c.eval(n.value, scope)})
	}
	switch f := fn.(type) {
	case unknown:
		return unknown{}
	case *function:
		return c.callFunction(f, a)
	case typeObject:
		if f.name == "px.DataFrame" {
			return c.callMember(f.name, a)
		}
		return c.cast(f, a)
	case member:
		return c.callMember(f.name, a)
	case method:
		return c.callMethod(f.frame, f.name, a)
	case *expr:
		if attr, ok := e.fn.(attrExpr); ok {
			c.resolve(f, nil, e.pos)
			c.say(e.pos, "dataframe has no method '%s'", attr.name)
			return unknown{}
		}
	}
	c.say(e.pos, "%s cannot be called", describe(fn))
	return unknown{}
}

// bind gives arguments to parameters, those with a question mark may be left out.
func (c *checker) bind(fn, parameters string, a arguments) map[string]argument {
	bound := map[string]argument{}
	names := strings.Fields(parameters)
	for i, arg := range a.list {
		if arg.name == "" {
			if i >= len(names) {
				c.say(arg.at, "%s takes %d arguments", fn, len(names))
				break
			}
			arg.name = strings.TrimSuffix(names[i], "?")
		}
		if !slices.Contains(names, arg.name) && !slices.Contains(names, arg.name+"?") {
			c.say(arg.at, "%s has no argument '%s'", fn, arg.name)
			continue
		}
		if _, twice := bound[arg.name]; twice {
			c.say(arg.at, "argument '%s' is given twice", arg.name)
		}
		bound[arg.name] = arg
	}
	for _, n := range names {
		if _, ok := bound[n]; !ok && !strings.HasSuffix(n, "?") {
			c.say(a.at, "%s needs the argument '%s'", fn, n)
		}
	}
	return bound
}

func (c *checker) callFunction(f *function, a arguments) value {
	var names []string
	for _, p := range f.def.params {
		names = append(names, p.name)
	}
	bound := c.bind(f.def.name, strings.Join(names, " "), a)
	args := make([]value, len(names))
	for i, p := range f.def.params {
		arg, ok := bound[p.name]
		if !ok {
			args[i] = unknown{}
			continue
		}
		args[i] = arg.value
		if p.annotation == nil {
			continue
		}
		t, ok := c.eval(p.annotation, c.globals).(typeObject)
		if e, isExpr := arg.value.(*expr); ok && isExpr && t.kind != anyType && e.kind != anyType && e.kind != t.kind {
			c.say(arg.at, "argument '%s' of %s is %s, not %s", p.name, f.def.name, describe(e), t.name)
		}
	}
	return c.apply(f, args)
}

// cast is px.Pod(x): the same expression with another type.
func (c *checker) cast(t typeObject, a arguments) value {
	arg, ok := c.bind(t.name, "expr", a)["expr"]
	switch e := arg.value.(type) {
	case unknown, nil:
		if !ok {
			return unknown{}
		}
	case *expr:
		return c.castExpr(t, e)
	default:
		c.say(arg.at, "%s does not take %s", t.name, describe(arg.value))
		return unknown{}
	}
	return argumentExpr(t.kind)
}

func (c *checker) castExpr(t typeObject, e *expr) *expr {
	made := *e
	made.cast, made.used = &t, false
	if e.isMade() {
		e.use()
		return c.make(&made)
	}
	if t.kind != anyType {
		made.kind = t.kind
	}
	made.percent = t.name == "px.Percent"
	return &made
}

func (c *checker) callMethod(f *frame, name string, a arguments) value {
	if name == "agg" {
		return c.aggregate(f, a)
	}
	bound := c.bind(name, methods[name], a)
	switch name {
	case "groupby":
		made := c.operator(f, a.at, "")
		made.grouped = true
		names, known := c.names(f, bound["by"])
		made.by, made.anyBy = slices.DeleteFunc(names, func(n string) bool { return n == "" }), !known
		return made
	case "merge":
		return c.merge(f, a.at, bound)
	case "append":
		return c.union(f, a.at, bound["objs"])
	case "head":
		if n, ok := bound["n"]; ok {
			c.integer(n)
		}
		return c.operator(f, a.at, "head()")
	case "drop":
		made := c.operator(f, a.at, "")
		names, known := c.names(f, bound["columns"])
		if !known { // which columns are left is not known
			return &frame{open: true, blocked: made.blocked, late: made.late, guarded: made.guarded}
		}
		made.columns = slices.DeleteFunc(made.columns, func(col column) bool { return slices.Contains(names, col.name) })
		return made
	case "filter":
		if key, ok := bound["key"]; ok {
			return c.item(f, key.value, key.at)
		}
	case "stream":
		made := c.operator(f, a.at, "")
		if f.blocked != "" {
			c.say(a.at, "stream() does not work behind %s", f.blocked)
		}
		made.stream = true
		return made
	case "rolling":
		c.say(a.at, "Rolling operator not yet implemented")
	case "map":
		c.say(a.at, "map() is not for scripts: write df.column = expression")
	}
	return f.derive()
}

// names reads a column or a list of columns. One that is not known here is an empty name.
func (c *checker) names(f *frame, arg argument) (names []string, known bool) {
	items := []value{arg.value}
	if s, ok := arg.value.(sequence); ok {
		items = s.items
	}
	known = true
	for _, item := range items {
		n, ok := literalText(item)
		switch {
		case ok:
			c.column(f, n, arg.at)
		case mayBe(item, stringType):
			known = false
		case item != nil:
			c.say(arg.at, "columns are named by texts, not by %s", describe(item))
		}
		names = append(names, n)
	}
	return names, known
}

func (c *checker) integer(arg argument) {
	e, ok := arg.value.(*expr)
	if !ok || mayBe(e, int64Type) {
		return
	}
	if _, whole := e.literal.(int64); !whole {
		c.say(arg.at, "expected an INT64 that is a literal")
	}
}
