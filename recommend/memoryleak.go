package recommend

import (
	"fmt"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// memoryLeak says when memory will run out. It advises no higher limit, which would only delay that.
func memoryLeak(f gossip.Finding, p gossip.Pod) (Recommendation, bool) {
	n, ok := memoryNeedOf(f, p)
	if !ok || !n.leak.Known {
		return Recommendation{}, false
	}
	leak := n.leak.Value
	task := fmt.Sprintf("Find the leak in %s, and do not raise its memory limit", n.subjectName())
	r := Recommendation{
		Summary:  task,
		Priority: n.Level,
		Action:   task + ".",
		Reason: fmt.Sprintf(
			"Its working set climbs by %s an hour without coming back (R² %.2f); at this rate it reaches its limit of %s in %s.",
			formatMebibytes(int64(leak.BytesPerSecond*3600)), leak.R2, formatMebibytes(n.limit.Value), leak.TimeLeft(),
		),
		Evidence: n.evidence,
		Risk:     "A cache that still fills looks the same: compare over a day, or look at a heap profile.",
	}
	climbed := fmt.Sprintf("Its working set climbed by %s an hour without coming back (R² %.2f), until ",
		formatMebibytes(int64(leak.BytesPerSecond*3600)), leak.R2)
	switch {
	case n.killed:
		r.Reason = climbed + "it was killed: a higher limit would only put that off."
	case n.standing:
		r.Reason = climbed + "the container restarted or its limit or request changed."
	}
	if n.limit.Known {
		r.Current = memoryQuantity(n.limit.Value)
	}
	return r, true
}
