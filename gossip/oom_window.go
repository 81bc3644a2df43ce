package gossip

import (
	"cmp"
	"math"
	"strings"
	"time"
)

// oomWindow is the window of one source of kills.
type oomWindow struct{ window[oomSums] }

func (w *oomWindow) observe(e eventPointer, digest fingerprint, newest int64) outcome {
	k := e.(*OOMKill)
	end := k.Time.UnixNano()
	got, _ := w.add(&entry[oomSums]{
		stamp: stamp{end: end, digest: digest},
		sums: oomSums{kills: 1, peak: k.UsageBytes, last: oomKill{
			end: end, digest: digest, pid: k.VictimPID, comm: strings.Clone(k.VictimComm),
			scope: Scope(strings.Clone(string(k.Scope))), usage: k.UsageBytes, container: strings.Clone(k.ContainerID),
		}},
	}, newest)
	return got
}

// judgeSeverity returns Critical, or Unknown in an empty window: without a kill there is no record.
func (w *oomWindow) judgeSeverity(*stream, thresholds) Severity {
	if w.isEmpty() {
		return SeverityUnknown
	}
	return SeverityCritical
}

func (w *oomWindow) judgeWindow(s *stream, t thresholds) windowFinding { return w.judgeKills(s, t) }

// judgeKills returns the figures of the window with the verdict.
func (w *oomWindow) judgeKills(s *stream, t thresholds) OOMKilled {
	sum, _ := w.totalSums()
	k := sum.last
	f := OOMKilled{
		Kills: sum.kills, LastKill: time.Unix(0, k.end).UTC(), VictimPID: k.pid, VictimComm: k.comm, Scope: k.scope,
		ContainerID: k.container,
		Usage:       k.usage, Peak: sum.peak, Limit: s.limitBytes(),
	}
	f.Level, f.Reason = w.judgeSeverity(s, t), ReasonOOMKilled
	if f.Level == SeverityUnknown {
		f.Reason = ReasonNotMeasured
	}
	return f
}

// pastBadness returns the most that there may be: what the container needs depends on its memory samples too.
func (w *oomWindow) pastBadness(*stream, thresholds, Demand, *foldedWindows) badness {
	return badness{level: SeverityCritical, demand: math.Inf(1), figure: math.Inf(1)}
}

func (w *oomWindow) pastFinding(
	s *stream, t thresholds, m *foldedWindows, r Report, _ windowFinding,
) windowFinding {
	past := oomWindow{w.foldPast(&m.kills)}
	f := past.judgeKills(s, t)
	r.Level, r.Reason, r.Covered = f.Level, f.Reason, w.past.coverPast(s, s.counters, past.missingFields(s))
	f.Report = r
	return f
}

func (w *oomWindow) pendingPast(closed bool, m *foldedWindows) sampleWindow {
	m.killsPending = oomWindow{w.pendingWindow(closed, &m.kills)}
	return &m.killsPending
}

// missingFields names the fields that the advice would need.
func (w *oomWindow) missingFields(s *stream) []string {
	sum, _ := w.totalSums()
	return missingNames([]field{
		{!sum.last.usage.Known, "usage_bytes"},
		{!s.limit.Known, "limit_bytes"},
		{sum.last.scope == "", "scope"},
	})
}

// oomSums are kept for each bucket of kills.
type oomSums struct {
	kills int64
	peak  Optional[int64] // bytes
	last  oomKill         // the newest
}

// oomKill is the part of a kill that is kept.
type oomKill struct {
	end       int64
	digest    fingerprint // orders kills of one moment
	pid       Optional[int64]
	comm      string
	scope     Scope
	usage     Optional[int64]
	container string // ID
}

// compare orders kills by time; of one moment, by their digests.
func (k *oomKill) compare(l *oomKill) int {
	return cmp.Or(cmp.Compare(k.end, l.end), cmp.Compare(k.digest, l.digest))
}

// merge implements sums.
func (o oomSums) merge(p oomSums) oomSums {
	if o.kills == 0 || (p.kills > 0 && p.last.compare(&o.last) > 0) {
		o.last = p.last
	}
	o.kills, o.peak = o.kills+p.kills, largerOf(o.peak, p.peak)
	return o
}

// completeUntimed implements sums. A kill is a moment: it has no length.
func (o oomSums) completeUntimed(int64, int64) oomSums { return o }

// cloneSums implements sums.
func (o oomSums) cloneSums() oomSums { return o }

// emptySums implements sums.
func (oomSums) emptySums() oomSums { return oomSums{} }
