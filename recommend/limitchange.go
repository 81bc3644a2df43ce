package recommend

import (
	"fmt"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// limitChange is one change of one container's CPU limit, in cores, and what else hangs on it.
type limitChange struct {
	pod      gossip.Pod
	finding  gossip.CPUThrottling
	from, to float64
}

func (c limitChange) container() (gossip.Container, bool) {
	return c.pod.Container(c.finding.About.Container)
}

// guaranteed says whether the request must move with the limit: else the QoS class would change, which the API server refuses for a
// running pod.
func (c limitChange) guaranteed() bool { return c.pod.QoS == gossip.QoSGuaranteed }

// static says whether the pod is the mirror of a static pod: its owner is the node.
func (c limitChange) static() bool { return c.pod.Owner.Kind == "Node" }

// request is the CPU request to state beside that limit, in cores. It is stated although it does not change, because a template
// without one would take the new limit as its request. False: nothing is known of it.
func (c limitChange) request(limit float64) (float64, bool) {
	if c.guaranteed() {
		return limit, true
	}
	own, ok := c.container()
	return own.CPURequest.Value, ok && own.CPURequest.Known
}

// against says what in the cluster speaks against the change; empty when nothing does.
func (c limitChange) against() string {
	if c.guaranteed() {
		for _, other := range c.pod.Containers {
			if !keepsGuaranteed(other, other.Name == c.finding.About.Container) {
				return fmt.Sprintf("the pod's QoS class is Guaranteed and would change, because container %s does not have "+
					"requests equal to its limits", other.Name)
			}
		}
		if c.pod.Autoscaler != "" {
			return fmt.Sprintf("HorizontalPodAutoscaler %s scales by a share of the CPU request, and in a Guaranteed pod the "+
				"request must be raised with the limit: change both together", c.pod.Autoscaler)
		}
	}
	if most, ok := c.pod.CPULimit.Get(); ok {
		own, _ := c.container()
		switch {
		case !own.CPULimit.Known:
			return fmt.Sprintf("the limit of %s is the pod's, which all its containers share: look at them together", cores(most))
		case c.to > most:
			return fmt.Sprintf("the pod as a whole has a CPU limit of %s, and no container may have more", cores(most))
		}
	}
	for _, r := range c.pod.LimitRanges {
		if r.Max.Known && c.to > r.Max.Value {
			return fmt.Sprintf("LimitRange %s admits no CPU limit above %s", r.Name, cores(r.Max.Value))
		}
		if request, ok := c.request(c.to); ok && request > 0 && r.MaxRatio.Known && c.to/request > r.MaxRatio.Value {
			return fmt.Sprintf("LimitRange %s admits no limit above %g times the request of %s", r.Name, r.MaxRatio.Value, cores(request))
		}
	}
	return ""
}

// keepsGuaranteed says whether a container fulfils the Guaranteed class: requests equal to limits, for memory too. The changed
// container's CPU will.
func keepsGuaranteed(c gossip.Container, changed bool) bool {
	return c.MemoryLimit.Known && c.MemoryRequest.Or(c.MemoryLimit.Value) == c.MemoryLimit.Value &&
		(changed || (c.CPULimit.Known && c.CPURequest.Or(c.CPULimit.Value) == c.CPULimit.Value))
}

// risk says what may go wrong.
func (c limitChange) risk() string {
	var risk string
	switch {
	case c.static():
		return "A static pod: its container is defined in a file on the node, and the API server can change neither the pod nor an owner."
	case !c.pod.Known():
		risk = "Nothing is known of the pod: if it is of the Guaranteed class, its request must be raised too, and the API server " +
			"refuses the resize. Its owner, autoscaler and limit ranges were not checked."
	case c.guaranteed():
		risk = fmt.Sprintf("The request rises with the limit, because the pod is of the Guaranteed class: the node must have %s to spare, "+
			"else the resize waits.", cores(c.to-c.from))
	default:
		risk = "The request stays, so the node may be overcommitted further: when it is busy, the container competes by its request."
	}
	if own, _ := c.container(); own.ResizeRestarts {
		risk += " The resize restarts the container: its resizePolicy says so."
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
