package cast

import (
	"fmt"
	"strconv"
	"strings"
)

// look is how text is shown: the classes and the colours that the page knows.
type look struct {
	bold, dim, italic, underline, reverse, strike bool
	fore, back                                    string // a class "c0" to "c15", a colour "#rrggbb", or empty
}

// flags are the attributes that are switched on by a number.
func (l *look) flag(code int) *bool {
	switch code {
	case 1:
		return &l.bold
	case 2:
		return &l.dim
	case 3:
		return &l.italic
	case 4:
		return &l.underline
	case 7:
		return &l.reverse
	case 9:
		return &l.strike
	}
	return nil
}

// set takes the parameters of an SGR sequence ("1;31"). Numbers that are not known change nothing.
func (l *look) set(parameters string) error {
	var codes []int
	for p := range strings.SplitSeq(parameters, ";") {
		n, err := strconv.ParseUint("0"+p, 10, 16) // nothing is 0
		if err != nil {
			return fmt.Errorf("the colour %q", clip(parameters))
		}
		codes = append(codes, int(n))
	}
	for len(codes) > 0 {
		code := codes[0]
		if code != 38 && code != 48 {
			l.attribute(code)
			codes = codes[1:]
			continue
		}
		var colour string
		if colour, codes = extended(codes[1:]); colour == "" {
			return fmt.Errorf("the colour %q", clip(parameters))
		}
		*l.ground(code) = colour
	}
	return nil
}

// attribute takes one number that stands for itself.
func (l *look) attribute(code int) {
	switch {
	case code == 0:
		*l = look{}
	case code == 22:
		l.bold, l.dim = false, false
	case l.flag(code) != nil:
		*l.flag(code) = true
	case l.flag(code-20) != nil:
		*l.flag(code - 20) = false
	case code == 39, code == 49:
		*l.ground(code) = ""
	case code >= 30 && code < 50:
		*l.ground(code) = "c" + strconv.Itoa(code%10)
	case code >= 90 && code < 110 && code%10 < 8:
		*l.ground(code - 60) = "c" + strconv.Itoa(code%10+8)
	}
}

// ground is what a number between 30 and 49 colours.
func (l *look) ground(code int) *string {
	if code < 40 {
		return &l.fore
	}
	return &l.back
}

// extended reads the rest of 38 or 48: one of 256 colours (5;n), or a colour of its own (2;r;g;b). The colour is empty if it is neither.
func extended(codes []int) (colour string, rest []int) {
	switch {
	case len(codes) >= 2 && codes[0] == 5 && codes[1] < 256:
		return palette(codes[1]), codes[2:]
	case len(codes) >= 4 && codes[0] == 2 && max(codes[1], codes[2], codes[3]) < 256:
		return fmt.Sprintf("#%02x%02x%02x", codes[1], codes[2], codes[3]), codes[4:]
	}
	return "", nil
}

// palette is a colour of xterm's 256: sixteen that the page has, a cube of 6×6×6, and 24 greys.
func palette(n int) string {
	switch {
	case n < 16:
		return "c" + strconv.Itoa(n)
	case n >= 232:
		grey := 8 + 10*(n-232)
		return fmt.Sprintf("#%02x%02x%02x", grey, grey, grey)
	}
	level := func(i int) int {
		if i == 0 {
			return 0
		}
		return 55 + 40*i
	}
	n -= 16
	return fmt.Sprintf("#%02x%02x%02x", level(n/36), level(n/6%6), level(n%6))
}

// Class is the look as classes; empty: none.
func (l look) Class() string {
	var classes []string
	for _, c := range []struct {
		on   bool
		name string
	}{
		{l.bold, "bold"},
		{l.dim, "dim"},
		{l.italic, "italic"},
		{l.underline, "underline"},
		{l.strike, "strike"},
		{l.reverse, "reverse"},
	} {
		if c.on {
			classes = append(classes, c.name)
		}
	}
	fore, back := l.shown()
	if strings.HasPrefix(fore, "c") {
		classes = append(classes, "f"+fore)
	}
	if strings.HasPrefix(back, "c") {
		classes = append(classes, "b"+back)
	}
	return strings.Join(classes, " ")
}

// Fore is the colour of the text where it has no class.
func (l look) Fore() string { fore, _ := l.shown(); return ownColour(fore) }

// Back is that behind the text.
func (l look) Back() string { _, back := l.shown(); return ownColour(back) }

func ownColour(c string) string {
	if strings.HasPrefix(c, "#") {
		return c
	}
	return ""
}

// shown are the colours after reversal. Where one is empty then, the class reverse has it.
func (l look) shown() (fore, back string) {
	if l.reverse {
		return l.back, l.fore
	}
	return l.fore, l.back
}
