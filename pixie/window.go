package pixie

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// chunk is how much a window reads ahead at least.
const chunk = 32 << 10

// window is the part of the text that is in memory, and where in the text it stands.
type window struct {
	r       io.Reader
	buf     []byte
	pos     int // the next byte
	end     int // buf[:end] has been read
	keep    int // bytes from here on must stay in memory; -1 for none
	max     int // the most bytes that are kept
	err     error
	starved bool // more was wanted than there is

	base      int64 // offset of buf[0] in the text
	counted   int   // line is that of buf[counted]
	line      int
	lineStart int64 // offset at which that line starts
}

// newWindow begins with buf, of 2*chunk bytes.
func newWindow(r io.Reader, most int, buf []byte) window {
	w := window{r: r, buf: buf[:min(2*chunk, most+chunk)], keep: -1, max: most, line: 1}
	for w.end < 4 && w.fill() { // enough to see what the text begins with
	}
	head := w.buf[:w.end]
	switch {
	case bytes.HasPrefix(head, []byte{0xef, 0xbb, 0xbf}):
		w.pos, w.counted, w.lineStart = 3, 3, 3
	case bytes.HasPrefix(head, []byte{0xff, 0xfe}), bytes.HasPrefix(head, []byte{0xfe, 0xff}),
		len(head) > 1 && (head[0] == 0) != (head[1] == 0): // half of the bytes of English UTF-16 are zero
		w.end, w.err = 0, errors.New("UTF-8 text expected, found UTF-16 or binary data")
	}
	return w
}

// fill reads on and says whether there was more. Bytes before pos, or before keep, are dropped; positions move with them.
func (w *window) fill() bool {
	if w.err != nil {
		w.starved = true
		return false
	}
	w.drop()
	if w.end == len(w.buf) {
		w.buf = append(make([]byte, 0, min(2*len(w.buf), w.max+chunk)), w.buf...)
		w.buf = w.buf[:cap(w.buf)]
	}
	n, err := read(w.r, w.buf[w.end:])
	w.end, w.err = w.end+n, readError(err)
	return n > 0
}

// read reads at least a byte, or says why not.
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

func (w *window) drop() {
	from := w.pos
	if w.keep >= 0 {
		from = w.keep
	}
	if from == 0 {
		return
	}
	w.count(max(from, w.counted))
	copy(w.buf, w.buf[from:w.end])
	w.pos -= from
	w.end -= from
	w.counted -= from
	w.keep = max(w.keep-from, -1)
	w.base += int64(from)
}

// count moves the knowledge of lines on to buf[to], which never goes back.
func (w *window) count(to int) {
	passed := w.buf[w.counted:to]
	if n := bytes.Count(passed, []byte{'\n'}); n > 0 {
		w.line += n
		w.lineStart = w.base + int64(w.counted+bytes.LastIndexByte(passed, '\n')+1)
	}
	w.counted = to
}
