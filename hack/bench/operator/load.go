package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/webhook"
)

// result is what a load measured: requests per second, and how long they took.
type result struct {
	rate     float64
	p50, p99 time.Duration
}

// newSender makes a client that keeps this number of connections. It never tries again: a request that fails ends the
// measurement.
func newSender(url string, connections int) (*webhook.Client, error) {
	return webhook.New(webhook.Options{
		URL: url, Transport: &http.Transport{MaxIdleConnsPerHost: connections}, Attempts: 1,
	})
}

// postAll posts bodies over a number of connections: each body in turn for a length of time, or each once if length is
// 0.
func postAll(
	ctx context.Context, url string, bodies [][]byte, connections int, length time.Duration,
) (result, error) {
	sender, err := newSender(url, connections)
	if err != nil {
		return result{}, err
	}
	defer sender.CloseIdleConnections()
	var next atomic.Int64
	var mu sync.Mutex
	var took []time.Duration
	var failed error
	var all sync.WaitGroup
	begin := time.Now()
	for range connections {
		all.Go(func() {
			var mine []time.Duration
			var err error
			for err == nil && ctx.Err() == nil {
				i := int(next.Add(1)) - 1
				if length == 0 && i >= len(bodies) || length > 0 && time.Since(begin) > length {
					break
				}
				at := time.Now()
				_, err = sender.Post(ctx, bodies[i%len(bodies)])
				mine = append(mine, time.Since(at))
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
			if err != nil {
				failed = err
			}
		})
	}
	all.Wait()
	elapsed := time.Since(begin)
	if failed != nil || len(took) == 0 {
		return result{}, failed
	}
	slices.Sort(took)
	return result{
		rate: float64(len(took)) / elapsed.Seconds(),
		p50:  roundToTens(took[len(took)/2]), p99: roundToTens(took[len(took)*99/100]),
	}, nil
}

// roundToTens rounds to tens of microseconds.
func roundToTens(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

// singleRecords returns n bodies of one record each, about 500 pods in turn.
func singleRecords(n int) [][]byte {
	at := time.Now().Add(-5 * time.Minute)
	out := make([][]byte, n)
	for i := range out {
		out[i] = appendRecord(nil, i%500, at.Add(time.Duration(i/500)*5*time.Second))
	}
	return out
}

// recordBatches returns n bodies of 1,000 records each, about 500 pods in turn. No record is in them twice.
func recordBatches(n int, begin time.Time) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		for j := range 1000 {
			out[i] = appendRecord(out[i], j%500, begin.Add(time.Duration(2*i+j/500)*time.Second))
		}
	}
	return out
}

func podName(pod int) string { return fmt.Sprintf("api-%d", pod) }

// appendRecord appends the record of a container that was throttled in 40 of 50 periods. Times are whole seconds.
func appendRecord(b []byte, pod int, at time.Time) []byte {
	return pixie.Append(b, gossip.CPUSample{
		Origin: gossip.Origin{
			Time: at.Truncate(time.Second), Namespace: benchNamespace, Pod: podName(pod), Container: "app",
			Period: 5 * time.Second,
		},
		Periods: gossip.Some[int64](50), ThrottledPeriods: gossip.Some[int64](40),
		ThrottledUsec: gossip.Some[int64](40 * 70_000), UsageUsec: gossip.Some[int64](150_000),
		LimitCores: gossip.Some(0.1),
	})
}
