package stage

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/text"
)

// glyphs are characters five lines high, for the last row of a room.
var glyphs = map[rune][5]string{
	'0': {"████", "█  █", "█  █", "█  █", "████"},
	'1': {"  █ ", " ██ ", "  █ ", "  █ ", " ███"},
	'2': {"████", "   █", "████", "█   ", "████"},
	'3': {"████", "   █", " ███", "   █", "████"},
	'4': {"█  █", "█  █", "████", "   █", "   █"},
	'5': {"████", "█   ", "████", "   █", "████"},
	'6': {"████", "█   ", "████", "█  █", "████"},
	'7': {"████", "   █", "  █ ", " █  ", " █  "},
	'8': {"████", "█  █", "████", "█  █", "████"},
	'9': {"████", "█  █", "████", "   █", "████"},
	'%': {"█  █", "  █ ", " ██ ", " █  ", "█  █"},
	',': {"  ", "  ", "  ", "██", " █"},
	'.': {" ", " ", " ", " ", "█"},
}

// large renders a number in large digits, one below the other the five lines; a text that has other characters, or is too wide, in one line.
func large(t string, width int) []string {
	var rows [5]strings.Builder
	for i, r := range []rune(t) {
		g, ok := glyphs[r]
		if !ok {
			return []string{clip(t, width)}
		}
		for n := range rows {
			if i > 0 {
				rows[n].WriteByte(' ')
			}
			rows[n].WriteString(g[n])
		}
	}
	out := make([]string, 0, len(rows))
	for n := range rows {
		if text.StringWidthWithoutEscSequences(rows[n].String()) > width {
			return []string{clip(t, width)}
		}
		out = append(out, rows[n].String())
	}
	return out
}
