package check

import (
	"strconv"
	"strings"
)

// str is a text literal, its quotes next.
func (l *lexer) str(at pos, prefix string) token {
	quotes := l.src[l.off : l.off+1]
	if strings.HasPrefix(l.src[l.off:], strings.Repeat(quotes, 3)) {
		quotes = strings.Repeat(quotes, 3)
	}
	l.skip(len(quotes))
	t := token{kind: text, at: at, body: l.here()}
	raw := strings.Contains(prefix, "r")
	var value strings.Builder
	for !strings.HasPrefix(l.src[l.off:], quotes) {
		switch c := l.peek(0); {
		case l.off >= len(l.src):
			l.fail(at, "text is not closed")
		case c == '\n' && len(quotes) == 1:
			l.fail(at, "text is not closed at the end of the line")
		case c == '\\' && raw && l.off+1 < len(l.src):
			value.WriteString(l.src[l.off : l.off+2])
			l.skip(2)
		case c == '\\':
			l.escape(&value)
		default:
			value.WriteByte(c)
			l.byte()
		}
	}
	l.skip(len(quotes))
	t.text = value.String()
	return t
}

// byte passes one byte of a text, which may be a part of a character.
func (l *lexer) byte() {
	c := l.src[l.off]
	l.off++
	switch {
	case c == '\n':
		l.line, l.col = l.line+1, 1
	case c&0xc0 != 0x80:
		l.col++
	}
}

var escapes = map[byte]string{'n': "\n", 't': "\t", 'r': "\r", '\\': `\`, '\'': "'", '"': `"`, '\n': "", 'a': "\a", 'b': "\b", 'f': "\f", 'v': "\v"}

// escape reads a backslash and what it changes. One that Python does not know stays as it is.
func (l *lexer) escape(value *strings.Builder) {
	c := l.peek(1)
	known, ok := escapes[c]
	switch {
	case ok:
		value.WriteString(known)
		l.byte()
		l.byte()
	case c == 'x' && l.off+4 <= len(l.src):
		n, err := strconv.ParseUint(l.src[l.off+2:l.off+4], 16, 8)
		if err != nil {
			l.fail(l.here(), `invalid \x escape`)
		}
		value.WriteByte(byte(n))
		l.skip(4)
	case '0' <= c && c <= '7':
		n := 1
		for n < 3 && '0' <= l.peek(1+n) && l.peek(1+n) <= '7' {
			n++
		}
		code, _ := strconv.ParseUint(l.src[l.off+1:l.off+1+n], 8, 16) // at most three octal digits
		value.WriteByte(byte(code))
		l.skip(1 + n)
	default:
		value.WriteByte('\\')
		l.byte()
	}
}

// quote shows a piece of the script in a message.
func quote(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:57], "") + "..."
	}
	return strconv.Quote(s)
}
