package check

import (
	"github.com/kernel-gossip/kernel-gossip/pxl/check/syntax"
)

// addOperator returns the frame of one more operator. Blocking is the name of a blocking operator, or "".
func (c *checker) addOperator(f *frame, at syntax.Pos, blocking string) *frame {
	if f.isGrouped {
		c.addProblem(at, "groupby() must be followed by agg()")
	}
	if f.isStream {
		c.addProblem(at, "stream() must be the last operation before the sink")
	}
	c.steps -= len(f.columns)
	f.uses++
	made := f.deriveFrame()
	made.isGrouped, made.groupColumns, made.groupedByUnknown = false, nil, false
	if blocking != "" {
		made.blockedBy = blocking
	}
	return made
}

// placeExpression puts an expression into an operator on f, which returns made.
func (c *checker) placeExpression(f, made *frame, e *expr, at syntax.Pos) meaning {
	m := c.resolveExpression(e, f, at)
	switch {
	case m.pemFunction == "" || f.blockedBy == "":
	case f.blockedBy == onKelvin:
		made.addLateCalls(c.addLateCall(at, m.pemFunction))
	default:
		c.addProblem(at, beforeBlocking, m.pemFunction, f.blockedBy)
	}
	if m.onKelvin && made.blockedBy == "" {
		made.blockedBy = onKelvin
	}
	c.warnDivisions(m.divisions, f.guardedColumns)
	return m
}

// warnDivisions warns of divisions without a guard.
func (c *checker) warnDivisions(all []division, guards []string) {
	for _, d := range all {
		if !haveCommon(d.divisorColumns, guards) {
			c.addWarning(d.at, "division by what may be 0 gives Inf or NaN, and a NaN ends px run -o json: "+
				"guard it with px.select")
		}
	}
}

// findColumn returns a column, and reports a problem if the frame does not have it.
func (c *checker) findColumn(f *frame, name string, at syntax.Pos) column {
	col, ok := f.findColumn(name)
	if !ok {
		c.addProblem(at, "Column '%s' not found in the dataframe", name)
	}
	return col
}

// readColumn returns the expression of a column, by name.
func (c *checker) readColumn(f *frame, name string, at syntax.Pos) *expr {
	return c.completeExpression(&expr{at: at, column: name, from: f})
}

// methods are the methods of a dataframe and their parameters; a question mark marks an optional parameter.
var methods = map[string]string{
	"agg": "", "groupby": "by", "merge": "right how left_on right_on suffixes?", "append": "objs", "head": "n? _pem_only?",
	"drop": "columns", "filter": "key", "map": "column_name expr", "rolling": "window on?", "stream": "",
}

// evalAttribute returns a member of a module, or a method or a column of a frame.
func (c *checker) evalAttribute(base value, e syntax.AttributeExpr) value {
	switch b := base.(type) {
	case unknown:
		return unknown{}
	case member:
		return c.evalMember(b.name, e)
	case *frame:
		if e.Name == "ctx" {
			return context{b}
		}
		if _, ok := methods[e.Name]; ok {
			return method{b, e.Name}
		}
		if b.isGrouped {
			c.addProblem(e.Pos, "groupby() must be followed by agg()")
		}
		return c.readColumn(b, e.Name, e.Pos)
	}
	c.addProblem(e.Pos, "%s has no attribute '%s'", describeValue(base), e.Name)
	return unknown{}
}

// evalSubscript is df['column'], df[['a', 'b']], df['a', 'b'], df[mask] or df.ctx['key'].
func (c *checker) evalSubscript(e syntax.IndexExpr, scope map[string]value) value {
	base, index := c.evalExpression(e.Base, scope), c.evalExpression(e.Index, scope)
	switch b := base.(type) {
	case unknown:
		return unknown{}
	case context:
		if c.isElsewhere(e.Base) {
			return unknown{}
		}
		return c.readMetadata(b.frame, index, e.Index.Position())
	case *frame:
		if c.isElsewhere(e.Base) {
			return unknown{}
		}
		return c.subscriptFrame(b, index, e.Index.Position())
	case sequence, dictionary:
		return unknown{}
	}
	c.addProblem(e.Pos, "%s cannot be subscripted", describeValue(base))
	return unknown{}
}

// isElsewhere reports whether a subscript is of another name than the dataframe of the assignment, and refuses it.
// Pixie accepts other.x there, and looks x up in the dataframe of the assignment, but it accepts neither other['x'] nor
// other.ctx['pod'] (ValidateSubscriptValue of ast_visitor.cc).
func (c *checker) isElsewhere(base syntax.Expression) bool {
	if attr, ok := base.(syntax.AttributeExpr); ok {
		base = attr.Base
	}
	n, ok := base.(syntax.NameExpr)
	if !ok || c.assignedFrame == "" || n.Name == c.assignedFrame {
		return false
	}
	c.addProblem(n.Pos, "name '%s' is not available in this context", n.Name)
	return true
}

func (c *checker) subscriptFrame(f *frame, index value, at syntax.Pos) value {
	switch index := index.(type) {
	case sequence:
		return c.keepColumns(f, index, at)
	case *expr:
		if s, ok := index.literal.(string); ok {
			return c.readColumn(f, s, at)
		}
		if mayBe(index, stringType) { // perhaps the name of a column
			return unknown{}
		}
		return c.filterRows(f, index, at)
	case unknown:
		return unknown{}
	}
	c.addProblem(at, "a dataframe is subscripted by a column, a list of columns or a condition, not by %s",
		describeValue(index))
	return unknown{}
}

func (c *checker) filterRows(f *frame, condition *expr, at syntax.Pos) *frame {
	made := c.addOperator(f, at, "")
	m := c.placeExpression(f, made, condition, at)
	if m.kind != anyType && m.kind != boolType {
		c.addProblem(at, "Expected Bool for Filter expression, got %s", m.kind)
	}
	made.guardedColumns = unionNames(made.guardedColumns, m.columns)
	return made
}

// keepColumns is df[['a', 'b']].
func (c *checker) keepColumns(f *frame, index sequence, at syntax.Pos) *frame {
	made := c.addOperator(f, at, "")
	made.columns, made.mayHaveMore = nil, false
	for _, item := range index.items {
		name, ok := literalText(item)
		if !ok {
			if !mayBe(item, stringType) {
				c.addProblem(at, "a list of columns holds their names, as texts, not %s", describeValue(item))
			}
			made.mayHaveMore = true
			continue
		}
		if made.surelyHas(name) {
			c.addProblem(at, "cannot specify the same column name more than once when keeping columns: '%s'", name)
		}
		col, ok := f.findColumn(name)
		if !ok {
			made.missing = append(made.missing, c.addMissing(name, at))
		}
		made.columns = append(made.columns, col)
	}
	return made
}

// readMetadata is df.ctx['key'].
func (c *checker) readMetadata(f *frame, index value, at syntax.Pos) value {
	key, ok := literalText(index)
	if !ok {
		if !mayBe(index, stringType) {
			c.addProblem(at, "metadata is named by a text, not by %s", describeValue(index))
		}
		return unknown{}
	}
	if _, ok := c.pixie.ctx[key]; !ok {
		c.addProblem(at, "Metadata '%s' not found", key)
		return unknown{}
	}
	return c.completeExpression(&expr{at: at, key: key, from: f})
}
