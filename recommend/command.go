package recommend

import (
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// isObjectName says whether Kubernetes accepts the name of a namespace, pod, container or workload (RFC 1123). A name outside it gets
// no command: nothing that could mean something to a shell or a terminal is ever printed as a command.
func isObjectName(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case 'a' <= c && c <= 'z', '0' <= c && c <= '9':
		case (c == '-' || c == '.') && 0 < i && i < len(name)-1:
		default:
			return false
		}
	}
	return 0 < len(name) && len(name) <= 253
}

// resize is the command that changes the running pod in place. Stable since Kubernetes 1.35; kubectl knows the
// subresource since 1.32. Empty where the API server refuses it.
func (c limitChange) resize(to float64) string {
	if !c.resizable() {
		return ""
	}
	return c.command("pod", c.about.Pod, "--subresource resize", c.podPatch(to))
}

// patch is the command that changes the owner's template, so that the next pods have the limit too. Empty when there is no owner,
// or one whose template cannot be patched so: a Job's is immutable, and what a custom resource looks like is not known.
func (c limitChange) patch(to float64) string {
	o := c.pod.Owner
	var change string
	switch o.APIVersion + "/" + o.Kind {
	case "apps/v1/Deployment", "apps/v1/StatefulSet", "apps/v1/DaemonSet":
		change = `{"spec":{"template":` + c.podPatch(to) + `}}`
	case "batch/v1/CronJob":
		change = `{"spec":{"jobTemplate":{"spec":{"template":` + c.podPatch(to) + `}}}}`
	default:
		return ""
	}
	return c.command(strings.ToLower(o.Kind), o.Name, "--type strategic", change)
}

// rollback undoes the resize and the patch, whichever was done: undoing what was not done changes nothing, and the pod of the
// resize may be gone. Empty where there was no request to go back to.
func (c limitChange) rollback() string {
	if c.request && c.from == 0 {
		return ""
	}
	var undo []string
	for _, command := range []string{c.resize(c.from), c.patch(c.from)} {
		if command != "" {
			undo = append(undo, command)
		}
	}
	return strings.Join(undo, "; ")
}

// podPatch is the change as part of a pod, in JSON. Sidecars stand among the init containers. Nothing in it needs an escape: command has only
// names that Kubernetes accepts.
func (c limitChange) podPatch(to float64) string {
	containers := "containers"
	if own, _ := c.container(); own.Role == gossip.RoleSidecar {
		containers = "initContainers"
	}
	return `{"spec":{"` + containers + `":[{"name":"` + c.about.Container + `","resources":{` + c.resources(to) + `}}]}}`
}

// resources is what changes of them.
func (c limitChange) resources(to float64) string {
	amount := func(which string, n float64) string {
		return `"` + which + `":{"` + string(c.of) + `":"` + c.of.text(n) + `"}`
	}
	if c.request {
		return amount("requests", to)
	}
	if request, ok := c.requestBeside(to); ok {
		return amount("limits", to) + "," + amount("requests", request)
	}
	return amount("limits", to)
}

// command is a kubectl patch that is safe to paste: empty when a name is not one that Kubernetes has.
func (c limitChange) command(kind, name, flags, patch string) string {
	about := c.about
	for _, n := range []string{name, about.Namespace, about.Container} {
		if !isObjectName(n) {
			return ""
		}
	}
	return "kubectl --namespace " + about.Namespace + " patch " + kind + " " + name + " " + flags + " --patch '" + patch + "'"
}
