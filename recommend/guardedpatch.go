package recommend

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// replacement is a value of an object, by its JSON pointer, and the one to have instead; both are JSON.
type replacement struct{ path, old, new string }

func (r replacement) test() string {
	return `{"op":"test","path":"` + r.path + `","value":` + r.old + `}`
}

func (r replacement) replace() string {
	return `{"op":"replace","path":"` + r.path + `","value":` + r.new + `}`
}

// guardedPatch changes a template that is not known, on the condition that it has what the pod has: the API server
// tests that and else changes nothing (RFC 6902). So it lowers no template that has more, and none that lacks the
// container becomes invalid.
func (c limitChange) guardedPatch() (do, undo string) {
	own, known := c.own()
	at := "/spec/template/spec"
	if c.pod.Owner.Kind == "CronJob" {
		at = "/spec/jobTemplate/spec/template/spec"
	}
	var guards []replacement
	if !c.whole {
		at = fmt.Sprintf("%s/%s", at, c.position())
		guards = append(guards, replacement{path: at + "/name", old: `"` + c.about.Container + `"`})
	}
	var changes []replacement
	change := func(which string, present gossip.Optional[float64]) {
		path := at + "/resources/" + which + "/" + string(c.of)
		changes = append(changes, replacement{path, c.amount(present.Value), c.amount(c.to)})
		known = known && present.Known && present.Value < c.to
	}
	if !c.request {
		change("limits", own.limit)
	}
	if c.request || c.guaranteed() {
		change("requests", own.request)
	}
	if !known { // nothing to hold the template against
		return "", ""
	}
	do = c.jsonPatch(guards, changes)
	for i, r := range changes {
		changes[i].old, changes[i].new = r.new, r.old
	}
	return do, c.jsonPatch(guards, changes)
}

// position is where the container is in its pod, and so in a template that a webhook has added nothing before:
// "containers/0".
func (c limitChange) position() string {
	own, _ := c.container()
	isInit := func(r gossip.Role) bool { return r == gossip.RoleInit || r == gossip.RoleSidecar }
	i := 0
	for _, other := range c.pod.Containers {
		switch {
		case other.Name == own.Name && isInit(own.Role):
			return fmt.Sprintf("initContainers/%d", i)
		case other.Name == own.Name:
			return fmt.Sprintf("containers/%d", i)
		case isInit(other.Role) == isInit(own.Role):
			i++
		}
	}
	return "containers/0"
}

// jsonPatch replaces values where all that is to be tested is there.
func (c limitChange) jsonPatch(guards, changes []replacement) string {
	var operations []string
	for _, r := range slices.Concat(guards, changes) {
		operations = append(operations, r.test())
	}
	for _, r := range changes {
		operations = append(operations, r.replace())
	}
	o := c.pod.Owner
	return c.command(strings.ToLower(o.Kind), o.Name, "--type json", "["+strings.Join(operations, ",")+"]")
}
