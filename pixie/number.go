package pixie

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie/plain"
)

// readInteger reads an optional integer within the bounds of its field.
func (r *record) readInteger(f field) gossip.Optional[int64] {
	if !r.fields.Has(f) {
		return gossip.Optional[int64]{}
	}
	return r.readPresentInteger(f)
}

func (r *record) readPresentInteger(f field) gossip.Optional[int64] {
	if d := r.fields.Number(f); fields[f].holdsInteger(d) {
		return gossip.Some(d.N)
	}
	if r.err != nil {
		return gossip.Optional[int64]{}
	}
	n, err := r.outer.parseInteger(r.valueOf(f), fields[f])
	r.refuseField(f, err)
	return gossip.Some(n)
}

// readNumber reads an optional number within the bounds of its field.
func (r *record) readNumber(f field) gossip.Optional[float64] {
	if !r.fields.Has(f) {
		return gossip.Optional[float64]{}
	}
	return r.readPresentNumber(f)
}

func (r *record) readPresentNumber(f field) gossip.Optional[float64] {
	if x, ok := r.fields.Number(f).Float(); ok && fields[f].isWithin(x) {
		return gossip.Some(x)
	}
	if r.err != nil {
		return gossip.Optional[float64]{}
	}
	x, err := r.outer.parseNumber(r.valueOf(f), fields[f])
	r.refuseField(f, err)
	return gossip.Some(x)
}

// readRequiredInteger reads an integer that must be there.
func (r *record) readRequiredInteger(f field) int64 {
	r.requireField(f)
	return r.readInteger(f).Value
}

// readNanoseconds reads an optional duration.
func (r *record) readNanoseconds(f field) gossip.Optional[time.Duration] {
	n, known := r.readInteger(f).Get()
	return gossip.Optional[time.Duration]{Value: time.Duration(n), Known: known}
}

// readPeriod reads the length of the window: absent is 0, and 0 is refused.
func (r *record) readPeriod() time.Duration {
	seconds, known := r.readNumber(periodSeconds).Get()
	d := time.Duration(math.Round(seconds * 1e9))
	if known && d == 0 {
		r.refuseField(periodSeconds, fmt.Errorf("must be above 0: %s", bytes.Trim(r.valueOf(periodSeconds), `"`)))
	}
	return d
}

// parseInteger reads an integer, which may be written as 12, 12.0, 1.2e1 or a string of these.
func (m *members) parseInteger(value []byte, s spec) (int64, error) {
	digits, err := m.numeralText(value)
	if err != nil {
		return 0, err
	}
	if d, end, ok := plain.ParseNumber(digits, 0); ok && end == len(digits) && s.holdsInteger(d) {
		return d.N, nil
	}
	n, err := exactInteger(digits)
	if err != nil {
		return 0, fmt.Errorf("%w: %s", err, shortenNumeral(digits))
	}
	return n, s.checkNumber(float64(n), digits)
}

// parseNumber reads a number, which may be written as a string.
func (m *members) parseNumber(value []byte, s spec) (float64, error) {
	digits, err := m.numeralText(value)
	if err != nil {
		return 0, err
	}
	if d, end, ok := plain.ParseNumber(digits, 0); ok && end == len(digits) {
		if x, ok := d.Float(); ok && s.isWithin(x) {
			return x, nil
		}
	}
	x, _ := strconv.ParseFloat(string(digits), 64) // beyond the range it is infinite, and fails the check
	return x + 0, s.checkNumber(x, digits)         // -0 + 0 is 0
}

// numeralText returns the text of a number, or of a string that holds one.
func (m *members) numeralText(value []byte) ([]byte, error) {
	switch value[0] {
	case '"':
		text, err := m.unquoteText(value)
		if err == nil && !isNumber(text) {
			err = fmt.Errorf("not a number: %s", quoteInput(text))
		}
		return text, err
	case '{', '[', 't', 'f', 'n':
		return nil, wrongKind('0', value)
	}
	return value, nil
}

// checkNumber refuses a number outside the bounds of its field.
func (s spec) checkNumber(x float64, digits []byte) error {
	switch {
	case x < 0:
		return fmt.Errorf("negative: %s", shortenNumeral(digits))
	case x < float64(s.min):
		return fmt.Errorf("below %s: %s", strconv.FormatInt(s.min, 10), shortenNumeral(digits))
	case x > float64(s.max):
		return fmt.Errorf("above %s: %s", strconv.FormatInt(s.max, 10), shortenNumeral(digits))
	}
	return nil
}

// holdsInteger reports whether a number is an integer within the bounds of its field.
func (s *spec) holdsInteger(d plain.Decimal) bool {
	return d.Places == 0 && s.min <= d.N && d.N <= s.max
}

// isWithin reports whether a number is within the bounds of its field.
func (s spec) isWithin(x float64) bool { return float64(s.min) <= x && x <= float64(s.max) }

// shortenNumeral makes a numeral fit for an error.
func shortenNumeral(digits []byte) string {
	const limit = 32
	if len(digits) > limit {
		return string(digits[:limit]) + "…"
	}
	return string(digits)
}

var errNotInteger = errors.New("not an integer")

// exactInteger returns the integer that a numeral means, without a detour through floating point. For one that does not
// fit into an int64 it returns ±MaxInt64, which is outside every bound too.
func exactInteger(digits []byte) (int64, error) {
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

// isNumber reports whether b is a number as JSON writes it.
func isNumber(b []byte) bool {
	b = bytes.TrimPrefix(b, []byte{'-'})
	n := countDigits(b)
	if n == 0 || n > 1 && b[0] == '0' {
		return false
	}
	b = b[n:]
	if len(b) > 0 && b[0] == '.' {
		n = countDigits(b[1:])
		if n == 0 {
			return false
		}
		b = b[1+n:]
	}
	if len(b) > 0 && (b[0] == 'e' || b[0] == 'E') {
		b = b[1:]
		if len(b) > 0 && (b[0] == '+' || b[0] == '-') {
			b = b[1:]
		}
		n = countDigits(b)
		if n == 0 {
			return false
		}
		b = b[n:]
	}
	return len(b) == 0
}

// countDigits returns the number of digits at the start of b.
func countDigits(b []byte) int {
	n := 0
	for n < len(b) && '0' <= b[n] && b[n] <= '9' {
		n++
	}
	return n
}
