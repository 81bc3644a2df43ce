package check

import (
	"fmt"
	"regexp"
	"strings"
)

// printf is one printf of a program.
type printf struct {
	offset int
	format string
	args   []string
}

// What Pixie's bpftrace, 0.16 and a little more, attaches to the kernel, what it attaches to processes, and what it does not have.
var (
	kernelProbes = set("kprobe k kretprobe kr tracepoint t BEGIN END interval i profile p software s hardware h kfunc f kretfunc fr iter it")
	userProbes   = set("uprobe u uretprobe ur usdt U watchpoint w asyncwatchpoint aw")

	newerWords = regexp.MustCompile(`\b(?:(strcontains|offsetof|strstr|percpu_kaddr|for)\s*\(|(ncpus)\b)`)
	lostCalls  = regexp.MustCompile(`\b(print|time|exit|system|cat|join)\s*\(`)
	// What cannot become a column: functions whose result is no integer and no text, and what belongs into maps.
	unhandled = regexp.MustCompile(`^(buf|macaddr|cgroup_path|strerror|count|sum|avg|min|max|stats|hist|lhist)\s*\(`)
	verb      = regexp.MustCompile(`%[-+0 #]*[0-9]*(\.[0-9]+)?(hh|h|ll|l|z|j|t)?([a-zA-Z])`)
)

// bpftrace checks a program by the rules of Pixie's connector, and says what columns its table gets.
func (c *checker) bpftrace(p program, kernel bool) []Column {
	c.steps -= len(p.text) / 2
	if c.steps <= 0 {
		return nil
	}
	s := bpfScanner{text: p.text}
	s.scan()
	if len(s.printfs)+len(s.probes)+len(s.broken)+len(s.late) > maxProblems {
		c.say(p.at, "the program is too large to be checked: more than %d blocks and printfs", maxProblems)
		return nil
	}
	for _, at := range s.broken {
		c.say(p.place(at), "a line ends inside of a text: leave \\n out, or write the program as r'''...'''")
	}
	for _, h := range s.probes {
		c.attachPoints(p, h, kernel)
	}
	for _, at := range s.late {
		c.say(p.place(at), "a program declares its structs before the first probe")
	}
	c.words(p, s.code)
	if len(s.printfs) == 0 {
		c.say(p.at, "The BPFTrace program must contain at least one printf statement.")
		return nil
	}
	first := s.printfs[0]
	columns := c.rowColumns(p, first)
	for _, f := range s.printfs[1:] {
		if f.format != first.format {
			c.say(p.place(f.offset), "All printf statements must have exactly the same format string")
			continue
		}
		c.sameLayout(p, columns, first, f)
	}
	return columns
}

// words looks for what Pixie's bpftrace does not have, and for what it does in vain.
func (c *checker) words(p program, code string) {
	for _, m := range newerWords.FindAllStringSubmatchIndex(code, maxProblems) {
		from, to := m[2], m[3]
		if from < 0 {
			from, to = m[4], m[5]
		}
		if before := code[:from]; !strings.HasSuffix(before, "->") && !strings.ContainsAny(lastByte(before), ".$@") {
			c.say(p.place(from), "Pixie's bpftrace (0.16) has no '%s'", code[from:to])
		}
	}
	for _, m := range lostCalls.FindAllStringIndex(code, maxProblems) {
		c.warn(p.place(m[0]), "what %s) does is lost: Pixie takes the rows of printf only", code[m[0]:m[1]])
	}
}

func lastByte(s string) string { return s[max(0, len(s)-1):] }

// attachPoints checks the kinds of probes before a block.
func (c *checker) attachPoints(p program, h bpfProbe, kernel bool) {
	for point := range strings.SplitSeq(h.points, ",") {
		kind, _, _ := strings.Cut(point, ":")
		kind = strings.Join(strings.Fields(kind), " ")
		switch {
		case kind == "":
		case !kernelProbes[kind] && !userProbes[kind]:
			c.say(p.place(h.offset), "Pixie's bpftrace (0.16) has no probe type '%s'", kind)
		case userProbes[kind] && kernel:
			c.say(p.place(h.offset), "probe type '%s' needs a process as target, not pxtrace.kprobe()", kind)
		}
		if (kind == "BEGIN" || kind == "END") && h.prints {
			c.say(p.place(h.offset), "a printf in %s does not reach the table", kind)
		}
	}
}

