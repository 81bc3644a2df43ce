package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// result is what a load measured: requests per second, and how long they took.
type result struct {
	rate     float64
	p50, p99 time.Duration
}

// postAll sends bodies over a number of connections, each body in turn, for a time; 0 means each body once.
func postAll(ctx context.Context, url string, bodies [][]byte, connections int, length time.Duration) (result, error) {
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: connections}}
	defer client.CloseIdleConnections()
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
				err = post(ctx, client, url, bodies[i%len(bodies)])
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
	return result{float64(len(took)) / elapsed.Seconds(), roundToTens(took[len(took)/2]), roundToTens(took[len(took)*99/100])}, nil
}

func roundToTens(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

func post(ctx context.Context, client *http.Client, url string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", response.Status, text)
	}
	return err
}

// singleRecords are bodies of one record each about 500 pods.
func singleRecords(n int) [][]byte {
	at := time.Now().Add(-5 * time.Minute)
	out := make([][]byte, n)
	for i := range out {
		out[i] = record(nil, i%500, at.Add(time.Duration(i/500)*5*time.Second), 40)
	}
	return out
}

// recordBatches are bodies of 1,000 records each about 500 pods, no record twice.
func recordBatches(n int, begin time.Time) [][]byte {
	out := make([][]byte, n)
	for i := range out {
		for j := range 1000 {
			out[i] = record(out[i], j%500, begin.Add(time.Duration(2*i+j/500)*time.Second), 40)
		}
	}
	return out
}

func podName(pod int) string { return fmt.Sprintf("api-%d", pod) }

// record appends a record of a container that is throttled in so many of 50 periods.
func record(b []byte, pod int, at time.Time, throttled int) []byte {
	return fmt.Appendf(b, `{"type":"cpu_throttle","timestamp":%q,"namespace":"bench","pod_name":%q,"container_name":"app",`+
		`"period_seconds":5,"nr_periods":50,"nr_throttled":%d,"throttled_usec":%d,"usage_usec":150000,"limit_cores":0.1}`+"\n",
		at.UTC().Format(time.RFC3339), podName(pod), throttled, throttled*70_000)
}
