package pixie

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// integer reads an optional integer within the bounds of its field.
func (r *record) integer(f field) gossip.Optional[int64] {
	if !r.has(f) {
		return gossip.Optional[int64]{}
	}
	return r.someInteger(f)
}

func (r *record) someInteger(f field) gossip.Optional[int64] {
	if d := &r.list[f].number; d.within(&fields[f]) {
		return gossip.Some(d.n)
	}
	if r.err != nil {
		return gossip.Optional[int64]{}
	}
	n, err := r.outer.integer(r.of(f), fields[f])
	r.fail(f, err)
	return gossip.Some(n)
}

// number reads an optional number within the bounds of its field.
func (r *record) number(f field) gossip.Optional[float64] {
	if !r.has(f) {
		return gossip.Optional[float64]{}
	}
	return r.someNumber(f)
}

func (r *record) someNumber(f field) gossip.Optional[float64] {
	if x, ok := r.list[f].number.float(); ok && fields[f].holds(x) {
		return gossip.Some(x)
	}
	if r.err != nil {
		return gossip.Optional[float64]{}
	}
	x, err := r.outer.number(r.of(f), fields[f])
	r.fail(f, err)
	return gossip.Some(x)
}

// requiredInteger reads an integer that must be there.
func (r *record) requiredInteger(f field) int64 {
	r.require(f)
	return r.integer(f).Value
}

// nanoseconds reads an optional duration.
func (r *record) nanoseconds(f field) gossip.Optional[time.Duration] {
	n, known := r.integer(f).Get()
	return gossip.Optional[time.Duration]{Value: time.Duration(n), Known: known}
}

// period reads the length of the window: absent is 0, and 0 is refused.
func (r *record) period() time.Duration {
	seconds, known := r.number(periodSeconds).Get()
	d := time.Duration(math.Round(seconds * 1e9))
	if known && d == 0 {
		r.fail(periodSeconds, fmt.Errorf("must be above 0: %s", bytes.Trim(r.of(periodSeconds), `"`)))
	}
	return d
}

// integer reads an integer, which may be written as 12, 12.0, 1.2e1 or a string of these.
func (m *members) integer(value []byte, s spec) (int64, error) {
	digits, err := m.numeral(value)
	if err != nil {
		return 0, err
	}
	if end, d := plainNumber(digits, 0); end == len(digits) && d.within(&s) {
		return d.n, nil
	}
	n, err := exact(digits)
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, shorten(digits))
	}
	return n, s.check(float64(n), digits)
}

// number reads a number, which may be written as a string.
func (m *members) number(value []byte, s spec) (float64, error) {
	digits, err := m.numeral(value)
	if err != nil {
		return 0, err
	}
	if end, d := plainNumber(digits, 0); end == len(digits) {
		if x, ok := d.float(); ok && s.holds(x) {
			return x, nil
		}
	}
	x, _ := strconv.ParseFloat(string(digits), 64) // beyond the range it is infinite, and fails the check
	return x + 0, s.check(x, digits)               // -0 + 0 is 0
}

// numeral returns the text of a number, or of a string that holds one.
func (m *members) numeral(value []byte) ([]byte, error) {
	switch value[0] {
	case '"':
		text, err := m.unquote(value)
		if err == nil && !isNumber(text) {
			err = fmt.Errorf("not a number: %s", quote(text))
		}
		return text, err
	case '{', '[', 't', 'f', 'n':
		return nil, wrongKind('0', value)
	}
	return value, nil
}

// check holds a number against the bounds of its field.
func (s spec) check(x float64, digits []byte) error {
	switch {
	case x < 0:
		return fmt.Errorf("negative: %s", shorten(digits))
	case x < float64(s.min):
		return fmt.Errorf("below %s: %s", strconv.FormatInt(s.min, 10), shorten(digits))
	case x > float64(s.max):
		return fmt.Errorf("above %s: %s", strconv.FormatInt(s.max, 10), shorten(digits))
	}
	return nil
}

// holds says whether a number is within the bounds of its field.
func (s spec) holds(x float64) bool { return float64(s.min) <= x && x <= float64(s.max) }

// shorten makes a numeral fit for an error.
func shorten(digits []byte) string {
	const most = 32
	if len(digits) > most {
		return string(digits[:most]) + "…"
	}
	return string(digits)
}

var errNotInteger = errors.New("not an integer")

// exact returns the integer that a numeral stands for, without a detour over floating point. What does not fit into an int64
// is ±MaxInt64, which is beyond every bound too.
func exact(digits []byte) (int64, error) {
	if len(digits) <= 18 {
		if n, err := strconv.ParseInt(string(digits), 10, 64); err == nil {
			return n, nil
		}
	}
	unsigned, negative := bytes.CutPrefix(digits, []byte{'-'})
	mantissa, exponent, _ := bytes.Cut(bytes.ToLower(unsigned), []byte{'e'})
	whole, fraction, _ := bytes.Cut(mantissa, []byte{'.'})
	significant := bytes.TrimLeft(append(bytes.Clone(whole), fraction...), "0")
	if len(significant) == 0 {
		return 0, nil
	}
	power := 0
	if len(exponent) > 0 {
		power, _ = strconv.Atoi(string(exponent)) // beyond the range it is the largest int of that sign
		power = max(-1<<29, min(power, 1<<29))    // far beyond every bound, and safe to add to
	}
	trimmed := bytes.TrimRight(significant, "0")
	power += len(significant) - len(trimmed) - len(fraction)
	n := int64(math.MaxInt64)
	switch {
	case power < 0:
		return 0, errNotInteger
	case power <= 19-len(trimmed): // fits into an uint64
		u, _ := strconv.ParseUint(string(trimmed), 10, 64)
		for range power {
			u *= 10
		}
		n = int64(min(u, math.MaxInt64))
	}
	if negative {
		n = -n
	}
	return n, nil
}
