package observer

import (
	"bytes"
	"log/slog"
	"os"
	"strconv"
	"syscall"
	"time"
)

// cost measures what this program itself needs, for one that is to show what others do must not do it too.
type cost struct {
	log   *slog.Logger
	since time.Time
	used  time.Duration
}

func newCost(log *slog.Logger) *cost { return &cost{log, time.Now(), cpuTime()} }

// tell logs the share of a core since the last time, and the memory now. bpftrace is a process of its own and not in it.
func (c *cost) tell(w *watcher, out sink) {
	now, used := time.Now(), cpuTime()
	records, dropped := out.counts()
	c.log.Info("Own cost, without bpftrace", "cpuPercentOfACore", round2(100*(used-c.used).Seconds()/now.Sub(c.since).Seconds()),
		"residentMiB", round2(float64(resident())/(1<<20)), "pods", len(w.pods), "containers", len(w.last),
		"records", records, "dropped", dropped, "intervalsLeftOut", w.leftOut, "birthsGivenUp", w.births.GivenUp, "killsGivenUp", w.kills.GivenUp)
	c.since, c.used = now, used
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// resident is the memory of this process in bytes, as Linux tells it; 0 elsewhere.
func resident() int {
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

func round2(x float64) float64 { return float64(int(x*100+0.5)) / 100 }
