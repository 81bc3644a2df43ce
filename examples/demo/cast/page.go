package cast

import (
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"strconv"
	"strings"
	"time"
)

//go:embed page.html
var pageSource string

// step is what one event adds to the screen.
type step struct {
	At   string // when the player shows it, in seconds
	Runs []run
}

// page is what page.html shows.
type page struct {
	Header

	Title    string
	Recorded string // when
	Steps    []step
	End      string // seconds
	Limit    string // a longer pause was shortened to this; empty: none was
}

// Page writes one HTML file that plays a cast and needs nothing else. It refuses a cast that needs more than lines and colours, and says at
// which time.
func Page(out io.Writer, c *Cast) error {
	t, err := template.New("page").Parse(pageSource)
	if err != nil {
		return err
	}
	p, err := pageOf(c)
	if err != nil {
		return err
	}
	return t.Execute(out, p)
}

func pageOf(c *Cast) (*page, error) {
	p := &page{Header: c.Header, Title: c.Header.Title}
	if p.Title == "" {
		p.Title = "A terminal session"
	}
	if c.Header.Timestamp != 0 {
		p.Recorded = time.Unix(c.Header.Timestamp, 0).UTC().Format(time.RFC3339)
	}
	limit := time.Duration(c.Header.IdleTimeLimit * float64(time.Second))
	var screen text
	var shown, before time.Duration
	for _, e := range c.Events {
		pause := e.Time - before
		if before = e.Time; limit > 0 && pause > limit {
			pause = limit
			p.Limit = seconds(limit)
		}
		shown += pause
		if e.Code != Output {
			continue
		}
		runs, err := screen.take(e.Data)
		if err != nil {
			return nil, fmt.Errorf("at %v: %w: it needs a player with a terminal", e.Time, err)
		}
		if len(runs) > 0 {
			p.Steps = append(p.Steps, step{seconds(shown), runs})
		}
	}
	p.End = seconds(shown)
	return p, nil
}

// seconds are those of a duration, to the millisecond.
func seconds(d time.Duration) string {
	text := strconv.FormatFloat(d.Seconds(), 'f', 3, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
