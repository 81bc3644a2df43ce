package operator

import (
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
)

// fullRetry is when an object that had no room is tried again.
const fullRetry = time.Minute

// ages is what the wall clock does to objects.
type ages struct {
	window         time.Duration
	whisperTTL     time.Duration // negative: for ever
	certificateTTL time.Duration
}

// untilSilent is the time until no record has come for a window; 0 when it has passed.
func (a ages) untilSilent(seen arrival) time.Duration {
	return max(0, time.Until(seen.at.Add(a.window)))
}

// aged returns a whisper that nobody has sent a sample about for a window as one whose verdict is not known any more; all else as it is.
func (a ages) aged(o crd.Object, seen arrival, now time.Time) crd.Object {
	w, ok := o.(*v1alpha1.KernelWhisper)
	if !ok || now.Before(seen.at.Add(a.window)) {
		return o
	}
	return crd.NoRecentSamples(w, seen.at.Add(a.window))
}

// ttl is how long an object is kept after its last write; negative is for ever. A whisper in trouble has no end.
func (a ages) ttl(o crd.Object) time.Duration {
	if _, ok := o.(*v1alpha1.PodBirthCertificate); ok {
		return a.certificateTTL
	}
	c := crd.Condition(o)
	recovered := c != nil && (c.Status == metav1.ConditionFalse || c.Reason == v1alpha1.ReasonNoRecentSamples)
	if !recovered {
		return -1
	}
	return a.whisperTTL
}

// expired says whether an object has been kept long enough.
func (a ages) expired(o crd.Object, last, now time.Time) bool {
	ttl := a.ttl(o)
	return ttl >= 0 && now.Sub(last) >= ttl
}

// next is the time until the wall clock changes something about an object; 0 is never.
func (a ages) next(o crd.Object, seen arrival, last, now time.Time) time.Duration {
	var next time.Duration
	consider := func(at time.Time) {
		if d := at.Sub(now); d > 0 && (next == 0 || d < next) {
			next = d
		}
	}
	consider(seen.at.Add(a.window))
	if ttl := a.ttl(o); ttl >= 0 {
		consider(last.Add(ttl + time.Second)) // written times are whole seconds
	}
	return next
}
