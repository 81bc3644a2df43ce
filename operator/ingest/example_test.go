package ingest_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
)

// Your own server takes records as the operator does. ingest.NewServer(door.Events()) is a server with all timeouts.
func Example() {
	analyzer := gossip.New(gossip.Options{})
	door := ingest.New(ingest.Options{Take: func(_ context.Context, events []gossip.Event) (ingest.Outcome, error) {
		for _, e := range events {
			analyzer.Observe(e)
		}
		return ingest.Outcome{}, nil
	}})
	server := httptest.NewServer(door.Events())
	defer server.Close()

	records := `{"type":"cpu_throttle","timestamp":"2026-11-22T22:00:15Z","namespace":"shop",` +
		`"pod_name":"api-0","container_name":"app","nr_periods":56,"nr_throttled":45}` + "\n" +
		`{"type":"cpu_throttle","timestamp":"2026-11-22T22:00:30Z","namespace":"shop",` +
		`"pod_name":"api-0","container_name":"app","nr_periods":-4}`
	response, err := http.Post(server.URL+"/v1/events", "application/x-ndjson", strings.NewReader(records))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = response.Body.Close() }()
	fmt.Println(response.Status)
	for f := range analyzer.Findings() {
		fmt.Println(f.Subject(), f.Severity())
	}
	// Output:
	// 200 OK
	// CPUThrottling shop/api-0/app Critical
}
