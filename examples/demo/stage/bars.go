package stage

import (
	"cmp"
	"fmt"
	"strings"
	"time"
)

// Stretch is one line of a waterfall: who did what, from when to when.
type Stretch struct {
	From, To time.Duration // from the start
	Actor    string
	What     string
}

// actorStyles tell the actors apart; the name stands beside, so colours only help.
var actorStyles = map[string]string{"Kubelet": yellow, "Runtime": cyan, "Kernel": red, "Scheduler": green}

// Waterfall shows who did what over time, one line a stretch, the bars to one scale.
func (s *Stage) Waterfall(stretches []Stretch, whole time.Duration) {
	const times, actors, gaps = 8, 9, 6
	bars := (s.width() - times - actors - gaps) * 2 / 5
	what := s.width() - times - actors - gaps - bars
	s.line("")
	for _, x := range stretches {
		from := column(x.From, whole, bars)
		long := max(1, column(x.To, whole, bars)-from)
		from = min(from, bars-1)
		long = min(long, bars-from)
		style := actorStyles[x.Actor]
		bar := strings.Repeat("·", from) + strings.Repeat("█", long) + strings.Repeat(" ", bars-from-long)
		s.line(fmt.Sprintf("  %*dms %s %s %s", times-2, x.From.Milliseconds(), s.paint(style, fit(cmp.Or(x.Actor, "–"), actors)), s.paint(style, bar), clip(x.What, what)))
	}
}

func column(at, whole time.Duration, columns int) int {
	if whole <= 0 {
		return 0
	}
	return int(int64(columns) * int64(min(max(at, 0), whole)) / int64(whole))
}

// Level shows one value of a row of them: how much of a whole it is.
func (s *Stage) Level(label, text string, value, whole int64) {
	bars := s.width() - 2 - 26 - 20
	full := 0
	if whole > 0 {
		full = int(int64(bars) * min(max(value, 0), whole) / whole)
	}
	style := green
	if whole > 0 && value*5 >= whole*4 {
		style = red
	}
	s.line("  " + fit(label, 25) + " " + s.paint(style, strings.Repeat("█", full)) + s.paint(dim, strings.Repeat("░", bars-full)) + " " + clip(text, 18))
}
