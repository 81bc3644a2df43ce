package check

import "strconv"

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
		return &expr{meaning: meaning{kind: stringType}, literal: e.value, text: e.body}
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
	"True": literalExpr(boolean, true), "False": literalExpr(boolean, false),
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
		return literalExpr(float64T, f)
	}
	i, err := strconv.ParseInt(n.text, 10, 64)
	if err != nil {
		c.say(n.pos, "%s does not fit into INT64", n.text)
	}
	return literalExpr(int64Type, i)
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
	fold(made, op, values)
	return made
}

// fold keeps texts and numbers that only literals make: tables, times and programs may be such.
func fold(e *expr, op string, values []value) {
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

func literalExpr(kind dataType, literal any) *expr {
	return &expr{meaning: meaning{kind: kind}, literal: literal}
}

// argumentExpr is a literal that only a caller, or only Pixie, knows.
func argumentExpr(kind dataType) *expr { return &expr{meaning: meaning{kind: kind}, argument: true} }

// mayBe says whether a value that is not known here may turn out to be a literal of that type.
func mayBe(v value, kind dataType) bool {
	switch v := v.(type) {
	case unknown:
		return true
	case *expr:
		return v.argument && (v.kind == kind || v.kind == anyType)
	}
	return false
}
