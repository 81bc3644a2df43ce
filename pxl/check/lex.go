package check

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// pos is a place in the text: line and column from 1, the column in characters.
type pos struct{ line, col int }

type tokenKind uint8

const (
	endOfFile tokenKind = iota
	newline
	indent
	dedent
	name
	keyword
	integer
	float
	text
	operator
)

type token struct {
	kind tokenKind
	at   pos
	text string // of a text: its value
	body pos    // of a text: where its value begins
}

// syntaxError ends the parsing: what follows would be guessed.
type syntaxError struct {
	at      pos
	message string
}

// lexer cuts the text into tokens as Python 2.7 does: lines end where no bracket is open, and indentation makes blocks.
type lexer struct {
	src       string
	off       int
	line, col int
	brackets  int
	indents   []string
	pending   []token // dedents
	atStart   bool    // of a logical line
}

// keywords of Python 2.7; PxL knows few of them, but none can be a name.
var keywords = set("and as assert break class continue def del elif else except exec finally for from global if import in is lambda not or " +
	"pass print raise return try while with yield")

func set(words string) map[string]bool {
	all := map[string]bool{}
	for w := range strings.FieldsSeq(words) {
		all[w] = true
	}
	return all
}

func newLexer(src string) *lexer {
	return &lexer{src: src, line: 1, col: 1, indents: []string{""}, atStart: true}
}

func (l *lexer) here() pos { return pos{l.line, l.col} }

func (l *lexer) fail(at pos, message string) { panic(syntaxError{at, message}) }

// peek is the byte n behind the next one; 0 at the end.
func (l *lexer) peek(n int) byte {
	if l.off+n < len(l.src) {
		return l.src[l.off+n]
	}
	return 0
}

func (l *lexer) skip(n int) {
	for end := l.off + n; l.off < end; {
		r, size := utf8.DecodeRuneInString(l.src[l.off:])
		l.off += size
		if l.col++; r == '\n' {
			l.line, l.col = l.line+1, 1
		}
	}
}

// next is the next token.
func (l *lexer) next() token {
	if len(l.pending) > 0 {
		t := l.pending[0]
		l.pending = l.pending[1:]
		return t
	}
	if l.atStart {
		l.atStart = false
		if t, changed := l.indentation(); changed {
			return t
		}
	}
	l.blanks()
	at := l.here()
	c := l.peek(0)
	switch {
	case l.off >= len(l.src):
		return l.end(at)
	case c == '\n':
		l.skip(1)
		l.atStart = true
		return token{kind: newline, at: at}
	case isDigit(c) || c == '.' && isDigit(l.peek(1)):
		return l.number(at)
	case isLetter(c):
		return l.word(at)
	case c == '"' || c == '\'':
		return l.str(at, "")
	case c >= utf8.RuneSelf || unicode.IsControl(rune(c)):
		r, _ := utf8.DecodeRuneInString(l.src[l.off:])
		l.fail(at, "unexpected character "+quote(string(r)))
	}
	return l.op(at)
}

// end closes the last line, and its blocks.
func (l *lexer) end(at pos) token {
	if l.brackets > 0 {
		l.fail(at, "the file ends inside of brackets")
	}
	for ; len(l.indents) > 1; l.indents = l.indents[:len(l.indents)-1] {
		l.pending = append(l.pending, token{kind: dedent, at: at})
	}
	l.pending = append(l.pending, token{kind: endOfFile, at: at})
	return token{kind: newline, at: at}
}

// blanks skips what does not count: spaces, comments, joined lines, and line ends inside of brackets.
func (l *lexer) blanks() {
	for l.off < len(l.src) {
		rest := l.src[l.off:]
		switch c := rest[0]; {
		case c == ' ' || c == '\t' || c == '\f' || c == '\n' && l.brackets > 0 || strings.HasPrefix(rest, "\r\n"):
			l.skip(1)
		case c == '#':
			comment, _, _ := strings.Cut(rest, "\n")
			l.skip(len(comment))
		case strings.HasPrefix(rest, "\\\n"):
			l.skip(2)
		case strings.HasPrefix(rest, "\\\r\n"):
			l.skip(3)
		default:
			return
		}
	}
}

