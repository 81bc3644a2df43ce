package kernel

import (
	"fmt"
	"regexp"
	"strconv"
)

// Socket is one row of pxl/connect_fail.bt or pxl/retransmit.bt; its columns are described there.
type Socket struct {
	Event             string // connect_fail or retransmit
	NetNS, CPU, Count uint64 // Count is cumulative
}

var socketText = regexp.MustCompile(
	`^time_:\d+ event:(connect_fail|retransmit) netns:(\d+) cpu:(\d+) count:(\d+) `)

// ParseSocket reads a row as the programs print it.
func ParseSocket(text string) (Socket, error) {
	m := socketText.FindStringSubmatch(text)
	if m == nil {
		return Socket{}, fmt.Errorf("unexpected row %q", text)
	}
	s := Socket{Event: m[1]}
	return s, parseColumns(text, m, map[int]*uint64{2: &s.NetNS, 3: &s.CPU, 4: &s.Count})
}

// parseColumns reads the numbers among the submatches of a row.
func parseColumns(text string, submatches []string, into map[int]*uint64) error {
	for i, n := range into {
		var err error
		if *n, err = strconv.ParseUint(submatches[i], 10, 64); err != nil {
			return fmt.Errorf("row %q: %w", text, err)
		}
	}
	return nil
}

// Sockets adds up the rows of each network namespace. The zero value is ready; it is for one goroutine. Its size is
// bounded by the number of namespaces that a node ever had at the same time, since the kernel reuses their inodes.
type Sockets struct {
	counts map[socketCounter]uint64
	totals map[socketCounter]uint64 // of all CPUs
}

// socketCounter is one counter of a program.
type socketCounter struct {
	event      string
	netNS, cpu uint64 // in totals, cpu is 0
}

// Add takes a row. Rows of one CPU may arrive late: the highest count is the latest.
func (s *Sockets) Add(r Socket) {
	if s.counts == nil {
		s.counts, s.totals = map[socketCounter]uint64{}, map[socketCounter]uint64{}
	}
	counter := socketCounter{r.Event, r.NetNS, r.CPU}
	if before := s.counts[counter]; r.Count > before {
		s.counts[counter] = r.Count
		s.totals[socketCounter{event: r.Event, netNS: r.NetNS}] += r.Count - before
	}
}

// Total is the number of events in a namespace since the program started.
func (s *Sockets) Total(event string, netNS uint64) uint64 {
	return s.totals[socketCounter{event: event, netNS: netNS}]
}
