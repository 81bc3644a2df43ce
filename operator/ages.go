package operator

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// fullRetry is the time after which an object is tried again that the quota refused.
const fullRetry = time.Minute

// ages is what the wall clock does to objects.
type ages struct {
	window         time.Duration
	horizon        time.Duration
	whisperTTL     time.Duration // negative: for ever
	certificateTTL time.Duration
}

// applyAge returns a whisper without a sample for a window with the verdict that is then due, and any other object as
// it is.
func (a ages) applyAge(o crd.Object, seen arrival, now time.Time) crd.Object {
	w, ok := o.(*v1alpha1.KernelWhisper)
	if !ok || now.Before(seen.at.Add(a.window)) {
		return o
	}
	return crd.NoRecentSamples(w, seen.at.Add(a.window))
}

// timeToLive returns how long an object is kept after its last write; negative is for ever. A whisper in trouble is
// kept for ever.
func (a ages) timeToLive(o crd.Object) time.Duration {
	if _, ok := o.(*v1alpha1.PodBirthCertificate); ok {
		return a.certificateTTL
	}
	c := crd.Condition(o)
	recovered := c != nil && (c.Status == metav1.ConditionFalse || c.Reason == v1alpha1.ReasonNoRecentSamples ||
		c.Reason == v1alpha1.ReasonNoPods)
	if !recovered {
		return -1
	}
	return a.whisperTTL
}

// isOverHorizon reports whether the worst window of a stored whisper is older than the horizon, and nothing in it is in
// trouble any more. A whisper that is kept for ever is never over.
func (a ages) isOverHorizon(s situation) bool {
	w := s.storedWhisper()
	if w == nil || !s.known || a.whisperTTL < 0 || w.Status.Worst.EndTime == nil {
		return false
	}
	return s.finding.Severity() < gossip.SeverityInfo && crd.Severity(w) >= gossip.SeverityInfo &&
		!s.finding.Now.Window.Finding.Time().Before(w.Status.Worst.EndTime.Add(a.horizon))
}

// isExpired reports whether an object has been kept for its time to live.
func (a ages) isExpired(o crd.Object, written, now time.Time) bool {
	ttl := a.timeToLive(o)
	return ttl >= 0 && now.Sub(written) >= ttl
}

// untilNextChange returns the time until the wall clock changes something about an object; 0 is never.
func (a ages) untilNextChange(o crd.Object, seen arrival, written, now time.Time) time.Duration {
	var next time.Duration
	consider := func(at time.Time) {
		if d := at.Sub(now); d > 0 && (next == 0 || d < next) {
			next = d
		}
	}
	consider(seen.at.Add(a.window))
	if ttl := a.timeToLive(o); ttl >= 0 {
		consider(written.Add(ttl + time.Second)) // the times of writes are whole seconds
	}
	return next
}
