package observer

import (
	"bytes"
	"log/slog"
	"os"
	"strconv"
	"syscall"
	"time"
)

// cost measures what this program itself needs, because a program that shows waste must not be waste.
type cost struct {
	log   *slog.Logger
	since time.Time
	used  time.Duration
}

func newCost(log *slog.Logger) *cost { return &cost{log, time.Now(), cpuTime()} }

// logCost logs the share of a core since the last time, and the memory now. bpftrace is a process of its own and not
// included.
func (c *cost) logCost(w *watcher, out sink) {
	now, used := time.Now(), cpuTime()
	records, dropped := out.countRecords()
	c.log.Info("Own cost, without bpftrace",
		"cpuPercentOfACore", roundCents(100*(used-c.used).Seconds()/now.Sub(c.since).Seconds()),
		"residentMiB", roundCents(float64(residentBytes())/(1<<20)),
		"pods", len(w.pods), "containers", w.node.Containers,
		"records", records, "dropped", dropped, "intervalsLeftOut", w.node.LeftOut,
		"birthsGivenUp", w.node.Births.GivenUp, "killsGivenUp", w.node.Kills.GivenUp)
	c.since, c.used = now, used
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// residentBytes is the memory of this process, 0 where there is no /proc.
func residentBytes() int {
	text, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	fields := bytes.Fields(text)
	if len(fields) < 2 {
		return 0
	}
	pages, err := strconv.Atoi(string(fields[1]))
	if err != nil {
		return 0
	}
	return pages * os.Getpagesize()
}

// roundCents keeps two decimals.
func roundCents(x float64) float64 { return float64(int(x*100+0.5)) / 100 }
