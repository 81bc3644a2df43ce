package pixie

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// chunk is the least number of bytes that a buffer has room to read ahead.
const chunk = 32 << 10

// buffer is the part of the text that is in memory, and its place in the text.
type buffer struct {
	r       io.Reader
	buf     []byte
	pos     int   // index of the next byte to look at
	end     int   // buf[:end] has been read
	keep    int   // bytes from here on must stay in memory; -1 for none
	max     int   // the most bytes that are kept
	err     error // of r: why there is no more
	starved bool  // more was needed than the text has

	base      int64 // offset of buf[0] in the text
	counted   int   // line is the line of buf[counted]
	line      int
	lineStart int64 // offset at which that line starts
}

// readStart reads the start of a text, and passes over a byte order mark. The buffer is at the start of the text.
func (b *buffer) readStart(r io.Reader) {
	b.r = r
	for b.end < 4 && b.readAhead() { // enough to know how the text begins
	}
	head := b.buf[:b.end]
	switch {
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		b.pos, b.counted, b.lineStart = 3, 3, 3
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}),
		len(head) > 1 && (head[0] == 0) != (head[1] == 0): // half of the bytes of English UTF-16 are zero
		b.end, b.err = 0, errors.New("UTF-8 text expected, found UTF-16 or binary data")
	}
}

// bufferAt returns a buffer that begins at a place in the text. The caller sets the reader, or the end of what is in
// buf.
func bufferAt(at place, buf []byte, maxRecord int) buffer {
	return buffer{
		buf: buf, keep: -1, max: maxRecord,
		base: at.offset, line: at.line, lineStart: at.offset - at.column,
	}
}

// readAhead reads more of the text and reports whether there was more. It drops the bytes before pos, or before keep;
// positions move with them.
func (b *buffer) readAhead() bool {
	if b.err != nil {
		b.starved = true
		return false
	}
	b.dropPassed()
	if b.end == len(b.buf) {
		b.buf = append(make([]byte, 0, min(2*len(b.buf), b.max+chunk)), b.buf...)
		b.buf = b.buf[:cap(b.buf)]
	}
	n, err := read(b.r, b.buf[b.end:])
	b.end, b.err = b.end+n, readError(err)
	return n > 0
}

// read reads at least a byte, or returns why it cannot.
func read(r io.Reader, buf []byte) (int, error) {
	for range 100 {
		if n, err := r.Read(buf); n > 0 || err != nil {
			return n, err
		}
	}
	return 0, io.ErrNoProgress
}

func readError(err error) error {
	if err == nil || isEnd(err) {
		return err
	}
	return fmt.Errorf("read: %w", err)
}

func (b *buffer) dropPassed() {
	from := b.pos
	if b.keep >= 0 {
		from = b.keep
	}
	if from == 0 {
		return
	}
	b.countLines(max(from, b.counted))
	copy(b.buf, b.buf[from:b.end])
	b.pos -= from
	b.end -= from
	b.counted -= from
	b.keep = max(b.keep-from, -1)
	b.base += int64(from)
}

// countLines counts the lines up to buf[to]. A later call must not be for an earlier position.
func (b *buffer) countLines(to int) {
	passed := b.buf[b.counted:to]
	if n := bytes.Count(passed, []byte{'\n'}); n > 0 {
		b.line += n
		b.lineStart = b.base + int64(b.counted+bytes.LastIndexByte(passed, '\n')+1)
	}
	b.counted = to
}

// place is a position in the text.
type place struct {
	line   int   // from 1
	offset int64 // from 0
	column int64 // bytes since the start of the line
}

// placeAt returns the place of buf[pos]. A later call must not be for an earlier position.
func (b *buffer) placeAt(pos int) place {
	b.countLines(pos)
	offset := b.base + int64(pos)
	return place{line: b.line, offset: offset, column: offset - b.lineStart}
}

// advancedBy returns the place after a text that begins here.
func (p place) advancedBy(text []byte) place {
	p.offset += int64(len(text))
	if n := bytes.Count(text, []byte{'\n'}); n > 0 {
		p.line += n
		p.column = -int64(bytes.LastIndexByte(text, '\n') + 1)
	}
	p.column += int64(len(text))
	return p
}
