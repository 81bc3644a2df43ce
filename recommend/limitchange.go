package recommend

import (
	"fmt"
	"slices"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// limitChange is one change of one container's limit, or of its request alone, and what else hangs on it.
type limitChange struct {
	pod      gossip.Pod
	about    gossip.Subject
	of       unit
	request  bool // it is the request that changes, and the limit stays
	from, to float64
}

func (c limitChange) container() (gossip.Container, bool) {
	return c.pod.Container(c.about.Container)
}

// guaranteed says whether the request must move with the limit: else the QoS class would change, which the API server refuses for a
// running pod.
func (c limitChange) guaranteed() bool { return c.pod.QoS == gossip.QoSGuaranteed }

// static says whether the pod is the mirror of a static pod: its owner is the node.
func (c limitChange) static() bool { return c.pod.Owner.Kind == "Node" }

// resizable says whether the API server lets the change happen in a running pod, of which the QoS class must stay.
func (c limitChange) resizable() bool {
	return !c.static() && !(c.request && (c.pod.QoS == gossip.QoSBestEffort || c.becomesGuaranteed()))
}

// becomesGuaranteed says whether a request that rises to the limit is the last that was missing to the Guaranteed class.
func (c limitChange) becomesGuaranteed() bool {
	own, ok := c.container()
	if limit := c.of.limit(own); !ok || !limit.Known || limit.Value != c.to {
		return false
	}
	return !slices.ContainsFunc(c.pod.Containers, func(other gossip.Container) bool { return !c.keepsGuaranteed(other) })
}

// requestBeside is the request to state beside that limit. It is stated although it does not change, because a template without one
// would take the new limit as its request. False: nothing is known of it.
func (c limitChange) requestBeside(limit float64) (float64, bool) {
	if c.guaranteed() {
		return limit, true
	}
	own, ok := c.container()
	request := c.of.request(own)
	return request.Value, ok && request.Known
}

// against says what in the cluster speaks against the change; empty when nothing does.
func (c limitChange) against() string {
	if c.guaranteed() || c.request {
		if why := c.againstRequest(); why != "" || c.request {
			return why
		}
	}
	title := c.of.title()
	if most, ok := c.of.podLimit(c.pod).Get(); ok {
		own, _ := c.container()
		switch {
		case !c.of.limit(own).Known:
			return fmt.Sprintf("the limit of %s is the pod's, which all its containers share: look at them together", c.of.text(most))
		case c.to > most:
			return fmt.Sprintf("the pod as a whole has a %s limit of %s, and no container may have more", title, c.of.text(most))
		}
	}
	for _, r := range c.pod.LimitRanges {
		most, ratio := c.of.bounds(r)
		if most.Known && c.to > most.Value {
			return fmt.Sprintf("LimitRange %s admits no %s limit above %s", r.Name, title, c.of.text(most.Value))
		}
		if request, ok := c.requestBeside(c.to); ok && request > 0 && ratio.Known && c.to/request > ratio.Value {
			return fmt.Sprintf("LimitRange %s admits no limit above %g times the request of %s", r.Name, ratio.Value, c.of.text(request))
		}
	}
	return ""
}

// againstRequest says what speaks against a change that moves the request.
func (c limitChange) againstRequest() string {
	if c.guaranteed() {
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
		return fmt.Sprintf("HorizontalPodAutoscaler %s scales by a share of the %s request, and in a Guaranteed pod the "+
			"request must be raised with the limit: change both together", scaler, c.of.title())
	}
}

// keepsGuaranteed says whether a container fulfils the Guaranteed class: requests equal to limits, of CPU and of memory. What changes in
// the changed container will.
func (c limitChange) keepsGuaranteed(other gossip.Container) bool {
	changed := other.Name == c.about.Container
	if other.Role == gossip.RoleEphemeral { // has no say in the class
		return true
	}
	return ((changed && c.of == memory) || memory.equal(other)) && ((changed && c.of == cpu) || cpu.equal(other))
}

// risk says what may go wrong.
func (c limitChange) risk() string {
	if c.static() {
		return "A static pod: its container is defined in a file on the node, and the API server can change neither the pod nor an owner."
	}
	risk := c.mainRisk()
	if own, _ := c.container(); c.of.resizeRestarts(own) {
		risk += " The resize restarts the container: its resizePolicy says so."
	}
	if c.of == memory && !c.request {
		risk += " The rollback may fail while more is in use."
	}
	if c.patch(c.to) != "" {
		risk += " Patching the owner rolls its pods."
		if c.pod.Owner.Guessed {
			risk += " The owner was inferred from names."
		}
	} else if c.pod.Known() && c.pod.Owner.Kind != "" {
		risk += fmt.Sprintf(" The resize lasts as long as the pod: change the %s where it is defined.", c.pod.Owner.Kind)
	}
	return risk
}

// mainRisk is what to think of first.
func (c limitChange) mainRisk() string {
	switch {
	case !c.pod.Known():
		return "Nothing is known of the pod: if it is of the Guaranteed class, its request must be raised too, and the API server " +
			"refuses the resize. Its owner, autoscaler and limit ranges were not checked."
	case c.request && !c.resizable():
		return "The QoS class of the pod changes, so a running pod cannot be resized."
	case c.request:
		return fmt.Sprintf("The node must have %s to spare, else the resize waits.", c.of.text(c.to-c.from))
	case c.guaranteed():
		return fmt.Sprintf("The request rises with the limit, because the pod is of the Guaranteed class: the node must have %s to spare, "+
			"else the resize waits.", c.of.text(c.to-c.from))
	case c.of == memory:
		return "The request stays: when the node runs short, what uses most above its request is killed first."
	default:
		return "The request stays, so the node may be overcommitted further: when it is busy, the container competes by its request."
	}
}
