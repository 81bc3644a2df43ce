package replay

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// layout is how a table is shown.
type layout struct {
	width    int // 0: as wide as it needs
	color    bool
	titles   bool // and what stands below the table
	commands bool
	explain  bool
	lowest   gossip.Severity // that has a row
	pods     bool            // --pods was given
}

// pipeWidth is how wide a table is where there is no terminal: a constant, so that the same input gives the same bytes.
const pipeWidth = 120

// tableWidth is what the user wants, by the flag or by COLUMNS, else what the terminal has. A pipe is not asked where
// it ends.
func (o *options) tableWidth(out io.Writer) int {
	wanted, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil || wanted < 0 {
		wanted = 0
	}
	return cmp.Or(o.Width, wanted, terminalWidth(out), pipeWidth)
}

// terminalWidth is 0 where out is no terminal, or one that does not say.
func terminalWidth(out io.Writer) int {
	f, ok := out.(*os.File)
	if !ok {
		return 0
	}
	width, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return width
}

// colored reports whether to colour: as the flag says, else on terminals that show colours, unless NO_COLOR is set
// (no-color.org).
func (o *options) colored(out io.Writer) bool {
	if o.Color != "auto" {
		return o.Color == "always"
	}
	return isTerminal(out) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"
}

// isTerminal reports whether a stream is a terminal.
func isTerminal(stream any) bool {
	f, ok := stream.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// gap is between two columns.
const gap = 2

// grid renders rows below their titles, without frames.
func (l layout) grid(titles []string, rows []table.Row) string {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", strings.Repeat(" ", gap)
	style.Options = table.OptionsNoBordersAndSeparators
	style.Format.Header = text.FormatUpper
	t.SetStyle(style)
	if l.titles {
		header := make(table.Row, len(titles))
		for i, title := range titles {
			header[i] = title
		}
		t.AppendHeader(header)
	}
	if l.width > 0 {
		widths := share(l.width, titles, rows)
		columns := make([]table.ColumnConfig, len(titles))
		for i, width := range widths {
			columns[i] = table.ColumnConfig{Number: i + 1, WidthMax: width, WidthMaxEnforcer: wrap}
		}
		t.SetColumnConfigs(columns)
	}
	t.AppendRows(rows)
	t.SuppressTrailingSpaces()
	return t.Render()
}

// named is the column of names. One that is broken cannot be copied, so it comes before the others.
const named = 1

// share shares a width among columns. Each has room for its title, and for a word. Then the names take up to three
// quarters of what is left, and all columns grow together to what they need.
func share(width int, titles []string, rows []table.Row) []int {
	const word = 10
	widths, needs := make([]int, len(titles)), make([]int, len(titles))
	left := width - gap*(len(titles)-1)
	for i, title := range titles {
		needs[i] = len(title)
		for _, row := range rows {
			needs[i] = max(needs[i], text.LongestLineLen(fmt.Sprint(row[i])))
		}
		widths[i] = max(len(title), min(word, needs[i]))
		left -= widths[i]
	}
	if more := min(needs[named]-widths[named], left*3/4); more > 0 {
		widths[named] += more
		left -= more
	}
	for grown := true; grown; {
		grown = false
		for i := range widths {
			if left > 0 && widths[i] < needs[i] {
				widths[i]++
				left--
				grown = true
			}
		}
	}
	return widths
}

// wrap breaks at spaces; a word that is too long, such as a pod's name, is broken where it must.
func wrap(s string, width int) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = text.WrapText(text.WrapSoft(line, width), width)
	}
	return strings.Join(lines, "\n")
}
