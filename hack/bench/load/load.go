// Package load writes the records that the speed of the whole way is measured on. They are synthetic, and the same on every machine.
package load

import (
	"bufio"
	"fmt"
	"io"
	"math/rand/v2"
	"time"
)

// Every pod sends one record in each step of event time.
const (
	step  = 10 * time.Second
	first = "2026-01-02T03:00:00Z"
)

// Load is how much is written: 70 % of the records are cpu_throttle, 30 % pod_creation, spread over the pods.
type Load struct {
	Records int
	Pods    int
	Seed    uint64
}

// Write writes the records as NDJSON, in order of time; they are about 217 bytes long on average. Seven of ten pods are throttled enough
// for a whisper.
func (l Load) Write(w io.Writer) error {
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
		if r.IntN(10) < 3 {
			line = pods[n].birth(line[:0], moment, r)
		} else {
			line = pods[n].throttle(line[:0], moment, r)
		}
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

func (p pod) throttle(b []byte, at time.Time, r *rand.Rand) []byte {
	periods := 40 + r.IntN(60)
	throttled := periods * p.throttled / 100
	return fmt.Appendf(b, `{"type":"cpu_throttle","timestamp":"%s","namespace":"%s","pod_name":"%s","container_name":"app",`+
		`"period_seconds":10,"nr_periods":%d,"nr_throttled":%d,"throttled_usec":%d,"usage_usec":%d,"limit_cores":%g}`+"\n",
		at.Format(time.RFC3339), p.namespace, p.name, periods, throttled,
		throttled*(40_000+r.IntN(40_000)), (periods-throttled/2)*p.limit*100, float64(p.limit)/1000)
}

func (p pod) birth(b []byte, at time.Time, r *rand.Rand) []byte {
	return fmt.Appendf(b, `{"type":"pod_creation","timestamp":"%s","namespace":"%s","pod_name":"%s",`+
		`"total_syscalls":%d,"namespace_ops":%d,"cgroup_writes":%d,"duration_ns":%d}`+"\n",
		at.Format(time.RFC3339), p.namespace, p.name,
		8_000+r.IntN(9_000), 5+r.IntN(3), 400+r.IntN(300), 700_000_000+r.IntN(4_000_000_000))
}
