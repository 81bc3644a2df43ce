package check

// tuple reads an expression, or several with commas between them.
func (p *parser) tuple() expression {
	first := p.expr()
	if !p.isOp(",") {
		return first
	}
	t := listExpr{pos: first.where(), items: []expression{first}, tuple: true}
	for p.accept(operator, ",") {
		if !p.startsExpr() {
			break
		}
		t.items = append(t.items, p.expr())
	}
	return t
}

// startsExpr says whether an expression can begin here.
func (p *parser) startsExpr() bool {
	switch p.tok.kind {
	case name, integer, float, text:
		return true
	case keyword:
		return p.tok.text == "not" || p.tok.text == "lambda"
	case operator:
		switch p.tok.text {
		case "(", "[", "{", "-", "+", "~", "`":
			return true
		}
	case endOfFile, newline, indent, dedent:
	}
	return false
}

// expr reads one expression.
func (p *parser) expr() expression {
	p.enter()
	defer p.leave()
	if p.isWord("lambda") {
		at := p.advance().at
		for !p.isOp(":") {
			if p.tok.kind == newline || p.tok.kind == endOfFile {
				p.fail("expected \":\"")
			}
			p.advance()
		}
		p.advance()
		p.expr()
		return refusedExpr{at, "Lambda"}
	}
	e := p.boolean("or")
	if !p.isWord("if") {
		return e
	}
	p.advance()
	p.boolean("or")
	if !p.accept(keyword, "else") {
		p.fail("expected else")
	}
	p.expr()
	return refusedExpr{e.where(), "IfExp"}
}

// boolean reads a or b and a and b; a chain is one node, as libpypa makes it.
func (p *parser) boolean(op string) expression {
	operand := func() expression {
		if op == "or" {
			return p.boolean("and")
		}
		return p.not()
	}
	first := operand()
	if !p.isWord(op) {
		return first
	}
	b := boolExpr{p.tok.at, op, []expression{first}}
	for p.accept(keyword, op) {
		b.values = append(b.values, operand())
	}
	return b
}

func (p *parser) not() expression {
	if !p.isWord("not") {
		return p.comparison()
	}
	p.enter()
	defer p.leave()
	at := p.advance().at
	return unaryExpr{at, "not", p.not()}
}

func (p *parser) comparison() expression {
	first := p.binary(0)
	c := compareExpr{pos: p.tok.at, values: []expression{first}}
	for op := p.compareOp(); op != ""; op = p.compareOp() {
		c.ops = append(c.ops, op)
		c.values = append(c.values, p.binary(0))
	}
	if len(c.ops) == 0 {
		return first
	}
	return c
}

var comparisons = set("== != <> < > <= >=")

// compareOp reads an operator that compares; empty: there is none.
func (p *parser) compareOp() string {
	op := p.tok.text
	switch {
	case p.tok.kind == operator && comparisons[op], p.isWord("in"):
		p.advance()
		return op
	case p.accept(keyword, "is"):
		if p.accept(keyword, "not") {
			return "is not"
		}
		return op
	case p.accept(keyword, "not"):
		if !p.accept(keyword, "in") {
			p.fail("expected in")
		}
		return "not in"
	}
	return ""
}

// levels are the binary operators, those that bind loosest first.
var levels = []map[string]bool{set("|"), set("^"), set("&"), set("<< >>"), set("+ -"), set("* / % // @")}

func (p *parser) binary(level int) expression {
	if level == len(levels) {
		return p.unary()
	}
	left := p.binary(level + 1)
	for n := 0; p.tok.kind == operator && levels[level][p.tok.text]; n++ {
		op := p.advance()
		p.chained(n)
		if op.text == "@" {
			panic(syntaxError{op.at, "invalid syntax: \"@\""})
		}
		left = binaryExpr{op.at, op.text, left, p.binary(level + 1)}
	}
	return left
}

func (p *parser) unary() expression {
	if p.isOp("-") || p.isOp("+") || p.isOp("~") {
		p.enter()
		defer p.leave()
		op := p.advance()
		return unaryExpr{op.at, op.text, p.unary()}
	}
	base := p.trailers()
	if !p.isOp("**") {
		return base
	}
	p.enter()
	defer p.leave()
	op := p.advance()
	return binaryExpr{op.at, op.text, base, p.unary()}
}

// trailers reads a value and the calls, attributes and indexes behind it.
func (p *parser) trailers() expression {
	e := p.atom()
	for n := 0; ; n++ {
		p.chained(n)
		switch {
		case p.accept(operator, "."):
			n := p.identifier()
			e = attrExpr{n.at, e, n.text}
		case p.isOp("("):
			e = p.call(e)
		case p.isOp("["):
			at := p.advance().at
			e = indexExpr{at, e, p.index()}
			p.expect("]")
		default:
			return e
		}
	}
}

