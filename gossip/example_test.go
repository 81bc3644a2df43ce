package gossip_test

import (
	"fmt"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// A container uses 30 % of its limit, and the kernel refuses to run it in 80 % of its periods.
func Example() {
	analyzer := gossip.New(gossip.Options{})
	start := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for i := range 3 {
		analyzer.Observe(gossip.CPUSample{
			Origin: gossip.Origin{
				Time: start.Add(time.Duration(i) * 5 * time.Second), Period: 5 * time.Second,
				Namespace: "shop", Pod: "api-0", Container: "app",
			},
			Periods: gossip.Some[int64](20), ThrottledPeriods: gossip.Some[int64](16),
			ThrottledUsec: gossip.Some[int64](1_200_000), UsageUsec: gossip.Some[int64](150_000), LimitCores: gossip.Some(0.1),
		})
	}
	for f := range analyzer.Findings() {
		cpu := f.(gossip.CPUThrottling)
		fmt.Printf("%v: %v, %v\n", cpu.About, cpu.Level, cpu.Reason)
		fmt.Printf("throttled in %.0f%% of periods, %v each, at %.0f%% of the limit\n",
			cpu.Throttled.Value*100, cpu.MeanWait.Value, cpu.UsedOfLimit.Value*100)
	}
	// Output:
	// CPUThrottling shop/api-0/app: Critical, ThrottledWhileCPULow
	// throttled in 80% of periods, 75ms each, at 30% of the limit
}
