package operator

import (
	"sync"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// earlierVerdicts are the present verdicts of an earlier process, as it left them in objects. For the length of a
// window a better one does not count, because samples from before are missing.
type earlierVerdicts struct {
	mu      sync.Mutex
	entries map[gossip.WorkloadSubject]gossip.PodEvidence
}

// rememberVerdict remembers the verdict of an object.
func (v *earlierVerdicts) rememberVerdict(w *v1alpha1.KernelWhisper) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.entries == nil {
		v.entries = map[gossip.WorkloadSubject]gossip.PodEvidence{}
	}
	v.entries[crd.Subject(w)] = crd.Stored(w).Now
}

// completeStored sets the verdict of the earlier process in what was stored, if there is one.
func (v *earlierVerdicts) completeStored(f *gossip.WorkloadFinding) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if now, ok := v.entries[f.About.Identity()]; ok {
		f.Now, f.Restarted = now, true
	}
}

// forgetSubject forgets the verdict about a subject.
func (v *earlierVerdicts) forgetSubject(about gossip.WorkloadSubject) {
	v.mu.Lock()
	defer v.mu.Unlock()
	delete(v.entries, about)
}
