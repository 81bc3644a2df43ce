package syntax

// parseTuple reads an expression, or several with commas between them.
func (p *parser) parseTuple() Expression {
	first := p.parseExpression()
	if !p.isOp(",") {
		return first
	}
	t := ListExpr{Pos: first.Position(), Items: []Expression{first}, IsTuple: true}
	for p.acceptToken(operatorToken, ",") {
		if !p.startsExpr() {
			break
		}
		t.Items = append(t.Items, p.parseExpression())
	}
	return t
}

// startsExpr reports whether an expression can begin here.
func (p *parser) startsExpr() bool {
	switch p.current.kind {
	case nameToken, integerToken, floatToken, textToken:
		return true
	case keywordToken:
		return p.current.text == "not" || p.current.text == "lambda"
	case operatorToken:
		switch p.current.text {
		case "(", "[", "{", "-", "+", "~", "`":
			return true
		}
	case endToken, newlineToken, indentToken, dedentToken:
	}
	return false
}

// parseExpression reads one expression.
func (p *parser) parseExpression() Expression {
	p.enterNesting()
	defer p.leaveNesting()
	if p.isWord("lambda") {
		at := p.takeToken().at
		for !p.isOp(":") {
			if p.current.kind == newlineToken || p.current.kind == endToken {
				p.failSyntax("expected \":\"")
			}
			p.takeToken()
		}
		p.takeToken()
		p.parseExpression()
		return RefusedExpr{at, "Lambda"}
	}
	e := p.parseBoolean("or")
	if !p.isWord("if") {
		return e
	}
	p.takeToken()
	p.parseBoolean("or")
	if !p.acceptToken(keywordToken, "else") {
		p.failSyntax("expected else")
	}
	p.parseExpression()
	return RefusedExpr{e.Position(), "IfExp"}
}

// parseBoolean reads "a or b" and "a and b". A chain is one node, as in libpypa.
func (p *parser) parseBoolean(op string) Expression {
	operand := func() Expression {
		if op == "or" {
			return p.parseBoolean("and")
		}
		return p.parseNot()
	}
	first := operand()
	if !p.isWord(op) {
		return first
	}
	b := BooleanExpr{p.current.at, op, []Expression{first}}
	for p.acceptToken(keywordToken, op) {
		b.Values = append(b.Values, operand())
	}
	return b
}

func (p *parser) parseNot() Expression {
	if !p.isWord("not") {
		return p.parseComparison()
	}
	p.enterNesting()
	defer p.leaveNesting()
	at := p.takeToken().at
	return UnaryExpr{at, "not", p.parseNot()}
}

func (p *parser) parseComparison() Expression {
	first := p.parseBinary(0)
	c := CompareExpr{Pos: p.current.at, Values: []Expression{first}}
	for op := p.parseCompareOperator(); op != ""; op = p.parseCompareOperator() {
		c.Operators = append(c.Operators, op)
		c.Values = append(c.Values, p.parseBinary(0))
	}
	if len(c.Operators) == 0 {
		return first
	}
	return c
}

var compareOperators = wordSet("== != <> < > <= >=")

// parseCompareOperator reads an operator that compares; it returns "" if there is none.
func (p *parser) parseCompareOperator() string {
	op := p.current.text
	switch {
	case p.current.kind == operatorToken && compareOperators[op], p.isWord("in"):
		p.takeToken()
		return op
	case p.acceptToken(keywordToken, "is"):
		if p.acceptToken(keywordToken, "not") {
			return "is not"
		}
		return op
	case p.acceptToken(keywordToken, "not"):
		if !p.acceptToken(keywordToken, "in") {
			p.failSyntax("expected in")
		}
		return "not in"
	}
	return ""
}

// binaryLevels are the binary operators, the lowest precedence first.
var binaryLevels = []map[string]bool{
	wordSet("|"), wordSet("^"), wordSet("&"), wordSet("<< >>"), wordSet("+ -"), wordSet("* / % // @"),
}

func (p *parser) parseBinary(level int) Expression {
	if level == len(binaryLevels) {
		return p.parseUnary()
	}
	left := p.parseBinary(level + 1)
	for n := 0; p.current.kind == operatorToken && binaryLevels[level][p.current.text]; n++ {
		op := p.takeToken()
		p.limitChain(n)
		if op.text == "@" {
			panic(ParseError{op.at, "invalid syntax: \"@\""})
		}
		left = BinaryExpr{op.at, op.text, left, p.parseBinary(level + 1)}
	}
	return left
}

func (p *parser) parseUnary() Expression {
	if p.isOp("-") || p.isOp("+") || p.isOp("~") {
		p.enterNesting()
		defer p.leaveNesting()
		op := p.takeToken()
		return UnaryExpr{op.at, op.text, p.parseUnary()}
	}
	base := p.parseTrailers()
	if !p.isOp("**") {
		return base
	}
	p.enterNesting()
	defer p.leaveNesting()
	op := p.takeToken()
	return BinaryExpr{op.at, op.text, base, p.parseUnary()}
}

// parseTrailers reads a value and the calls, attributes and indexes after it.
func (p *parser) parseTrailers() Expression {
	e := p.parseAtom()
	for n := 0; ; n++ {
		p.limitChain(n)
		switch {
		case p.acceptToken(operatorToken, "."):
			n := p.parseIdentifier()
			e = AttributeExpr{n.at, e, n.text}
		case p.isOp("("):
			e = p.parseCall(e)
		case p.isOp("["):
			at := p.takeToken().at
			e = IndexExpr{at, e, p.parseIndex()}
			p.expectOperator("]")
		default:
			return e
		}
	}
}

