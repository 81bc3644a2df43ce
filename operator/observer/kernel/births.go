package kernel

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

const (
	// maxBirth is how long the rows of a birth are kept that does not become complete.
	maxBirth = 10 * time.Minute
	// maxRows bounds the rows of all births.
	maxRows = 200_000
)

// Births collects rows until births are complete. The zero value is ready; it is for one goroutine.
type Births struct {
	// GivenUp is the number of births that were seen in part and have no event: a row was lost, or they did not become
	// complete.
	GivenUp int

	rows   []Row
	newest uint64
	done   map[string]uint64 // shim by UID of the pods that need no more rows
	shims  map[uint64]bool   // the values of done
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

// Lost gives up the births that are under way, because at least one row was lost and it may have been theirs.
func (b *Births) Lost() {
	begun := map[uint64]bool{}
	for _, r := range b.rows {
		if r.isCommand() { // before that, a birth looks like what runtimes do when pods end
			begun[r.Birth] = true
		}
	}
	b.GivenUp += len(begun)
	b.rows = nil
}

// Waiting reports whether a container began to run in a birth that is not complete.
func (b *Births) Waiting() bool { return slices.ContainsFunc(b.rows, Row.isCommand) }

// Complete returns the births that are complete, each once, in the order of their ends. How long images were pulled is
// absent: see [PullTime]. Pods are all that exist: what is known of others is dropped. Boot is the time at which the
// clock of the rows was zero.
func (b *Births) Complete(pods []*Pod, boot time.Time) []gossip.PodCreation {
	oldest := b.newest - min(b.newest, uint64(maxBirth))
	var out []gossip.PodCreation
	for pod, birth := range b.groupByPod(pods) {
		event, err := birth.event(pod, boot)
		switch {
		case err == nil:
			out = append(out, event)
		case birth.startNS() < oldest:
			b.GivenUp++
		default:
			continue // not yet
		}
		b.markDone(pod.Metadata.UID, birth)
	}
	b.rows = slices.DeleteFunc(b.rows, func(r Row) bool { return b.shims[r.Birth] || r.NS < oldest })
	maps.DeleteFunc(b.done, func(uid string, shim uint64) bool {
		gone := !slices.ContainsFunc(pods, func(p *Pod) bool { return p.Metadata.UID == uid })
		if gone {
			delete(b.shims, shim)
		}
		return gone
	})
	slices.SortFunc(out, func(x, y gossip.PodCreation) int {
		return cmp.Or(x.Time.Compare(y.Time), strings.Compare(x.PodUID, y.PodUID))
	})
	return out
}

// Incomplete names the pods with a birth that was seen in part, and says what is missing.
func (b *Births) Incomplete(pods []*Pod) []string {
	var out []string
	for pod, birth := range b.groupByPod(pods) {
		if _, err := birth.event(pod, time.Time{}); err != nil {
			out = append(out, fmt.Sprintf("%v (%v)", pod, err))
		}
	}
	slices.Sort(out)
	return out
}

// markDone remembers that a pod needs no more rows.
func (b *Births) markDone(uid string, birth *podBirth) {
	if b.done == nil {
		b.done, b.shims = map[string]uint64{}, map[uint64]bool{}
	}
	b.done[uid] = 0
	for shim := range birth.shims {
		b.done[uid], b.shims[shim] = shim, true
	}
}

// groupByPod groups the rows by pod. The rows of a shim's tree belong to the pod with the cgroup that the tree's
// commands ran in.
func (b *Births) groupByPod(pods []*Pod) map[*Pod]*podBirth {
	births := map[*Pod]*podBirth{}
	find := func(prefix string) *podBirth {
		i := slices.IndexFunc(pods, func(p *Pod) bool { return prefix != "" && strings.HasPrefix(p.Metadata.UID, prefix) })
		if i < 0 {
			return nil
		}
		if _, done := b.done[pods[i].Metadata.UID]; done {
			return nil
		}
		if births[pods[i]] == nil {
			births[pods[i]] = &podBirth{shims: map[uint64]bool{}, ends: map[uint64]uint64{}, runs: pods[i].allRuns()}
		}
		return births[pods[i]]
	}
	for _, d := range newDirs(b.rows) {
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
			birth.addRow(r)
		}
	}
	maps.DeleteFunc(births, func(_ *Pod, birth *podBirth) bool {
		birth.sort()
		return len(birth.shims) == 0 && !birth.hasPodDir() // a container that restarted: the pod was there before
	})
	return births
}
