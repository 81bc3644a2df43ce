package check

import (
	"slices"
	"strconv"
)

// eval finds what an expression stands for.
func (c *checker) eval(e expression, scope map[string]value) value {
	if c.steps--; c.steps <= 0 {
		return unknown{}
	}
	switch e := e.(type) {
	case nameExpr:
		return c.lookup(e, scope)
	case numberExpr:
		return c.number(e)
	case textExpr:
		return &expr{kind: stringType, literal: e.value, at: e.body}
	case attrExpr:
		return c.attribute(c.eval(e.base, scope), e)
	case indexExpr:
		return c.subscript(e, scope)
	case callExpr:
		return c.call(e, scope)
	case listExpr:
		return sequence{c.evalAll(e.items, scope), e.tuple}
	case dictExpr:
		d := dictionary{keys: c.evalAll(e.keys, scope), values: c.evalAll(e.values, scope)}
		for _, v := range e.values {
			d.at = append(d.at, v.where())
		}
		return d
	case refusedExpr:
		c.say(e.pos, "Can't parse expression of type %s", e.kind)
		return unknown{}
	}
	return c.evalOperator(e, scope)
}

// evalOperator is eval for operators.
func (c *checker) evalOperator(e expression, scope map[string]value) value {
	switch e := e.(type) {
	case binaryExpr:
		return c.operation(e.pos, e.op, []expression{e.left, e.right}, scope)
	case boolExpr:
		if len(e.values) > 2 {
			c.say(e.pos, "Expected two arguments to '%s': put parentheses around two of them", e.op)
		}
		return c.operation(e.pos, e.op, e.values, scope)
	case compareExpr:
		if len(e.ops) > 1 {
			c.say(e.pos, "comparisons cannot be chained: combine two with 'and'")
		}
		return c.operation(e.pos, e.ops[0], e.values, scope)
	case unaryExpr:
		return c.operation(e.pos, "unary "+e.op, []expression{e.value}, scope)
	}
	return unknown{}
}

func (c *checker) evalAll(es []expression, scope map[string]value) []value {
	var vs []value
	for _, e := range es {
		vs = append(vs, c.eval(e, scope))
	}
	return vs
}

// builtins are the names that need no import.
var builtins = map[string]value{
	"str": typeObject{"str", stringType}, "int": typeObject{"int", int64Type}, "float": typeObject{"float", float64T},
	"bool": typeObject{"bool", boolean}, "list": typeObject{"list", anyType}, "None": none{},
	"True": &expr{kind: boolean, literal: true}, "False": &expr{kind: boolean, literal: false},
}

func (c *checker) lookup(n nameExpr, scope map[string]value) value {
	for _, names := range []map[string]value{scope, c.globals, builtins} {
		if v, ok := names[n.name]; ok {
			return v
		}
	}
	c.say(n.pos, "name '%s' is not defined", n.name)
	return unknown{}
}

func (c *checker) number(n numberExpr) value {
	if n.isFloat {
		f, err := strconv.ParseFloat(n.text, 64)
		if err != nil {
			c.say(n.pos, "%s does not fit into FLOAT64", n.text)
		}
		return &expr{kind: float64T, literal: f}
	}
	i, err := strconv.ParseInt(n.text, 10, 64)
	if err != nil {
		c.say(n.pos, "%s does not fit into INT64", n.text)
	}
	return &expr{kind: int64Type, literal: i}
}

// functionOf names the function behind an operator.
var functionOf = map[string]string{
	"*": "multiply", "+": "add", "%": "modulo", "-": "subtract", "/": "divide", ">": "greaterThan", "<": "lessThan", "==": "equal",
	"!=": "notEqual", "<=": "lessThanEqual", ">=": "greaterThanEqual", "and": "logicalAnd", "or": "logicalOr",
	"unary -": "negate", "unary not": "logicalNot", "unary ~": "invert",
}

