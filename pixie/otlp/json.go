package otlp

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json/jsontext"
	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/kernel-gossip/kernel-gossip/pixie"
)

func (o Options) json(in *bufio.Reader, yield func(Record, error) bool) {
	most := o.MaxRequest
	if most <= 0 {
		most = DefaultMaxRequest
	}
	for raw, err := range (pixie.Options{MaxRecord: most}).Split(in) {
		if err != nil {
			if !yield(Record{}, err) || isFinal(err) {
				return
			}
			continue
		}
		stopped := false
		err := o.request(raw, func(r Record, err error) bool {
			stopped = !yield(r, err)
			return !stopped
		})
		if err != nil && !stopped {
			stopped = !yield(Record{}, &pixie.RecordError{Line: raw.Line, Offset: raw.Offset, Err: err})
		}
		if stopped {
			return
		}
	}
}

// errEnough ends the walk through a request when the caller wants no more of it.
var errEnough = errors.New("enough")

// request yields the ResourceMetrics of one request. The error is about the request.
func (o Options) request(raw pixie.Raw, yield func(Record, error) bool) error {
	in := jsontext.NewDecoder(bytes.NewBuffer(raw.JSON))
	if in.PeekKind() != '{' {
		return errors.New("not a request: object expected")
	}
	if _, err := in.ReadToken(); err != nil {
		return invalid(err)
	}
	other := ""
	for found := false; ; {
		switch in.PeekKind() {
		case '"':
		case '}':
			if !found && other != "" {
				return fmt.Errorf("not metrics: resourceMetrics expected, found %s", other)
			}
			return nil
		default:
			_, err := in.ReadToken()
			return invalid(err)
		}
		name, err := in.ReadToken()
		if err != nil {
			return invalid(err)
		}
		if name.String() != "resourceMetrics" {
			other = quote(name.String())
			if err := in.SkipValue(); err != nil {
				return invalid(err)
			}
			continue
		}
		found = true
		if err := o.elements(in, raw, yield); err != nil {
			return err
		}
	}
}

// elements yields those of the array resourceMetrics.
func (o Options) elements(in *jsontext.Decoder, raw pixie.Raw, yield func(Record, error) bool) error {
	switch in.PeekKind() {
	case 'n':
		return in.SkipValue()
	case '[':
	default:
		return errors.New("resourceMetrics: array expected")
	}
	if _, err := in.ReadToken(); err != nil {
		return invalid(err)
	}
	var message metricspb.ResourceMetrics
	for index := 0; in.PeekKind() != ']'; index++ {
		value, err := in.ReadValue()
		if err != nil {
			return invalid(err)
		}
		at := place{line: raw.Line, offset: raw.Offset, index: index}
		record, err := Record{}, at.refuse(0, tooLong(o.maxRecord()))
		if len(value) <= o.maxRecord() {
			err = protojson.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: maxNesting}.Unmarshal(value, &message)
			record, err = at.record(&message, err)
		}
		if (record.Event != nil || err != nil) && !yield(record, err) {
			return errEnough
		}
	}
	_, err := in.ReadToken()
	return invalid(err)
}

// invalid says that the text is not JSON, where there is an error.
func invalid(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("invalid JSON: %w", err)
}
