package stage

import (
	"regexp"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Command shows a command as it was typed, and what it printed. A long command is continued so that it can be copied
// into a shell; a long line of output is continued in the next line, as a terminal does.
func (s *Stage) Command(command, output string) {
	s.writeLine("")
	for i, l := range continueLines(gossip.CleanText(command), s.stageWidth()-6) {
		prompt := "$ "
		if i > 0 {
			prompt = "    "
		}
		s.writeLine(s.paintText(bold, prompt+l))
	}
	if output == "" {
		return
	}
	output = strings.ReplaceAll(strings.TrimRight(output, "\n"), "\t", "        ")
	for line := range strings.SplitSeq(gossip.CleanLines(output), "\n") {
		part := text.Trim(line, s.stageWidth())
		s.writeLine(part)
		for rest := line[len(part):]; rest != ""; rest = rest[len(part):] {
			part = text.Trim(rest, s.stageWidth())
			s.writeLine(part)
		}
	}
}

// shellWord is a word of a command, with the spaces inside quotes.
var shellWord = regexp.MustCompile(`(?:'[^']*'|[^ '])+`)

// continueLines breaks a command between words, and JSON in single quotes after its commas: a shell reads the lines as
// the same command.
func continueLines(command string, width int) []string {
	var lines []string
	line := ""
	for _, word := range shellWord.FindAllString(command, -1) {
		pieces := []string{word}
		if strings.HasPrefix(word, "'{") {
			pieces = strings.SplitAfter(word, ",")
		}
		for i, piece := range pieces {
			joint := " "
			if i > 0 || line == "" {
				joint = ""
			}
			if line != "" && text.StringWidthWithoutEscSequences(line+joint+piece) > width {
				if i == 0 {
					line += ` \`
				}
				lines, line, joint = append(lines, line), "", ""
			}
			line += joint + piece
		}
	}
	return append(lines, line)
}
