package recommend

import (
	"fmt"
	"slices"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// limitChange is a change of a container's limit, of its request alone, or of the limit of the pod as a whole.
type limitChange struct {
	pod         gossip.Pod
	subject     gossip.Subject
	unit        unit
	requestOnly bool    // the request changes, and the limit stays
	wholePod    bool    // the limit of the pod as a whole changes (spec.resources)
	from, to    float64 // from is the measured value; the pod may have another by now
}

// amounts are a limit and a request, in cores or bytes. Absent is "not set".
type amounts struct{ limit, request gossip.Optional[float64] }

func (c limitChange) changedContainer() (gossip.Container, bool) {
	return c.pod.Container(c.subject.Container)
}

// currentAmounts returns the amounts that the pod has now, and whether they are known.
func (c limitChange) currentAmounts() (amounts, bool) {
	if c.wholePod {
		return c.unit.podAmounts(c.pod), c.pod.Known()
	}
	container, ok := c.changedContainer()
	return c.unit.amountsOf(container), ok
}

// requestFollowsLimit reports whether the request must move with the limit: otherwise the QoS class would change, which
// the API server refuses for a running pod. Where the pod as a whole has resources, they alone decide the class.
func (c limitChange) requestFollowsLimit() bool {
	if c.pod.QoS != gossip.QoSGuaranteed {
		return false
	}
	if c.podHasResources() {
		whole := c.unit.podAmounts(c.pod)
		return c.wholePod && whole.limit == whole.request
	}
	return true
}

// podHasResources reports whether the pod as a whole has resources (spec.resources).
func (c limitChange) podHasResources() bool {
	p := c.pod
	return p.CPULimit.Known || p.MemoryLimit.Known || p.CPURequest.Known || p.MemoryRequest.Known
}

// isStaticPod reports whether the pod mirrors a static pod: it is made from a file on its node.
func (c limitChange) isStaticPod() bool { return c.pod.StaticUID != "" }

// becomesGuaranteed reports whether the pod gets the Guaranteed class when the request rises to the limit.
func (c limitChange) becomesGuaranteed() bool {
	container, ok := c.changedContainer()
	if limit := c.unit.limitOf(container); c.podHasResources() || !ok || !limit.Known || limit.Value != c.to {
		return false
	}
	return !slices.ContainsFunc(c.pod.Containers, func(other gossip.Container) bool { return !c.keepsGuaranteed(other) })
}

// findObjection returns what in the cluster speaks against the change; empty when nothing does.
func (c limitChange) findObjection() string {
	for _, objection := range []func() string{
		c.podObjection, c.pendingResizeObjection, c.setterObjection, c.requestObjection, c.podLimitObjection,
		c.limitRangeObjection, c.quotaObjection,
	} {
		if why := objection(); why != "" {
			return why
		}
	}
	return ""
}

// podObjection compares the measured values with the pod as it is now.
func (c limitChange) podObjection() string {
	current, known := c.currentAmounts()
	switch {
	case !c.pod.Known() || c.wholePod:
		return ""
	case !known:
		return fmt.Sprintf("the pod has no container %s now", c.subject.Container)
	case c.requestOnly:
		return ""
	case !current.limit.Known && !c.unit.podAmounts(c.pod).limit.Known:
		return fmt.Sprintf(
			"the records have a %s limit of %s, and the pod has none: a limit that is added to a running pod cannot be "+
				"taken away again",
			c.unit.displayName(), c.unit.formatAmount(c.from),
		)
	case current.limit.Known && current.limit.Value >= c.to:
		return fmt.Sprintf(
			"its %s limit is %s by now, measured was one of %s", c.unit.displayName(), c.unit.formatAmount(current.limit.Value),
			c.unit.formatAmount(c.from),
		)
	}
	return ""
}

// pendingResizeObjection reports a resize of the same resource that was requested before and is not yet in force.
func (c limitChange) pendingResizeObjection() string {
	container, _ := c.changedContainer()
	if c.pod.Resize == nil || container.Asked == nil {
		return ""
	}
	asked, enforced := c.unit.resourceAmounts(*container.Asked), c.unit.amountsOf(container)
	if asked == enforced {
		return ""
	}
	what, to := "limit", asked.limit
	if asked.limit == enforced.limit {
		what, to = "request", asked.request
	}
	text := fmt.Sprintf(
		"a resize of its %s %s to %s is %s", c.unit.displayName(), what, c.unit.formatAmount(to.Value),
		pendingState(*c.pod.Resize),
	)
	if c.pod.Resize.State == "Infeasible" {
		text += "; this node will never admit it: change the owner's template, or ask for less"
	}
	return text
}

// pendingState describes a pending resize: "Deferred since 2026-01-02T10:00:00Z; the kubelet says: …".
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

// setterObjection reports an autoscaler that sets the same value itself.
func (c limitChange) setterObjection() string {
	container, _ := c.changedContainer()
	setter := c.unit.setterOf(container)
	if setter.Name == "" || c.wholePod || (setter.RequestsOnly && !c.requestOnly && !c.requestFollowsLimit()) {
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
	return fmt.Sprintf(
		"%s sets its %s %s: %s; it would undo another change", setter.Name, c.unit.displayName(), what, policy,
	)
}

// requestObjection reports what speaks against a change that moves the request.
func (c limitChange) requestObjection() string {
	if !c.requestFollowsLimit() && !c.requestOnly {
		return ""
	}
	if c.requestFollowsLimit() && !c.wholePod {
		for _, other := range c.pod.Containers {
			if !c.keepsGuaranteed(other) {
				return fmt.Sprintf("the pod's QoS class is Guaranteed and would change, because container %s does not have "+
					"requests equal to its limits", other.Name)
			}
		}
	}
	switch scaler := c.unit.autoscalerOf(c.pod); {
	case scaler == "" && c.pod.UnreadAutoscaler != "":
		return fmt.Sprintf(
			"HorizontalPodAutoscaler %s is of a form that is not read: it may scale by a share of the %s request",
			c.pod.UnreadAutoscaler, c.unit.displayName(),
		)
	case scaler == "":
		return ""
	case c.requestOnly:
		return fmt.Sprintf(
			"HorizontalPodAutoscaler %s scales by a share of the %s request: change both together", scaler, c.unit.displayName(),
		)
	default:
		return fmt.Sprintf("HorizontalPodAutoscaler %s scales by a share of the %s request; in a Guaranteed pod the "+
			"request must be raised with the limit: change both together", scaler, c.unit.displayName())
	}
}

// keepsGuaranteed reports whether a container meets the Guaranteed class after the change: its requests equal its
// limits, for CPU and for memory. The resource that changes in the changed container will.
func (c limitChange) keepsGuaranteed(other gossip.Container) bool {
	changed := other.Name == c.subject.Container
	if other.Role == gossip.RoleEphemeral { // has no resources and does not count for the class
		return true
	}
	return ((changed && c.unit == memory) || memory.requestEqualsLimit(other)) && ((changed && c.unit == cpu) ||
		cpu.requestEqualsLimit(other))
}

// podLimitObjection compares the change of one container with the resources of the pod as a whole.
func (c limitChange) podLimitObjection() string {
	whole, title := c.unit.podAmounts(c.pod), c.unit.displayName()
	if c.wholePod {
		return ""
	}
	if most, ok := whole.limit.Get(); ok {
		current, _ := c.currentAmounts()
		switch {
		case !current.limit.Known && !c.requestOnly:
			return fmt.Sprintf(
				"the limit of %s is the pod's, which all its containers share: look at them together", c.unit.formatAmount(most),
			)
		case c.to > most:
			return fmt.Sprintf(
				"the pod as a whole has a %s limit of %s, and no container may have more", title, c.unit.formatAmount(most),
			)
		}
	}
	if most, ok := whole.request.Get(); ok && (c.requestOnly || c.requestFollowsLimit()) {
		if sum := c.sumOfRequests(c.to); sum > most {
			return fmt.Sprintf(
				"the pod as a whole requests %s of %s, and its containers would request %s together", c.unit.formatAmount(most),
				title, c.unit.formatAmount(sum),
			)
		}
	}
	return ""
}

// sumOfRequests returns what the containers that run at the same time request together, with the given request for the
// changed one.
func (c limitChange) sumOfRequests(request float64) float64 {
	sum := request
	for _, other := range c.pod.Containers {
		if other.Name != c.subject.Container && (other.Role == gossip.RoleMain || other.Role == gossip.RoleSidecar) {
			sum += c.unit.requestOf(other).Or(0)
		}
	}
	return sum
}

// limitRangeObjection compares the change of a container with the LimitRanges of the namespace.
func (c limitChange) limitRangeObjection() string {
	if c.requestOnly || c.wholePod {
		return ""
	}
	for _, r := range c.pod.LimitRanges {
		most, ratio := c.unit.limitRangeBounds(r)
		if most.Known && c.to > most.Value {
			return fmt.Sprintf(
				"LimitRange %s admits no %s limit above %s", r.Name, c.unit.displayName(), c.unit.formatAmount(most.Value),
			)
		}
		request := c.requestAfter()
		if request.Value > 0 && ratio.Known && c.to/request.Value > ratio.Value {
			return fmt.Sprintf(
				"LimitRange %s admits no limit above %g times the request of %s", r.Name, ratio.Value,
				c.unit.formatAmount(request.Value),
			)
		}
	}
	return ""
}

// requestAfter returns the request after the limit has changed; absent where it is not known.
func (c limitChange) requestAfter() gossip.Optional[float64] {
	if c.requestFollowsLimit() {
		return gossip.Some(c.to)
	}
	current, _ := c.currentAmounts()
	return current.request
}

// quotaObjection compares what the change adds to the sums of the namespace with its ResourceQuotas.
func (c limitChange) quotaObjection() string {
	current, known := c.currentAmounts()
	if !known || c.pod.Ended {
		return ""
	}
	for _, q := range c.pod.Quotas {
		left := c.unit.resourceAmounts(q.Left)
		for _, sum := range []struct {
			name    string
			moves   bool
			left    gossip.Optional[float64]
			present float64
		}{
			{name: "limits", moves: !c.requestOnly, left: left.limit, present: current.limit.Or(c.from)},
			{
				name: "requests", moves: c.requestOnly || c.requestFollowsLimit(), left: left.request,
				present: current.request.Or(0),
			},
		} {
			if more := c.to - sum.present; sum.moves && sum.left.Known && more > sum.left.Value {
				return fmt.Sprintf("ResourceQuota %s leaves %s of %s.%s, and the change needs %s more for each pod",
					q.Name, c.unit.formatAmount(max(0, sum.left.Value)), sum.name, c.unit, c.unit.formatAmount(more))
			}
		}
	}
	return ""
}
