package syntax

import (
	"strings"

	"github.com/kernel-gossip/kernel-gossip/pxl/check/internal/quote"
)

// maxNesting limits brackets in brackets and blocks in blocks.
const maxNesting = 100

// parser reads PxL's grammar: the grammar of Python 2.7 with annotated parameters, without the parts that have no use
// in PxL.
type parser struct {
	lexer     *lexer
	current   token
	lookahead []token // the tokens after current that were read
	depth     int
}

// Parse reads a whole script. It ends at the first error, which is a [ParseError].
func Parse(source string) (body []Statement, err error) {
	p := &parser{lexer: newLexer(source)}
	defer func() {
		if r := recover(); r != nil {
			e, ok := r.(ParseError)
			if !ok {
				panic(r)
			}
			err = &e
		}
	}()
	p.takeToken()
	for p.current.kind != endToken {
		body = p.parseStatement(body)
	}
	return body, nil
}

// ParseError is where and why a script is not PxL. Parsing ends there, because the rest would be guessed.
type ParseError struct {
	Pos     Pos
	Message string
}

func (e *ParseError) Error() string { return e.Message }

// takeToken returns the current token and goes on to the next.
func (p *parser) takeToken() token {
	t := p.current
	if len(p.lookahead) > 0 {
		p.current, p.lookahead = p.lookahead[0], p.lookahead[1:]
	} else {
		p.current = p.lexer.next()
	}
	return t
}

// peek returns the token after the current one.
func (p *parser) peek() token {
	if len(p.lookahead) == 0 {
		p.lookahead = append(p.lookahead, p.lexer.next())
	}
	return p.lookahead[0]
}

func (p *parser) isToken(kind tokenKind, text string) bool {
	return p.current.kind == kind && p.current.text == text
}
func (p *parser) isOp(op string) bool     { return p.isToken(operatorToken, op) }
func (p *parser) isWord(word string) bool { return p.isToken(keywordToken, word) }

func (p *parser) acceptToken(kind tokenKind, text string) bool {
	if p.isToken(kind, text) {
		p.takeToken()
		return true
	}
	return false
}

func (p *parser) expectOperator(op string) {
	if !p.acceptToken(operatorToken, op) {
		p.failSyntax("expected " + quote.Text(op))
	}
}

func (p *parser) failSyntax(wanted string) {
	found := quote.Text(p.current.text)
	switch p.current.kind {
	case endToken:
		found = "the end of the file"
	case newlineToken:
		found = "the end of the line"
	case indentToken, dedentToken:
		found = "a change of indentation"
	case textToken:
		found = "a text"
	case nameToken, keywordToken, integerToken, floatToken, operatorToken:
	}
	panic(ParseError{p.current.at, "invalid syntax: " + wanted + ", found " + found})
}

func (p *parser) enterNesting() {
	if p.depth++; p.depth > maxNesting {
		panic(ParseError{p.current.at, "nested too deeply"})
	}
}

func (p *parser) leaveNesting() { p.depth-- }

func (p *parser) parseIdentifier() token {
	if p.current.kind != nameToken {
		p.failSyntax("expected a name")
	}
	return p.takeToken()
}

// parseStatement reads one line, which may hold several statements, or one block.
func (p *parser) parseStatement(body []Statement) []Statement {
	p.enterNesting()
	defer p.leaveNesting()
	switch {
	case p.current.kind == newlineToken:
		p.takeToken()
		return body
	case p.current.kind == indentToken:
		p.failSyntax("unexpected indentation")
	case p.isOp("@") || p.isWord("def"):
		return append(body, p.parseFunction())
	case p.current.kind == keywordToken && compoundStatements[p.current.text] != "":
		return append(body, p.parseRefusedBlock())
	}
	for {
		body = append(body, p.parseSimple())
		if !p.acceptToken(operatorToken, ";") || p.current.kind == newlineToken {
			break
		}
	}
	if p.current.kind != newlineToken {
		p.failSyntax("expected the end of the statement")
	}
	p.takeToken()
	return body
}

// The statements that the parser accepts and the visitor refuses, with libpypa's names of their nodes.
var (
	compoundStatements = map[string]string{
		"if": "If", "for": "For", "while": "While", "with": "With", "try": "Try", "class": "ClassDef",
	}
	refusedStatements = map[string]string{
		"pass": "Pass", "print": "Print", "assert": "Assert", "global": "Global", "del": "Delete", "raise": "Raise",
		"exec": "Exec", "break": "Break", "continue": "Continue", "yield": "Yield",
	}
)

