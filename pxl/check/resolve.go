package check

import "slices"

// resolver finds what an expression is in one dataframe. Columns and metadata are looked up there by name, whatever
// dataframe they were written with: in `other.x = df.y` the column y is that of other.
type resolver struct {
	c     *checker
	frame *frame            // nil: the dataframes that the expression was written with
	at    pos               // where the expression is used
	done  map[*expr]meaning // expressions share their parts; nil: only one level is looked at, and nothing is said
}

// resolve finds what an expression is where it is used, and says what Pixie would refuse of it.
func (c *checker) resolve(e *expr, f *frame, at pos) meaning {
	e.use()
	r := resolver{c: c, frame: f, at: at, done: map[*expr]meaning{}}
	return r.of(e)
}

// use notes that the expression is part of something. Literals, which scripts may share, are left alone.
func (e *expr) use() {
	if e.isMade() {
		e.used = true
	}
}

func (e *expr) isMade() bool { return e.column != "" || e.key != "" || e.fn != "" }

// make completes an expression. What is wrong with it is said where it is used, or at the end if nothing uses it.
func (c *checker) make(e *expr) *expr {
	r := resolver{c: c, at: e.at}
	e.meaning = r.find(e)
	for _, a := range e.args {
		if part, ok := a.(*expr); ok {
			part.use()
		}
	}
	c.made = append(c.made, e)
	return e
}

// settle checks the expressions that nothing uses, with the dataframes that they were written with.
func (c *checker) settle() {
	for _, e := range c.made {
		if !e.used {
			c.resolve(e, nil, e.at)
		}
	}
}

func (r *resolver) say(at pos, format string, args ...any) {
	if r.done != nil {
		r.c.say(at, format, args...)
	}
}

func (r *resolver) of(v value) meaning {
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
		m = r.find(e)
	}
	r.done[e] = m
	return m
}

func (r *resolver) find(e *expr) meaning {
	var m meaning
	switch {
	case e.column != "":
		m = r.column(e)
	case e.key != "":
		m = r.metadata(e)
	case results[e.fn] != anyType:
		m = r.parts(e.args)
		m.kind = results[e.fn]
	default:
		m = r.function(e)
	}
	if e.cast != nil {
		if e.cast.kind != anyType {
			m.kind = e.cast.kind
		}
		m.percent = e.cast.name == "px.Percent"
	}
	return m
}

// in is the dataframe in which a column or metadata is looked up.
func (r *resolver) in(e *expr) *frame {
	if r.frame != nil {
		return r.frame
	}
	return e.from
}

func (r *resolver) column(e *expr) meaning {
	col, ok := r.in(e).find(e.column)
	if ok {
		return meaning{kind: col.kind, percent: col.percent, columns: []string{col.name}}
	}
	at := e.at
	if e.from.has(e.column) { // what is wrong is where it is used
		at = r.at
	}
	r.say(at, "Column '%s' not found in the dataframe", e.column)
	return meaning{}
}

// metadata is df.ctx['key']: a function of the first column that exists among those it can be computed from.
func (r *resolver) metadata(e *expr) meaning {
	f, k := r.in(e), r.c.pixie.ctx[e.key]
	for _, name := range k.from {
		if !f.knows(name) {
			continue
		}
		fn := name + "_to_" + k.name
		forms, ok := r.c.pixie.udfs[fn]
		if !ok {
			return meaning{kind: stringType}
		}
		col, _ := f.find(name)
		o, ok := resolve(forms, []dataType{col.kind})
		if !ok {
			r.say(e.at, "Could not find UDF '%s' with arguments %s", fn, typeList([]dataType{col.kind}))
			return meaning{}
		}
		return ran(meaning{kind: o.returns}, fn, o)
	}
	if !f.open {
		r.say(e.at, "Metadata '%s' needs one of the columns %v, and the dataframe has none of them", e.key, k.from)
	}
	return meaning{}
}

// ran notes where a function runs.
func ran(m meaning, fn string, o overload) meaning {
	switch o.executor {
	case "PEM":
		m.pem = fn
	case "KELVIN":
		m.kelvin = true
	}
	return m
}

// parts is what the parts of an expression have in common with it.
func (r *resolver) parts(args []value) meaning {
	var m meaning
	for _, a := range args {
		part := r.of(a)
		m.columns = union(m.columns, part.columns)
		m.divides = addDivisions(m.divides, part.divides)
		m.kelvin = m.kelvin || part.kelvin
		if part.pem != "" {
			m.pem = part.pem
		}
	}
	return m
}

// function is a scalar function of columns.
func (r *resolver) function(e *expr) meaning {
	m := r.parts(e.args)
	var kinds []dataType
	for _, a := range e.args {
		kinds = append(kinds, r.of(a).kind)
	}
	o, ok := resolve(r.c.pixie.udfs[e.fn], kinds)
	if !ok {
		r.say(e.at, "Could not find UDF '%s' with arguments %s", e.fn, typeList(kinds))
		return meaning{}
	}
	m.kind = o.returns
	for i, a := range e.args {
		if i < o.literals && isComputed(a) {
			r.say(e.at, "argument %d of %s must be a literal", i+1, e.fn)
		}
	}
	switch e.fn {
	case "select":
		m.divides = guarded(m.divides, r.of(e.args[0]).columns)
	case "divide":
		if divisor := r.of(e.args[1]); mayBeZero(e.args[1], divisor) {
			m.divides = addDivisions(m.divides, []division{{e.at, divisor.columns}})
		}
	}
	return ran(m, e.fn, o)
}

// isComputed says whether a value is known to be no literal.
func isComputed(v value) bool {
	e, ok := v.(*expr)
	return ok && e.literal == nil && !e.argument
}

// mayBeZero says whether a division can go wrong. Of a divisor that only a caller knows nothing is said.
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

// guarded drops the divisions whose divisor a condition has looked at.
func guarded(all []division, by []string) []division {
	return slices.DeleteFunc(slices.Clone(all), func(d division) bool { return overlap(d.columns, by) })
}

func overlap(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

func union(a, b []string) []string {
	for _, s := range b {
		if !slices.Contains(a, s) {
			a = append(slices.Clip(a), s)
		}
	}
	return a
}

// udf applies a scalar function to values.
func (c *checker) udf(at pos, fn string, args []value) *expr {
	made := &expr{at: at, fn: fn, args: args, argument: len(args) > 0}
	for _, a := range args {
		made.argument = made.argument && !isComputed(a)
	}
	return c.make(made)
}
