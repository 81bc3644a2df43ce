package check

import (
	"slices"

	"github.com/kernel-gossip/kernel-gossip/pxl/check/syntax"
)

// resolver finds the meaning of an expression in one dataframe. It looks columns and metadata up by name in that
// dataframe, whichever dataframe they were written with: in `other.x = df.y` the column y is a column of other.
type resolver struct {
	c     *checker
	frame *frame            // nil: the dataframes that the expression was written with
	at    syntax.Pos        // where the expression is used
	done  map[*expr]meaning // because expressions share their parts; nil: look at one level only, and report nothing
}

// resolveExpression returns the meaning of an expression where it is used, and reports what Pixie would refuse there.
func (c *checker) resolveExpression(e *expr, f *frame, at syntax.Pos) meaning {
	e.markUsed()
	r := resolver{c: c, frame: f, at: at, done: map[*expr]meaning{}}
	return r.meaningOf(e)
}

// markUsed records that the expression is part of something. Scripts may share literals, so they are not marked.
func (e *expr) markUsed() {
	if e.isMade() {
		e.used = true
	}
}

func (e *expr) isMade() bool { return e.column != "" || e.key != "" || e.fn != "" }

// completeExpression finds the meaning of a new expression. Its problems are reported where it is used, or at the end
// if it is not used.
func (c *checker) completeExpression(e *expr) *expr {
	r := resolver{c: c, at: e.at}
	e.meaning = r.findMeaning(e)
	for _, a := range e.args {
		if part, ok := a.(*expr); ok {
			part.markUsed()
		}
	}
	c.expressions = append(c.expressions, e)
	return e
}

// checkUnused checks the expressions that are not used, with the dataframes that they were written with.
func (c *checker) checkUnused() {
	for _, e := range c.expressions {
		if !e.used {
			c.resolveExpression(e, nil, e.at)
		}
	}
}

func (r *resolver) addProblem(at syntax.Pos, format string, args ...any) {
	if r.done != nil {
		r.c.addProblem(at, format, args...)
	}
}

func (r *resolver) meaningOf(v value) meaning {
	e, ok := v.(*expr)
	if !ok {
		return meaning{}
	}
	if r.done == nil || !e.isMade() {
		return e.meaning
	}
	m, ok := r.done[e]
	if ok {
		return m
	}
	if r.c.steps--; r.c.steps > 0 {
		m = r.findMeaning(e)
	}
	r.done[e] = m
	return m
}

func (r *resolver) findMeaning(e *expr) meaning {
	var m meaning
	switch {
	case e.column != "":
		m = r.columnMeaning(e)
	case e.key != "":
		m = r.metadataMeaning(e)
	case results[e.fn] != anyType:
		m = r.partsMeaning(e.args)
		m.kind = results[e.fn]
	default:
		m = r.functionMeaning(e)
	}
	if e.cast != nil {
		if e.cast.kind != anyType {
			m.kind = e.cast.kind
		}
		m.isPercent = e.cast.name == "px.Percent"
	}
	return m
}

// lookupFrame returns the dataframe in which a column or metadata is looked up.
func (r *resolver) lookupFrame(e *expr) *frame {
	if r.frame != nil {
		return r.frame
	}
	return e.from
}

func (r *resolver) columnMeaning(e *expr) meaning {
	col, ok := r.lookupFrame(e).findColumn(e.column)
	if ok {
		return meaning{kind: col.kind, isPercent: col.isPercent, columns: []string{col.name}}
	}
	at := e.at
	if e.from.mayHave(e.column) { // the fault is where it is used
		at = r.at
	}
	r.addProblem(at, "Column '%s' not found in the dataframe", e.column)
	return meaning{}
}

