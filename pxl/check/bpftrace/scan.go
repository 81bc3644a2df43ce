package bpftrace

import (
	"regexp"
	"strings"
)

// probe is the head of a block: its attach points.
type probe struct {
	offset int
	points string
	prints bool // its block has a printf
}

// printf is one printf of a program.
type printf struct {
	offset int
	format string
	args   []string
}

// scanner finds the parts of a bpftrace program that Pixie's rules are about. It is not a parser.
type scanner struct {
	text string
	// code is the text with spaces in place of comments, lines for the preprocessor, the contents of texts and, at the
	// end, declarations.
	code             string
	brokenLines      []int // offsets of line ends inside of a text
	lateDeclarations []int // offsets of declarations after a probe
	probes           []probe
	printfs          []printf
}

// scanProgram finds probes, printfs and declarations, and then removes the declarations from the code.
func (s *scanner) scanProgram() {
	s.blankComments()
	blocks := []byte(s.code) // without declarations
	depth, start, declares := 0, 0, false
	for i := 0; i < len(s.code); i++ {
		switch s.code[i] {
		case '{':
			if depth == 0 {
				declares = s.readHead(start, i, declares)
			}
			depth++
		case '}':
			if depth--; depth > 0 {
				continue
			}
			if declares {
				wipeBytes(blocks, start, i+1)
			}
			depth, start = 0, i+1
		case 'p':
			if depth > 0 && !declares && s.isCall(i, "printf") {
				s.readPrintf(i)
			}
		}
	}
	s.code = string(blocks)
}

var (
	// declarationPattern matches the text before the braces of a struct that the program declares.
	declarationPattern = regexp.MustCompile(`^(typedef\s+)?(struct|union|enum)\b[\w\s]*$`)
	// declaredPattern matches a declaration without braces.
	declaredPattern = regexp.MustCompile(`^(typedef|struct|union|enum)\b[^:/]*$`)
)

// readHead reads the text before a brace, and reports whether it is a declaration or else the head of a probe. After a
// declaration, the text may begin with a semicolon.
func (s *scanner) readHead(start, end int, afterDeclaration bool) bool {
	if n := strings.LastIndexByte(s.code[start:end], ';'); n >= 0 {
		whole := declaredPattern.MatchString(strings.TrimSpace(s.code[start : start+n]))
		if whole {
			s.noteDeclaration(start, end)
		}
		if whole || afterDeclaration {
			start += n + 1
		}
	}
	if !declarationPattern.MatchString(strings.TrimSpace(s.code[start:end])) {
		s.noteProbe(start, end)
		return false
	}
	s.noteDeclaration(start, end)
	return true
}

// noteDeclaration records a declaration that comes after a probe.
func (s *scanner) noteDeclaration(start, end int) {
	if len(s.probes) > 0 {
		s.lateDeclarations = append(s.lateDeclarations, end-len(strings.TrimLeft(s.code[start:end], " \t\r\n")))
	}
}

// blankComments makes code from text.
func (s *scanner) blankComments() {
	b := []byte(s.text)
	begins := true // only spaces were on this line
	for i := 0; i < len(b); i++ {
		rest := s.text[i:]
		directive := begins && rest[0] == '#'
		begins = rest[0] == '\n' || begins && (rest[0] == ' ' || rest[0] == '\t')
		switch {
		case directive: // #include and the like
			end := i + directiveEnd(rest)
			wipeBytes(b, i, end)
			i = end - 1
		case strings.HasPrefix(rest, "//"):
			end := i + len(rest)
			if n := strings.IndexByte(rest, '\n'); n >= 0 {
				end = i + n
			}
			wipeBytes(b, i, end)
			i = end - 1
		case strings.HasPrefix(rest, "/*"):
			end := i + len(rest)
			if n := strings.Index(rest[2:], "*/"); n >= 0 {
				end = i + n + 4
			}
			wipeBytes(b, i, end)
			i = end - 1
		case rest[0] == '"':
			end := s.textEnd(i)
			wipeBytes(b, i+1, end)
			i = end
		}
	}
	s.code = string(b)
}

// textEnd returns the end of the text literal that begins at i, and records the line ends in it.
func (s *scanner) textEnd(i int) int {
	for i++; i < len(s.text) && s.text[i] != '"'; i++ {
		if s.text[i] == '\n' {
			s.brokenLines = append(s.brokenLines, i)
		}
		if s.text[i] == '\\' {
			i++
		}
	}
	return i
}

// directiveEnd returns the end of a line for the preprocessor, or the beginning of a comment in it.
func directiveEnd(text string) int {
	for i := range len(text) {
		comment := strings.HasPrefix(text[i:], "/*") || strings.HasPrefix(text[i:], "//")
		if comment || text[i] == '\n' && text[i-1] != '\\' {
			return i
		}
	}
	return len(text)
}

// wipeBytes replaces everything but line ends by spaces.
func wipeBytes(b []byte, from, to int) {
	for i := from; i < to && i < len(b); i++ {
		if b[i] != '\n' {
			b[i] = ' '
		}
	}
}

// noteProbe records the attach points before the block that begins at end, without the predicate.
func (s *scanner) noteProbe(start, end int) {
	head := s.code[start:end]
	points, _, _ := strings.Cut(head, "/")
	offset := start + len(head) - len(strings.TrimLeft(head, " \t\r\n"))
	s.probes = append(s.probes, probe{offset: offset, points: strings.TrimSpace(points)})
}

// isCall reports whether the function is called at i.
func (s *scanner) isCall(i int, fn string) bool {
	if !strings.HasPrefix(s.code[i:], fn) || i > 0 && isWordByte(s.code[i-1]) {
		return false
	}
	return strings.HasPrefix(strings.TrimLeft(s.code[i+len(fn):], " \t\r\n"), "(")
}

// readPrintf reads the arguments of the call at i.
func (s *scanner) readPrintf(i int) {
	begin := i + strings.IndexByte(s.code[i:], '(') + 1
	depth, from := 1, begin
	var args []string
	for j := begin; j < len(s.code) && depth > 0; j++ {
		switch s.code[j] {
		case '(', '[', '{':
			depth++
		case ')', ']', '}':
			if depth--; depth == 0 {
				args = append(args, strings.TrimSpace(s.text[from:j]))
			}
		case ',':
			if depth == 1 {
				args = append(args, strings.TrimSpace(s.text[from:j]))
				from = j + 1
			}
		}
	}
	if len(args) == 0 {
		return
	}
	s.printfs = append(s.printfs, printf{offset: i, format: strings.Trim(args[0], `"`), args: args[1:]})
	if n := len(s.probes); n > 0 {
		s.probes[n-1].prints = true
	}
}

func isWordByte(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}
