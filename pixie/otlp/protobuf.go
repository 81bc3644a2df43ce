package otlp

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"

	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// maxNesting is how deep messages may nest; ours need seven levels.
const maxNesting = 64

// requestReader reads the fields of an ExportMetricsServiceRequest; resource_metrics is the first and the only one.
// Several requests in a row are one request: that is a property of protobuf. The message type of the collector's
// service is not used, because its package needs gRPC, and because it would hold all ResourceMetrics at a time, and
// empty ones take a hundred times the memory that they take in the input.
type requestReader struct {
	in     *bufio.Reader
	offset int64
}

func (o Options) readProtobuf(in *bufio.Reader, yield func(Record, error) bool) {
	r := requestReader{in: in}
	most := o.maxRecord()
	var message metricspb.ResourceMetrics
	var made resource
	var buf []byte
	for index := 0; ; {
		at := place{offset: r.offset, index: index}
		number, kind, err := r.readTag()
		if err == io.EOF { //nolint:errorlint // the end of the input, and not of what is behind it
			return
		}
		if err != nil {
			yield(Record{}, finalError(err))
			return
		}
		if number != 1 || kind != protowire.BytesType {
			if err := r.skipField(kind); err != nil {
				yield(Record{}, finalError(err))
				return
			}
			continue
		}
		index++
		raw, err := r.readBytes(buf, most)
		if err != nil {
			yield(Record{}, finalError(err))
			return
		}
		record, err := Record{}, at.refuseResource(0, tooLongError(most))
		if raw != nil {
			buf = raw
			err = proto.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: maxNesting}.Unmarshal(raw, &message)
			record, err = at.makeRecord(&made, &message, err)
		}
		if (record.Event != nil || err != nil) && !yield(record, err) {
			return
		}
	}
}

// makeRecord returns the record of a message, unless the message could not be read.
func (p place) makeRecord(r *resource, message *metricspb.ResourceMetrics, unreadable error) (Record, error) {
	if unreadable != nil {
		return Record{}, p.refuseResource(0, fmt.Errorf("not OTLP: %s", libraryText(unreadable)))
	}
	made, points, err := r.event(message)
	if err != nil {
		return Record{}, p.refuseResource(points, err)
	}
	return Record{Event: made, Points: points}, nil
}

// libraryText returns an error of the protobuf library without the parts that the library varies, so that programs do
// not compare its texts.
func libraryText(err error) string {
	text := strings.ReplaceAll(err.Error(), "\u00a0", " ")
	return strings.TrimSpace(strings.TrimPrefix(text, "proto:"))
}

func tooLongError(most int) error { return fmt.Errorf("longer than %d bytes", most) }

func (o Options) maxRecord() int {
	if o.MaxRecord <= 0 {
		return pixie.DefaultMaxRecord
	}
	return o.MaxRecord
}

var errNotProtobuf = errors.New("not an ExportMetricsServiceRequest")

func (r *requestReader) readTag() (protowire.Number, protowire.Type, error) {
	v, err := r.readVarint()
	if err != nil {
		return 0, 0, err
	}
	number, kind := protowire.DecodeTag(v)
	if number < protowire.MinValidNumber {
		return 0, 0, errNotProtobuf
	}
	return number, kind, nil
}

func (r *requestReader) readVarint() (uint64, error) {
	v, err := binary.ReadUvarint(r.in)
	r.offset += int64(protowire.SizeVarint(v))
	return v, err
}

// readBytes reads a field of at most the given length into buf. It skips a longer one and returns nil.
func (r *requestReader) readBytes(buf []byte, most int) ([]byte, error) {
	length, err := r.readVarint()
	switch {
	case err != nil:
		return nil, unexpectedEOF(err)
	case length > uint64(most): //nolint:gosec // never negative
		return nil, r.discardBytes(length)
	}
	n := int(length) //nolint:gosec // within most
	if buf == nil || cap(buf) < n {
		buf = make([]byte, n, n+512)
	}
	buf = buf[:n]
	_, err = io.ReadFull(r.in, buf)
	r.offset += int64(n)
	return buf, unexpectedEOF(err)
}

// skipField skips an unknown field.
func (r *requestReader) skipField(kind protowire.Type) error {
	switch kind {
	case protowire.VarintType:
		_, err := r.readVarint()
		return unexpectedEOF(err)
	case protowire.Fixed32Type:
		return r.discardBytes(4)
	case protowire.Fixed64Type:
		return r.discardBytes(8)
	case protowire.BytesType:
		length, err := r.readVarint()
		if err != nil {
			return unexpectedEOF(err)
		}
		return r.discardBytes(length)
	default: // groups
		return errNotProtobuf
	}
}

func (r *requestReader) discardBytes(n uint64) error {
	if n >= 1<<31 {
		return errNotProtobuf // protobuf has no fields of 2 GiB
	}
	passed, err := io.CopyN(io.Discard, r.in, int64(n))
	r.offset += passed
	return unexpectedEOF(err)
}

// unexpectedEOF returns the error for an end in the middle of a field.
func unexpectedEOF(err error) error {
	if err == io.EOF { //nolint:errorlint // the end of the input, and not of what is behind it
		return io.ErrUnexpectedEOF
	}
	return err
}

// finalError returns a final error.
func finalError(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the OTLP request is truncated: %w", err)
	}
	return fmt.Errorf("OTLP request: %w", err)
}