// limitChain refuses a chain of operators that would make the tree too deep to visit.
func (p *parser) limitChain(n int) {
	if n > 10*maxNesting {
		panic(ParseError{p.current.at, "nested too deeply"})
	}
}

// parseIndex reads the index in the brackets after a value.
func (p *parser) parseIndex() Expression {
	at := p.current.at
	var first Expression
	if !p.isOp(":") {
		first = p.parseTuple()
	}
	if !p.isOp(":") {
		return first
	}
	for p.acceptToken(operatorToken, ":") {
		if p.startsExpr() {
			p.parseExpression()
		}
	}
	return RefusedExpr{at, "Slice"}
}

// parseCall reads arguments. Between named arguments the comma may be missing: libpypa accepts that, and Pixie's own
// scripts do it.
func (p *parser) parseCall(fn Expression) Expression {
	p.enterNesting()
	defer p.leaveNesting()
	c := CallExpr{Pos: fn.Position(), Function: fn}
	p.expectOperator("(")
	for !p.isOp(")") {
		switch {
		case p.isOp("*") || p.isOp("**"):
			at := p.takeToken().at
			p.parseExpression()
			c.Arguments = append(c.Arguments, RefusedExpr{at, "Starred"})
		case p.current.kind == nameToken && p.peek().kind == operatorToken && p.peek().text == "=":
			n := p.takeToken()
			p.takeToken()
			c.Named = append(c.Named, NamedArgument{n.at, n.text, p.parseExpression()})
			if p.current.kind == nameToken && p.peek().kind == operatorToken && p.peek().text == "=" {
				continue
			}
		default:
			if len(c.Named) > 0 {
				p.failSyntax("positional argument after a named one")
			}
			arg := p.parseExpression()
			if p.isWord("for") {
				arg = p.parseComprehension(arg, "GeneratorExp")
			}
			c.Arguments = append(c.Arguments, arg)
		}
		if !p.acceptToken(operatorToken, ",") {
			break
		}
	}
	p.expectOperator(")")
	return c
}

// parseAtom reads a name, a literal, or an expression in brackets.
func (p *parser) parseAtom() Expression {
	t := p.current
	switch {
	case t.kind == nameToken:
		p.takeToken()
		return NameExpr{t.at, t.text}
	case t.kind == integerToken, t.kind == floatToken:
		p.takeToken()
		return NumberExpr{t.at, t.text, t.kind == floatToken}
	case t.kind == textToken:
		p.takeToken()
		e := TextExpr{t.at, t.text, t.valuePos}
		for p.current.kind == textToken {
			e.Value += p.takeToken().text
		}
		return e
	case p.isOp("("):
		return p.parseParenthesis()
	case p.isOp("["):
		p.takeToken()
		return p.parseList("]", ListExpr{Pos: t.at}, "ListComp")
	case p.isOp("{"):
		p.takeToken()
		return p.parseDict(t.at)
	case p.isOp("`"):
		panic(ParseError{t.at, "invalid syntax: \"`\""})
	}
	p.failSyntax("expected an expression")
	return nil
}

func (p *parser) parseParenthesis() Expression {
	at := p.takeToken().at
	if p.acceptToken(operatorToken, ")") {
		return ListExpr{Pos: at, IsTuple: true}
	}
	e := p.parseTuple()
	if p.isWord("for") {
		e = p.parseComprehension(e, "GeneratorExp")
	}
	p.expectOperator(")")
	return e
}

func (p *parser) parseList(end string, l ListExpr, comprehension string) Expression {
	for !p.isOp(end) {
		item := p.parseExpression()
		if p.isWord("for") {
			e := p.parseComprehension(item, comprehension)
			p.expectOperator(end)
			return e
		}
		l.Items = append(l.Items, item)
		if !p.acceptToken(operatorToken, ",") {
			break
		}
	}
	p.expectOperator(end)
	return l
}

// parseComprehension skips the rest of a comprehension, from its first for on.
func (p *parser) parseComprehension(e Expression, kind string) Expression {
	for p.isWord("for") || p.isWord("if") {
		if p.takeToken().text == "for" {
			for !p.acceptToken(keywordToken, "in") {
				if p.current.kind != nameToken && !p.isOp(",") && !p.isOp("(") && !p.isOp(")") {
					p.failSyntax("expected in")
				}
				p.takeToken()
			}
		}
		p.parseBoolean("or")
	}
	return RefusedExpr{e.Position(), kind}
}

func (p *parser) parseDict(at Pos) Expression {
	d := DictExpr{Pos: at}
	for !p.isOp("}") {
		key := p.parseExpression()
		if !p.isOp(":") { // a set
			if p.isWord("for") {
				p.parseComprehension(key, "SetComp")
				p.expectOperator("}")
				return RefusedExpr{at, "SetComp"}
			}
			if p.acceptToken(operatorToken, ",") {
				p.parseList("}", ListExpr{}, "SetComp")
			} else {
				p.expectOperator("}")
			}
			return RefusedExpr{at, "Set"}
		}
		p.takeToken()
		d.Keys = append(d.Keys, key)
		d.Values = append(d.Values, p.parseExpression())
		if p.isWord("for") {
			p.parseComprehension(key, "DictComp")
			p.expectOperator("}")
			return RefusedExpr{at, "DictComp"}
		}
		if !p.acceptToken(operatorToken, ",") {
			break
		}
	}
	p.expectOperator("}")
	return d
}
