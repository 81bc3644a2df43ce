package recommend

import (
	"fmt"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// resizeCommands returns the command that changes the running pod in place, and the command that takes it back. Both
// are empty where the pod cannot be resized; undo is empty where the pod has no request to go back to. The resize
// subresource is stable since Kubernetes 1.35 and on by default since 1.33; kubectl has it since 1.32.
func (c limitChange) resizeCommands() (do, undo string) {
	if c.whyNoResize() != "" {
		return "", ""
	}
	current, known := c.currentAmounts()
	set, back := resourceEdit{limit: c.jsonAmount(c.to)}, resourceEdit{limit: c.jsonAmount(current.limit.Or(c.from))}
	switch {
	case c.requestOnly:
		set, back = resourceEdit{request: c.jsonAmount(c.to)}, resourceEdit{request: c.jsonAmount(current.request.Value)}
	case c.requestFollowsLimit():
		set.request, back.request = c.jsonAmount(c.to), c.jsonAmount(current.request.Or(c.from))
	case known && current.request.Known && !c.wholePod: // unchanged, but stated so that the user sees it
		set.request, back.request = c.jsonAmount(current.request.Value), c.jsonAmount(current.request.Value)
	}
	do, undo = c.formatResize(set), c.formatResize(back)
	if c.requestOnly && current.request.Value == 0 {
		undo = ""
	}
	return do, undo
}

func (c limitChange) formatResize(e resourceEdit) string {
	container, _ := c.changedContainer()
	return c.formatCommand("pod", c.subject.Pod, "--subresource resize", c.formatSpec(container.Role, e))
}

// whyNoResize returns a sentence that says why the running pod cannot be changed in place; empty when it can.
func (c limitChange) whyNoResize() string {
	container, _ := c.changedContainer()
	switch {
	case c.isStaticPod():
		return "A static pod: its container is defined in a file on the node, and the API server can change neither the " +
			"pod nor an owner."
	case c.pod.Replaced:
		return "The pod is gone, and a newer one has its name: it is not the one that was measured."
	case c.pod.Ended:
		return "The pod has finished or is being deleted: only its template can be changed."
	case c.pod.Fixed:
		return "The kubelet of its node cannot resize pods in place: Kubernetes 1.33 and newer can."
	case container.Role == gossip.RoleInit:
		return "An init container has run before anything can be changed in place."
	case c.pod.Resize != nil:
		return fmt.Sprintf("Another resize would have to wait for an earlier one, which is %s.", pendingState(*c.pod.Resize))
	case c.requestOnly && (c.pod.QoS == gossip.QoSBestEffort || c.becomesGuaranteed()):
		return "The QoS class of the pod changes, so a running pod cannot be resized."
	}
	return ""
}
