package stage

import "github.com/jedib0t/go-pretty/v6/text"

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

// largeDigits renders a number in large digits, as five lines. A text that has other characters, or is too wide, is one
// line.
func largeDigits(t string, width int) []string {
	lines := make([]string, 5)
	for _, r := range t {
		glyph, ok := glyphs[r]
		if !ok || text.StringWidthWithoutEscSequences(lines[0]+glyph[0]) > width {
			return []string{clipText(t, width)}
		}
		for i := range lines {
			lines[i] += glyph[i] + " "
		}
	}
	return lines
}
