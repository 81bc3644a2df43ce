package kernel

import (
	"fmt"
	"regexp"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Row is one row of pxl/pod_birth.bt; its columns are described there.
type Row struct {
	NS                                                           uint64 // monotonic clock
	Event                                                        string
	PID, Birth                                                   uint64
	Comm, A, B, File                                             string
	Value                                                        uint64
	Syscalls, Namespaces, CgroupWrites, Mounts, Processes, Execs uint64
}

// rowText is how the program prints a row. Names may hold spaces, keys do not.
var rowText = regexp.MustCompile(
	`(?s)^time_:(\d+) event:(\w+) pid:(\d+) birth:(\d+) comm:(.*?) a:(.*?) b:(.*?) file:(.*) ` +
		`value:(\d+) syscalls:(\d+) namespaces:(\d+) cgroup_writes:(\d+) mounts:(\d+) processes:(\d+) execs:(\d+)`,
)

// ParseRow reads a row as the program prints it. Names of processes and files may have any bytes: they are cleaned.
func ParseRow(text string) (Row, error) {
	text = gossip.CleanText(text)
	m := rowText.FindStringSubmatch(text)
	if m == nil {
		return Row{}, fmt.Errorf("unexpected row %q", text)
	}
	r := Row{Event: m[2], Comm: m[5], A: m[6], B: m[7], File: m[8]}
	return r, parseColumns(text, m, map[int]*uint64{
		1: &r.NS, 3: &r.PID, 4: &r.Birth, 9: &r.Value, 10: &r.Syscalls,
		11: &r.Namespaces, 12: &r.CgroupWrites, 13: &r.Mounts, 14: &r.Processes, 15: &r.Execs,
	})
}

// isCommand reports whether the row is the exec of a container's command.
func (r Row) isCommand() bool { return r.Event == "exec" && r.Value == 1 }

// timeNS is the time of the row.
func (r Row) timeNS() uint64 { return r.NS }

// wallTime is the wall-clock time of a row, with the digits that a record keeps. Boot is the time at which the clock of
// the rows was zero.
func wallTime(boot time.Time, ns uint64) time.Time {
	return boot.Add(toDuration(ns)).Truncate(time.Millisecond)
}

// toDuration is a number of nanoseconds as a duration.
func toDuration(n uint64) time.Duration { return time.Duration(min(n, 1<<63-1)) }
