package recommend

import (
	"encoding/json"
	"fmt"
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
	return c.command("pod", c.about.Pod, "--subresource resize", c.podSpec(to))
}

// patch is the command that changes the owner's template, so that the next pods have the limit too. Empty when there is no owner,
// or one whose template cannot be patched so: a Job's is immutable, and what a custom resource looks like is not known.
func (c limitChange) patch(to float64) string {
	o := c.pod.Owner
	var spec map[string]any
	switch o.APIVersion + "/" + o.Kind {
	case "apps/v1/Deployment", "apps/v1/StatefulSet", "apps/v1/DaemonSet":
		spec = map[string]any{"template": c.podSpec(to)}
	case "batch/v1/CronJob":
		spec = map[string]any{"jobTemplate": map[string]any{"spec": map[string]any{"template": c.podSpec(to)}}}
	default:
		return ""
	}
	return c.command(strings.ToLower(o.Kind), o.Name, "--type strategic", map[string]any{"spec": spec})
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

// podSpec is the change as part of a pod: {"spec":{"containers":[…]}}. Sidecars stand among the init containers.
func (c limitChange) podSpec(to float64) map[string]any {
	amount := func(n float64) map[string]string { return map[string]string{string(c.of): c.of.text(n)} }
	resources := map[string]any{}
	if c.request {
		resources["requests"] = amount(to)
	} else {
		resources["limits"] = amount(to)
		if request, ok := c.requestBeside(to); ok {
			resources["requests"] = amount(request)
		}
	}
	list := "containers"
	if own, _ := c.container(); own.Role == gossip.RoleSidecar {
		list = "initContainers"
	}
	return map[string]any{"spec": map[string]any{list: []any{map[string]any{"name": c.about.Container, "resources": resources}}}}
}

// command is a kubectl patch that is safe to paste: empty when a name is not one that Kubernetes has.
func (c limitChange) command(kind, name, flags string, patch map[string]any) string {
	about := c.about
	for _, n := range []string{name, about.Namespace, about.Container} {
		if !isObjectName(n) {
			return ""
		}
	}
	text, err := json.Marshal(patch)
	if err != nil { // strings in maps: cannot be
		return ""
	}
	return fmt.Sprintf("kubectl --namespace %s patch %s %s %s --patch '%s'", about.Namespace, kind, name, flags, text)
}
