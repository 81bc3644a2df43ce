package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/operator/observer/kernel"
)

// capture is everything that was recorded.
type capture struct {
	lines  []line
	counts map[string]int // records by type
}

type line struct {
	at   time.Time
	text []byte
}

// add keeps a record.
func (c *capture) add(s kernel.Subject, record any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(record); err != nil {
		return fmt.Errorf("encode a record: %w", err)
	}
	c.lines = append(c.lines, line{s.At, b.Bytes()})
	c.counts[s.Type]++
	return nil
}

// ndjson gives the records in the order of their timestamps.
func (c *capture) ndjson() []byte {
	slices.SortStableFunc(c.lines, func(a, b line) int { return a.at.Compare(b.at) })
	var out []byte
	for _, l := range c.lines {
		out = append(out, l.text...)
	}
	return out
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
	pods, err := kube.objects()
	if err != nil {
		return err
	}
	origin.Records = c.counts
	base := strings.TrimSuffix(o.out, ".ndjson")
	for _, f := range []struct {
		name    string
		content []byte
	}{
		{o.out, c.ndjson()},
		{base + ".pods.yaml", pods},
		{base + ".provenance.yaml", origin.yaml()},
	} {
		if err := os.WriteFile(f.name, f.content, 0o644); err != nil {
			return fmt.Errorf("write the capture: %w", err)
		}
	}
	return nil
}