// parseRefusedBlock skips a block and its other branches.
func (p *parser) parseRefusedBlock() Statement {
	s := RefusedStmt{p.current.at, compoundStatements[p.current.text]}
	for {
		p.skipLine()
		if p.current.kind == indentToken {
			p.takeToken()
			for p.current.kind != dedentToken && p.current.kind != endToken {
				p.parseStatement(nil)
			}
			p.takeToken()
		}
		if !p.isWord("elif") && !p.isWord("else") && !p.isWord("except") && !p.isWord("finally") {
			return s
		}
	}
}

// skipLine skips the rest of the line.
func (p *parser) skipLine() {
	for p.current.kind != newlineToken && p.current.kind != endToken {
		p.takeToken()
	}
	if p.current.kind == newlineToken {
		p.takeToken()
	}
}

func (p *parser) parseSimple() Statement {
	at := p.current.at
	switch {
	case p.isWord("import"), p.isWord("from"):
		return p.parseImport()
	case p.acceptToken(keywordToken, "return"):
		if p.current.kind == newlineToken || p.isOp(";") {
			return ReturnStmt{at, nil}
		}
		return ReturnStmt{at, p.parseTuple()}
	case p.current.kind == keywordToken && refusedStatements[p.current.text] != "":
		s := RefusedStmt{at, refusedStatements[p.current.text]}
		for p.current.kind != newlineToken && p.current.kind != endToken && !p.isOp(";") {
			p.takeToken()
		}
		return s
	}
	return p.parseAssignment(at)
}

// parseAssignment reads an expression, and the values that are assigned to it.
func (p *parser) parseAssignment(at Pos) Statement {
	values := []Expression{p.parseTuple()}
	for p.acceptToken(operatorToken, "=") {
		values = append(values, p.parseTuple())
	}
	if len(values) > 1 {
		last := len(values) - 1
		return AssignStmt{at, values[:last], values[last]}
	}
	if p.current.kind == operatorToken && len(p.current.text) > 1 && strings.HasSuffix(p.current.text, "=") {
		p.takeToken()
		p.parseTuple()
		return RefusedStmt{at, "AugAssign"}
	}
	if p.isOp(":") {
		p.failSyntax("variables have no annotations")
	}
	return ExprStmt{at, values[0]}
}

// parseImport reads "import a, b as c", and "from a import b".
func (p *parser) parseImport() Statement {
	s := ImportStmt{Pos: p.current.at}
	s.IsFrom = p.takeToken().text == "from"
	for {
		n := ImportName{Module: p.parseIdentifier().text}
		for p.acceptToken(operatorToken, ".") {
			n.Module += "." + p.parseIdentifier().text
		}
		if s.IsFrom {
			if !p.acceptToken(keywordToken, "import") {
				p.failSyntax("expected import")
			}
			for p.current.kind != newlineToken && p.current.kind != endToken {
				p.takeToken()
			}
			s.Modules = append(s.Modules, n)
			return s
		}
		if p.acceptToken(keywordToken, "as") {
			n.Alias = p.parseIdentifier().text
		}
		s.Modules = append(s.Modules, n)
		if !p.acceptToken(operatorToken, ",") {
			return s
		}
	}
}

// parseFunction reads a function with its decorators.
func (p *parser) parseFunction() Statement {
	d := DefStmt{}
	for p.acceptToken(operatorToken, "@") {
		d.Decorators = append(d.Decorators, p.parseExpression())
		if p.current.kind != newlineToken {
			p.failSyntax("expected the end of the line")
		}
		p.takeToken()
	}
	d.Pos = p.current.at
	if !p.acceptToken(keywordToken, "def") {
		p.failSyntax("expected def")
	}
	d.Name = p.parseIdentifier().text
	p.expectOperator("(")
	for !p.isOp(")") {
		if p.isOp("*") || p.isOp("**") || p.isOp("/") {
			panic(ParseError{p.current.at, "functions have plain parameters only"})
		}
		n := p.parseIdentifier()
		a := Parameter{Pos: n.at, Name: n.text}
		if p.acceptToken(operatorToken, ":") {
			a.Annotation = p.parseExpression()
		}
		if p.isOp("=") {
			panic(ParseError{p.current.at, "default values not supported in function definitions"})
		}
		d.Parameters = append(d.Parameters, a)
		if !p.acceptToken(operatorToken, ",") {
			break
		}
	}
	p.expectOperator(")")
	p.expectOperator(":")
	d.Body = p.parseBlock()
	return d
}

// parseBlock reads the statements after a colon: the rest of the line, or an indented block.
func (p *parser) parseBlock() []Statement {
	if p.current.kind != newlineToken {
		return p.parseStatement(nil)
	}
	p.takeToken()
	if p.current.kind != indentToken {
		p.failSyntax("expected an indented block")
	}
	p.takeToken()
	var body []Statement
	for p.current.kind != dedentToken && p.current.kind != endToken {
		body = p.parseStatement(body)
	}
	p.takeToken()
	return body
}
