package pixie

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// maxZstdWindow is the most memory that a zstd frame may ask for: what RFC 8878 recommends every decoder to support,
// and what the levels 1 to 19 of the command line tool use.
const maxZstdWindow = 8 << 20

// unpackInput returns the text of r. The first bytes say whether it is packed, and how. This is the only place that
// looks: a text that is packed twice is refused, so that it makes no difference how often an input passes through
// Unpack and Decode. The caller calls release when it is done.
func (w *workspace) unpackInput(r io.Reader) (text io.Reader, release func(), err error) {
	buffered := w.packed
	buffered.Reset(r)
	magic, _ := buffered.Peek(magicSize) // an error comes again with the first read
	release = func() {}
	var unpacked *unpacker
	switch {
	case isGzip(magic):
		in, err := gzip.NewReader(buffered)
		if err != nil {
			return nil, nil, unpackError("gzip", err)
		}
		unpacked = &unpacker{format: "gzip", r: in}
	case isZstd(magic):
		in, err := zstd.NewReader(buffered, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
			zstd.WithDecoderMaxWindow(maxZstdWindow))
		if err != nil {
			return nil, nil, unpackError("zstd", err)
		}
		unpacked, release = &unpacker{format: "zstd", r: in}, in.Close
	default:
		return buffered, release, nil
	}
	unpacked.readStart()
	if isGzip(unpacked.start) || isZstd(unpacked.start) {
		release()
		return nil, nil, fmt.Errorf("%s stream: packed twice: its text is gzip or zstd again", unpacked.format)
	}
	return unpacked, release, nil
}

// magicSize is the number of bytes that say how a text is packed.
const magicSize = 4

func isGzip(magic []byte) bool { return bytes.HasPrefix(magic, []byte{0x1f, 0x8b}) }

// isZstd recognises the magic number of a frame, and of the skippable frames that some tools write before it.
func isZstd(magic []byte) bool {
	if len(magic) < magicSize {
		return false
	}
	frame := bytes.HasPrefix(magic, []byte{0x28, 0xb5, 0x2f, 0xfd})
	return frame || magic[0]&0xf0 == 0x50 && bytes.HasPrefix(magic[1:], []byte{0x2a, 0x4d, 0x18})
}

// unpacker adds the format to the errors of a decompressor.
type unpacker struct {
	format string
	r      io.Reader
	magic  [magicSize]byte
	start  []byte // the first bytes of the text, which have been read before
}

// readStart reads the first bytes ahead. An error comes again with the next read.
func (u *unpacker) readStart() {
	n, _ := io.ReadFull(u.r, u.magic[:])
	u.start = u.magic[:n]
}

// Read reads the text.
func (u *unpacker) Read(p []byte) (int, error) {
	if len(u.start) > 0 {
		n := copy(p, u.start)
		u.start = u.start[n:]
		return n, nil
	}
	n, err := u.r.Read(p)
	if err != nil && !isEnd(err) {
		err = unpackError(u.format, err)
	}
	return n, err
}

func unpackError(format string, err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF): // a header cut short is a plain EOF
		return fmt.Errorf("%s stream is truncated: %w", format, io.ErrUnexpectedEOF)
	case errors.Is(err, zstd.ErrWindowSizeExceeded):
		return fmt.Errorf("zstd stream: %w: at most %d MiB are supported, which level 19 keeps to", err, maxZstdWindow>>20)
	}
	return fmt.Errorf("%s stream: %w", format, err)
}

// limitedReader ends a text that is longer than max with ErrTooLarge. A text of exactly max bytes passes.
type limitedReader struct {
	r         io.Reader
	left, max int64
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if l.left < 0 {
		return 0, l.tooLarge()
	}
	if int64(len(p))-1 > l.left {
		p = p[:l.left+1] // one more than allowed, to see whether there is more
	}
	n, err := l.r.Read(p)
	l.left -= int64(n)
	if l.left < 0 {
		return n - 1, l.tooLarge()
	}
	return n, err
}

func (l *limitedReader) tooLarge() error {
	return fmt.Errorf("%w: more than %d bytes of text", ErrTooLarge, l.max)
}