// metadataMeaning is the meaning of df.ctx['key']: a function of the first existing column that it can be computed
// from.
func (r *resolver) metadataMeaning(e *expr) meaning {
	f, k := r.lookupFrame(e), r.c.pixie.ctx[e.key]
	for _, name := range k.from {
		if !f.surelyHas(name) {
			continue
		}
		fn := name + "_to_" + k.name
		forms, ok := r.c.pixie.udfs[fn]
		if !ok {
			return meaning{kind: stringType}
		}
		col, _ := f.findColumn(name)
		o, ok := resolveOverload(forms, []dataType{col.kind})
		if !ok {
			r.addProblem(e.at, "Could not find UDF '%s' with arguments %s", fn, typeList([]dataType{col.kind}))
			return meaning{}
		}
		return markExecutor(meaning{kind: o.returns}, fn, o)
	}
	if !f.mayHaveMore {
		r.addProblem(e.at, "Metadata '%s' needs one of the columns %v, and the dataframe has none of them", e.key, k.from)
	}
	return meaning{}
}

// markExecutor records where a function runs.
func markExecutor(m meaning, fn string, o overload) meaning {
	switch o.executor {
	case "PEM":
		m.pemFunction = fn
	case "KELVIN":
		m.onKelvin = true
	}
	return m
}

// partsMeaning returns what an expression inherits from its parts.
func (r *resolver) partsMeaning(args []value) meaning {
	var m meaning
	for _, a := range args {
		part := r.meaningOf(a)
		m.columns = unionNames(m.columns, part.columns)
		m.divisions = addDivisions(m.divisions, part.divisions)
		m.onKelvin = m.onKelvin || part.onKelvin
		if part.pemFunction != "" {
			m.pemFunction = part.pemFunction
		}
	}
	return m
}

// functionMeaning is the meaning of a scalar function of columns.
func (r *resolver) functionMeaning(e *expr) meaning {
	m := r.partsMeaning(e.args)
	var kinds []dataType
	for _, a := range e.args {
		kinds = append(kinds, r.meaningOf(a).kind)
	}
	o, ok := resolveOverload(r.c.pixie.udfs[e.fn], kinds)
	if !ok {
		r.addProblem(e.at, "Could not find UDF '%s' with arguments %s", e.fn, typeList(kinds))
		return meaning{}
	}
	m.kind = o.returns
	for i, a := range e.args {
		if i < o.literals && isComputed(a) {
			r.addProblem(e.at, "argument %d of %s must be a literal", i+1, e.fn)
		}
	}
	switch e.fn {
	case "select":
		m.divisions = dropGuarded(m.divisions, r.meaningOf(e.args[0]).columns)
	case "divide":
		if divisor := r.meaningOf(e.args[1]); mayBeZero(e.args[1], divisor) {
			m.divisions = addDivisions(m.divisions, []division{{e.at, divisor.columns}})
		}
	}
	return markExecutor(m, e.fn, o)
}

// isComputed reports whether a value is known to be no literal.
func isComputed(v value) bool {
	e, ok := v.(*expr)
	return ok && e.literal == nil && !e.argument
}

// mayBeZero reports whether a division can fail. Nothing is reported about a divisor that only a caller knows.
func mayBeZero(divisor value, m meaning) bool {
	e, ok := divisor.(*expr)
	if !ok {
		return false
	}
	switch n := e.literal.(type) {
	case int64:
		return n == 0
	case float64:
		return n == 0
	}
	return len(m.columns) > 0
}

func addDivisions(all, more []division) []division {
	for _, d := range more {
		has := slices.ContainsFunc(all, func(o division) bool { return o.at == d.at })
		if !has && len(all) < maxProblems {
			all = append(slices.Clip(all), d)
		}
	}
	return all
}

// dropGuarded removes the divisions with a divisor that a condition has checked.
func dropGuarded(all []division, by []string) []division {
	return slices.DeleteFunc(slices.Clone(all), func(d division) bool { return haveCommon(d.divisorColumns, by) })
}

func haveCommon(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

func unionNames(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(slices.Clip(a), s)
		}
	}
	return a
}

// applyUDF applies a scalar function to values.
func (c *checker) applyUDF(at syntax.Pos, fn string, args []value) *expr {
	made := &expr{at: at, fn: fn, args: args, argument: len(args) > 0}
	for _, a := range args {
		made.argument = made.argument && !isComputed(a)
	}
	return c.completeExpression(made)
}
