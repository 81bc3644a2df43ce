package plain

// Decimal is the number N/10^Places. N is negative if the number is not known.
type Decimal struct {
	N      int64
	Places int
}

// Unread is no number: N is below every bound.
var Unread = Decimal{N: -1}

// MaxDigits is the number of digits that an int64 holds, whatever they are.
const MaxDigits = 18

// ParseNumber reads the number that begins at text[i] and returns where it ends. The number is Unread if it has more
// than MaxDigits digits. It returns false if there is no number, or one with a sign. The caller checks what follows the
// number; it must not take a letter, which an exponent begins with.
func ParseNumber(text []byte, i int) (number Decimal, end int, ok bool) {
	n, whole := leadingDigits(wordAt(text, i))
	if whole == 8 {
		n, end = appendDigits(text, i+8, n)
		whole = end - i
	}
	switch {
	case whole == 0,
		whole <= MaxDigits && n < smallest[whole], // it begins with 0
		whole > MaxDigits && text[i] == '0':
		return Unread, 0, false
	}
	end = i + whole
	places := 0
	if end < len(text) && text[end] == '.' {
		n, end = appendDigits(text, end+1, n)
		places = end - i - whole - 1
		if places == 0 {
			return Unread, 0, false
		}
	}
	if whole+places > MaxDigits {
		return Unread, end, true
	}
	return Decimal{n, places}, end, true
}

// Float returns the number as a float64, and whether it is certainly the nearest. Both parts of the quotient are exact,
// so it is rounded once, as strconv does.
func (d Decimal) Float() (x float64, ok bool) {
	switch {
	case d.N > 1<<53:
		return 0, false
	case d.Places == 0:
		return float64(d.N), true
	default:
		return float64(d.N) / float64(Powers[d.Places]), true
	}
}

// Powers are the powers of ten, by their exponent.
var Powers = [...]int64{
	1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
}

// smallest is the smallest integer of a number of digits that JSON allows: 0 may not come first, unless it is alone.
var smallest = [...]int64{
	0, 0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
}

// appendDigits returns n followed by the digits that begin at text[i], and where they end. The number is wrong if it
// has more than MaxDigits digits.
func appendDigits(text []byte, i int, n int64) (all int64, end int) {
	for count := 8; count == 8; i += count {
		var more int64
		more, count = leadingDigits(wordAt(text, i))
		n = n*Powers[count] + more
	}
	return n, i
}
