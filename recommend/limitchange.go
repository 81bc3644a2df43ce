package recommend

import (
	"fmt"
	"slices"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// limitChange is one change: of a container's limit, of its request alone, or of the limit of the pod as a whole.
type limitChange struct {
	pod      gossip.Pod
	about    gossip.Subject
	of       unit
	request  bool    // the request changes, and the limit stays
	whole    bool    // it is the limit of the pod as a whole (spec.resources)
	from, to float64 // from is what was measured; the pod may have another value by now
}

// amounts are a limit and a request, in cores or bytes. Absent is "not set".
type amounts struct{ limit, request gossip.Optional[float64] }

func (c limitChange) container() (gossip.Container, bool) {
	return c.pod.Container(c.about.Container)
}

// own are the pod's amounts of what changes, and whether they are known.
func (c limitChange) own() (amounts, bool) {
	if c.whole {
		return c.of.ofPod(c.pod), c.pod.Known()
	}
	own, ok := c.container()
	return c.of.of(own), ok
}

// guaranteed reports whether the request must move with the limit: else the QoS class would change, which the API
// server refuses for a running pod. Resources of the pod as a whole decide the class alone.
func (c limitChange) guaranteed() bool {
	if c.pod.QoS != gossip.QoSGuaranteed {
		return false
	}
	if c.podLevel() {
		whole := c.of.ofPod(c.pod)
		return c.whole && whole.limit == whole.request
	}
	return true
}

// podLevel reports whether the pod as a whole has resources (spec.resources).
func (c limitChange) podLevel() bool {
	p := c.pod
	return p.CPULimit.Known || p.MemoryLimit.Known || p.CPURequest.Known || p.MemoryRequest.Known
}

// static reports whether the pod is the mirror of a static pod: its owner is the node.
func (c limitChange) static() bool { return c.pod.Owner.Kind == "Node" }

// becomesGuaranteed reports whether a request that rises to the limit is the last that was missing to the Guaranteed
// class.
func (c limitChange) becomesGuaranteed() bool {
	own, ok := c.container()
	if limit := c.of.limit(own); c.podLevel() || !ok || !limit.Known || limit.Value != c.to {
		return false
	}
	return !slices.ContainsFunc(c.pod.Containers, func(other gossip.Container) bool { return !c.keepsGuaranteed(other) })
}

// against says what in the cluster speaks against the change; empty when nothing does.
func (c limitChange) against() string {
	for _, objection := range []func() string{
		c.againstPod, c.againstPending, c.againstSetter, c.againstRequest, c.againstPodLimit, c.againstLimitRanges, c.againstQuotas,
	} {
		if why := objection(); why != "" {
			return why
		}
	}
	return ""
}

// againstPod holds what was measured against the pod as it is now.
func (c limitChange) againstPod() string {
	own, known := c.own()
	switch {
	case !c.pod.Known() || c.whole:
		return ""
	case !known:
		return fmt.Sprintf("the pod has no container %s now", c.about.Container)
	case c.request:
		return ""
	case !own.limit.Known && !c.of.ofPod(c.pod).limit.Known:
		return fmt.Sprintf("the records have a %s limit of %s, and the pod has none: a limit that is added to a running pod cannot be "+
			"taken away again", c.of.title(), c.of.text(c.from))
	case own.limit.Known && own.limit.Value >= c.to:
		return fmt.Sprintf("its %s limit is %s by now, measured was one of %s", c.of.title(), c.of.text(own.limit.Value), c.of.text(c.from))
	}
	return ""
}

// againstPending speaks up where the same was asked for already and is not in force.
func (c limitChange) againstPending() string {
	own, _ := c.container()
	if c.pod.Resize == nil || own.Asked == nil {
		return ""
	}
	asked, enforced := c.of.ofResources(*own.Asked), c.of.of(own)
	if asked == enforced {
		return ""
	}
	what, to := "limit", asked.limit
	if asked.limit == enforced.limit {
		what, to = "request", asked.request
	}
	text := fmt.Sprintf("a resize of its %s %s to %s is %s", c.of.title(), what, c.of.text(to.Value), pendingState(*c.pod.Resize))
	if c.pod.Resize.State == "Infeasible" {
		text += "; this node will never admit it: change the owner's template, or ask for less"
	}
	return text
}

// pendingState is a pending resize in words: "Deferred since 10:00 (why)".
func pendingState(r gossip.PendingResize) string {
	text := r.State
	if !r.Since.IsZero() {
		text += " since " + r.Since.UTC().Format(time.RFC3339)
	}
	if r.Message != "" {
		text += "; the kubelet says: " + r.Message
	}
	return text
}

// againstSetter speaks up where an autoscaler sets the same value itself.
func (c limitChange) againstSetter() string {
	own, _ := c.container()
	setter := c.of.setter(own)
	if setter.Name == "" || c.whole || (setter.RequestsOnly && !c.request && !c.guaranteed()) {
		return ""
	}
	what := "requests and limits"
	if setter.RequestsOnly {
		what = "request"
	}
	policy := "change its policy"
	if setter.Most != "" {
		policy = fmt.Sprintf("change its policy (maxAllowed is %s)", setter.Most)
	}
	return fmt.Sprintf("%s sets its %s %s: %s; it would undo another change", setter.Name, c.of.title(), what, policy)
}

// againstRequest says what speaks against a change that moves the request.
func (c limitChange) againstRequest() string {
	if !c.guaranteed() && !c.request {
		return ""
	}
	if c.guaranteed() && !c.whole {
		for _, other := range c.pod.Containers {
			if !c.keepsGuaranteed(other) {
				return fmt.Sprintf("the pod's QoS class is Guaranteed and would change, because container %s does not have "+
					"requests equal to its limits", other.Name)
			}
		}
	}
	switch scaler := c.of.autoscaler(c.pod); {
	case scaler == "" && c.pod.UnreadAutoscaler != "":
		return fmt.Sprintf("HorizontalPodAutoscaler %s is of a form that is not read: it may scale by a share of the %s request",
			c.pod.UnreadAutoscaler, c.of.title())
	case scaler == "":
		return ""
	case c.request:
		return fmt.Sprintf("HorizontalPodAutoscaler %s scales by a share of the %s request: change both together", scaler, c.of.title())
	default:
		return fmt.Sprintf("HorizontalPodAutoscaler %s scales by a share of the %s request; in a Guaranteed pod the "+
			"request must be raised with the limit: change both together", scaler, c.of.title())
	}
}

// keepsGuaranteed reports whether a container fulfils the Guaranteed class: requests equal to limits, of CPU and of
// memory. What changes in the changed container will. Ephemeral containers have no resources and no part in the class.
func (c limitChange) keepsGuaranteed(other gossip.Container) bool {
	changed := other.Name == c.about.Container
	if other.Role == gossip.RoleEphemeral { // has no say in the class
		return true
	}
	return ((changed && c.of == memory) || memory.equal(other)) && ((changed && c.of == cpu) || cpu.equal(other))
}

// againstPodLimit holds a change of one container against the resources of the pod as a whole.
func (c limitChange) againstPodLimit() string {
	whole, title := c.of.ofPod(c.pod), c.of.title()
	if c.whole {
		return ""
	}
	if most, ok := whole.limit.Get(); ok {
		own, _ := c.own()
		switch {
		case !own.limit.Known && !c.request:
			return fmt.Sprintf("the limit of %s is the pod's, which all its containers share: look at them together", c.of.text(most))
		case c.to > most:
			return fmt.Sprintf("the pod as a whole has a %s limit of %s, and no container may have more", title, c.of.text(most))
		}
	}
	if most, ok := whole.request.Get(); ok && (c.request || c.guaranteed()) {
		if sum := c.requestsWith(c.to); sum > most {
			return fmt.Sprintf("the pod as a whole requests %s of %s, and its containers would request %s together", c.of.text(most), title, c.of.text(sum))
		}
	}
	return ""
}

// requestsWith is the sum of what the containers request that run beside each other, with that request for the changed
// one.
func (c limitChange) requestsWith(request float64) float64 {
	sum := request
	for _, other := range c.pod.Containers {
		if other.Name != c.about.Container && (other.Role == gossip.RoleMain || other.Role == gossip.RoleSidecar) {
			sum += c.of.request(other).Or(0)
		}
	}
	return sum
}

// againstLimitRanges holds the change of a container against the namespace's LimitRanges.
func (c limitChange) againstLimitRanges() string {
	if c.request || c.whole {
		return ""
	}
	for _, r := range c.pod.LimitRanges {
		most, ratio := c.of.bounds(r)
		if most.Known && c.to > most.Value {
			return fmt.Sprintf("LimitRange %s admits no %s limit above %s", r.Name, c.of.title(), c.of.text(most.Value))
		}
		request := c.requestBeside()
		if request.Value > 0 && ratio.Known && c.to/request.Value > ratio.Value {
			return fmt.Sprintf("LimitRange %s admits no limit above %g times the request of %s", r.Name, ratio.Value, c.of.text(request.Value))
		}
	}
	return ""
}

// requestBeside is the pod's request after the change of its limit; absent where it is not known.
func (c limitChange) requestBeside() gossip.Optional[float64] {
	if c.guaranteed() {
		return gossip.Some(c.to)
	}
	own, _ := c.own()
	return own.request
}

// againstQuotas holds what the change adds to the sums of the namespace against its ResourceQuotas.
func (c limitChange) againstQuotas() string {
	own, known := c.own()
	if !known || c.pod.Ended {
		return ""
	}
	for _, q := range c.pod.Quotas {
		left := c.of.ofResources(q.Left)
		for _, sum := range []struct {
			name    string
			moves   bool
			left    gossip.Optional[float64]
			present float64
		}{
			{"limits", !c.request, left.limit, own.limit.Or(c.from)},
			{"requests", c.request || c.guaranteed(), left.request, own.request.Or(0)},
		} {
			if more := c.to - sum.present; sum.moves && sum.left.Known && more > sum.left.Value {
				return fmt.Sprintf("ResourceQuota %s leaves %s of %s.%s, and the change needs %s more for each pod",
					q.Name, c.of.text(max(0, sum.left.Value)), sum.name, c.of, c.of.text(more))
			}
		}
	}
	return ""
}
