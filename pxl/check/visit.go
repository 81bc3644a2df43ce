package check

import (
	"slices"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/pxl/check/internal/quote"
	"github.com/kernel-gossip/kernel-gossip/pxl/check/syntax"
)

// visitStatements follows statements. It returns the value that a function returns, or nil without a return statement.
func (c *checker) visitStatements(body []syntax.Statement, scope map[string]value) value {
	for i, s := range body {
		switch s := s.(type) {
		case syntax.ImportStmt:
			c.importModules(s, scope)
		case syntax.ExprStmt:
			if _, doc := s.Value.(syntax.TextExpr); doc && i > 0 {
				c.addWarning(s.Pos, "a text that nothing uses")
			}
			c.evalExpression(s.Value, scope)
		case syntax.AssignStmt:
			c.visitAssignment(s, scope)
		case syntax.DefStmt:
			c.defineFunction(s, scope)
		case syntax.ReturnStmt:
			if c.calls == 0 {
				c.addProblem(s.Pos, "return outside of a function")
				continue
			}
			if s.Value == nil {
				return none{}
			}
			return c.evalExpression(s.Value, scope)
		case syntax.RefusedStmt:
			c.addProblem(s.Pos, "Can't parse expression of type %s", s.Kind)
		}
	}
	return nil
}

var importable = strings.Fields("px pxtrace pxconfig pxviews")

func (c *checker) importModules(s syntax.ImportStmt, scope map[string]value) {
	if len(s.Modules) > 1 {
		c.addProblem(s.Pos, "one import imports one module: write a line for each")
	}
	for _, m := range s.Modules {
		root, _, _ := strings.Cut(m.Module, ".")
		if !slices.Contains(importable, root) || root != m.Module && !s.IsFrom {
			c.addProblem(s.Pos, "ModuleNotFoundError: No module named %s", quote.Text(m.Module))
			continue
		}
		switch root {
		case "pxtrace":
			c.tracePos = s.Pos
		case "pxviews":
			c.viewsPos = s.Pos
		}
		if s.IsFrom {
			continue
		}
		as := m.Module
		if m.Alias != "" {
			as = m.Alias
		}
		scope[as] = member{m.Module}
	}
}

// defineFunction defines a function. A call visits its body.
func (c *checker) defineFunction(d syntax.DefStmt, scope map[string]value) {
	if len(d.Decorators) > 1 {
		c.addProblem(d.Decorators[1].Position(), "a function has at most one decorator")
	}
	for _, e := range d.Decorators {
		switch v := c.evalExpression(e, scope).(type) {
		case unknown:
		case member:
			if v.name != "decorator" {
				c.addProblem(e.Position(), "%s is no decorator", v.name)
			}
		default:
			c.addProblem(e.Position(), "%s is no decorator", describeValue(v))
		}
	}
	seen := map[string]bool{}
	for _, p := range d.Parameters {
		if seen[p.Name] {
			c.addProblem(p.Pos, "parameter %s occurs twice", quote.Text(p.Name))
		}
		seen[p.Name] = true
		if p.Annotation == nil {
			continue
		}
		switch v := c.evalExpression(p.Annotation, scope).(type) {
		case unknown, typeObject:
		default:
			c.addProblem(p.Annotation.Position(), "%s is no type", describeValue(v))
		}
	}
	f := &function{def: &d}
	scope[d.Name] = f
	c.functions = append(c.functions, f)
}

// applyFunction visits the body of a function.
func (c *checker) applyFunction(f *function, args []value) value {
	f.called = true
	if c.calls >= maxCalls {
		c.addProblem(f.def.Pos, "%s calls itself without end", f.def.Name)
		return unknown{}
	}
	c.calls++
	mapping := c.assignedFrame
	c.assignedFrame = ""
	defer func() { c.calls--; c.assignedFrame = mapping }()
	scope := map[string]value{}
	for i, p := range f.def.Parameters {
		scope[p.Name] = args[i]
	}
	if v := c.visitStatements(f.def.Body, scope); v != nil {
		return v
	}
	return none{}
}

var constants = strings.Fields("None True False")

func (c *checker) visitAssignment(s syntax.AssignStmt, scope map[string]value) {
	if len(s.Targets) > 1 {
		c.addProblem(s.Pos, "an assignment has one target")
	}
	switch t := s.Targets[0].(type) {
	case syntax.NameExpr:
		if slices.Contains(constants, t.Name) {
			c.addProblem(t.Pos, "cannot assign to %s", t.Name)
			return
		}
		scope[t.Name] = c.evalExpression(s.Value, scope)
	case syntax.AttributeExpr:
		c.assignColumn(t.Base, t.Name, s, scope)
	case syntax.IndexExpr:
		index := c.evalExpression(t.Index, scope)
		column, ok := literalText(index)
		if !ok {
			if !mayBe(index, stringType) {
				c.addProblem(t.Index.Position(), "a column is named by a text, not by %s", describeValue(index))
			}
		}
		c.assignColumn(t.Base, column, s, scope)
	default:
		c.addProblem(t.Position(), "the target of an assignment is a name or a column of a dataframe")
		c.evalExpression(s.Value, scope)
	}
}

// assignColumn computes a column of the frame that base names. The column has no name if its name is not known here.
func (c *checker) assignColumn(base syntax.Expression, columnName string, s syntax.AssignStmt, scope map[string]value) {
	n, ok := base.(syntax.NameExpr)
	if !ok {
		if c.setMember(base, columnName, s, scope) {
			return
		}
		c.addProblem(base.Position(), "a column is assigned to a dataframe that has a name")
		c.evalExpression(s.Value, scope)
		return
	}
	switch f := c.evalExpression(n, scope).(type) {
	case *frame:
		outer := c.assignedFrame
		c.assignedFrame = n.Name
		v := c.evalExpression(s.Value, scope)
		c.assignedFrame = outer
		scope[n.Name] = c.mapColumn(f, columnName, v, s)
	case unknown:
		c.evalExpression(s.Value, scope)
	default:
		if c.setMember(base, columnName, s, scope) {
			return
		}
		c.addProblem(n.Pos, "%s has no columns", describeValue(f))
		c.evalExpression(s.Value, scope)
	}
}

// mapColumn returns the frame with one more column.
func (c *checker) mapColumn(f *frame, name string, v value, s syntax.AssignStmt) *frame {
	made := c.addOperator(f, s.Pos, "")
	col := column{name: name}
	var m meaning
	switch v := v.(type) {
	case *expr:
		m = c.placeExpression(f, made, v, s.Value.Position())
		col.kind, col.isPercent = m.kind, m.isPercent
	case unknown:
	default:
		c.addProblem(s.Value.Position(), "a column cannot be %s", describeValue(v))
	}
	if name == "" {
		return made.withUnknownColumns()
	}
	f.fillMissing(made, name, m.columns)
	made.set(col)
	return made
}

// setMember assigns to a member of a module, as in px.Pod = str, and reports whether base is a module. A function stays
// a function, because Pixie looks for functions first.
func (c *checker) setMember(base syntax.Expression, name string, s syntax.AssignStmt, scope map[string]value) bool {
	if _, call := base.(syntax.CallExpr); call {
		return false
	}
	module, ok := c.evalExpression(base, scope).(member)
	if !ok || !slices.Contains(importable, module.name) && !slices.Contains(submodules, module.name) {
		return false
	}
	v, full := c.evalExpression(s.Value, scope), module.name+"."+name
	if _, special := signatures[full]; !special && !c.pixie.isFunction(name) {
		c.members[full] = v
	}
	return true
}
