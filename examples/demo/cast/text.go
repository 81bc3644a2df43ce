package cast

import (
	"fmt"
	"regexp"
	"strings"
)

// run is text of one look.
type run struct {
	Look look
	Text string
}

// text reads the output of a program that prints lines and colours, piece by piece: a sequence may begin in one piece and end in another.
type text struct {
	look look
	rest string // the beginning of a sequence
}

// take reads a piece. An error says what would need a terminal that moves its cursor.
func (t *text) take(piece string) ([]run, error) {
	piece, t.rest = t.rest+piece, ""
	var runs []run
	var plain strings.Builder // in the look that is set
	for piece != "" {
		n := strings.IndexFunc(piece, isControl)
		if n < 0 {
			n = len(piece)
		}
		plain.WriteString(piece[:n])
		if piece = piece[n:]; piece == "" {
			break
		}
		before := t.look
		n, err := t.control(piece)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			t.rest = piece
			break
		}
		if piece = piece[n:]; t.look != before && plain.Len() > 0 {
			runs = append(runs, run{before, plain.String()})
			plain.Reset()
		}
	}
	if plain.Len() > 0 {
		runs = append(runs, run{t.look, plain.String()})
	}
	return runs, nil
}

func isControl(c rune) bool { return c < ' ' && c != '\n' && c != '\t' || c == '\x7f' }

// control is the length of what a text begins with that is not shown; 0 where its end has not come yet.
func (t *text) control(begin string) (int, error) {
	switch begin[0] {
	case '\x1b':
		return t.sequence(begin)
	case '\a':
		return 1, nil
	case '\r':
		if len(begin) == 1 {
			return 0, nil
		}
		if begin[1] != '\n' && begin[1] != '\r' {
			return 0, fmt.Errorf("a line that is overwritten: %q", clip(begin))
		}
		return 1, nil
	}
	return 0, fmt.Errorf("the control character %q", begin[0])
}

var (
	colours = regexp.MustCompile(`^\x1b\[([0-9;]*)m`)
	unseen  = regexp.MustCompile(`^\x1b(\[\?[0-9;]*[hl]|\][^\x07\x1b]*(\x07|\x1b\\))`) // modes of the terminal, and its title
	begun   = regexp.MustCompile(`^\x1b(\[\??[0-9;]{0,99}|\][^\x07\x1b]{0,999}\x1b?)?$`)
)

// sequence is the length of the escape sequence that a text begins with, which may change the look; 0 where it has only begun.
func (t *text) sequence(begin string) (int, error) {
	if m := colours.FindStringSubmatch(begin); m != nil {
		return len(m[0]), t.look.set(m[1])
	}
	if m := unseen.FindString(begin); m != "" {
		return len(m), nil
	}
	if begun.MatchString(begin) {
		return 0, nil
	}
	return 0, fmt.Errorf("the sequence %q: neither a colour nor a mode", clip(begin))
}

// clip shortens what an error shows.
func clip(text string) string {
	const most = 24
	if len(text) > most {
		return text[:most] + "…"
	}
	return text
}
