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

// edit is what a command sets of a limit and a request, as JSON; empty is not mentioned.
type edit struct{ limit, request string }

// none takes a value out of an object.
const none = "null"

func (c limitChange) amount(n float64) string { return `"` + c.of.text(n) + `"` }

// amountOrNone is the amount that an object has; none where it has none.
func (c limitChange) amountOrNone(n gossip.Optional[float64]) string {
	if !n.Known {
		return none
	}
	return c.amount(n.Value)
}

// spec is the edit as part of a pod, in JSON. Sidecars stand among the init containers. Nothing in it needs an escape:
// command has only names that Kubernetes accepts.
func (c limitChange) spec(role gossip.Role, e edit) string {
	var parts []string
	for _, part := range []struct{ name, value string }{{"limits", e.limit}, {"requests", e.request}} {
		if part.value != "" {
			parts = append(parts, `"`+part.name+`":{"`+string(c.of)+`":`+part.value+`}`)
		}
	}
	resources := `"resources":{` + strings.Join(parts, ",") + `}`
	if c.whole {
		return `{"spec":{` + resources + `}}`
	}
	containers := "containers"
	if role == gossip.RoleSidecar || role == gossip.RoleInit {
		containers = "initContainers"
	}
	return `{"spec":{"` + containers + `":[{"name":"` + c.about.Container + `",` + resources + `}]}}`
}

// command is a kubectl patch that is safe to paste: empty when a name is not one that Kubernetes has.
func (c limitChange) command(kind, name, flags, patch string) string {
	about := c.about
	if !isObjectName(name) || !isObjectName(about.Namespace) || (!c.whole && !isObjectName(about.Container)) {
		return ""
	}
	return "kubectl --namespace " + about.Namespace + " patch " + kind + " " + name + " " + flags + " --patch '" + patch + "'"
}

// commands fills in what changes the pod, what makes the change last, and what takes back whichever of the two was
// done: taking back what was not done changes nothing, and the pod of the resize may be gone.
func (c limitChange) commands(r *Recommendation) {
	var undo [2]string
	r.Resize, undo[0] = c.resize()
	r.Patch, undo[1] = c.patch()
	r.Rollback = strings.Trim(strings.Join(undo[:], "; "), "; ")
	r.Risk = c.risk()
}

// upper begins a sentence.
func upper(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