// chained refuses a chain of operators so long that who visits the tree would go too deep.
func (p *parser) chained(n int) {
	if n > 10*maxNesting {
		panic(syntaxError{p.tok.at, "nested too deeply"})
	}
}

// index reads what stands in brackets behind a value.
func (p *parser) index() expression {
	at := p.tok.at
	var first expression
	if !p.isOp(":") {
		first = p.tuple()
	}
	if !p.isOp(":") {
		return first
	}
	for p.accept(operator, ":") {
		if p.startsExpr() {
			p.expr()
		}
	}
	return refusedExpr{at, "Slice"}
}

// call reads arguments. Between named ones the comma may be missing: libpypa takes that, and Pixie's own scripts do it.
func (p *parser) call(fn expression) expression {
	p.enter()
	defer p.leave()
	c := callExpr{pos: fn.where(), fn: fn}
	p.expect("(")
	for !p.isOp(")") {
		switch {
		case p.isOp("*") || p.isOp("**"):
			at := p.advance().at
			p.expr()
			c.args = append(c.args, refusedExpr{at, "Starred"})
		case p.tok.kind == name && p.peek().kind == operator && p.peek().text == "=":
			n := p.advance()
			p.advance()
			c.named = append(c.named, namedArg{n.at, n.text, p.expr()})
			if p.tok.kind == name && p.peek().kind == operator && p.peek().text == "=" {
				continue
			}
		default:
			if len(c.named) > 0 {
				p.fail("positional argument behind a named one")
			}
			arg := p.expr()
			if p.isWord("for") {
				arg = p.comprehension(arg, "GeneratorExp")
			}
			c.args = append(c.args, arg)
		}
		if !p.accept(operator, ",") {
			break
		}
	}
	p.expect(")")
	return c
}

// atom reads a name, a literal, or what stands in brackets.
func (p *parser) atom() expression {
	t := p.tok
	switch {
	case t.kind == name:
		p.advance()
		return nameExpr{t.at, t.text}
	case t.kind == integer, t.kind == float:
		p.advance()
		return numberExpr{t.at, t.text, t.kind == float}
	case t.kind == text:
		p.advance()
		e := textExpr{t.at, t.text, t.body}
		for p.tok.kind == text {
			e.value += p.advance().text
		}
		return e
	case p.isOp("("):
		return p.parenthesis()
	case p.isOp("["):
		p.advance()
		return p.list("]", listExpr{pos: t.at}, "ListComp")
	case p.isOp("{"):
		p.advance()
		return p.dict(t.at)
	case p.isOp("`"):
		panic(syntaxError{t.at, "invalid syntax: \"`\""})
	}
	p.fail("expected an expression")
	return nil
}

func (p *parser) parenthesis() expression {
	at := p.advance().at
	if p.accept(operator, ")") {
		return listExpr{pos: at, tuple: true}
	}
	e := p.tuple()
	if p.isWord("for") {
		e = p.comprehension(e, "GeneratorExp")
	}
	p.expect(")")
	return e
}

func (p *parser) list(end string, l listExpr, comprehension string) expression {
	for !p.isOp(end) {
		item := p.expr()
		if p.isWord("for") {
			e := p.comprehension(item, comprehension)
			p.expect(end)
			return e
		}
		l.items = append(l.items, item)
		if !p.accept(operator, ",") {
			break
		}
	}
	p.expect(end)
	return l
}

// comprehension passes over what follows its first for.
func (p *parser) comprehension(e expression, kind string) expression {
	for p.isWord("for") || p.isWord("if") {
		if p.advance().text == "for" {
			for !p.accept(keyword, "in") {
				if p.tok.kind != name && !p.isOp(",") && !p.isOp("(") && !p.isOp(")") {
					p.fail("expected in")
				}
				p.advance()
			}
		}
		p.boolean("or")
	}
	return refusedExpr{e.where(), kind}
}

func (p *parser) dict(at pos) expression {
	d := dictExpr{pos: at}
	for !p.isOp("}") {
		key := p.expr()
		if !p.isOp(":") { // a set
			if p.isWord("for") {
				p.comprehension(key, "SetComp")
				p.expect("}")
				return refusedExpr{at, "SetComp"}
			}
			if p.accept(operator, ",") {
				p.list("}", listExpr{}, "SetComp")
			} else {
				p.expect("}")
			}
			return refusedExpr{at, "Set"}
		}
		p.advance()
		d.keys = append(d.keys, key)
		d.values = append(d.values, p.expr())
		if p.isWord("for") {
			p.comprehension(key, "DictComp")
			p.expect("}")
			return refusedExpr{at, "DictComp"}
		}
		if !p.accept(operator, ",") {
			break
		}
	}
	p.expect("}")
	return d
}
