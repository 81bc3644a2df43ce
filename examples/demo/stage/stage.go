// Package stage puts a demo on a terminal: plain lines with a few colours, never a moved cursor, so that the same bytes
// do in tmux, in a recording and in a pipe. What a cluster says is cleaned before it is shown. Nothing is wider than
// the stage, but for single words that are.
package stage

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// The widths, in columns, that a stage may have; Unknown is the width of a pipe, which has none.
const (
	Narrowest = 80
	Widest    = 120
	Unknown   = 100
)

// Stage is where lines are shown. The zero value of all but Out works: colours are off and the width is Unknown.
type Stage struct {
	Out   io.Writer
	Width int  // columns, Narrowest to Widest
	Color bool // SGR sequences
	// Wait is called where the speaker may want to talk; nil goes on at once. Its error ends the demo.
	Wait func() error
}

// New is a stage on a terminal, as wide as that is, or on anything else. It has colours on a terminal that shows them,
// unless the environment forbids them (NO_COLOR, TERM=dumb).
func New(out io.Writer) *Stage {
	s := &Stage{Out: out}
	f, ok := out.(*os.File)
	if !ok || !term.IsTerminal(int(f.Fd())) {
		return s
	}
	s.Color = os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
	if width, _, err := term.GetSize(int(f.Fd())); err == nil {
		s.Width = width
	}
	return s
}

// Styles are SGR parameters.
const (
	bold   = "1"
	dim    = "2"
	red    = "31"
	green  = "32"
	yellow = "33"
	cyan   = "36"
)

func (s *Stage) stageWidth() int { return min(max(cmp.Or(s.Width, Unknown), Narrowest), Widest) }

// paintText wraps a text into a style, but for the spaces at its end.
func (s *Stage) paintText(style, t string) string {
	body := strings.TrimRight(t, " ")
	if !s.Color || style == "" || body == "" {
		return t
	}
	return "\x1b[" + style + "m" + body + "\x1b[0m" + t[len(body):]
}

func (s *Stage) writeLine(t string) { fmt.Fprintln(s.Out, strings.TrimRight(t, " ")) }

// Title begins a scenario.
func (s *Stage) Title(t string) {
	rule := strings.Repeat("━", s.stageWidth())
	s.writeLine("")
	s.writeLine(s.paintText(cyan, rule))
	s.writeLine(s.paintText(bold, " "+t))
	s.writeLine(s.paintText(cyan, rule))
}

// Step begins a part of a scenario.
func (s *Stage) Step(t string) {
	s.writeLine("")
	s.writeLine(s.paintText(bold+";"+cyan, "▶ "+t))
}

// Say shows a text, wrapped at the width.
func (s *Stage) Say(format string, args ...any) {
	for _, l := range wrapText(fmt.Sprintf(format, args...), s.stageWidth()-2) {
		s.writeLine("  " + l)
	}
}

// Note shows a text that matters less: where a figure is from, what is waited for.
func (s *Stage) Note(format string, args ...any) {
	for _, l := range wrapText(fmt.Sprintf(format, args...), s.stageWidth()-2) {
		s.writeLine("  " + s.paintText(dim, l))
	}
}

// Pause lets the speaker talk.
func (s *Stage) Pause() error {
	if s.Wait == nil {
		return nil
	}
	s.writeLine("")
	s.writeLine(s.paintText(dim, "  [any key goes on]"))
	return s.Wait()
}

// wrapText breaks a text into lines at spaces; a word that is too long is broken where it must.
func wrapText(t string, width int) []string {
	var out []string
	for line := range strings.SplitSeq(gossip.CleanLines(t), "\n") {
		out = append(out, strings.Split(text.WrapText(text.WrapSoft(line, width), width), "\n")...)
	}
	for i := range out {
		out[i] = strings.TrimRight(out[i], " ")
	}
	return out
}

// fitText cuts a text, or fills it up with spaces, to a width; what was cut shows by its last character.
func fitText(t string, width int) string { return text.Pad(clipText(t, width), width, ' ') }

// clipText cuts a text that is too wide.
func clipText(t string, width int) string {
	t = gossip.CleanText(t)
	if text.StringWidthWithoutEscSequences(t) <= width {
		return t
	}
	return text.Trim(t, width-1) + "…"
}
