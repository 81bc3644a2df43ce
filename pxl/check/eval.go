package check

import (
	"strconv"

	"github.com/kernel-gossip/kernel-gossip/pxl/check/syntax"
)

// evalExpression returns the value of an expression.
func (c *checker) evalExpression(e syntax.Expression, scope map[string]value) value {
	if c.steps--; c.steps <= 0 {
		return unknown{}
	}
	switch e := e.(type) {
	case syntax.NameExpr:
		return c.lookupName(e, scope)
	case syntax.NumberExpr:
		return c.numberValue(e)
	case syntax.TextExpr:
		return &expr{meaning: meaning{kind: stringType}, literal: e.Value, text: e.ValuePos}
	case syntax.AttributeExpr:
		return c.evalAttribute(c.evalExpression(e.Base, scope), e)
	case syntax.IndexExpr:
		return c.evalSubscript(e, scope)
	case syntax.CallExpr:
		return c.evalCall(e, scope)
	case syntax.ListExpr:
		return sequence{c.evalAll(e.Items, scope), e.IsTuple}
	case syntax.DictExpr:
		d := dictionary{keys: c.evalAll(e.Keys, scope), values: c.evalAll(e.Values, scope)}
		for _, v := range e.Values {
			d.at = append(d.at, v.Position())
		}
		return d
	case syntax.RefusedExpr:
		c.addProblem(e.Pos, "Can't parse expression of type %s", e.Kind)
		return unknown{}
	}
	return c.evalOperator(e, scope)
}

// evalOperator is evalExpression for operators.
func (c *checker) evalOperator(e syntax.Expression, scope map[string]value) value {
	switch e := e.(type) {
	case syntax.BinaryExpr:
		return c.applyOperator(e.Pos, e.Operator, []syntax.Expression{e.Left, e.Right}, scope)
	case syntax.BooleanExpr:
		if len(e.Values) > 2 {
			c.addProblem(e.Pos, "Expected two arguments to '%s': put parentheses around two of them", e.Operator)
		}
		return c.applyOperator(e.Pos, e.Operator, e.Values, scope)
	case syntax.CompareExpr:
		if len(e.Operators) > 1 {
			c.addProblem(e.Pos, "comparisons cannot be chained: combine two with 'and'")
		}
		return c.applyOperator(e.Pos, e.Operators[0], e.Values, scope)
	case syntax.UnaryExpr:
		return c.applyOperator(e.Pos, "unary "+e.Operator, []syntax.Expression{e.Value}, scope)
	}
	return unknown{}
}

func (c *checker) evalAll(es []syntax.Expression, scope map[string]value) []value {
	var vs []value
	for _, e := range es {
		vs = append(vs, c.evalExpression(e, scope))
	}
	return vs
}

// builtins are the names that need no import.
var builtins = map[string]value{
	"str": typeObject{"str", stringType}, "int": typeObject{"int", int64Type}, "float": typeObject{"float", float64Type},
	"bool": typeObject{"bool", boolType}, "list": typeObject{"list", anyType}, "None": none{},
	"True": literalExpr(boolType, true), "False": literalExpr(boolType, false),
}

func (c *checker) lookupName(n syntax.NameExpr, scope map[string]value) value {
	for _, names := range []map[string]value{scope, c.globals, builtins} {
		if v, ok := names[n.Name]; ok {
			return v
		}
	}
	c.addProblem(n.Pos, "name '%s' is not defined", n.Name)
	return unknown{}
}

func (c *checker) numberValue(n syntax.NumberExpr) value {
	if n.IsFloat {
		f, err := strconv.ParseFloat(n.Text, 64)
		if err != nil {
			c.addProblem(n.Pos, "%s does not fit into FLOAT64", n.Text)
		}
		return literalExpr(float64Type, f)
	}
	i, err := strconv.ParseInt(n.Text, 10, 64)
	if err != nil {
		c.addProblem(n.Pos, "%s does not fit into INT64", n.Text)
	}
	return literalExpr(int64Type, i)
}

// functionOf has the function for each operator.
var functionOf = map[string]string{
	"*": "multiply", "+": "add", "%": "modulo", "-": "subtract", "/": "divide",
	"==": "equal", "!=": "notEqual", ">": "greaterThan", "<": "lessThan",
	"<=": "lessThanEqual", ">=": "greaterThanEqual", "and": "logicalAnd", "or": "logicalOr",
	"unary -": "negate", "unary not": "logicalNot", "unary ~": "invert",
}

func (c *checker) applyOperator(at syntax.Pos, op string, operands []syntax.Expression, scope map[string]value) value {
	values := c.evalAll(operands, scope)
	if op == "unary +" {
		return values[0]
	}
	fn, ok := functionOf[op]
	if !ok {
		c.addProblem(at, "Operator '%s' not handled", op)
		return unknown{}
	}
	for i, o := range operands {
		switch v := values[i].(type) {
		case *expr, unknown:
		default:
			c.addProblem(o.Position(), "operator '%s' does not take %s", op, describeValue(v))
			return unknown{}
		}
	}
	if len(values) > 2 {
		return unknown{}
	}
	made := c.applyUDF(at, fn, values)
	foldLiterals(made, op, values)
	return made
}

// foldLiterals computes texts and numbers that consist of literals, because tables, times and programs may be such.
func foldLiterals(e *expr, op string, values []value) {
	right := literalOf(values[len(values)-1])
	switch a := literalOf(values[0]).(type) {
	case string:
		if b, ok := right.(string); ok && op == "+" && len(a)+len(b) <= MaxBytes {
			e.literal, e.text = a+b, values[0].(*expr).text
		}
	case int64:
		b, ok := right.(int64)
		switch {
		case op == "unary -":
			e.literal = -a
		case !ok:
		case op == "+":
			e.literal = a + b
		case op == "-":
			e.literal = a - b
		case op == "*":
			e.literal = a * b
		}
	case float64:
		if op == "unary -" {
			e.literal = -a
		}
	}
}

// literalOf returns the value of a literal; nil for another value.
func literalOf(v value) any {
	if e, ok := v.(*expr); ok {
		return e.literal
	}
	return nil
}

// literalText returns the value of a text literal.
func literalText(v value) (string, bool) {
	e, ok := v.(*expr)
	if !ok {
		return "", false
	}
	s, ok := e.literal.(string)
	return s, ok
}

func literalExpr(kind dataType, literal any) *expr {
	return &expr{meaning: meaning{kind: kind}, literal: literal}
}

// argumentExpr returns a literal that only a caller, or only Pixie, knows.
func argumentExpr(kind dataType) *expr { return &expr{meaning: meaning{kind: kind}, argument: true} }

// mayBe reports whether a value that is not known here may be a literal of that type.
func mayBe(v value, kind dataType) bool {
	switch v := v.(type) {
	case unknown:
		return true
	case *expr:
		return v.argument && (v.kind == kind || v.kind == anyType)
	}
	return false
}
