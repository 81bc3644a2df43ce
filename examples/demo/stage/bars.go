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

// actorStyles are the colours of the actors, beside their names.
var actorStyles = map[string]string{"Kubelet": yellow, "Runtime": cyan, "Kernel": red, "Scheduler": green}

// Waterfall shows who did what over time, one line a stretch, the bars to one scale.
func (s *Stage) Waterfall(stretches []Stretch, whole time.Duration) {
	const times, actors, gaps = 8, 9, 6
	bars := (s.stageWidth() - times - actors - gaps) * 2 / 5
	what := s.stageWidth() - times - actors - gaps - bars
	s.writeLine("")
	for _, x := range stretches {
		from := columnOf(x.From, whole, bars)
		long := max(1, columnOf(x.To, whole, bars)-from)
		from = min(from, bars-1)
		long = min(long, bars-from)
		style := actorStyles[x.Actor]
		bar := strings.Repeat("·", from) + strings.Repeat("█", long) + strings.Repeat(" ", bars-from-long)
		actor := s.paintText(style, fitText(cmp.Or(x.Actor, "–"), actors))
		at := fmt.Sprintf("  %*dms ", times-2, x.From.Milliseconds())
		s.writeLine(at + actor + " " + s.paintText(style, bar) + " " + clipText(x.What, what))
	}
}

func columnOf(at, whole time.Duration, columns int) int {
	if whole <= 0 {
		return 0
	}
	return int(int64(columns) * int64(min(max(at, 0), whole)) / int64(whole))
}

// Level shows one value of a row of them: how much of a whole it is.
func (s *Stage) Level(label, text string, value, whole int64) {
	bars := s.stageWidth() - 2 - 26 - 20
	full := 0
	if whole > 0 {
		full = int(int64(bars) * min(max(value, 0), whole) / whole)
	}
	style := green
	if whole > 0 && value*5 >= whole*4 {
		style = red
	}
	bar := s.paintText(style, strings.Repeat("█", full)) + s.paintText(dim, strings.Repeat("░", bars-full))
	s.writeLine("  " + fitText(label, 25) + " " + bar + " " + clipText(text, 18))
}
