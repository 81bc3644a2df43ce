package otlp

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// A Collector's file exporter writes frames if its format is proto or if it compresses: four bytes of length, the
// highest first, and then a request, perhaps as zstd.
const (
	frameHead = 4
	maxFrame  = 1 << 27 // bytes; a longer length is something else
)

var zstdMagic = []byte{0x28, 0xb5, 0x2f, 0xfd}

func isFramed(head []byte) bool {
	if len(head) <= frameHead {
		return false
	}
	length, request := binary.BigEndian.Uint32(head), head[frameHead:]
	known := bytes.HasPrefix(request, zstdMagic) || isProtobuf(request) || isJSON(request)
	return known && 0 < length && length < maxFrame
}

// readFrames reads one request from each frame. A frame that cannot be read costs only itself.
func (o Options) readFrames(in *bufio.Reader, yield func(Record, error) bool) {
	left := o.MaxBytes // of what is in all frames, unpacked
	o.left = &left
	for offset := int64(0); ; {
		var head [frameHead]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			if err != io.EOF {
				yield(Record{}, finalError(err))
			}
			return
		}
		length := int64(binary.BigEndian.Uint32(head[:]))
		frame := &io.LimitedReader{R: in, N: length}
		if !o.readFrame(frame, offset, yield) {
			return
		}
		_, err := io.Copy(io.Discard, frame)
		if frame.N > 0 && err == nil {
			err = io.ErrUnexpectedEOF
		}
		if err != nil {
			yield(Record{}, finalError(err))
			return
		}
		offset += frameHead + length
	}
}

// readFrame reads the request of one frame, and reports whether the caller wants more.
func (o Options) readFrame(frame *io.LimitedReader, offset int64, yield func(Record, error) bool) (more bool) {
	for record, err := range o.unpackInput(frame, o.readRequest) {
		if frame.N > 0 && isFinal(err) {
			if _, lost := io.Copy(io.Discard, frame); lost != nil || frame.N > 0 {
				return true // the input has ended, and says so itself
			}
		}
		if err != nil && !errors.Is(err, pixie.ErrTooLarge) {
			err = inFrame(err, offset)
		}
		if !yield(record, err) || isFinal(err) {
			return false
		}
	}
	return true
}

// inFrame returns an error about a frame of the file. A frame has no lines.
func inFrame(err error, offset int64) error {
	if bad, one := errors.AsType[*pixie.RecordError](err); one {
		err = bad.Err
	}
	return &pixie.RecordError{Offset: offset, Err: err}
}
