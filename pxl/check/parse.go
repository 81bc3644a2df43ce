package check

import (
	"errors"
	"strings"
)

// maxNesting bounds brackets in brackets and blocks in blocks.
const maxNesting = 100

// parser reads PxL's grammar: that of Python 2.7 with annotated parameters, less what nobody can use in PxL.
type parser struct {
	lex   *lexer
	tok   token
	ahead []token // behind tok
	depth int
}

// parse reads a whole script. The error tells where reading ended.
func parse(src string) (body []statement, err error) {
	p := &parser{lex: newLexer(src)}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(syntaxError)
			if !ok {
				panic(r)
			}
			err = &e
		}
	}()
	p.advance()
	for p.tok.kind != endOfFile {
		body = p.statement(body)
	}
	return body, nil
}

func (e *syntaxError) Error() string { return e.message }

// asSyntaxError is the error of parse.
func asSyntaxError(err error) *syntaxError {
	if e, ok := errors.AsType[*syntaxError](err); ok {
		return e
	}
	return &syntaxError{pos{1, 1}, err.Error()}
}

func (p *parser) advance() token {
	t := p.tok
	if len(p.ahead) > 0 {
		p.tok, p.ahead = p.ahead[0], p.ahead[1:]
	} else {
		p.tok = p.lex.next()
	}
	return t
}

// peek is the token behind the current one.
func (p *parser) peek() token {
	if len(p.ahead) == 0 {
		p.ahead = append(p.ahead, p.lex.next())
	}
	return p.ahead[0]
}

func (p *parser) is(kind tokenKind, text string) bool {
	return p.tok.kind == kind && p.tok.text == text
}
func (p *parser) isOp(op string) bool     { return p.is(operator, op) }
func (p *parser) isWord(word string) bool { return p.is(keyword, word) }

func (p *parser) accept(kind tokenKind, text string) bool {
	if p.is(kind, text) {
		p.advance()
		return true
	}
	return false
}

func (p *parser) expect(op string) {
	if !p.accept(operator, op) {
		p.fail("expected " + quote(op))
	}
}

func (p *parser) fail(wanted string) {
	found := quote(p.tok.text)
	switch p.tok.kind {
	case endOfFile:
		found = "the end of the file"
	case newline:
		found = "the end of the line"
	case indent, dedent:
		found = "a change of indentation"
	case text:
		found = "a text"
	case name, keyword, integer, float, operator:
	}
	panic(syntaxError{p.tok.at, "invalid syntax: " + wanted + ", found " + found})
}

func (p *parser) enter() {
	if p.depth++; p.depth > maxNesting {
		panic(syntaxError{p.tok.at, "nested too deeply"})
	}
}

func (p *parser) leave() { p.depth-- }

func (p *parser) identifier() token {
	if p.tok.kind != name {
		p.fail("expected a name")
	}
	return p.advance()
}

// statement reads one line, which may hold several statements, or one block.
func (p *parser) statement(body []statement) []statement {
	p.enter()
	defer p.leave()
	switch {
	case p.tok.kind == newline:
		p.advance()
		return body
	case p.tok.kind == indent:
		p.fail("unexpected indentation")
	case p.isOp("@") || p.isWord("def"):
		return append(body, p.def())
	case p.tok.kind == keyword && compound[p.tok.text] != "":
		return append(body, p.refusedBlock())
	}
	for {
		body = append(body, p.simple())
		if !p.accept(operator, ";") || p.tok.kind == newline {
			break
		}
	}
	if p.tok.kind != newline {
		p.fail("expected the end of the statement")
	}
	p.advance()
	return body
}

// What the parser takes and the visitor refuses.
var (
	compound = map[string]string{"if": "If", "for": "For", "while": "While", "with": "With", "try": "Try", "class": "ClassDef"}
	refused  = map[string]string{
		"pass": "Pass", "print": "Print", "assert": "Assert", "global": "Global", "del": "Delete", "raise": "Raise",
		"exec": "Exec", "break": "Break", "continue": "Continue", "yield": "Yield",
	}
)

