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

var socketText = regexp.MustCompile(`^time_:\d+ event:(connect_fail|retransmit) netns:(\d+) cpu:(\d+) count:(\d+) `)

// ParseSocket reads a row as the programs print it.
func ParseSocket(text string) (Socket, error) {
	m := socketText.FindStringSubmatch(text)
	if m == nil {
		return Socket{}, fmt.Errorf("unexpected row %q", text)
	}
	s := Socket{Event: m[1]}
	for i, n := range map[int]*uint64{2: &s.NetNS, 3: &s.CPU, 4: &s.Count} {
		var err error
		if *n, err = strconv.ParseUint(m[i], 10, 64); err != nil {
			return Socket{}, fmt.Errorf("row %q: %w", text, err)
		}
	}
	return s, nil
}

// Sockets adds rows up for each network namespace. The zero value is ready; it is for one goroutine. It keeps what a node has ever had
// namespaces at the same time, since the kernel gives their inodes again.
type Sockets struct {
	counted map[Socket]uint64 // by event, namespace and CPU: the last count
	since   map[Socket]uint64 // by event and namespace: what it grew by
}

// Add takes a row.
func (s *Sockets) Add(r Socket) {
	if s.counted == nil {
		s.counted, s.since = map[Socket]uint64{}, map[Socket]uint64{}
	}
	where, count := r, r.Count
	where.Count = 0
	if last := s.counted[where]; count > last {
		s.counted[where] = count
		where.CPU = 0
		s.since[where] += count - last
	}
}

// Of is how many there were of an event in a namespace since [Sockets.Begin].
func (s *Sockets) Of(event string, netNS uint64) uint64 {
	return s.since[Socket{Event: event, NetNS: netNS}]
}

// Begin begins to count again.
func (s *Sockets) Begin() { clear(s.since) }
