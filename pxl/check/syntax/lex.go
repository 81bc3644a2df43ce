package syntax

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/kernel-gossip/kernel-gossip/pxl/check/internal/quote"
)

type tokenKind uint8

const (
	endToken tokenKind = iota
	newlineToken
	indentToken
	dedentToken
	nameToken
	keywordToken
	integerToken
	floatToken
	textToken
	operatorToken
)

// token is a name, a literal, an operator, or a change of line or indentation.
type token struct {
	kind     tokenKind
	at       Pos
	text     string // the value of a text, or else the token itself
	valuePos Pos    // where the value of a text begins
}

// lexer divides a text into tokens like Python 2.7: lines end where no bracket is open, and indentation makes blocks.
type lexer struct {
	source       string
	offset       int
	line, column int
	openBrackets int
	indents      []string
	pending      []token // dedents that were not returned yet
	atLineStart  bool    // at the start of a logical line
}

// keywords are the keywords of Python 2.7. PxL uses few of them, but none can be a name.
var keywords = wordSet("and as assert break class continue def del elif else except exec finally for from global if " +
	"import in is lambda not or pass print raise return try while with yield")

func wordSet(words string) map[string]bool {
	all := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		all[w] = true
	}
	return all
}

func newLexer(src string) *lexer {
	return &lexer{source: src, line: 1, column: 1, indents: []string{""}, atLineStart: true}
}

func (l *lexer) currentPos() Pos { return Pos{l.line, l.column} }

func (l *lexer) failAt(at Pos, message string) { panic(ParseError{at, message}) }

// peek returns the byte n after the next one; 0 at the end.
func (l *lexer) peek(n int) byte {
	if l.offset+n < len(l.source) {
		return l.source[l.offset+n]
	}
	return 0
}

func (l *lexer) skipChars(n int) {
	for end := l.offset + n; l.offset < end; {
		r, size := utf8.DecodeRuneInString(l.source[l.offset:])
		l.offset += size
		if l.column++; r == '\n' {
			l.line, l.column = l.line+1, 1
		}
	}
}

// next returns the next token.
func (l *lexer) next() token {
	if len(l.pending) > 0 {
		t := l.pending[0]
		l.pending = l.pending[1:]
		return t
	}
	if l.atLineStart {
		l.atLineStart = false
		if t, changed := l.readIndentation(); changed {
			return t
		}
	}
	l.skipBlanks()
	at := l.currentPos()
	c := l.peek(0)
	switch {
	case l.offset >= len(l.source):
		return l.endFile(at)
	case c == '\n':
		l.skipChars(1)
		l.atLineStart = true
		return token{kind: newlineToken, at: at}
	case isDigit(c) || c == '.' && isDigit(l.peek(1)):
		return l.readNumber(at)
	case isLetter(c):
		return l.readWord(at)
	case c == '"' || c == '\'':
		return l.readText(at, "")
	case c >= utf8.RuneSelf || unicode.IsControl(rune(c)):
		r, _ := utf8.DecodeRuneInString(l.source[l.offset:])
		l.failAt(at, "unexpected character "+quote.Text(string(r)))
	}
	return l.readOperator(at)
}

// endFile closes the last line, and its blocks.
func (l *lexer) endFile(at Pos) token {
	if l.openBrackets > 0 {
		l.failAt(at, "the file ends inside of brackets")
	}
	for ; len(l.indents) > 1; l.indents = l.indents[:len(l.indents)-1] {
		l.pending = append(l.pending, token{kind: dedentToken, at: at})
	}
	l.pending = append(l.pending, token{kind: endToken, at: at})
	return token{kind: newlineToken, at: at}
}

// skipBlanks skips spaces, comments, joined lines, and line ends inside of brackets.
func (l *lexer) skipBlanks() {
	for l.offset < len(l.source) {
		rest := l.source[l.offset:]
		switch c := rest[0]; {
		case c == ' ' || c == '\t' || c == '\f' || c == '\n' && l.openBrackets > 0 || strings.HasPrefix(rest, "\r\n"):
			l.skipChars(1)
		case c == '#':
			comment, _, _ := strings.Cut(rest, "\n")
			l.skipChars(len(comment))
		case strings.HasPrefix(rest, "\\\n"):
			l.skipChars(2)
		case strings.HasPrefix(rest, "\\\r\n"):
			l.skipChars(3)
		default:
			return
		}
	}
}

