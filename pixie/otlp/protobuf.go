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

// requestReader reads the fields of an ExportMetricsServiceRequest, of which resource_metrics is the first and the only one. Requests one
// behind the other are one request: that is how protobuf is made. The message of the collector's service is in a package that needs
// gRPC; and it would hold all ResourceMetrics at a time, where empty ones take a hundred times the room that they take in the input.
type requestReader struct {
	in     *bufio.Reader
	offset int64
}

func (o Options) protobuf(in *bufio.Reader, yield func(Record, error) bool) {
	r := requestReader{in: in}
	most := o.maxRecord()
	var message metricspb.ResourceMetrics
	var made resource
	var buf []byte
	for index := 0; ; {
		at := place{offset: r.offset, index: index}
		number, kind, err := r.tag()
		if err == io.EOF { //nolint:errorlint // the end of the input, and not of what is behind it
			return
		}
		if err != nil {
			yield(Record{}, brokenOff(err))
			return
		}
		if number != 1 || kind != protowire.BytesType {
			if err := r.skip(kind); err != nil {
				yield(Record{}, brokenOff(err))
				return
			}
			continue
		}
		index++
		raw, err := r.bytes(buf, most)
		if err != nil {
			yield(Record{}, brokenOff(err))
			return
		}
		record, err := Record{}, at.refuse(0, tooLong(most))
		if raw != nil {
			buf = raw
			err = proto.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: maxNesting}.Unmarshal(raw, &message)
			record, err = at.record(&made, &message, err)
		}
		if (record.Event != nil || err != nil) && !yield(record, err) {
			return
		}
	}
}

// record makes an event, unless the message could not be read.
func (p place) record(r *resource, message *metricspb.ResourceMetrics, unreadable error) (Record, error) {
	if unreadable != nil {
		return Record{}, p.refuse(0, fmt.Errorf("not OTLP: %s", plain(unreadable)))
	}
	made, points, err := r.event(message)
	if err != nil {
		return Record{}, p.refuse(points, err)
	}
	return Record{Event: made, Points: points}, nil
}

// plain is an error of the protobuf library without what it adds so that nobody compares its texts.
func plain(err error) string {
	text := strings.ReplaceAll(err.Error(), "\u00a0", " ")
	return strings.TrimSpace(strings.TrimPrefix(text, "proto:"))
}

func tooLong(most int) error { return fmt.Errorf("longer than %d bytes", most) }

func (o Options) maxRecord() int {
	if o.MaxRecord <= 0 {
		return pixie.DefaultMaxRecord
	}
	return o.MaxRecord
}

var errNotProtobuf = errors.New("not an ExportMetricsServiceRequest")

func (r *requestReader) tag() (protowire.Number, protowire.Type, error) {
	v, err := r.varint()
	if err != nil {
		return 0, 0, err
	}
	number, kind := protowire.DecodeTag(v)
	if number < protowire.MinValidNumber {
		return 0, 0, errNotProtobuf
	}
	return number, kind, nil
}

func (r *requestReader) varint() (uint64, error) {
	v, err := binary.ReadUvarint(r.in)
	r.offset += int64(protowire.SizeVarint(v))
	return v, err
}

// bytes reads a field of at most so many bytes into buf. A longer one is passed over, and is nil.
func (r *requestReader) bytes(buf []byte, most int) ([]byte, error) {
	length, err := r.varint()
	switch {
	case err != nil:
		return nil, unexpected(err)
	case length > uint64(most): //nolint:gosec // never negative
		return nil, r.discard(length)
	}
	n := int(length) //nolint:gosec // within most
	if buf == nil || cap(buf) < n {
		buf = make([]byte, n, n+512)
	}
	buf = buf[:n]
	_, err = io.ReadFull(r.in, buf)
	r.offset += int64(n)
	return buf, unexpected(err)
}

// skip passes over a field that is none of ours.
func (r *requestReader) skip(kind protowire.Type) error {
	switch kind {
	case protowire.VarintType:
		_, err := r.varint()
		return unexpected(err)
	case protowire.Fixed32Type:
		return r.discard(4)
	case protowire.Fixed64Type:
		return r.discard(8)
	case protowire.BytesType:
		length, err := r.varint()
		if err != nil {
			return unexpected(err)
		}
		return r.discard(length)
	default: // groups
		return errNotProtobuf
	}
}

func (r *requestReader) discard(n uint64) error {
	if n >= 1<<31 {
		return errNotProtobuf // protobuf has no fields of 2 GiB
	}
	passed, err := io.CopyN(io.Discard, r.in, int64(n))
	r.offset += passed
	return unexpected(err)
}

// unexpected is an end in the middle of something.
func unexpected(err error) error {
	if err == io.EOF { //nolint:errorlint // the end of the input, and not of what is behind it
		return io.ErrUnexpectedEOF
	}
	return err
}

// brokenOff makes a final error.
func brokenOff(err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("the OTLP request is truncated: %w", err)
	}
	return fmt.Errorf("OTLP request: %w", err)
}