func (c *checker) operation(at pos, op string, operands []expression, scope map[string]value) value {
	values := c.evalAll(operands, scope)
	if op == "unary +" {
		return values[0]
	}
	fn, ok := functionOf[op]
	if !ok {
		c.say(at, "Operator '%s' not handled", op)
		return unknown{}
	}
	for i, o := range operands {
		switch v := values[i].(type) {
		case *expr, unknown:
		default:
			c.say(o.where(), "operator '%s' does not take %s", op, describe(v))
			return unknown{}
		}
	}
	if len(values) > 2 {
		return unknown{}
	}
	made := c.udf(at, fn, values)
	if e, ok := made.(*expr); ok {
		fold(e, op, values)
		if d, divides := values[len(values)-1].(*expr); op == "/" && divides {
			e.divide(at, d)
		}
	}
	return made
}

// divide notes a division whose divisor may be zero. A literal that is not 0 never is; of one that only a caller knows nothing is said.
func (e *expr) divide(at pos, divisor *expr) {
	switch n := divisor.literal.(type) {
	case int64:
		if n != 0 {
			return
		}
	case float64:
		if n != 0 {
			return
		}
	case nil:
		if len(divisor.columns) == 0 {
			return
		}
	}
	e.divides = append(e.divides, division{at, divisor.columns})
}

// fold keeps texts and numbers that only literals make: tables, times and programs may be such.
func fold(e *expr, op string, values []value) {
	right := literalOf(values[len(values)-1])
	switch a := literalOf(values[0]).(type) {
	case string:
		if b, ok := right.(string); ok && op == "+" && len(a)+len(b) <= MaxBytes {
			e.literal, e.at = a+b, values[0].(*expr).at
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

// udf applies a scalar function to values.
func (c *checker) udf(at pos, fn string, args []value) value {
	forms := c.pixie.udfs[fn]
	made := &expr{argument: len(args) > 0}
	var kinds []dataType
	for _, a := range args {
		e, ok := a.(*expr)
		if !ok {
			kinds = append(kinds, anyType)
			made.argument = false
			continue
		}
		kinds = append(kinds, e.kind)
		made.argument = made.argument && (e.argument || e.literal != nil)
		made.columns = union(made.columns, e.columns)
		made.divides = append(made.divides, e.divides...)
		if e.pem != "" {
			made.pem = e.pem
		}
		made.kelvin = made.kelvin || e.kelvin
	}
	o, ok := resolve(forms, kinds)
	if !ok {
		c.say(at, "Could not find UDF '%s' with arguments %s", fn, typeList(kinds))
		return unknown{}
	}
	made.kind = o.returns
	switch o.executor {
	case "PEM":
		made.pem = fn
	case "KELVIN":
		made.kelvin = true
	}
	for i, a := range args {
		if i < o.literals && isComputed(a) {
			c.say(at, "argument %d of %s must be a literal", i+1, fn)
		}
	}
	if fn == "select" {
		made.guard(args[0])
	}
	return made
}

// isComputed says whether a value is known to be no literal.
func isComputed(v value) bool {
	e, ok := v.(*expr)
	return ok && e.literal == nil && !e.argument
}

// guard drops the divisions whose divisor the condition has looked at.
func (e *expr) guard(condition value) {
	if by, ok := condition.(*expr); ok {
		e.divides = slices.DeleteFunc(e.divides, func(d division) bool { return overlap(d.columns, by.columns) })
	}
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

// divisions warns of those that nothing guards.
func (c *checker) divisions(e *expr, guarded []string) {
	for _, d := range e.divides {
		if !overlap(d.columns, guarded) {
			c.warn(d.at, "division by what may be 0 gives Inf or NaN, and a NaN ends px run -o json: guard it with px.select")
		}
	}
	e.divides = nil
}

// literalOf is the value of a literal; nil: not a literal.
func literalOf(v value) any {
	if e, ok := v.(*expr); ok {
		return e.literal
	}
	return nil
}

// literalText is the value of a text literal.
func literalText(v value) (string, bool) {
	e, ok := v.(*expr)
	if !ok {
		return "", false
	}
	s, ok := e.literal.(string)
	return s, ok
}

func isArgument(v value) bool {
	e, ok := v.(*expr)
	return ok && e.argument
}
