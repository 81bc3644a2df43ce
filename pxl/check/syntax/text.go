package syntax

import (
	"strconv"
	"strings"
)

// readText reads a text literal, from its quotes on.
func (l *lexer) readText(at Pos, prefix string) token {
	quotes := l.source[l.offset : l.offset+1]
	if strings.HasPrefix(l.source[l.offset:], strings.Repeat(quotes, 3)) {
		quotes = strings.Repeat(quotes, 3)
	}
	l.skipChars(len(quotes))
	t := token{kind: textToken, at: at, valuePos: l.currentPos()}
	raw := strings.Contains(prefix, "r")
	var value strings.Builder
	for !strings.HasPrefix(l.source[l.offset:], quotes) {
		switch c := l.peek(0); {
		case l.offset >= len(l.source):
			l.failAt(at, "text is not closed")
		case c == '\n' && len(quotes) == 1:
			l.failAt(at, "text is not closed at the end of the line")
		case c == '\\' && raw && l.offset+1 < len(l.source):
			value.WriteString(l.source[l.offset : l.offset+2])
			l.skipChars(2)
		case c == '\\':
			l.readEscape(&value)
		default:
			value.WriteByte(c)
			l.skipByte()
		}
	}
	l.skipChars(len(quotes))
	t.text = value.String()
	return t
}

// skipByte skips one byte of a text, which may be a part of a character.
func (l *lexer) skipByte() {
	c := l.source[l.offset]
	l.offset++
	switch {
	case c == '\n':
		l.line, l.column = l.line+1, 1
	case c&0xc0 != 0x80:
		l.column++
	}
}

// escapes are the characters after a backslash, and their values.
var escapes = map[byte]string{
	'n': "\n", 't': "\t", 'r': "\r", '\\': `\`, '\'': "'", '"': `"`, '\n': "", 'a': "\a", 'b': "\b", 'f': "\f", 'v': "\v",
}

// readEscape reads a backslash and the characters that belong to it. An escape that Python does not have stays as it
// is.
func (l *lexer) readEscape(value *strings.Builder) {
	c := l.peek(1)
	known, ok := escapes[c]
	switch {
	case ok:
		value.WriteString(known)
		l.skipByte()
		l.skipByte()
	case c == 'x' && l.offset+4 <= len(l.source):
		n, err := strconv.ParseUint(l.source[l.offset+2:l.offset+4], 16, 8)
		if err != nil {
			l.failAt(l.currentPos(), `invalid \x escape`)
		}
		value.WriteByte(byte(n))
		l.skipChars(4)
	case '0' <= c && c <= '7':
		n := 1
		for n < 3 && '0' <= l.peek(1+n) && l.peek(1+n) <= '7' {
			n++
		}
		code, _ := strconv.ParseUint(l.source[l.offset+1:l.offset+1+n], 8, 16) // at most three octal digits
		value.WriteByte(byte(code))
		l.skipChars(1 + n)
	default:
		value.WriteByte('\\')
		l.skipByte()
	}
}
