package check

import (
	"regexp"
	"strings"
)

// bpfProbe is what stands before a block of a program.
type bpfProbe struct {
	offset int
	points string
	prints bool // its block holds a printf
}

// bpfScanner finds in a bpftrace program what Pixie's rules are about. It is no parser: bpftrace itself is.
type bpfScanner struct {
	text string
	// code is text of the same length in which comments, lines for the preprocessor, the insides of texts and, when all
	// is read, declarations are blanked out.
	code    string
	broken  []int // where a line ends inside of a text
	late    []int // where a declaration begins that comes after a probe
	probes  []bpfProbe
	printfs []printf
}

func (s *bpfScanner) scan() {
	s.blank()
	blocks := []byte(s.code) // without declarations
	depth, start, declares := 0, 0, false
	for i := 0; i < len(s.code); i++ {
		switch s.code[i] {
		case '{':
			if depth == 0 {
				declares = s.head(start, i, declares)
			}
			depth++
		case '}':
			if depth--; depth > 0 {
				continue
			}
			if declares {
				wipe(blocks, start, i+1)
			}
			depth, start = 0, i+1
		case 'p':
			if depth > 0 && !declares && s.isCall(i, "printf") {
				s.printf(i)
			}
		}
	}
	s.code = string(blocks)
}

var (
	// declaration is what comes before the braces of a struct that the program declares.
	declaration = regexp.MustCompile(`^(typedef\s+)?(struct|union|enum)\b[\w\s]*$`)
	// declared is a declaration without braces.
	declared = regexp.MustCompile(`^(typedef|struct|union|enum)\b[^:/]*$`)
)

// head reads what comes before a brace, of a declaration or of a probe, and reports whether it is a declaration.
// After a declaration there may be a semicolon first.
func (s *bpfScanner) head(start, end int, afterDeclaration bool) bool {
	if n := strings.LastIndexByte(s.code[start:end], ';'); n >= 0 {
		whole := declared.MatchString(strings.TrimSpace(s.code[start : start+n]))
		if whole {
			s.declared(start, end)
		}
		if whole || afterDeclaration {
			start += n + 1
		}
	}
	if !declaration.MatchString(strings.TrimSpace(s.code[start:end])) {
		s.probe(start, end)
		return false
	}
	s.declared(start, end)
	return true
}

// declared notes a declaration that does not come before all probes.
func (s *bpfScanner) declared(start, end int) {
	if len(s.probes) > 0 {
		s.late = append(s.late, end-len(strings.TrimLeft(s.code[start:end], " \t\r\n")))
	}
}

// blank makes code of text.
func (s *bpfScanner) blank() {
	b := []byte(s.text)
	begins := true // no character but space was on this line
	for i := 0; i < len(b); i++ {
		rest := s.text[i:]
		directive := begins && rest[0] == '#'
		begins = rest[0] == '\n' || begins && (rest[0] == ' ' || rest[0] == '\t')
		switch {
		case directive: // #include and the like
			end := i + directiveEnd(rest)
			wipe(b, i, end)
			i = end - 1
		case strings.HasPrefix(rest, "//"):
			end := i + len(rest)
			if n := strings.IndexByte(rest, '\n'); n >= 0 {
				end = i + n
			}
			wipe(b, i, end)
			i = end - 1
		case strings.HasPrefix(rest, "/*"):
			end := i + len(rest)
			if n := strings.Index(rest[2:], "*/"); n >= 0 {
				end = i + n + 4
			}
			wipe(b, i, end)
			i = end - 1
		case rest[0] == '"':
			end := s.textEnd(i)
			wipe(b, i+1, end)
			i = end
		}
	}
	s.code = string(b)
}

// textEnd is where the text ends that begins at i. It notes the lines that end in it.
func (s *bpfScanner) textEnd(i int) int {
	for i++; i < len(s.text) && s.text[i] != '"'; i++ {
		if s.text[i] == '\n' {
			s.broken = append(s.broken, i)
		}
		if s.text[i] == '\\' {
			i++
		}
	}
	return i
}

// directiveEnd is where a line for the preprocessor ends, or a comment in it begins.
func directiveEnd(text string) int {
	for i := range len(text) {
		comment := strings.HasPrefix(text[i:], "/*") || strings.HasPrefix(text[i:], "//")
		if comment || text[i] == '\n' && text[i-1] != '\\' {
			return i
		}
	}
	return len(text)
}

func wipe(b []byte, from, to int) {
	for i := from; i < to && i < len(b); i++ {
		if b[i] != '\n' {
			b[i] = ' '
		}
	}
}

// probe notes the attach points before the block that begins at end, less the predicate.
func (s *bpfScanner) probe(start, end int) {
	head := s.code[start:end]
	points, _, _ := strings.Cut(head, "/")
	offset := start + len(head) - len(strings.TrimLeft(head, " \t\r\n"))
	s.probes = append(s.probes, bpfProbe{offset: offset, points: strings.TrimSpace(points)})
}

// isCall says whether the function is called at i.
func (s *bpfScanner) isCall(i int, fn string) bool {
	if !strings.HasPrefix(s.code[i:], fn) || i > 0 && (isLetter(s.code[i-1]) || isDigit(s.code[i-1])) {
		return false
	}
	return strings.HasPrefix(strings.TrimLeft(s.code[i+len(fn):], " \t\r\n"), "(")
}

// printf reads the arguments of the call at i.
func (s *bpfScanner) printf(i int) {
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
