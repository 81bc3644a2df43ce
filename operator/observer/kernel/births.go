package kernel

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Rows are kept until their birth is told, but those of a birth that does not get complete no longer than this, and all together no more
// than this.
const (
	maxBirth = 10 * time.Minute
	maxRows  = 200_000
)

// Births collects rows until births are complete. The zero value is ready; it is for one goroutine.
type Births struct {
	// GivenUp counts births that were seen in part and are not told: a row was lost, or they did not get complete.
	GivenUp int

	rows   []Row
	newest uint64
	told   map[string]uint64 // shim by UID of the pods that need no more rows
	shims  map[uint64]bool   // those shims
}

// Add takes a row.
func (b *Births) Add(r Row) {
	if b.shims[r.Birth] {
		return
	}
	b.newest = max(b.newest, r.NS)
	b.rows = append(b.rows, r)
	if len(b.rows) > maxRows {
		b.Lost()
	}
}

// Lost says that at least one row never came: what is under way cannot be told any more.
func (b *Births) Lost() {
	begun := map[uint64]bool{}
	for _, r := range b.rows {
		if r.isCommand() { // before that, nobody can tell a birth from what runtimes do when pods end
			begun[r.Birth] = true
		}
	}
	b.GivenUp += len(begun)
	b.rows = nil
}

// Waiting says whether a container began to run in a birth that has not been told.
func (b *Births) Waiting() bool { return slices.ContainsFunc(b.rows, Row.isCommand) }

// Complete tells the births of pods that are complete by now, each once, in the order of their ends. Pods are all that exist: what is
// known of others is let go. Boot is the time at which the clock of the rows was zero.
func (b *Births) Complete(pods []*Pod, boot time.Time) []PodCreation {
	oldest := b.newest - min(b.newest, uint64(maxBirth))
	var out []PodCreation
	for pod, birth := range b.byPod(pods) {
		record, err := birth.record(pod, boot)
		switch {
		case err == nil:
			out = append(out, record)
		case birth.begin() < oldest:
			b.GivenUp++
		default:
			continue // not yet
		}
		b.tell(pod.Metadata.UID, birth)
	}
	b.rows = slices.DeleteFunc(b.rows, func(r Row) bool { return b.shims[r.Birth] || r.NS < oldest })
	maps.DeleteFunc(b.told, func(uid string, shim uint64) bool {
		gone := !slices.ContainsFunc(pods, func(p *Pod) bool { return p.Metadata.UID == uid })
		if gone {
			delete(b.shims, shim)
		}
		return gone
	})
	slices.SortFunc(out, func(x, y PodCreation) int {
		return cmp.Or(x.At.Compare(y.At), strings.Compare(x.PodUID, y.PodUID))
	})
	return out
}

// Incomplete names the pods whose birth was seen in part, and says what is missing.
func (b *Births) Incomplete(pods []*Pod) []string {
	var out []string
	for pod, birth := range b.byPod(pods) {
		if _, err := birth.record(pod, time.Time{}); err != nil {
			out = append(out, fmt.Sprintf("%s/%s (%v)", pod.Metadata.Namespace, pod.Metadata.Name, err))
		}
	}
	slices.Sort(out)
	return out
}

func (b *Births) tell(uid string, birth *podBirth) {
	if b.told == nil {
		b.told, b.shims = map[string]uint64{}, map[uint64]bool{}
	}
	b.told[uid] = 0
	for shim := range birth.shims {
		b.told[uid], b.shims[shim] = shim, true
	}
}

// byPod sorts the rows by pod: those of a shim's tree belong to the pod in whose cgroup the tree's commands ran.
func (b *Births) byPod(pods []*Pod) map[*Pod]*podBirth {
	births := map[*Pod]*podBirth{}
	find := func(prefix string) *podBirth {
		i := slices.IndexFunc(pods, func(p *Pod) bool { return prefix != "" && strings.HasPrefix(p.Metadata.UID, prefix) })
		if i < 0 {
			return nil
		}
		if _, told := b.told[pods[i].Metadata.UID]; told {
			return nil
		}
		if births[pods[i]] == nil {
			births[pods[i]] = &podBirth{shims: map[uint64]bool{}, ends: map[uint64]uint64{}, names: pods[i].names()}
		}
		return births[pods[i]]
	}
	for _, d := range dirsMade(b.rows) {
		if birth := find(d.pod); birth != nil {
			birth.dirs = append(birth.dirs, d)
		}
	}
	byShim := map[uint64]*podBirth{}
	for _, r := range b.rows {
		if r.isCommand() {
			if birth := find(podPrefix(r.B)); birth != nil {
				birth.shims[r.Birth], byShim[r.Birth] = true, birth
			}
		}
	}
	for _, r := range b.rows {
		if birth := byShim[r.Birth]; birth != nil {
			birth.take(r)
		}
	}
	maps.DeleteFunc(births, func(_ *Pod, birth *podBirth) bool {
		birth.sort()
		return len(birth.shims) == 0 && !birth.hasPodDir() // a container that restarted: the pod was there before
	})
	return births
}
