package check

import (
	"slices"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/pxl/check/syntax"
)

// argument is one argument of a call.
type argument struct {
	at    syntax.Pos
	name  string // empty: a positional argument
	value value
}

// arguments are the arguments of one call.
type arguments struct {
	at   syntax.Pos
	list []argument
}

func (c *checker) evalCall(e syntax.CallExpr, scope map[string]value) value {
	fn := c.evalExpression(e.Function, scope)
	a := arguments{at: e.Pos}
	for _, x := range e.Arguments {
		a.list = append(a.list, argument{x.Position(), "", c.evalExpression(x, scope)})
	}
	for _, n := range e.Named {
		for _, o := range a.list {
			if o.name == n.Name {
				c.addProblem(n.Pos, "argument '%s' is given twice", n.Name)
			}
		}
		a.list = append(a.list, argument{n.Value.Position(), n.Name, c.evalExpression(n.Value, scope)})
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
		return c.castValue(f, a)
	case member:
		return c.callMember(f.name, a)
	case method:
		return c.callMethod(f.frame, f.name, a)
	case *expr:
		if attr, ok := e.Function.(syntax.AttributeExpr); ok {
			c.resolveExpression(f, nil, e.Pos)
			c.addProblem(e.Pos, "dataframe has no method '%s'", attr.Name)
			return unknown{}
		}
	}
	c.addProblem(e.Pos, "%s cannot be called", describeValue(fn))
	return unknown{}
}

// bindArguments assigns arguments to parameters; a question mark marks an optional parameter.
func (c *checker) bindArguments(fn, parameters string, a arguments) map[string]argument {
	bound := map[string]argument{}
	names := strings.Fields(parameters)
	for i, arg := range a.list {
		if arg.name == "" {
			if i >= len(names) {
				c.addProblem(arg.at, "%s takes %d arguments", fn, len(names))
				break
			}
			arg.name = strings.TrimSuffix(names[i], "?")
		}
		if !slices.Contains(names, arg.name) && !slices.Contains(names, arg.name+"?") {
			c.addProblem(arg.at, "%s has no argument '%s'", fn, arg.name)
			continue
		}
		if _, twice := bound[arg.name]; twice {
			c.addProblem(arg.at, "argument '%s' is given twice", arg.name)
		}
		bound[arg.name] = arg
	}
	for _, n := range names {
		if _, ok := bound[n]; !ok && !strings.HasSuffix(n, "?") {
			c.addProblem(a.at, "%s needs the argument '%s'", fn, n)
		}
	}
	return bound
}

func (c *checker) callFunction(f *function, a arguments) value {
	var names []string
	for _, p := range f.def.Parameters {
		names = append(names, p.Name)
	}
	bound := c.bindArguments(f.def.Name, strings.Join(names, " "), a)
	args := make([]value, len(names))
	for i, p := range f.def.Parameters {
		arg, ok := bound[p.Name]
		if !ok {
			args[i] = unknown{}
			continue
		}
		args[i] = arg.value
		if p.Annotation == nil {
			continue
		}
		t, ok := c.evalExpression(p.Annotation, c.globals).(typeObject)
		if e, isExpr := arg.value.(*expr); ok && isExpr && t.kind != anyType && e.kind != anyType && e.kind != t.kind {
			c.addProblem(arg.at, "argument '%s' of %s is %s, not %s", p.Name, f.def.Name, describeValue(e), t.name)
		}
	}
	return c.applyFunction(f, args)
}

// castValue is px.Pod(x): the same expression with another type.
func (c *checker) castValue(t typeObject, a arguments) value {
	arg, ok := c.bindArguments(t.name, "expr", a)["expr"]
	switch e := arg.value.(type) {
	case unknown, nil:
		if !ok {
			return unknown{}
		}
	case *expr:
		return c.castExpr(t, e)
	default:
		c.addProblem(arg.at, "%s does not take %s", t.name, describeValue(arg.value))
		return unknown{}
	}
	return argumentExpr(t.kind)
}

func (c *checker) castExpr(t typeObject, e *expr) *expr {
	made := *e
	made.cast, made.used = &t, false
	if e.isMade() {
		e.markUsed()
		return c.completeExpression(&made)
	}
	if t.kind != anyType {
		made.kind = t.kind
	}
	made.isPercent = t.name == "px.Percent"
	return &made
}

func (c *checker) callMethod(f *frame, name string, a arguments) value {
	if name == "agg" {
		return c.aggregateFrame(f, a)
	}
	bound := c.bindArguments(name, methods[name], a)
	switch name {
	case "groupby":
		made := c.addOperator(f, a.at, "")
		made.isGrouped = true
		names, known := c.columnNames(f, bound["by"])
		made.groupColumns, made.groupedByUnknown = slices.DeleteFunc(names, func(n string) bool { return n == "" }), !known
		return made
	case "merge":
		return c.mergeFrames(f, a.at, bound)
	case "append":
		return c.appendFrames(f, a.at, bound["objs"])
	case "head":
		if n, ok := bound["n"]; ok {
			c.checkInteger(n)
		}
		return c.addOperator(f, a.at, "head()")
	case "drop":
		made := c.addOperator(f, a.at, "")
		names, known := c.columnNames(f, bound["columns"])
		if !known { // so the columns that are left are not known either
			return made.withUnknownColumns()
		}
		made.columns = slices.DeleteFunc(made.columns, func(col column) bool { return slices.Contains(names, col.name) })
		return made
	case "filter":
		if key, ok := bound["key"]; ok {
			return c.subscriptFrame(f, key.value, key.at)
		}
	case "stream":
		made := c.addOperator(f, a.at, "")
		if f.blockedBy != "" {
			c.addProblem(a.at, "stream() does not work after %s", f.blockedBy)
		}
		made.isStream = true
		return made
	case "rolling":
		c.addProblem(a.at, "Rolling operator not yet implemented")
	case "map":
		c.addProblem(a.at, "map() is not for scripts: write df.column = expression")
	}
	return f.deriveFrame()
}

// columnNames reads a column or a list of columns. A name that is not known here is empty.
func (c *checker) columnNames(f *frame, arg argument) (names []string, known bool) {
	items := []value{arg.value}
	if s, ok := arg.value.(sequence); ok {
		items = s.items
	}
	known = true
	for _, item := range items {
		n, ok := literalText(item)
		switch {
		case ok:
			c.findColumn(f, n, arg.at)
		case mayBe(item, stringType):
			known = false
		case item != nil:
			c.addProblem(arg.at, "columns are named by texts, not by %s", describeValue(item))
		}
		names = append(names, n)
	}
	return names, known
}

func (c *checker) checkInteger(arg argument) {
	e, ok := arg.value.(*expr)
	if !ok || mayBe(e, int64Type) {
		return
	}
	if _, whole := e.literal.(int64); !whole {
		c.addProblem(arg.at, "expected an INT64 that is a literal")
	}
}
