package recommend

import (
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// isSafeName reports whether Kubernetes accepts the name of an object (RFC 1123). Any other name gets no command: no
// text that a shell or a terminal could interpret is ever printed as a command.
func isSafeName(name string) bool {
	const longest = 253
	return len(name) <= longest && gossip.IsObjectName(name)
}

// resourceEdit is the limit and the request that a command sets, as JSON. The command does not mention an empty one.
type resourceEdit struct{ limit, request string }

// jsonNull is the value that removes a field from an object.
const jsonNull = "null"

func (c limitChange) jsonAmount(n float64) string { return `"` + c.unit.formatAmount(n) + `"` }

// jsonAmountOrNull returns the amount that an object has, or null where it has none.
func (c limitChange) jsonAmountOrNull(n gossip.Optional[float64]) string {
	if !n.Known {
		return jsonNull
	}
	return c.jsonAmount(n.Value)
}

// formatSpec returns the edit as part of a pod, in JSON. Sidecars are listed with the init containers. No value needs
// an escape, because formatCommand refuses names that Kubernetes does not accept.
func (c limitChange) formatSpec(role gossip.Role, e resourceEdit) string {
	var parts []string
	for _, part := range []struct{ name, value string }{{"limits", e.limit}, {"requests", e.request}} {
		if part.value != "" {
			parts = append(parts, `"`+part.name+`":{"`+string(c.unit)+`":`+part.value+`}`)
		}
	}
	resources := `"resources":{` + strings.Join(parts, ",") + `}`
	if c.wholePod {
		return `{"spec":{` + resources + `}}`
	}
	containers := "containers"
	if role == gossip.RoleSidecar || role == gossip.RoleInit {
		containers = "initContainers"
	}
	return `{"spec":{"` + containers + `":[{"name":"` + c.subject.Container + `",` + resources + `}]}}`
}

// formatCommand returns a kubectl patch that is safe to paste. It is empty when the kind or one of the names is not
// safe.
func (c limitChange) formatCommand(kind, name, flags, patch string) string {
	about := c.subject
	isSafe := gossip.IsKindName(kind) && isSafeName(name) && isSafeName(about.Namespace)
	if !isSafe || (!c.wholePod && !isSafeName(about.Container)) {
		return ""
	}
	return "kubectl --namespace " + about.Namespace + " patch " + kind + " " + name + " " + flags + " --patch '" + patch +
		"'"
}

// fillCommands fills in the commands and the risk. Rollback takes back both Resize and Patch, with one command for
// each: taking back what was not done changes nothing, and the pod that was resized may no longer exist.
func (c limitChange) fillCommands(r *advice) {
	resize, undoResize := c.resizeCommands()
	patch, undoPatch := c.patchCommands()
	r.Resize, r.Patch = appendCommand(nil, resize), patch
	r.Rollback = appendCommand(appendCommand(nil, undoResize), undoPatch)
	r.Risk = c.describeRisk()
	r.change = &c
}

// appendCommand appends a command to a list, unless there is none.
func appendCommand(list []string, command string) []string {
	if command == "" {
		return list
	}
	return append(list, command)
}

// startSentence returns the text with its first letter in upper case.
func startSentence(s string) string { return strings.ToUpper(s[:1]) + s[1:] }
