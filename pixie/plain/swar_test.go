package plain

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// Every byte, in every place of a word, after bytes that could hide it by a carry or a borrow.
func TestWordsAreReadLikeSingleBytes(t *testing.T) {
	for _, before := range []byte{'0', '9', 'a', ' ', '!', '#', '[', ']', 0x7e, 0x7f} {
		for place := range 8 {
			for c := range 256 {
				text := []byte(strings.Repeat(string(rune(before)), 8))
				text[place] = byte(c)
				for _, after := range []byte{before, 0xff, 0, '"'} {
					if place < 7 {
						text[7] = after
					}
					checkWord(t, text)
				}
			}
		}
	}
}

func isOrdinary(c byte) bool { return c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\' }

func checkWord(t *testing.T, text []byte) {
	t.Helper()
	ordinary := 0
	for ordinary < 8 && isOrdinary(text[ordinary]) {
		ordinary++
	}
	digits, n := 0, int64(0)
	for digits < 8 && '0' <= text[digits] && text[digits] <= '9' {
		n = 10*n + int64(text[digits]-'0')
		digits++
	}
	word := wordAt(text, 0)
	if got := ordinaryBytes(word); got != ordinary {
		require.Equal(t, ordinary, got, "%q", text)
	}
	if number, count := leadingDigits(word); number != n || count != digits {
		require.Equal(t, []int64{n, int64(digits)}, []int64{number, int64(count)}, "%q", text)
	}
}

func TestBytesAfterTheTextAreZero(t *testing.T) {
	text := []byte("12345678")
	for i := range 12 {
		n, count := leadingDigits(wordAt(text, i))
		want, _ := strconv.ParseInt(string(text[min(i, 8):]), 10, 64)
		require.Equal(t, want, n)
		require.Equal(t, max(0, 8-i), count)
	}
}

// isNumber says whether strconv and JSON take the text for a number without sign and exponent.
func isNumber(text string) bool {
	whole, fraction, point := strings.Cut(text, ".")
	if whole == "" || point && fraction == "" || len(whole) > 1 && whole[0] == '0' {
		return false
	}
	return strings.Trim(whole+fraction, "0123456789") == ""
}

// Numbers are those that strconv reads.
func FuzzParseNumber(f *testing.F) {
	for _, text := range []string{
		"0", "12", "0.1", "0.30000000000000004", "123456789012345", "12345678901234.5", "1234567890123456",
		"999999999999999.9",
		"0.000000000000001", "123456789012345678", "9007199254740993", "90071992547.40993", "1234567890123456789", "01",
		"1.", ".5",
		"-1", "1e5", "12345678901234567890.5", "01234567890123456789012345",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, after := range []string{"", ",", "}       ", "/9999999"} {
			d, end, ok := ParseNumber([]byte(text+after), 0)
			if !isNumber(text) {
				require.False(t, ok && end == len(text), "%q", text)
				continue
			}
			require.True(t, ok, "%q", text)
			require.Equal(t, len(text), end)
			if d == Unread {
				require.Greater(t, len(text), MaxDigits)
				continue
			}
			if x, ok := d.Float(); ok {
				want, err := strconv.ParseFloat(text, 64)
				require.NoError(t, err)
				require.Equal(t, math.Float64bits(want), math.Float64bits(x))
			}
			if d.Places == 0 {
				want, err := strconv.ParseInt(text, 10, 64)
				require.NoError(t, err)
				require.Equal(t, want, d.N)
			}
		}
	})
}
