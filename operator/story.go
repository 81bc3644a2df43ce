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

// story logs what becomes of a subject: first record, each write with its verdict, the end. What would repeat itself is
// logged once. A cluster has thousands of subjects, so a line for each is for --log-level=debug; at info there is one
// line a minute with their numbers.
type story struct {
	metrics *metrics
	most    int // subjects that are remembered as told

	mu     sync.Mutex
	told   map[telling]struct{}
	counts map[string]int // of lines since the last summary
}

type telling struct {
	about gossip.Subject
	what  string
}

func newStory(m *metrics, most int) *story {
	return &story{metrics: m, most: most, told: map[telling]struct{}{}, counts: map[string]int{}}
}

// once says whether something is told for the first time. When too many are remembered, all are forgotten: a line more does no harm.
func (s *story) once(about gossip.Subject, what string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.told[telling{about, what}]; ok {
		return false
	}
	if len(s.told) >= s.most {
		clear(s.told)
	}
	s.told[telling{about, what}] = struct{}{}
	return true
}

// line logs a line about one subject, and counts it.
func (s *story) line(ctx context.Context, what string, values ...any) {
	s.mu.Lock()
	s.counts[what]++
	s.mu.Unlock()
	log.FromContext(ctx).V(1).Info(what, values...)
}

// Start is for the manager: it logs a summary every minute in which something happened, and a last one.
func (s *story) Start(ctx context.Context) error {
	every := time.NewTicker(time.Minute)
	defer every.Stop()
	for {
		select {
		case <-every.C:
			s.summary(ctx)
		case <-ctx.Done():
			s.summary(ctx)
			return nil
		}
	}
}

func (s *story) summary(ctx context.Context) {
	s.mu.Lock()
	counts := s.counts
	s.counts = map[string]int{}
	s.mu.Unlock()
	var values []any
	for _, what := range slices.Sorted(maps.Keys(counts)) {
		values = append(values, what, counts[what])
	}
	if len(values) > 0 {
		log.FromContext(ctx).Info("Since the last summary (--log-level=debug has a line for each)", values...)
	}
}

func (s *story) firstRecord(ctx context.Context, f gossip.Finding) {
	if s.once(f.Subject(), "first"+f.UID()) {
		s.line(ctx, "First record", "source", f.Coverage().Source, "eventTime", f.Time(), "severity", f.Severity().String())
	}
}

func (s *story) unknownPod(ctx context.Context, about gossip.Subject, uid string) {
	if s.once(about, "unknown"+uid) {
		s.metrics.unknownPods.Inc()
		s.line(ctx, "Not written: there is no such pod", "podUID", uid)
	}
}

func (s *story) full(ctx context.Context, wanted crd.Object, full fullness) {
	s.metrics.full.WithLabelValues(full.Bound).Inc()
	if full.First {
		log.FromContext(ctx).Info("Not written: there are as many objects as may be", "bound", full.Bound, "max", full.Max, "object", wanted.GetName())
	}
}

func (s *story) written(ctx context.Context, before, after crd.Object) {
	message, from := "Object created", ""
	if before != nil {
		message, from = "Object updated", crd.Severity(before).String()
	}
	reason := ""
	if c := crd.Condition(after); c != nil {
		reason = c.Reason
	}
	s.line(ctx, message, "object", after.GetName(), "severity", crd.Severity(after).String(), "was", from, "reason", reason, "says", says(after))
}

func (s *story) expired(ctx context.Context, o crd.Object) {
	s.line(ctx, "Object deleted: it had nothing new to say for its time to live", "object", o.GetName())
}
