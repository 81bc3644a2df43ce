package main

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// capture is everything that was recorded. The zero value is empty.
type capture struct {
	lines  []line
	counts map[string]int // records by type
}

// line is one record, with the newline.
type line struct {
	at   time.Time
	text []byte
}

func (c *capture) addEvent(event gossip.Event) {
	if c.counts == nil {
		c.counts = map[string]int{}
	}
	c.counts[typeNames[event.Subject().Kind]]++
	c.lines = append(c.lines, line{event.From().Time, pixie.Append(nil, event)})
}

// joinLines is the records in the order of their timestamps.
func (c *capture) joinLines() []byte {
	slices.SortStableFunc(c.lines, func(a, b line) int { return a.at.Compare(b.at) })
	var out []byte
	for _, l := range c.lines {
		out = append(out, l.text...)
	}
	return out
}

// writeFiles writes the capture, the pods and the provenance.
func (c *capture) writeFiles(file string, pods []byte, origin *provenance) error {
	origin.Records = c.counts
	base := strings.TrimSuffix(file, ".ndjson")
	for _, f := range []struct {
		name    string
		content []byte
	}{
		{name: file, content: c.joinLines()},
		{name: base + ".pods.yaml", content: pods},
		{name: base + ".provenance.yaml", content: origin.formatYAML()},
	} {
		if err := os.WriteFile(f.name, f.content, 0o644); err != nil {
			return fmt.Errorf("write the capture: %w", err)
		}
	}
	return nil
}