// indentation compares the first blanks of a line with those of the block; lines without code do not count.
func (l *lexer) indentation() (t token, changed bool) {
	var width string
	for {
		start := l.off
		for l.peek(0) == ' ' || l.peek(0) == '\t' {
			l.skip(1)
		}
		width = l.src[start:l.off]
		l.blanks()
		if l.off >= len(l.src) {
			return token{}, false
		}
		if l.peek(0) != '\n' {
			break
		}
		l.skip(1)
	}
	at, top := l.here(), l.indents[len(l.indents)-1]
	switch {
	case width == top:
		return token{}, false
	case strings.HasPrefix(width, top):
		l.indents = append(l.indents, width)
		return token{kind: indent, at: at}, true
	case !strings.HasPrefix(top, width):
		l.fail(at, "inconsistent use of tabs and spaces in indentation")
	}
	for ; l.indents[len(l.indents)-1] != width; l.indents = l.indents[:len(l.indents)-1] {
		if len(l.indents[len(l.indents)-1]) < len(width) {
			l.fail(at, "unindent does not match any outer indentation level")
		}
		l.pending = append(l.pending, token{kind: dedent, at: at})
	}
	t, l.pending = l.pending[0], l.pending[1:]
	return t, true
}

func isDigit(c byte) bool  { return '0' <= c && c <= '9' }
func isLetter(c byte) bool { return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' }

// word is a name, a keyword, or the prefix of a text.
func (l *lexer) word(at pos) token {
	n := 0
	for isLetter(l.peek(n)) || isDigit(l.peek(n)) {
		n++
	}
	w := l.src[l.off : l.off+n]
	if q := l.peek(n); q == '"' || q == '\'' {
		switch prefix := strings.ToLower(w); prefix {
		case "r", "b", "u", "br", "ur":
			l.skip(n)
			return l.str(at, prefix)
		case "f", "rf", "fr":
			l.fail(at, "f-strings are not PxL")
		}
	}
	l.skip(n)
	if keywords[w] {
		return token{kind: keyword, at: at, text: w}
	}
	return token{kind: name, at: at, text: w}
}

// number is a decimal integer or a float; nothing else is a number in PxL.
func (l *lexer) number(at pos) token {
	n, kind := 0, integer
	digits := func() {
		for isDigit(l.peek(n)) {
			n++
		}
	}
	digits()
	if l.peek(n) == '.' {
		kind = float
		n++
		digits()
	}
	if c := l.peek(n); c == 'e' || c == 'E' {
		exponent := 1
		if s := l.peek(n + 1); s == '+' || s == '-' {
			exponent = 2
		}
		if isDigit(l.peek(n + exponent)) {
			kind = float
			n += exponent
			digits()
		}
	}
	if isLetter(l.peek(n)) {
		l.fail(at, "invalid number: PxL has decimal numbers only, without letters and underscores")
	}
	t := token{kind: kind, at: at, text: l.src[l.off : l.off+n]}
	l.skip(n)
	return t
}

// operators, the longest first.
var operators = strings.Fields("**= //= >>= <<= ... != <> == <= >= << >> ** // += -= *= /= %= &= |= ^= -> := ( ) [ ] { } , : . ; = + - * / % < > & | ^ ~ @ `")

func (l *lexer) op(at pos) token {
	for _, o := range operators {
		if !strings.HasPrefix(l.src[l.off:], o) {
			continue
		}
		l.skip(len(o))
		switch o {
		case "(", "[", "{":
			l.brackets++
		case ")", "]", "}":
			l.brackets = max(0, l.brackets-1)
		case "...", "->", ":=":
			l.fail(at, "invalid syntax: "+quote(o))
		}
		return token{kind: operator, at: at, text: o}
	}
	l.fail(at, "unexpected character "+quote(l.src[l.off:l.off+1]))
	return token{}
}
