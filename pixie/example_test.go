package pixie_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// Good records give events, bad ones give errors, and neither disturbs the other.
func ExampleDecode() {
	payload := `
{"type": "cpu_throttle", "timestamp": "2026-01-02T03:04:05Z", "namespace": "shop", "pod_name": "api-0",
 "container_name": "app", "nr_periods": 56, "nr_throttled": 45}
{"type": "cpu_throttle", "timestamp": "2026-01-02T03:04:20Z", "namespace": "shop", "pod_name": "api-0",
 "container_name": "app", "nr_periods": -4, "nr_throttled": 0}
{"type": "pod_creation", "timestamp": "2026-01-02T03:04:05Z", "namespace": "shop", "pod_name": "api-0",
 "total_syscalls": 13942, "duration_ns": 1153000000}
`
	for event, err := range pixie.Decode(strings.NewReader(payload)) {
		if err != nil {
			fmt.Println(err)
			continue
		}
		switch e := event.(type) {
		case gossip.CPUSample:
			fmt.Printf("%s: throttled in %d of %d periods\n", e.Subject(), e.ThrottledPeriods.Value, e.Periods.Value)
		case gossip.PodCreation:
			fmt.Printf("%s: up in %v\n", e.Subject(), e.Duration)
		case gossip.MemorySample, gossip.OOMKill, gossip.NetworkSample:
			fmt.Println(e.Subject())
		}
	}
	// Output:
	// CPUThrottling shop/api-0/app: throttled in 45 of 56 periods
	// line 4: cpu_throttle: nr_periods: negative: -4
	// PodBirth shop/api-0: up in 1.153s
}

// A server distinguishes bad records, which cost nothing else, from a body that is too large to be read to its end.
func ExampleOptions_Decode() {
	body := strings.NewReader(strings.Repeat("{}\n", 3) + strings.Repeat(" ", 1000))
	refused := 0
	for _, err := range (pixie.Options{MaxBytes: 512}).Decode(body) {
		var bad *pixie.RecordError
		switch {
		case errors.As(err, &bad):
			refused++
		case errors.Is(err, pixie.ErrTooLarge):
			fmt.Println("413:", err)
		}
	}
	fmt.Println(refused, "records refused")
	// Output:
	// 413: read: input too large: more than 512 bytes of text
	// 3 records refused
}

// A sender fills an event, and leaves absent what it did not measure.
func ExampleAppend() {
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var payload []byte
	payload = pixie.Append(payload, gossip.CPUSample{
		Origin:  gossip.Origin{Time: at, Namespace: "shop", Pod: "api-0", Container: "app", Period: 15 * time.Second},
		Periods: gossip.Some[int64](56), ThrottledPeriods: gossip.Some[int64](45), LimitCores: gossip.Some(0.1),
	})
	payload = pixie.Append(payload, gossip.MemorySample{
		Origin:    gossip.Origin{Time: at, Namespace: "shop", Pod: "api-0", Container: "app"},
		SomeAvg60: gossip.Some(0.125),
	})
	fmt.Print(strings.ReplaceAll(string(payload), ",", ",\n  ")) // a record is one line; here it would be a long one
	// Output:
	// {"type":"cpu_throttle",
	//   "timestamp":"2026-01-02T03:04:05Z",
	//   "namespace":"shop",
	//   "pod_name":"api-0",
	//   "container_name":"app",
	//   "period_seconds":15,
	//   "nr_periods":56,
	//   "nr_throttled":45,
	//   "limit_cores":0.1}
	// {"type":"memory_pressure",
	//   "timestamp":"2026-01-02T03:04:05Z",
	//   "namespace":"shop",
	//   "pod_name":"api-0",
	//   "container_name":"app",
	//   "psi_some_avg60":12.5}
}
