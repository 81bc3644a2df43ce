package operator

import (
	"sync"

	toolscache "k8s.io/client-go/tools/cache"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// census counts our objects, as the informers know them, and holds their number within bounds.
type census struct {
	max, maxPerNamespace int

	mu          sync.Mutex
	objects     map[gossip.Subject]gossip.Severity
	inNamespace map[string]int
	told        map[string]bool // namespaces whose bound was reached and logged; "" for the bound on all
}

func newCensus(most, mostPerNamespace int) *census {
	return &census{
		max: most, maxPerNamespace: mostPerNamespace,
		objects: map[gossip.Subject]gossip.Severity{}, inNamespace: map[string]int{}, told: map[string]bool{},
	}
}

// handler keeps the census up to date.
func (c *census) handler() toolscache.ResourceEventHandler {
	count := func(o any) {
		if object, ok := o.(crd.Object); ok {
			c.count(crd.Subject(object), crd.Severity(object))
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
				c.remove(crd.Subject(object))
			}
		},
	}
}

func (c *census) count(about gossip.Subject, s gossip.Severity) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.objects[about]; !known {
		c.inNamespace[about.Namespace]++
	}
	c.objects[about] = s
}

func (c *census) remove(about gossip.Subject) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.objects[about]; !known {
		return
	}
	delete(c.objects, about)
	if c.inNamespace[about.Namespace]--; c.inNamespace[about.Namespace] == 0 {
		delete(c.inNamespace, about.Namespace)
	}
	delete(c.told, about.Namespace)
	delete(c.told, "")
}

// fullness is why one more object may not be.
type fullness struct {
	Bound string // "all" or "namespace"; empty: it may
	Max   int
	First bool // nobody has been told yet
}

// admit counts an object that is about to be made, unless there are too many.
func (c *census) admit(about gossip.Subject) fullness {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, known := c.objects[about]; known {
		return fullness{}
	}
	var full fullness
	where := about.Namespace
	switch {
	case len(c.objects) >= c.max:
		full, where = fullness{Bound: "all", Max: c.max}, ""
	case c.inNamespace[about.Namespace] >= c.maxPerNamespace:
		full = fullness{Bound: "namespace", Max: c.maxPerNamespace}
	default:
		c.objects[about] = gossip.SeverityUnknown
		c.inNamespace[about.Namespace]++
		return fullness{}
	}
	full.First = !c.told[where]
	c.told[where] = true
	return full
}

// sort is a kind of object, and how bad it is.
type sort struct {
	kind     gossip.Kind
	severity gossip.Severity
}

// tally counts objects by sort.
func (c *census) tally() map[sort]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := map[sort]int{}
	for about, s := range c.objects {
		out[sort{about.Kind, s}]++
	}
	return out
}