// readIndentation compares the indentation of a line with its block. Lines without code do not count.
func (l *lexer) readIndentation() (t token, changed bool) {
	var width string
	for {
		start := l.offset
		for l.peek(0) == ' ' || l.peek(0) == '\t' {
			l.skipChars(1)
		}
		width = l.source[start:l.offset]
		l.skipBlanks()
		if l.offset >= len(l.source) {
			return token{}, false
		}
		if l.peek(0) != '\n' {
			break
		}
		l.skipChars(1)
	}
	at, top := l.currentPos(), l.indents[len(l.indents)-1]
	switch {
	case width == top:
		return token{}, false
	case strings.HasPrefix(width, top):
		l.indents = append(l.indents, width)
		return token{kind: indentToken, at: at}, true
	case !strings.HasPrefix(top, width):
		l.failAt(at, "inconsistent use of tabs and spaces in indentation")
	}
	for ; l.indents[len(l.indents)-1] != width; l.indents = l.indents[:len(l.indents)-1] {
		if len(l.indents[len(l.indents)-1]) < len(width) {
			l.failAt(at, "unindent does not match any outer indentation level")
		}
		l.pending = append(l.pending, token{kind: dedentToken, at: at})
	}
	t, l.pending = l.pending[0], l.pending[1:]
	return t, true
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// readWord reads a name, a keyword, or the prefix of a text.
func (l *lexer) readWord(at Pos) token {
	n := 0
	for isLetter(l.peek(n)) || isDigit(l.peek(n)) {
		n++
	}
	w := l.source[l.offset : l.offset+n]
	if q := l.peek(n); q == '"' || q == '\'' {
		switch prefix := strings.ToLower(w); prefix {
		case "r", "b", "u", "br", "ur":
			l.skipChars(n)
			return l.readText(at, prefix)
		case "f", "rf", "fr":
			l.failAt(at, "f-strings are not PxL")
		}
	}
	l.skipChars(n)
	if keywords[w] {
		return token{kind: keywordToken, at: at, text: w}
	}
	return token{kind: nameToken, at: at, text: w}
}

// readNumber reads a decimal integer or a float. PxL has no other numbers.
func (l *lexer) readNumber(at Pos) token {
	n, kind := 0, integerToken
	digits := func() {
		for isDigit(l.peek(n)) {
			n++
		}
	}
	digits()
	if l.peek(n) == '.' {
		kind = floatToken
		n++
		digits()
	}
	if c := l.peek(n); c == 'e' || c == 'E' {
		exponent := 1
		if s := l.peek(n + 1); s == '+' || s == '-' {
			exponent = 2
		}
		if isDigit(l.peek(n + exponent)) {
			kind = floatToken
			n += exponent
			digits()
		}
	}
	if isLetter(l.peek(n)) {
		l.failAt(at, "invalid number: PxL has decimal numbers only, without letters and underscores")
	}
	t := token{kind: kind, at: at, text: l.source[l.offset : l.offset+n]}
	l.skipChars(n)
	return t
}

// operatorTexts are the operators, the longest first.
var operatorTexts = strings.Fields("**= //= >>= <<= ... != <> == <= >= << >> ** // += -= *= /= %= &= |= ^= -> := " +
	"( ) [ ] { } , : . ; = + - * / % < > & | ^ ~ @ `")

func (l *lexer) readOperator(at Pos) token {
	for _, o := range operatorTexts {
		if !strings.HasPrefix(l.source[l.offset:], o) {
			continue
		}
		l.skipChars(len(o))
		switch o {
		case "(", "[", "{":
			l.openBrackets++
		case ")", "]", "}":
			l.openBrackets = max(0, l.openBrackets-1)
		case "...", "->", ":=":
			l.failAt(at, "invalid syntax: "+quote.Text(o))
		}
		return token{kind: operatorToken, at: at, text: o}
	}
	l.failAt(at, "unexpected character "+quote.Text(l.source[l.offset:l.offset+1]))
	return token{}
}
