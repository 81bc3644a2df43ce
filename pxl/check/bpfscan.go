package check

import "strings"

// bpfProbe is what stands before a block of a program.
type bpfProbe struct {
	offset int
	points string
	prints bool // its block holds a printf
}

// bpfScanner finds in a bpftrace program what Pixie's rules are about. It is no parser: bpftrace itself is.
type bpfScanner struct {
	text string
	// code is text with comments and the insides of texts blanked out, of the same length.
	code    string
	broken  []int // where a line ends inside of a text
	probes  []bpfProbe
	printfs []printf
}

func (s *bpfScanner) scan() {
	s.blank()
	depth, start := 0, 0
	for i := 0; i < len(s.code); i++ {
		switch s.code[i] {
		case '{':
			if depth == 0 {
				s.probe(start, i)
			}
			depth++
		case '}':
			if depth--; depth <= 0 {
				depth, start = 0, i+1
			}
		case 'p':
			if depth > 0 && s.isCall(i, "printf") {
				s.printf(i)
			}
		}
	}
}

// blank makes code of text.
func (s *bpfScanner) blank() {
	b := []byte(s.text)
	wipe := func(from, to int) {
		for i := from; i < to && i < len(b); i++ {
			if b[i] != '\n' {
				b[i] = ' '
			}
		}
	}
	for i := 0; i < len(b); i++ {
		rest := s.text[i:]
		switch {
		case strings.HasPrefix(rest, "//"):
			end := i + len(rest)
			if n := strings.IndexByte(rest, '\n'); n >= 0 {
				end = i + n
			}
			wipe(i, end)
			i = end
		case strings.HasPrefix(rest, "/*"):
			end := i + len(rest)
			if n := strings.Index(rest[2:], "*/"); n >= 0 {
				end = i + n + 4
			}
			wipe(i, end)
			i = end - 1
		case rest[0] == '"':
			end := i + 1
			for end < len(b) && s.text[end] != '"' {
				if s.text[end] == '\n' {
					s.broken = append(s.broken, end)
				}
				if s.text[end] == '\\' {
					end++
				}
				end++
			}
			wipe(i+1, end)
			i = end
		}
	}
	s.code = string(b)
}

// probe notes the attach points before the block that begins at end, less the predicate.
func (s *bpfScanner) probe(start, end int) {
	head := s.code[start:end]
	var points strings.Builder
	for line := range strings.Lines(head) {
		if !strings.HasPrefix(strings.TrimSpace(line), "#") { // #include and the like
			points.WriteString(line)
		}
	}
	before, _, _ := strings.Cut(points.String(), "/")
	offset := start + len(head) - len(strings.TrimLeft(head, " \t\r\n"))
	s.probes = append(s.probes, bpfProbe{offset: offset, points: strings.TrimSpace(before)})
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
