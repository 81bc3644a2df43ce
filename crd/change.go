package crd

import (
	"fmt"
	"strings"
	"time"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// maxChange bounds each text about a change.
const maxChange = 128

// The ends of what was measured after a change.
const (
	soFar        = " so far"
	otherLoad    = ", no comparable load"
	notYet       = "not measured yet"
	imageChanged = "image changed"
)

// newLastChange returns what the object says of the newest change, for a kind of trouble; the zero value for none.
func newLastChange(kind gossip.Kind, c *gossip.WorkloadChange) v1alpha1.LastChange {
	if c == nil {
		return v1alpha1.LastChange{}
	}
	return v1alpha1.LastChange{
		Time:   orUnixStart(c.Time),
		What:   clipText(describeChange(kind, c), maxChange),
		Before: clipText(beforeSays(c), maxChange),
		After:  clipText(afterSays(c), maxChange),
		Pods:   fmt.Sprintf("%d of %d", max(0, c.Changed), max(0, c.Seen)),
	}
}

// describeChange returns what was changed: "cpu limit 100m → 1 core, image changed".
func describeChange(kind gossip.Kind, c *gossip.WorkloadChange) string {
	what, format := "cpu", formatCores
	if kind != gossip.KindCPUThrottling {
		what, format = "memory", formatBytes
	}
	var parts []string
	if c.From.HasOtherLimit(c.To) {
		parts = append(parts, what+" limit "+format(c.From.Limit.Value)+" → "+format(c.To.Limit.Value))
	}
	if c.From.HasOtherRequest(c.To) {
		parts = append(parts, what+" request "+format(c.From.Request.Value)+" → "+format(c.To.Request.Value))
	}
	if c.From.HasOtherImage(c.To) {
		parts = append(parts, imageChanged)
	}
	if len(parts) == 0 {
		return "setting changed"
	}
	return strings.Join(parts, ", ")
}

// formatCores returns an amount of CPU as advice has it: "100m", "1 core". 0 is none.
func formatCores(n float64) string {
	if n <= 0 {
		return "none"
	}
	q := coresQuantity(gossip.Some(n))
	if q == nil {
		return "unknown"
	}
	return formatCPU(q)
}

// formatBytes returns an amount of memory: "512Mi". 0 is none.
func formatBytes(n float64) string {
	const most = 1 << 62
	if !(n > 0) {
		return "none"
	}
	return resource.NewQuantity(int64(min(n, most)), resource.BinarySI).String()
}

func beforeSays(c *gossip.WorkloadChange) string {
	if c.Before.Worst == nil {
		return "not measured"
	}
	return figuresSay(&c.Before)
}

func afterSays(c *gossip.WorkloadChange) string {
	if c.After.Worst == nil {
		return notYet
	}
	says := figuresSay(&c.After)
	if _, ok := c.After.Worst.(gossip.CPUThrottling); ok {
		if p := roundPercent(c.After.Share, 100); p != nil && *p == 0 {
			says = "0%"
		}
	}
	if !c.Complete {
		says += soFar
	}
	if !c.Comparable {
		says += otherLoad
	}
	return says
}

// figuresSay returns the kernel's side of all pods together, as kernelSays has it for one.
func figuresSay(c *gossip.ChangeFigures) string {
	switch f := c.Worst.(type) {
	case gossip.CPUThrottling:
		if c.Share.Known {
			f.Throttled = c.Share
		}
		return throttlingSays(f)
	case gossip.MemoryPressure:
		if c.Kills > 0 {
			f.Kills = gossip.Some(c.Kills)
		}
		says := memorySays(f)
		if used := roundPercent(c.Share, 1<<30); used != nil {
			says += fmt.Sprintf(" (%d%% of the limit)", *used)
		}
		return says
	case gossip.OOMKilled:
		if c.Kills == 0 {
			return noKill
		}
		return "killed " + formatCount(c.Kills, "process")
	case gossip.NetworkIssue:
		return networkSays(f)
	case gossip.PodBirth: // has no setting
	}
	return "not measured"
}

// hasTrouble reports whether a change ended, or was to end, trouble.
func hasTrouble(c *gossip.WorkloadChange) bool {
	if c == nil {
		return false
	}
	before := c.Before.Worst
	return before != nil && before.Severity() >= gossip.SeverityInfo
}

// changeNews reports whether another change is the newest, or more is known about what it did. A figure that is not
// final moves with each sample, and is no news.
func changeNews(a, b *v1alpha1.LastChange) bool {
	switch {
	case b.Time == nil:
		return false
	case a.Time == nil || !a.Time.Equal(b.Time) || a.What != b.What:
		return true
	}
	return a.After != b.After && !(strings.Contains(a.After, soFar) && strings.Contains(b.After, soFar))
}

// KeepChange returns an object with the last change of the object before it, if it has none itself, that change has
// been measured, and is not older than oldest. An analyzer that begins again does not know the change; only the
// operator, which stores objects, calls this function.
func KeepChange(before, after Object, oldest time.Time) Object {
	old, ok := before.(*v1alpha1.KernelWhisper)
	w, isWhisper := after.(*v1alpha1.KernelWhisper)
	if !ok || !isWhisper || old == nil || w == nil || w.Status.LastChange.Time != nil || old.Spec != w.Spec {
		return after
	}
	c := &old.Status.LastChange
	if c.Time == nil || c.Time.Time.Before(oldest) || c.After == notYet {
		return after
	}
	w = w.DeepCopy()
	w.Status.LastChange = *c.DeepCopy()
	return w
}