// rowColumns reads the format: words of name:%conversion, divided by spaces.
func (c *checker) rowColumns(p program, f printf) []Column {
	at := p.place(f.offset)
	var columns []Column
	for word := range strings.SplitSeq(f.format, " ") {
		if !strings.Contains(word, "%") {
			continue
		}
		name, _, named := strings.Cut(word, ":")
		if !named {
			name = fmt.Sprintf("Column_%d", len(columns))
			c.warn(at, "%s has no name and becomes the column %s: write name:%%d", quote(word), name)
		}
		if strings.Count(word, "%") > 1 {
			c.say(at, "%s is one column for Pixie: put spaces between columns, and none inside of one", quote(word))
		}
		for _, o := range columns {
			if o.Name == name {
				c.say(at, "column '%s' is printed twice", name)
			}
		}
		columns = append(columns, Column{name, c.rowType(at, name, word)})
	}
	if len(columns) != len(f.args) {
		c.say(at, "Column name count (%d) and actual output count (%d) do not match!", len(columns), len(f.args))
	}
	for _, a := range f.args {
		if unhandled.MatchString(a) {
			c.say(at, "%s: Unhandled field type: columns are integers and texts", a)
		}
	}
	return columns
}

// conversions of printf, and what becomes of them.
var conversions = map[string]string{"d": "INT64", "i": "INT64", "u": "INT64", "x": "INT64", "X": "INT64", "c": "INT64", "p": "INT64", "s": "STRING"}

// rowType guesses the type of a column by its conversion; Pixie goes by the argument, which is the same unless bpftrace refuses it.
func (c *checker) rowType(at pos, name, word string) string {
	kind := ""
	if m := verb.FindStringSubmatch(word); m != nil {
		kind = conversions[m[3]]
	}
	switch {
	case kind == "":
		c.say(at, "%s: Unhandled field type: columns are integers and texts", quote(word))
		kind = "INT64"
	case name == "time_" && kind != "INT64":
		c.say(at, "time_ must be an integer type")
	}
	if name == "time_" {
		return "TIME64NS"
	}
	return kind
}

// sameLayout compares the texts of two printfs: Pixie reads the rows of all by the sizes of the first one's arguments,
// so a text that is shorter or longer there moves everything that comes after it in a row. Pixie deploys such a program
// all the same, and its own scripts have some: it is a warning.
func (c *checker) sameLayout(p program, columns []Column, first, f printf) {
	for i := range min(len(columns), len(first.args), len(f.args)) {
		a, b := textSize(first.args[i]), textSize(f.args[i])
		if a > 0 && b > 0 && a != b {
			c.warn(p.place(f.offset), "column '%s' is a text of %d bytes here and of %d in the first printf, "+
				"by whose layout Pixie reads all rows", columns[i].Name, b, a)
		}
	}
}

// textSize is how many bytes a text takes in a row; 0: not known, or no text.
func textSize(arg string) int {
	switch {
	case arg == "comm":
		return 16
	case strings.HasPrefix(arg, `"`) && strings.Count(arg, `"`) == 2 && strings.HasSuffix(arg, `"`):
		return len(arg) - 1 // without quotes, with the 0 at the end
	case strings.HasPrefix(arg, "str(") && closes(arg) && !strings.Contains(arg, ","):
		return 64 // BPFTRACE_STRLEN
	case strings.HasPrefix(arg, "ntop(") && closes(arg):
		return 24
	}
	return 0
}

// closes says whether the first bracket is closed by the last character.
func closes(arg string) bool {
	depth := 0
	for i, r := range arg {
		switch r {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i == len(arg)-1
			}
		}
	}
	return false
}
