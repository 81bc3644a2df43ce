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
	// MaxRecord is the most bytes that one ResourceMetrics may have; 0 or less means pixie.DefaultMaxRecord.
	MaxRecord int
	// MaxBytes is the most bytes that the whole input may have, unpacked; 0 or less means no limit. Beyond it, the final error wraps
	// pixie.ErrTooLarge.
	MaxBytes int64

	left *int64 // of MaxBytes, where several inputs share it
}

// Record is what one ResourceMetrics says.
type Record struct {
	Event  gossip.Event
	Points int // data points it has, ours and others
}

// ResourceError says which ResourceMetrics was refused, and why.
type ResourceError struct {
	Index  int // in its request, from 0
	Points int // data points that are lost with it
	Err    error
}

// Error is "resourceMetrics[3]: cpu_throttle: nr_periods: negative: -4".
func (e *ResourceError) Error() string { return fmt.Sprintf("resourceMetrics[%d]: %v", e.Index, e.Err) }

// Unwrap returns the reason.
func (e *ResourceError) Unwrap() error { return e.Err }

// ForeignError is the reason why a ResourceMetrics was refused that has points and none of ours. A file or a sender
// with one has many of them, so that it is enough to show the first.
type ForeignError struct {
	Metric string // name of its first metric with points
	Kind   string // of that metric, in plain words: "cumulative sum"
	Scope  string // who made it, where it is known
	More   int    // other metrics with points
}

// Error is "no gauge kernel_gossip.<type>.<field>: container.cpu.usage.total (cumulative sum of
// otelcol/dockerstatsreceiver) and 3 more metrics are not read".
func (e *ForeignError) Error() string {
	text := "no gauge kernel_gossip.<type>.<field>: " + show(e.Metric) + " (" + e.Kind
	if e.Scope != "" {
		text += " of " + show(e.Scope)
	}
	switch e.More {
	case 0:
		return text + ") is not read"
	case 1:
		return text + ") and 1 more metric are not read"
	}
	return fmt.Sprintf("%s) and %d more metrics are not read", text, e.More)
}

// headSize is how much of an input is looked at to know its format.
const headSize = 4096

// Is says whether a text that begins with head, of some 4 KiB where it has as many, is OTLP rather than records of
// package pixie. JSON is when the first member of its first object is resourceMetrics, or that of another signal.
// Protobuf begins with a line feed (its tag 1), and has control characters, which JSON never has: the tags of
// attributes, metrics and times are such. A frame is a length, and then protobuf or zstd.
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

// Decode yields what a file holds, in its order: for each ResourceMetrics with points a Record or a *pixie.RecordError. Any other error
// is final. The caller may stop at any time, and closes r itself. The sequence can be ranged over once.
func (o Options) Decode(r io.Reader) iter.Seq2[Record, error] {
	return o.unpacked(r, func(text *bufio.Reader, yield func(Record, error) bool) {
		if head, _ := text.Peek(headSize); isFramed(head) {
			o.frames(text, yield)
			return
		}
		o.request(text, yield)
	})
}

// request reads requests in protobuf or JSON.
func (o Options) request(text *bufio.Reader, yield func(Record, error) bool) {
	if head, _ := text.Peek(headSize); isProtobuf(head) {
		o.protobuf(text, yield)
		return
	}
	o.json(text, yield)
}

// Protobuf yields what an ExportMetricsServiceRequest in protobuf holds, as Decode does.
func (o Options) Protobuf(r io.Reader) iter.Seq2[Record, error] { return o.unpacked(r, o.protobuf) }

// JSON yields what an ExportMetricsServiceRequest in OTLP/JSON holds, as Decode does.
func (o Options) JSON(r io.Reader) iter.Seq2[Record, error] { return o.unpacked(r, o.json) }

func (o Options) unpacked(r io.Reader, read func(*bufio.Reader, func(Record, error) bool)) iter.Seq2[Record, error] {
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
			in = &limited{r: text, left: o.left, max: o.MaxBytes}
		}
		read(bufio.NewReaderSize(in, headSize), yield)
	}
}

// limited fails with pixie.ErrTooLarge beyond max bytes.
type limited struct {
	r    io.Reader
	left *int64
	max  int64
}

func (l *limited) Read(p []byte) (int, error) {
	if *l.left < 0 {
		return 0, fmt.Errorf("%w: more than %d bytes", pixie.ErrTooLarge, l.max)
	}
	n, err := l.r.Read(p[:min(int64(len(p)), *l.left+1)])
	if *l.left -= int64(n); *l.left < 0 {
		return n - 1, nil // the one too many says it next time
	}
	return n, err
}

// place is where in the input a ResourceMetrics stands.
type place struct {
	line   int
	offset int64
	index  int
}

// refuse makes an error about a ResourceMetrics.
func (p place) refuse(points int, err error) error {
	return &pixie.RecordError{Line: p.line, Offset: p.offset, Err: &ResourceError{Index: p.index, Points: points, Err: err}}
}

// isFinal says whether nothing can come behind an error.
func isFinal(err error) bool {
	var bad *pixie.RecordError
	return err != nil && !errors.As(err, &bad)
}
