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
	width       int // 0: as wide as it needs
	color       bool
	titles      bool // also the notes below the table
	commands    bool
	explain     bool
	lowestShown gossip.Severity // lowest severity that has a row
	podsGiven   bool            // --pods was given
	byPod       bool            // rows are about pods, not workloads
	pods        int             // that were measured
	dates       bool            // times need their date: the capture spans days
}

// pipeWidth is the width of a table that is not written to a terminal. It is a constant, so that the same input gives
// the same bytes.
const pipeWidth = 120

// tableWidth returns the width from the flag, else from COLUMNS, else from the terminal, else pipeWidth.
func (o *options) tableWidth(out io.Writer) int {
	wanted, err := strconv.Atoi(os.Getenv("COLUMNS"))
	if err != nil || wanted < 0 {
		wanted = 0
	}
	return cmp.Or(o.Width, wanted, terminalWidth(out), pipeWidth)
}

// terminalWidth returns the width of a terminal, or 0 if out is no terminal or does not report its width.
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

// usesColor reports whether to use colours: as the flag says, else on terminals that show colours, unless NO_COLOR is
// set (no-color.org).
func (o *options) usesColor(out io.Writer) bool {
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

// columnGap is the number of spaces between two columns.
const columnGap = 2

// renderGrid renders rows below their titles, without frames.
func (l layout) renderGrid(titles []string, rows []table.Row) string {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Box.PaddingLeft, style.Box.PaddingRight = "", strings.Repeat(" ", columnGap)
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
		widths := shareWidth(l.width, titles, rows)
		columns := make([]table.ColumnConfig, len(titles))
		for i, width := range widths {
			columns[i] = table.ColumnConfig{Number: i + 1, WidthMax: width, WidthMaxEnforcer: wrapText}
		}
		t.SetColumnConfigs(columns)
	}
	t.AppendRows(rows)
	t.SuppressTrailingSpaces()
	return t.Render()
}

// nameColumn is the index of the column with names. A name that is broken cannot be copied, so this column
// gets its width first.
const nameColumn = 1

// shareWidth divides a width among columns. Each column gets the width of its title and of a short word. Then the names
// get up to three quarters of the rest, and all columns grow together to what they need.
func shareWidth(width int, titles []string, rows []table.Row) []int {
	const word = 10
	widths, needs := make([]int, len(titles)), make([]int, len(titles))
	left := width - columnGap*(len(titles)-1)
	for i, title := range titles {
		needs[i] = len(title)
		for _, row := range rows {
			needs[i] = max(needs[i], text.LongestLineLen(fmt.Sprint(row[i])))
		}
		widths[i] = max(len(title), min(word, needs[i]))
		left -= widths[i]
	}
	if more := min(needs[nameColumn]-widths[nameColumn], left*3/4); more > 0 {
		widths[nameColumn] += more
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

// wrapText breaks lines at spaces. It breaks a word, such as a pod's name, only if the word alone is too long.
func wrapText(s string, width int) string {
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		lines[i] = text.WrapText(text.WrapSoft(line, width), width)
	}
	return strings.Join(lines, "\n")
}
