package otlp_test

import (
	"fmt"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie/otlp"
)

// A line that a Collector's file exporter wrote. Files in protobuf are read the same way.
func ExampleOptions_Decode() {
	const line = `{"resourceMetrics":[{
		"resource":{"attributes":[
			{"key":"k8s.namespace.name","value":{"stringValue":"shop"}},
			{"key":"k8s.pod.name","value":{"stringValue":"api-0"}},
			{"key":"k8s.container.name","value":{"stringValue":"app"}}]},
		"scopeMetrics":[{"metrics":[
			{"name":"kernel_gossip.cpu_throttle.nr_periods",
				"gauge":{"dataPoints":[{"timeUnixNano":"1795384800000000000","asInt":"56"}]}},
			{"name":"kernel_gossip.cpu_throttle.nr_throttled",
				"gauge":{"dataPoints":[{"timeUnixNano":"1795384800000000000","asInt":"45"}]}}]}]}]}`
	for record, err := range (otlp.Options{}).Decode(strings.NewReader(line)) {
		if err != nil {
			fmt.Println(err) // a *pixie.RecordError costs one record, any other is final
			continue
		}
		sample, ok := record.Event.(gossip.CPUSample)
		fmt.Println(record.Event.Subject(), ok)
		fmt.Println(sample.ThrottledPeriods.Value, "of", sample.Periods.Value, "from", record.Points, "points")
	}
	// Output:
	// CPUThrottling shop/api-0/app true
	// 45 of 56 from 2 points
}
