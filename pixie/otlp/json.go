package otlp

import (
	"bufio"
	"errors"

	metricspb "go.opentelemetry.io/proto/otlp/metrics/v1"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// readJSON reads requests in OTLP/JSON. They stream by: only one ResourceMetrics is in memory.
func (o Options) readJSON(in *bufio.Reader, yield func(Record, error) bool) {
	var message metricspb.ResourceMetrics
	var made resource
	for raw, err := range (pixie.Options{MaxRecord: o.maxRecord()}).SplitWithin("resourceMetrics", in) {
		var record Record
		at := place{line: raw.Line, offset: raw.Offset, index: raw.Index}
		switch {
		case errors.As(err, new(*pixie.LengthError)):
			err = at.refuseResource(0, tooLongError(o.maxRecord()))
		case err == nil:
			options := protojson.UnmarshalOptions{DiscardUnknown: true, RecursionLimit: maxNesting}
			record, err = at.makeRecord(&made, &message, options.Unmarshal(raw.JSON, &message))
		}
		if (record.Event != nil || err != nil) && !yield(record, err) || isFinal(err) {
			return
		}
	}
}
