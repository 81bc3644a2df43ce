package operator

import (
	"sync"

	toolscache "k8s.io/client-go/tools/cache"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// objectQuota counts the operator's objects, as the informers know them, and bounds their number.
type objectQuota struct {
	max, maxPerNamespace int

	mu          sync.Mutex
	objects     map[gossip.WorkloadSubject]gossip.Severity
	inNamespace map[string]int
	// reported are the namespaces with a bound that was reached and logged; "" is the bound on all objects.
	reported map[string]bool
}

func newObjectQuota(limit, limitPerNamespace int) *objectQuota {
	return &objectQuota{
		max: limit, maxPerNamespace: limitPerNamespace,
		objects: map[gossip.WorkloadSubject]gossip.Severity{}, inNamespace: map[string]int{}, reported: map[string]bool{},
	}
}

// eventHandler keeps the count up to date.
func (q *objectQuota) eventHandler() toolscache.ResourceEventHandler {
	count := func(o any) {
		if object, ok := o.(crd.Object); ok && crd.Subject(object).Workload.Known() {
			q.countObject(crd.Subject(object), crd.SeverityNow(object))
		}
	}
	return toolscache.ResourceEventHandlerFuncs{
		AddFunc:    count,
		UpdateFunc: func(_, o any) { count(o) },
		DeleteFunc: func(o any) {
			if unknown, ok := o.(toolscache.DeletedFinalStateUnknown); ok {
				o = unknown.Obj
			}
			if object, ok := o.(crd.Object); ok {
				q.removeObject(crd.Subject(object))
			}
		},
	}
}

func (q *objectQuota) countObject(about gossip.WorkloadSubject, s gossip.Severity) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, known := q.objects[about]; !known {
		q.inNamespace[about.Namespace]++
	}
	q.objects[about] = s
}

// hasObject reports whether a subject has an object.
func (q *objectQuota) hasObject(about gossip.WorkloadSubject) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	_, has := q.objects[about]
	return has
}

func (q *objectQuota) removeObject(about gossip.WorkloadSubject) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, known := q.objects[about]; !known {
		return
	}
	delete(q.objects, about)
	if q.inNamespace[about.Namespace]--; q.inNamespace[about.Namespace] == 0 {
		delete(q.inNamespace, about.Namespace)
	}
	delete(q.reported, about.Namespace)
	delete(q.reported, "")
}

// quotaRefusal is the reason for which one more object is not made.
type quotaRefusal struct {
	Bound string // "all" or "namespace"; empty: the object may be made
	Max   int
	First bool // the bound was not reached before
}

// admitObject counts an object that is about to be made, unless there are too many.
func (q *objectQuota) admitObject(about gossip.WorkloadSubject) quotaRefusal {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, known := q.objects[about]; known {
		return quotaRefusal{}
	}
	var refusal quotaRefusal
	where := about.Namespace
	switch {
	case len(q.objects) >= q.max:
		refusal, where = quotaRefusal{Bound: "all", Max: q.max}, ""
	case q.inNamespace[about.Namespace] >= q.maxPerNamespace:
		refusal = quotaRefusal{Bound: "namespace", Max: q.maxPerNamespace}
	default:
		q.objects[about] = gossip.SeverityUnknown
		q.inNamespace[about.Namespace]++
		return quotaRefusal{}
	}
	refusal.First = !q.reported[where]
	q.reported[where] = true
	return refusal
}

// objectGroup is the kind and the severity of objects that are counted together.
type objectGroup struct {
	kind     gossip.Kind
	severity gossip.Severity
}

// countByGroup returns the number of objects of each kind and severity.
func (q *objectQuota) countByGroup() map[objectGroup]int {
	q.mu.Lock()
	defer q.mu.Unlock()
	out := map[objectGroup]int{}
	for about, s := range q.objects {
		out[objectGroup{about.Kind, s}]++
	}
	return out
}
