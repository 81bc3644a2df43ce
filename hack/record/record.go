package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/examples/observer/kernel"
)

// capture is everything that was recorded.
type capture struct {
	throttle []kernel.CPUThrottle
	births   []kernel.PodCreation
}

// ndjson gives the records in the order of their timestamps.
func (c *capture) ndjson() ([]byte, error) {
	type line struct {
		at   time.Time
		text []byte
	}
	var lines []line
	add := func(at time.Time, record any) error {
		var b bytes.Buffer
		enc := json.NewEncoder(&b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(record); err != nil {
			return fmt.Errorf("encode a record: %w", err)
		}
		lines = append(lines, line{at, b.Bytes()})
		return nil
	}
	for i := range c.throttle {
		if err := add(c.throttle[i].At, &c.throttle[i]); err != nil {
			return nil, err
		}
	}
	for i := range c.births {
		if err := add(c.births[i].At, &c.births[i]); err != nil {
			return nil, err
		}
	}
	slices.SortStableFunc(lines, func(a, b line) int { return a.at.Compare(b.at) })
	var out []byte
	for _, l := range lines {
		out = append(out, l.text...)
	}
	return out, nil
}

// fold makes records of the births that were seen whole; the others are named in incomplete.
func fold(trace *kernel.Trace, rows []kernel.Row, kube *cluster) (records []kernel.PodCreation, incomplete []string, err error) {
	events, err := kube.events()
	if err != nil {
		return nil, nil, err
	}
	var births kernel.Births
	for _, r := range rows {
		births.Add(r)
	}
	pods := kube.pods()
	records = births.Complete(pods, trace.Boot)
	for i := range records {
		p := slices.IndexFunc(pods, func(p *kernel.Pod) bool { return p.Metadata.UID == records[i].PodUID })
		records[i].ImagePullNS = kernel.PullTime(pods[p], events)
	}
	return records, births.Incomplete(pods), nil
}

// write writes the capture, the pods and the provenance.
func write(o options, kube *cluster, c *capture, origin *provenance) error {
	records, err := c.ndjson()
	if err != nil {
		return err
	}
	pods, err := kube.objects()
	if err != nil {
		return err
	}
	origin.Throttle, origin.Births = len(c.throttle), len(c.births)
	base := strings.TrimSuffix(o.out, ".ndjson")
	for _, f := range []struct {
		name    string
		content []byte
	}{
		{o.out, records},
		{base + ".pods.yaml", pods},
		{base + ".provenance.yaml", origin.yaml()},
	} {
		if err := os.WriteFile(f.name, f.content, 0o644); err != nil {
			return fmt.Errorf("write the capture: %w", err)
		}
	}
	return nil
}
