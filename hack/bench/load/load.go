// Package load writes the records that the speed of the whole way is measured on. They are synthetic, and the same on
// every machine.
package load

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"time"
)

// Every pod sends one record in each step of event time.
const (
	step  = 10 * time.Second
	first = "2026-01-02T03:00:00Z"

	milliseconds = "2006-01-02T15:04:05.000Z07:00"
)

// Shape is the kind of records, and their order.
type Shape string

// The shapes.
const (
	// Rotation is what node agents send: counters, in whole seconds, of all pods in turn, the same turn each time.
	Rotation Shape = "rotation"
	// Random is what a source without counters sends: percentages, in milliseconds, of pods in no order.
	Random Shape = "random"
)

// Shapes are all of them.
var Shapes = []Shape{Rotation, Random}

// Load is how much is written: 70 % of the records are cpu_throttle, 30 % pod_creation, spread over the pods.
type Load struct {
	Records int
	Pods    int
	Seed    uint64
	Shape   Shape // Rotation if empty
}

// Write writes the records as NDJSON, in order of time; they are about 220 bytes long on average. Seven of ten pods are
// throttled enough for a whisper. An unknown shape is an error.
func (l Load) Write(w io.Writer) error {
	if l.Shape != "" && !slices.Contains(Shapes, l.Shape) {
		return fmt.Errorf("no shape %q: there are %q", l.Shape, Shapes)
	}
	out := bufio.NewWriterSize(w, 1<<20)
	r := rand.New(rand.NewPCG(l.Seed, 217))
	pods := make([]pod, max(1, l.Pods))
	for i := range pods {
		pods[i] = newPod(i, r)
	}
	at, err := time.Parse(time.RFC3339, first)
	if err != nil {
		return err
	}
	var line []byte
	for i := range l.Records {
		n := i % len(pods)
		moment := at.Add(time.Duration(i/len(pods))*step + time.Duration(n)*step/time.Duration(len(pods)))
		layout := time.RFC3339
		if l.Shape == Random {
			n, layout = r.IntN(len(pods)), milliseconds
		}
		line = pods[n].appendRecord(line[:0], moment.Format(layout), l.Shape, r)
		if _, err := out.Write(line); err != nil {
			return err
		}
	}
	return out.Flush()
}

// pod is one pod, as all its records see it.
type pod struct {
	namespace, name string
	limit           int // thousandths of a core
	throttled       int // percent of its periods
}

func newPod(i int, r *rand.Rand) pod {
	p := pod{namespace: fmt.Sprintf("ns-%d", i%40), name: fmt.Sprintf("api-%d", i), limit: 100 * (1 + r.IntN(20))}
	if r.IntN(10) < 7 {
		p.throttled = 12 + r.IntN(85)
	}
	return p
}

// appendRecord appends one record: of the pod's birth, or of its throttling.
func (p pod) appendRecord(b []byte, at string, shape Shape, r *rand.Rand) []byte {
	switch {
	case r.IntN(10) < 3:
		return p.appendBirth(b, at, r)
	case shape == Random:
		return p.appendPercentages(b, at, r)
	default:
		return p.appendCounters(b, at, r)
	}
}

func (p pod) appendCounters(b []byte, at string, r *rand.Rand) []byte {
	periods := 40 + r.IntN(60)
	throttled := periods * p.throttled / 100
	return fmt.Appendf(
		b,
		`{"type":"cpu_throttle","timestamp":"%s","namespace":"%s","pod_name":"%s","container_name":"app",`+
			`"period_seconds":10,"nr_periods":%d,"nr_throttled":%d,"throttled_usec":%d,"usage_usec":%d,"limit_cores":%g}`+"\n",
		at,
		p.namespace,
		p.name,
		periods,
		throttled,
		throttled*(40_000+r.IntN(40_000)),
		(periods-throttled/2)*p.limit*100,
		float64(p.limit)/1000,
	)
}

func (p pod) appendPercentages(b []byte, at string, r *rand.Rand) []byte {
	usage := r.Float64()
	return fmt.Appendf(
		b,
		`{"type":"cpu_throttle","timestamp":"%s","namespace":"%s","pod_name":"%s","container_name":"app",`+
			`"throttle_percentage":%.2f,"reported_cpu_usage":%.3f,"actual_cpu_usage":%.4f,"limit_cores":%g}`+"\n",
		at,
		p.namespace,
		p.name,
		max(0, min(100, float64(p.throttled)+4*r.NormFloat64())),
		usage,
		usage*float64(p.limit)/1000,
		float64(p.limit)/1000,
	)
}

func (p pod) appendBirth(b []byte, at string, r *rand.Rand) []byte {
	return fmt.Appendf(b, `{"type":"pod_creation","timestamp":"%s","namespace":"%s","pod_name":"%s",`+
		`"total_syscalls":%d,"namespace_ops":%d,"cgroup_writes":%d,"duration_ns":%d}`+"\n",
		at, p.namespace, p.name,
		8_000+r.IntN(9_000), 5+r.IntN(3), 400+r.IntN(300), 700_000_000+r.IntN(4_000_000_000))
}
