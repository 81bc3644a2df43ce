package plain

import (
	"encoding/binary"
	"math/bits"
)

// The functions of this file look at eight bytes of text at a time, as one word: SWAR, "SIMD within a register". The
// first byte of the text is the lowest byte of the word. The tests for a byte come from Sean Eron Anderson's "Bit
// Twiddling Hacks" ("Determine if a word has a zero byte", "… a byte less than n"); the conversion of digits is
// explained in Daniel Lemire's "SWAR explained: parsing eight digits" (2022).

const (
	eachByte = 0x0101010101010101 // times n: n in each byte
	highBits = 0x8080808080808080 // bit 7 of each byte
)

// wordAt returns the eight bytes at text[i:]. Bytes after the end of the text are zero.
func wordAt(text []byte, i int) uint64 {
	if len(text)-i >= 8 {
		return binary.LittleEndian.Uint64(text[i:])
	}
	return lastWord(text, i)
}

// lastWord is wordAt for the last bytes of a text. It is rare. Inlined, it would make wordAt too large to be inlined.
//
//go:noinline
func lastWord(text []byte, i int) uint64 {
	var padded [8]byte
	copy(padded[:], text[min(i, len(text)):])
	return binary.LittleEndian.Uint64(padded[:])
}

// leadingDigits returns the number of digits at the start of a word, and the integer that they are.
//
// For "1234,\"x\"" it counts like this, the lowest byte first:
//
//	text                   1    2    3    4    ,    "    x    "
//	word                  31   32   33   34   2c   22   78   22
//	x = word ^ '0'        01   02   03   04   1c   12   48   12   a digit becomes 0 to 9
//	x + (0x7f - 9)        77   78   79   7a   92   88   be   88   bit 7: more than 9 (bytes do not carry: see below)
//	first bit 7 set                            ^                  4 digits
//
// A byte of x from 0x8a on would carry into the next byte, but it has bit 7 itself, so that the count ends there or
// before: bytes after the first that is no digit do not matter.
//
// Then the digits move to the high end, with zeros before them, and pairs are combined, so that each step halves their
// number: a pair (low byte a, high byte b) times 10<<8 + 1 has 10a + b in its high byte.
//
//	00 00 00 00 01 02 03 04   digits
//	   00    00    12    34   of two digits
//	      0000        1234    of four
//	          00001234        of eight
func leadingDigits(word uint64) (n int64, count int) {
	x := word ^ eachByte*'0'
	count = bits.TrailingZeros64((x+eachByte*(0x7f-9)|x)&highBits) / 8
	x <<= 64 - 8*count
	x = x * (10<<8 + 1) >> 8 & 0x00ff00ff00ff00ff
	x = x * (100<<16 + 1) >> 16 & 0x0000ffff0000ffff
	x = x * (10000<<32 + 1) >> 32
	return int64(x), count
}

// ordinaryBytes returns the number of bytes at the start of a word that may be in a string without further thought:
// all but the quote, the backslash, control characters and bytes of other characters than ASCII.
//
// Three of the tests set bit 7 of a byte by a borrow, the fourth bit is there already:
//
//	(y-1)&^y, y = word ^ '"'     y is 0: the byte is a quote
//	(y-1)&^y, y = word ^ '\\'    the byte is a backslash
//	(word-' ')&^word             the byte is below ' ': a control character
//	word                         the byte is above 0x7f
//
// A borrow into the next byte can set a bit there that should not be, but only after a byte that has its own bit set:
// the first bit is right.
func ordinaryBytes(word uint64) int {
	quote, backslash := word^eachByte*'"', word^eachByte*'\\'
	special := (quote-eachByte)&^quote | (backslash-eachByte)&^backslash | (word-eachByte*' ')&^word | word
	return bits.TrailingZeros64(special&highBits) / 8
}