// refusedBlock passes over a block and what belongs to it.
func (p *parser) refusedBlock() statement {
	s := refusedStmt{p.tok.at, compound[p.tok.text]}
	for {
		p.skipLine()
		if p.tok.kind == indent {
			p.advance()
			for p.tok.kind != dedent && p.tok.kind != endOfFile {
				p.statement(nil)
			}
			p.advance()
		}
		if !p.isWord("elif") && !p.isWord("else") && !p.isWord("except") && !p.isWord("finally") {
			return s
		}
	}
}

// skipLine passes over the rest of the line.
func (p *parser) skipLine() {
	for p.tok.kind != newline && p.tok.kind != endOfFile {
		p.advance()
	}
	if p.tok.kind == newline {
		p.advance()
	}
}

func (p *parser) simple() statement {
	at := p.tok.at
	switch {
	case p.isWord("import"), p.isWord("from"):
		return p.imports()
	case p.accept(keyword, "return"):
		if p.tok.kind == newline || p.isOp(";") {
			return returnStmt{at, nil}
		}
		return returnStmt{at, p.tuple()}
	case p.tok.kind == keyword && refused[p.tok.text] != "":
		s := refusedStmt{at, refused[p.tok.text]}
		for p.tok.kind != newline && p.tok.kind != endOfFile && !p.isOp(";") {
			p.advance()
		}
		return s
	}
	return p.assignment(at)
}

// assignment reads an expression, and what is assigned to it.
func (p *parser) assignment(at pos) statement {
	values := []expression{p.tuple()}
	for p.accept(operator, "=") {
		values = append(values, p.tuple())
	}
	if len(values) > 1 {
		last := len(values) - 1
		return assignStmt{at, values[:last], values[last]}
	}
	if p.tok.kind == operator && len(p.tok.text) > 1 && strings.HasSuffix(p.tok.text, "=") {
		p.advance()
		p.tuple()
		return refusedStmt{at, "AugAssign"}
	}
	if p.isOp(":") {
		p.fail("variables have no annotations")
	}
	return exprStmt{at, values[0]}
}

// imports reads import a, b as c, and from a import b.
func (p *parser) imports() statement {
	s := importStmt{pos: p.tok.at}
	s.from = p.advance().text == "from"
	for {
		n := importName{module: p.identifier().text}
		for p.accept(operator, ".") {
			n.module += "." + p.identifier().text
		}
		if s.from {
			if !p.accept(keyword, "import") {
				p.fail("expected import")
			}
			for p.tok.kind != newline && p.tok.kind != endOfFile {
				p.advance()
			}
			s.modules = append(s.modules, n)
			return s
		}
		if p.accept(keyword, "as") {
			n.as = p.identifier().text
		}
		s.modules = append(s.modules, n)
		if !p.accept(operator, ",") {
			return s
		}
	}
}

// def reads a function with its decorators.
func (p *parser) def() statement {
	d := defStmt{}
	for p.accept(operator, "@") {
		d.decorators = append(d.decorators, p.expr())
		if p.tok.kind != newline {
			p.fail("expected the end of the line")
		}
		p.advance()
	}
	d.pos = p.tok.at
	if !p.accept(keyword, "def") {
		p.fail("expected def")
	}
	d.name = p.identifier().text
	p.expect("(")
	for !p.isOp(")") {
		if p.isOp("*") || p.isOp("**") || p.isOp("/") {
			panic(syntaxError{p.tok.at, "functions have plain parameters only"})
		}
		n := p.identifier()
		a := param{pos: n.at, name: n.text}
		if p.accept(operator, ":") {
			a.annotation = p.expr()
		}
		if p.isOp("=") {
			panic(syntaxError{p.tok.at, "default values not supported in function definitions"})
		}
		d.params = append(d.params, a)
		if !p.accept(operator, ",") {
			break
		}
	}
	p.expect(")")
	p.expect(":")
	d.body = p.block()
	return d
}

// block is what stands behind a colon: the rest of the line, or an indented block.
func (p *parser) block() []statement {
	if p.tok.kind != newline {
		return p.statement(nil)
	}
	p.advance()
	if p.tok.kind != indent {
		p.fail("expected an indented block")
	}
	p.advance()
	var body []statement
	for p.tok.kind != dedent && p.tok.kind != endOfFile {
		body = p.statement(body)
	}
	p.advance()
	return body
}
