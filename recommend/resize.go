package recommend

import (
	"fmt"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// resize is the command that changes the running pod in place, and the one that takes that back. Stable since
// Kubernetes 1.35, on by default since 1.33; kubectl knows the subresource since 1.32. Both are empty where the pod
// cannot be resized; undo is empty where nothing can be taken back, because the pod has no request to go back to.
func (c limitChange) resize() (do, undo string) {
	if c.whyNoResize() != "" {
		return "", ""
	}
	own, known := c.own()
	set, back := edit{limit: c.amount(c.to)}, edit{limit: c.amount(own.limit.Or(c.from))}
	switch {
	case c.request:
		set, back = edit{request: c.amount(c.to)}, edit{request: c.amount(own.request.Value)}
	case c.guaranteed():
		set.request, back.request = c.amount(c.to), c.amount(own.request.Or(c.from))
	case known && own.request.Known && !c.whole: // stated although it stays, so that it can be seen
		set.request, back.request = c.amount(own.request.Value), c.amount(own.request.Value)
	}
	do, undo = c.resizeCommand(set), c.resizeCommand(back)
	if c.request && own.request.Value == 0 {
		undo = ""
	}
	return do, undo
}

func (c limitChange) resizeCommand(e edit) string {
	own, _ := c.container()
	return c.command("pod", c.about.Pod, "--subresource resize", c.spec(own.Role, e))
}

// whyNoResize says in a sentence why the running pod cannot be changed in place; empty when it can.
func (c limitChange) whyNoResize() string {
	own, _ := c.container()
	switch {
	case c.static():
		return "A static pod: its container is defined in a file on the node, and the API server can change neither the pod nor an owner."
	case c.pod.Replaced:
		return "The pod is gone, and a newer one has its name: it is not the one that was measured."
	case c.pod.Ended:
		return "The pod has finished or is being deleted: only its template can be changed."
	case c.pod.Fixed:
		return "The kubelet of its node cannot resize pods in place: Kubernetes 1.33 and newer can."
	case own.Role == gossip.RoleInit:
		return "An init container has run before anything can be changed in place."
	case c.pod.Resize != nil:
		return fmt.Sprintf("Another resize would have to wait for an earlier one, which is %s.", pendingState(*c.pod.Resize))
	case c.request && (c.pod.QoS == gossip.QoSBestEffort || c.becomesGuaranteed()):
		return "The QoS class of the pod changes, so a running pod cannot be resized."
	}
	return ""
}
