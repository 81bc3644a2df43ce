package operator

import (
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// journal logs the life of each subject: its first record, each write with its verdict, its end. It logs once what
// would be repeated. A cluster has thousands of subjects, so --log-level=debug has a line for each; info has one line a
// minute with their numbers.
type journal struct {
	metrics   *metrics
	maxLogged int // subjects

	mu     sync.Mutex
	logged map[journalKey]struct{}
	counts map[string]int // of lines since the last summary, by message
}

type journalKey struct {
	about gossip.Subject
	what  string
}

func newJournal(m *metrics, maxLogged int) *journal {
	return &journal{metrics: m, maxLogged: maxLogged, logged: map[journalKey]struct{}{}, counts: map[string]int{}}
}

// isFirst reports whether something happens to a subject for the first time. When too many things are remembered, all
// are forgotten: one more line does no harm.
func (j *journal) isFirst(about gossip.Subject, what string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, ok := j.logged[journalKey{about, what}]; ok {
		return false
	}
	if len(j.logged) >= j.maxLogged {
		clear(j.logged)
	}
	j.logged[journalKey{about, what}] = struct{}{}
	return true
}

// logLine logs a line about one subject, and counts it.
func (j *journal) logLine(ctx context.Context, message string, values ...any) {
	j.mu.Lock()
	j.counts[message]++
	j.mu.Unlock()
	log.FromContext(ctx).V(1).Info(message, values...)
}

// Start is for the manager: it logs a summary after every minute in which something happened, and a last one.
func (j *journal) Start(ctx context.Context) error {
	every := time.NewTicker(time.Minute)
	defer every.Stop()
	for {
		select {
		case <-every.C:
			j.logSummary(ctx)
		case <-ctx.Done():
			j.logSummary(ctx)
			return nil
		}
	}
}

func (j *journal) logSummary(ctx context.Context) {
	j.mu.Lock()
	counts := j.counts
	j.counts = map[string]int{}
	j.mu.Unlock()
	var values []any
	for _, message := range slices.Sorted(maps.Keys(counts)) {
		values = append(values, message, counts[message])
	}
	if len(values) > 0 {
		log.FromContext(ctx).Info("Since the last summary (--log-level=debug has a line for each)", values...)
	}
}

func (j *journal) logFirstRecord(ctx context.Context, f gossip.Finding) {
	if j.isFirst(f.Subject(), "first"+f.UID()) {
		j.logLine(ctx, "First record",
			"source", f.Coverage().Source, "eventTime", f.Time(), "severity", f.Severity().String())
	}
}

func (j *journal) logUnknownPod(ctx context.Context, about gossip.Subject, uid string) {
	if j.isFirst(about, "unknown"+uid) {
		j.metrics.unknownPods.Inc()
		j.logLine(ctx, "Not written: there is no such pod", "podUID", uid)
	}
}

func (j *journal) logEviction(ctx context.Context, about gossip.Subject) {
	j.logLine(ctx, "Evicted though its pod exists (--max-memory, --max-subjects)", "subject", about.String())
}

func (j *journal) logQuotaRefusal(ctx context.Context, wanted crd.Object, refusal quotaRefusal) {
	j.metrics.refusedObjects.WithLabelValues(refusal.Bound).Inc()
	if refusal.First {
		log.FromContext(ctx).Info("Not written: the highest number of objects is reached",
			"bound", refusal.Bound, "max", refusal.Max, "object", wanted.GetName())
	}
}

func (j *journal) logWrite(ctx context.Context, before, after crd.Object) {
	message, was := "Object created", ""
	if before != nil {
		message, was = "Object updated", crd.SeverityNow(before).String()
	}
	reason := ""
	if c := crd.Condition(after); c != nil {
		reason = c.Reason
	}
	j.logLine(ctx, message, "object", after.GetName(), "severity", crd.SeverityNow(after).String(), "was", was,
		"reason", reason, "says", sentenceOf(after))
}

func (j *journal) logSurplus(ctx context.Context, o crd.Object) {
	j.logLine(ctx, "Object deleted: its workload has enough newer certificates", "object", o.GetName())
}

func (j *journal) logExpiry(ctx context.Context, o crd.Object) {
	j.logLine(ctx, "Object deleted: it has not changed for its time to live", "object", o.GetName())
}
