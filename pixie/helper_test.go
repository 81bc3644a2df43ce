package pixie

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// good is a record with the least that is required; %s is the pod.
const good = `{"type":"cpu_throttle","timestamp":"2026-01-02T03:04:05Z","namespace":"shop",` +
	`"pod_name":%q,"container_name":"app","throttle_percentage":80}`

// rec is a good record of the pod.
func rec(pod string) string { return fmt.Sprintf(good, pod) }

// pairs decodes and checks what holds for every input: of event and error exactly one is nil, and nothing follows a
// final error.
func pairs(t testing.TB, o Options, r io.Reader) (events []gossip.Event, errs []error) {
	t.Helper()
	ended := false
	for event, err := range o.Decode(r) {
		require.False(t, ended, "a pair behind the final error")
		require.NotEqual(t, event == nil, err == nil, "event %v, error %v", event, err)
		if err == nil {
			events = append(events, event)
			continue
		}
		errs = append(errs, err)
		var bad *RecordError
		if ended = !errors.As(err, &bad); !ended {
			require.Positive(t, bad.Line)
			require.GreaterOrEqual(t, bad.Offset, int64(0))
			require.Error(t, bad.Err)
		}
	}
	return events, errs
}

// sameOutcome returns what was decoded: the pods of events and the texts of errors, in their order. It must be the same
// for pieces of every size.
func sameOutcome(t testing.TB, o Options, input string) []string {
	t.Helper()
	got := outcome(o, strings.NewReader(input))
	sizes := []int{1, 2, 3, 7, 61}
	if len(input) > 10_000 {
		sizes = []int{1021, 32 << 10, 100_000}
	}
	for _, size := range sizes {
		require.Equal(t, got, outcome(o, &pieces{text: input, size: size}), "in pieces of %d bytes", size)
	}
	return got
}

func outcome(o Options, r io.Reader) []string {
	var got []string
	for event, err := range o.Decode(r) {
		if err != nil {
			got = append(got, err.Error())
		} else {
			got = append(got, event.From().Pod)
		}
	}
	return got
}

// one decodes a single record.
func one(t testing.TB, input string) (gossip.Event, error) {
	t.Helper()
	events, errs := pairs(t, Options{}, strings.NewReader(input))
	require.Equal(t, 1, len(events)+len(errs), "%v %v", events, errs)
	if len(errs) > 0 {
		return nil, errs[0]
	}
	return events[0], nil
}

func gzipped(t testing.TB, texts ...string) []byte {
	t.Helper()
	var b bytes.Buffer
	for _, text := range texts {
		w := gzip.NewWriter(&b)
		_, err := io.WriteString(w, text)
		require.NoError(t, err)
		require.NoError(t, w.Close())
	}
	return b.Bytes()
}

func zstded(t testing.TB, text string, options ...zstd.EOption) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, options...)
	require.NoError(t, err)
	_, err = io.WriteString(w, text)
	require.NoError(t, err)
	require.NoError(t, w.Close())
	return b.Bytes()
}

// show writes an event as one line: every field that is not zero, by its Go name.
func show(event gossip.Event) string {
	return fmt.Sprintf("%T%s", event, showValue(reflect.ValueOf(event)))
}

func showValue(v reflect.Value) string {
	if s, ok := reflect.TypeAssert[fmt.Stringer](v); ok {
		return s.String()
	}
	switch v.Kind() {
	case reflect.String:
		return fmt.Sprintf("%q", v.String())
	case reflect.Map:
		parts := make([]string, 0, v.Len())
		for _, key := range v.MapKeys() {
			parts = append(parts, fmt.Sprintf("%s:%v", key, v.MapIndex(key)))
		}
		slices.Sort(parts)
		return "{" + strings.Join(parts, " ") + "}"
	case reflect.Slice:
		parts := make([]string, v.Len())
		for i := range parts {
			parts[i] = showValue(v.Index(i))
		}
		return "[" + strings.Join(parts, " ") + "]"
	case reflect.Struct:
		if known := v.FieldByName("Known"); known.IsValid() {
			return fmt.Sprint(v.FieldByName("Value"))
		}
		var parts []string
		for field, value := range v.Fields() {
			if !value.IsZero() {
				parts = append(parts, field.Name+"="+showValue(value))
			}
		}
		return "{" + strings.Join(parts, " ") + "}"
	}
	return fmt.Sprint(v)
}

// pieces reads at most size bytes at a time, and now and then none.
type pieces struct {
	text  string
	size  int
	calls int
}

func (p *pieces) Read(b []byte) (int, error) {
	if p.calls++; p.calls%5 == 0 {
		return 0, nil
	}
	n := copy(b[:min(len(b), p.size)], p.text)
	p.text = p.text[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}
