package otlp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// Options are the limits of decoding. The zero value is right for files that the user chose.
type Options struct {
	// MaxRecord is the greatest length of one ResourceMetrics in bytes; 0 or less means pixie.DefaultMaxRecord.
	MaxRecord int
	// MaxBytes is the greatest length of the whole input in bytes, unpacked; 0 or less means no limit. Beyond it, the
	// final error wraps pixie.ErrTooLarge.
	MaxBytes int64

	left *int64 // of MaxBytes, where several inputs share it
}

// Record is the content of one ResourceMetrics.
type Record struct {
	Event  gossip.Event
	Points int // data points it has, ours and others
}

// ResourceError is the reason why a ResourceMetrics was refused, and where it is.
type ResourceError struct {
	Index  int // in its request, from 0
	Points int // data points that are lost with it
	Err    error
}

// Error returns "resourceMetrics[3]: cpu_throttle: nr_periods: negative: -4".
func (e *ResourceError) Error() string { return fmt.Sprintf("resourceMetrics[%d]: %v", e.Index, e.Err) }

// Unwrap returns the reason.
func (e *ResourceError) Unwrap() error { return e.Err }

// ForeignError is the reason why a ResourceMetrics was refused that has points, but none of ours. A file or a sender
// with one has many of them, so that it is enough to show the first.
type ForeignError struct {
	Metric string // name of its first metric with points
	Kind   string // of that metric, in plain words: "cumulative sum"
	Scope  string // who made it, where it is known
	More   int    // other metrics with points
}

// Error returns "no gauge kernel_gossip.<type>.<field>: container.cpu.usage.total (cumulative sum of
// otelcol/dockerstatsreceiver) and 3 more metrics are not read".
func (e *ForeignError) Error() string {
	text := "no gauge kernel_gossip.<type>.<field>: " + showName(e.Metric) + " (" + e.Kind
	if e.Scope != "" {
		text += " of " + showName(e.Scope)
	}
	switch e.More {
	case 0:
		return text + ") is not read"
	case 1:
		return text + ") and 1 more metric are not read"
	}
	return fmt.Sprintf("%s) and %d more metrics are not read", text, e.More)
}

// headSize is the length of the start of an input, in bytes, by which its format is recognised.
const headSize = 4096

// Is reports whether a text that begins with head (some 4 KiB, if it has as many) is OTLP rather than records of
// package pixie. It is OTLP/JSON if the first member of its first object is resourceMetrics, resourceSpans or
// resourceLogs. It is protobuf if it begins with a line feed (the tag 1) and has control characters, which JSON never
// has: the tags of attributes, metrics and times are control characters. A frame is a length, and then protobuf, JSON
// or zstd.
func Is(head []byte) bool { return isProtobuf(head) || isJSON(head) || isFramed(head) }

func isProtobuf(head []byte) bool {
	return bytes.HasPrefix(head, []byte{0x0a}) && bytes.ContainsFunc(head, func(r rune) bool {
		return r < ' ' && r != '\t' && r != '\n' && r != '\r'
	})
}

func isJSON(head []byte) bool {
	const blank = " \t\r\n"
	object, found := bytes.CutPrefix(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), blank), []byte{'{'})
	object = bytes.TrimLeft(object, blank)
	for _, name := range []string{`"resourceMetrics"`, `"resourceSpans"`, `"resourceLogs"`} {
		if found && bytes.HasPrefix(object, []byte(name)) {
			return true
		}
	}
	return false
}

// Decode yields the content of a file, in its order: for each ResourceMetrics with points a Record or a
// *pixie.RecordError. Any other error is final. The caller may stop at any time, and closes r itself. The sequence can
// be ranged over once.
func (o Options) Decode(r io.Reader) iter.Seq2[Record, error] {
	return o.unpackInput(r, func(text *bufio.Reader, yield func(Record, error) bool) {
		if head, _ := text.Peek(headSize); isFramed(head) {
			o.readFrames(text, yield)
			return
		}
		o.readRequest(text, yield)
	})
}

// readRequest reads requests in protobuf or JSON.
func (o Options) readRequest(text *bufio.Reader, yield func(Record, error) bool) {
	if head, _ := text.Peek(headSize); isProtobuf(head) {
		o.readProtobuf(text, yield)
		return
	}
	o.readJSON(text, yield)
}

// Protobuf yields the content of an ExportMetricsServiceRequest in protobuf, as Decode does.
func (o Options) Protobuf(r io.Reader) iter.Seq2[Record, error] {
	return o.unpackInput(r, o.readProtobuf)
}

// JSON yields the content of an ExportMetricsServiceRequest in OTLP/JSON, as Decode does.
func (o Options) JSON(r io.Reader) iter.Seq2[Record, error] { return o.unpackInput(r, o.readJSON) }

func (o Options) unpackInput(r io.Reader, read func(*bufio.Reader, func(Record, error) bool)) iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		text, err := pixie.Unpack(r)
		if err != nil {
			yield(Record{}, err)
			return
		}
		defer func() { _ = text.Close() }()
		var in io.Reader = text
		if o.MaxBytes > 0 {
			if o.left == nil {
				left := o.MaxBytes
				o.left = &left
			}
			in = &limitedReader{r: text, left: o.left, max: o.MaxBytes}
		}
		read(bufio.NewReaderSize(in, headSize), yield)
	}
}

// limitedReader fails with pixie.ErrTooLarge after max bytes.
type limitedReader struct {
	r    io.Reader
	left *int64
	max  int64
}

func (l *limitedReader) Read(p []byte) (int, error) {
	if *l.left < 0 {
		return 0, fmt.Errorf("%w: more than %d bytes", pixie.ErrTooLarge, l.max)
	}
	n, err := l.r.Read(p[:min(int64(len(p)), *l.left+1)])
	*l.left -= int64(n)
	if *l.left < 0 {
		return n - 1, nil // the next call returns the error
	}
	return n, err
}

// place is where a ResourceMetrics is in the input.
type place struct {
	line   int
	offset int64
	index  int
}

// refuseResource returns the error about a ResourceMetrics.
func (p place) refuseResource(points int, err error) error {
	err = &ResourceError{Index: p.index, Points: points, Err: err}
	return &pixie.RecordError{Line: p.line, Offset: p.offset, Err: err}
}

// isFinal reports whether nothing can follow an error.
func isFinal(err error) bool {
	var bad *pixie.RecordError
	return err != nil && !errors.As(err, &bad)
}
