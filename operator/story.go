package operator

import (
	"context"
	"sync"

	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// story logs what becomes of a subject: first record, each write with its verdict, the end. What would repeat itself is told once.
type story struct {
	metrics *metrics
	most    int // subjects that are remembered as told

	mu   sync.Mutex
	told map[telling]struct{}
}

type telling struct {
	about gossip.Subject
	what  string
}

func newStory(m *metrics, most int) *story {
	return &story{metrics: m, most: most, told: map[telling]struct{}{}}
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

func (s *story) firstRecord(ctx context.Context, f gossip.Finding) {
	if s.once(f.Subject(), "first"+f.UID()) {
		log.FromContext(ctx).Info("First record", "source", f.Coverage().Source, "eventTime", f.Time(), "severity", f.Severity().String())
	}
}

func (s *story) unknownPod(ctx context.Context, about gossip.Subject, uid string) {
	if s.once(about, "unknown"+uid) {
		s.metrics.unknownPods.Inc()
		log.FromContext(ctx).Info("Not written: there is no such pod", "podUID", uid)
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
	log.FromContext(ctx).Info(message, "object", after.GetName(), "severity", crd.Severity(after).String(), "was", from, "reason", reason, "says", says(after))
}

func (s *story) expired(ctx context.Context, o crd.Object) {
	log.FromContext(ctx).Info("Object deleted: it had nothing new to say for its time to live", "object", o.GetName())
}
