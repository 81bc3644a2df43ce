package recommend

import (
	"fmt"
	"slices"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// replacement is a value in an object, named by its JSON pointer, and the value to put in its place. Both are JSON.
type replacement struct{ path, old, new string }

func (r replacement) testOperation() string {
	return `{"op":"test","path":"` + r.path + `","value":` + r.old + `}`
}

func (r replacement) replaceOperation() string {
	return `{"op":"replace","path":"` + r.path + `","value":` + r.new + `}`
}

// guardedPatch changes a template that is not known, on the condition that it has the same values as the pod: the API
// server tests them first and changes nothing if they differ (RFC 6902). So it never lowers a template with higher
// values, and never adds a container to a template that lacks it.
func (c limitChange) guardedPatch() (do, undo string) {
	current, known := c.currentAmounts()
	at := "/spec/template/spec"
	if c.pod.Workload.Kind == "CronJob" {
		at = "/spec/jobTemplate/spec/template/spec"
	}
	var guards []replacement
	if !c.wholePod {
		at = fmt.Sprintf("%s/%s", at, c.containerPath())
		guards = append(guards, replacement{path: at + "/name", old: `"` + c.subject.Container + `"`})
	}
	var changes []replacement
	change := func(which string, present gossip.Optional[float64]) {
		path := at + "/resources/" + which + "/" + string(c.unit)
		changes = append(changes, replacement{path, c.jsonAmount(present.Value), c.jsonAmount(c.to)})
		known = known && present.Known && present.Value < c.to
	}
	if !c.requestOnly {
		change("limits", current.limit)
	}
	if c.requestOnly || c.requestFollowsLimit() {
		change("requests", current.request)
	}
	if !known { // no value of the pod to test the template for
		return "", ""
	}
	do = c.formatJSONPatch(guards, changes)
	for i, r := range changes {
		changes[i].old, changes[i].new = r.new, r.old
	}
	return do, c.formatJSONPatch(guards, changes)
}

// containerPath returns the container's place in its pod, such as "containers/0". It has the same place in the template
// unless a webhook inserted a container before it; the patch tests the name for that reason.
func (c limitChange) containerPath() string {
	container, _ := c.changedContainer()
	isInit := func(r gossip.Role) bool { return r == gossip.RoleInit || r == gossip.RoleSidecar }
	i := 0
	for _, other := range c.pod.Containers {
		switch {
		case other.Name == container.Name && isInit(container.Role):
			return fmt.Sprintf("initContainers/%d", i)
		case other.Name == container.Name:
			return fmt.Sprintf("containers/%d", i)
		case isInit(other.Role) == isInit(container.Role):
			i++
		}
	}
	return "containers/0"
}

// formatJSONPatch returns a patch that replaces the values if all tests succeed.
func (c limitChange) formatJSONPatch(guards, changes []replacement) string {
	var operations []string
	for _, r := range slices.Concat(guards, changes) {
		operations = append(operations, r.testOperation())
	}
	for _, r := range changes {
		operations = append(operations, r.replaceOperation())
	}
	w := c.pod.Workload
	return c.formatCommand(strings.ToLower(w.Kind), w.Name, "--type json", "["+strings.Join(operations, ",")+"]")
}
