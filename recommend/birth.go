package recommend

import (
	"fmt"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// slowBirth names the stage of a birth that took longest.
func slowBirth(f gossip.PodBirth, _ gossip.Pod) (Recommendation, bool) {
	if f.Level < gossip.SeverityInfo {
		return Recommendation{}, false
	}
	c := f.Creation
	r := Recommendation{Priority: f.Level, Evidence: birthEvidence(f)}
	switch {
	case f.Reason == gossip.ReasonNotMeasured:
		r.Action = "No verdict on the start-up objective: measure the image pull and the init containers."
		r.Reason = fmt.Sprintf("Not measured: %s. The %s may be theirs, and the objective leaves them out.",
			strings.Join(f.Covered.Missing, ", "), formatSeconds(c.Duration))
	case f.Longest.Name == "":
		r.Action = "Record a timeline of this pod's births to see where the time goes."
		r.Reason = fmt.Sprintf("It took %s%s, and the record has no stages.", formatSeconds(f.Own), describeLeftOut(c))
	case f.Longest.LeftOut:
		r.Action = "Look at the stages besides the " + f.Longest.Name + ", which took longest and does not count."
		r.Reason = fmt.Sprintf("What counts took %s%s.", formatSeconds(f.Own), describeLeftOut(c))
	default:
		r.Action = "Look at its longest stage first: " + f.Longest.Name + "."
		r.Reason = fmt.Sprintf("That stage took %s of %s.", formatSeconds(f.Longest.Duration), formatSeconds(c.Duration))
	}
	r.Summary = firstClause(r.Action)
	return r, true
}

// describeLeftOut names what the objective leaves out of a birth, as far as it was measured.
func describeLeftOut(c gossip.PodCreation) string {
	var parts []string
	if c.ImagePull.Known {
		parts = append(parts, "image pull")
	}
	if c.Init.Known {
		parts = append(parts, "init containers")
	}
	if len(parts) == 0 {
		return ""
	}
	return ", " + strings.Join(parts, " and ") + " left out"
}

func birthEvidence(f gossip.PodBirth) string {
	c := f.Creation
	parts := []string{formatSeconds(c.Duration) + " in all"}
	if pull, ok := c.ImagePull.Get(); ok {
		parts = append(parts, "image pull "+formatSeconds(pull))
	}
	if init, ok := c.Init.Get(); ok {
		parts = append(parts, "init containers "+formatSeconds(init))
	}
	for _, work := range []struct {
		count gossip.Optional[int64]
		what  string
	}{{c.TotalSyscalls, "syscalls"}, {c.NamespaceOps, "namespace operations"}, {c.CgroupWrites, "cgroup writes"}} {
		if n, known := work.count.Get(); known {
			parts = append(parts, fmt.Sprintf("%d %s", n, work.what))
		}
	}
	return strings.Join(parts, ", ")
}

func formatSeconds(d time.Duration) string { return fmt.Sprintf("%.2fs", d.Seconds()) }
