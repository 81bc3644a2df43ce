package kernel

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Kill is one row of pxl/oom_kill.bt; its columns are described there. Usage and limit are in bytes here, and no limit
// is 0.
type Kill struct {
	NS, PID      uint64 // monotonic clock; PID of the node
	Comm, A, B   string
	Usage, Limit uint64
	Scope        string // memcg, global, or "" where the kernel did not say
}

var killText = regexp.MustCompile(`(?s)^time_:(\d+) event:oom_kill pid:(\d+) comm:(.*?) a:(.*?) b:(.*?) ` +
	`usage:(\d+) limit:(\d+) scope:(memcg|global|)$`)

// ParseKill reads a row as the program prints it. A process may have any bytes in its name: they are cleaned.
func ParseKill(text string) (Kill, error) {
	text = gossip.CleanText(text)
	m := killText.FindStringSubmatch(text)
	if m == nil {
		return Kill{}, fmt.Errorf("unexpected row %q", text)
	}
	k := Kill{Comm: m[3], A: m[4], B: m[5], Scope: m[8]}
	if err := parseColumns(text, m, map[int]*uint64{1: &k.NS, 2: &k.PID, 6: &k.Usage, 7: &k.Limit}); err != nil {
		return Kill{}, err
	}
	page := uint64(os.Getpagesize())
	k.Usage, k.Limit = k.Usage*page, uint64(limitBytes(k.Limit*page))
	return k, nil
}

const (
	// maxLooks is how many looks a kill waits for its container: one that is killed right after its start is in no status
	// yet.
	maxLooks = 6
	// maxKills bounds the kills that wait.
	maxKills = 1000
	// dying is how long a killed process may go on marking its threads. The kernel does not reuse the number of a process
	// so soon.
	dying = time.Minute
)

// Kills collects rows until a pod's status has their container. The zero value is ready; it is for one goroutine.
type Kills struct {
	// GivenUp is the number of kills in containers that no pod's status had in time, and of kills beyond the bound.
	GivenUp int

	waiting []waitingKill
	recent  []Kill // of the last minute
}

// waitingKill is a kill and the number of looks for its container.
type waitingKill struct {
	Kill
	looks int
}

// Add takes a row. It drops rows outside containers, and further rows of one process: the kernel marks each thread of a
// dying process that wants memory.
func (k *Kills) Add(r Kill) {
	k.recent = slices.DeleteFunc(k.recent, func(s Kill) bool { return s.NS+uint64(dying) < r.NS })
	if slices.ContainsFunc(k.recent, func(s Kill) bool { return s.PID == r.PID && s.A == r.A && s.B == r.B }) {
		return
	}
	if len(k.recent) < maxKills {
		k.recent = append(k.recent, r)
	}
	switch {
	case containerDir.FindString(r.A+"/"+r.B) == "":
	case len(k.waiting) == maxKills:
		k.GivenUp++
	default:
		k.waiting = append(k.waiting, waitingKill{Kill: r})
	}
}

// Waiting reports whether a kill waits for the status of its pod.
func (k *Kills) Waiting() bool { return len(k.waiting) > 0 }

// Complete returns the kills with a known container, each once. Pods are all that exist, boot is the time at which the
// clock of the rows was zero.
func (k *Kills) Complete(pods []*Pod, boot time.Time) []gossip.OOMKill {
	runs := map[string]Container{}
	for _, p := range pods {
		for _, c := range p.allRuns() {
			runs[c.ID] = c
		}
	}
	var complete []gossip.OOMKill
	var waiting []waitingKill
	for _, r := range k.waiting {
		r.looks++
		if c, ok := r.findContainer(runs); ok {
			complete = append(complete, r.event(c, boot))
		} else if r.looks < maxLooks {
			waiting = append(waiting, r)
		} else {
			k.GivenUp++
		}
	}
	k.waiting = waiting
	return complete
}

// findContainer finds the container of the victim: it was in the container's cgroup, or in a cgroup right below.
func (k Kill) findContainer(runs map[string]Container) (Container, bool) {
	for _, dir := range []string{k.A, k.B} {
		id := containerDir.FindString(dir)
		if id == "" {
			continue
		}
		for full, c := range runs {
			if strings.HasPrefix(full, id) {
				return c, true
			}
		}
	}
	return Container{}, false
}

// event makes the event of a kill in a container.
func (k Kill) event(c Container, boot time.Time) gossip.OOMKill {
	event := gossip.OOMKill{
		Origin:     c.Pod.originAt("bpftrace", wallTime(boot, k.NS)),
		VictimPID:  gossip.Some(int64(k.PID)),
		VictimComm: k.Comm,
		UsageBytes: gossip.Some(int64(k.Usage)),
		LimitBytes: gossip.Some(int64(k.Limit)),
		Scope:      gossip.Scope(k.Scope),
	}
	event.Container, event.ContainerID = c.Name, c.ID
	return event
}
