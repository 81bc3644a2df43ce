package kernel

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kill is one row of pxl/oom_kill.bt; its columns are described there. Usage and limit are in bytes here, and no limit is 0.
type Kill struct {
	NS, PID      uint64 // monotonic clock; PID of the node
	Comm, A, B   string
	Usage, Limit uint64
	Scope        string // memcg, global, or "" where the kernel did not say
}

var killText = regexp.MustCompile(`(?s)^time_:(\d+) event:oom_kill pid:(\d+) comm:(.*?) a:(.*?) b:(.*?) usage:(\d+) limit:(\d+) scope:(memcg|global|)$`)

// ParseKill reads a row as the program prints it.
func ParseKill(text string) (Kill, error) {
	m := killText.FindStringSubmatch(text)
	if m == nil {
		return Kill{}, fmt.Errorf("unexpected row %q", text)
	}
	k := Kill{Comm: m[3], A: m[4], B: m[5], Scope: m[8]}
	for i, n := range map[int]*uint64{1: &k.NS, 2: &k.PID, 6: &k.Usage, 7: &k.Limit} {
		var err error
		if *n, err = strconv.ParseUint(m[i], 10, 64); err != nil {
			return Kill{}, fmt.Errorf("row %q: %w", text, err)
		}
	}
	page := uint64(os.Getpagesize())
	k.Usage, k.Limit = k.Usage*page, limited(k.Limit*page)
	return k, nil
}

// Kills are tried for so many looks: a container that is killed right after its start is in no pod's status yet. And they are no more
// than so many.
const (
	maxTries = 6
	maxKills = 1000
)

// Kills collects rows until it is known whose they are. The zero value is ready; it is for one goroutine.
type Kills struct {
	// GivenUp counts kills in containers that no pod's status named in time, and those that were too many.
	GivenUp int

	waiting []tried
	seen    []Kill // of the last minute
}

// dying is how long a process that was killed may go on marking its threads; a number of a process does not come back so soon.
const dying = time.Minute

type tried struct {
	Kill
	times int
}

// Add takes a row; those of no container are let go, and so are more rows of one process: the kernel marks each of its threads that wants
// memory while it dies.
func (k *Kills) Add(r Kill) {
	k.seen = slices.DeleteFunc(k.seen, func(s Kill) bool { return s.NS+uint64(dying) < r.NS })
	if slices.ContainsFunc(k.seen, func(s Kill) bool { return s.PID == r.PID && s.A == r.A && s.B == r.B }) {
		return
	}
	if len(k.seen) < maxKills {
		k.seen = append(k.seen, r)
	}
	switch {
	case containerDir.FindString(r.A+"/"+r.B) == "":
	case len(k.waiting) == maxKills:
		k.GivenUp++
	default:
		k.waiting = append(k.waiting, tried{r, 0})
	}
}

// Waiting says whether there is a kill that has not been told.
func (k *Kills) Waiting() bool { return len(k.waiting) > 0 }

// Complete tells the kills whose container is known by now. Pods are all that exist, boot is the time at which the clock of the rows was
// zero.
func (k *Kills) Complete(pods []*Pod, boot time.Time) []OOMKill {
	names := map[string]Container{}
	for _, p := range pods {
		for id, name := range p.names() {
			names[id] = Container{p, name, id}
		}
	}
	var out []OOMKill
	var left []tried
	for _, r := range k.waiting {
		r.times++
		if c, ok := killed(r.Kill, names); ok {
			out = append(out, r.record(c, boot))
		} else if r.times < maxTries {
			left = append(left, r)
		} else {
			k.GivenUp++
		}
	}
	k.waiting = left
	return out
}

// killed finds the container in whose cgroup, or in a cgroup right below, the victim was.
func killed(k Kill, names map[string]Container) (Container, bool) {
	for _, dir := range []string{k.A, k.B} {
		id := containerDir.FindString(dir)
		if id == "" {
			continue
		}
		for full, c := range names {
			if strings.HasPrefix(full, id) {
				return c, true
			}
		}
	}
	return Container{}, false
}

func (k Kill) record(c Container, boot time.Time) OOMKill {
	rec := OOMKill{
		Subject: subjectOf("oom_kill", boot.Add(nanoseconds(k.NS)), c.Pod, "bpftrace"),
		PID:     k.PID, Comm: k.Comm, Usage: k.Usage, Limit: k.Limit, Scope: k.Scope,
	}
	rec.ContainerName, rec.ContainerID = c.Name, c.ID
	return rec
}
