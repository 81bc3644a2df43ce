package recommend

import (
	"fmt"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// patchCommands returns the command that changes the owner's template, so that the next pods have the change too, and
// the command that takes it back. It starts from the template's values, which may differ from the pod's. Both are empty
// where a template cannot or should not be changed: see whyNoPatch.
func (c limitChange) patchCommands() (do, undo string) {
	switch {
	case !c.ownerIsPatchable() || c.whyNoPatch() != "":
		return "", ""
	case c.pod.Template == nil:
		return c.guardedPatch()
	}
	has, role := c.templateAmounts()
	set, back := resourceEdit{}, resourceEdit{}
	if c.requestOnly {
		set.request, back.request = c.jsonAmount(c.to), c.jsonAmountOrNull(has.request)
	} else {
		set.limit, back.limit = c.jsonAmount(c.to), c.jsonAmountOrNull(has.limit)
		set.request, back.request = c.requestInTemplate(has)
	}
	return c.formatPatch(role, set), c.formatPatch(role, back)
}

// requestInTemplate returns the request to state with the new limit, and the one for the rollback: a template without a
// request would take the new limit as its request. In a Guaranteed pod the request moves with the limit.
func (c limitChange) requestInTemplate(has amounts) (set, back string) {
	current, _ := c.currentAmounts()
	follows := c.requestFollowsLimit() && (has.request == has.limit || !has.request.Known)
	switch {
	case follows && has.request.Known:
		return c.jsonAmount(c.to), c.jsonAmount(has.request.Value)
	case follows:
		return "", ""
	case has.request.Known:
		return c.jsonAmount(has.request.Value), c.jsonAmount(has.request.Value)
	case has.limit.Known && !c.wholePod: // the limit has been its request until now
		return c.jsonAmount(has.limit.Value), jsonNull
	case current.request.Known: // from a LimitRange or an autoscaler
		return c.jsonAmount(current.request.Value), jsonNull
	}
	return "", ""
}

// templateAmounts returns the amounts in the owner's template and the role of the container there. The template is
// known.
func (c limitChange) templateAmounts() (amounts, gossip.Role) {
	t := *c.pod.Template
	if c.wholePod {
		return c.unit.resourceAmounts(gossip.Resources{
			CPURequest: t.CPURequest, CPULimit: t.CPULimit, MemoryRequest: t.MemoryRequest, MemoryLimit: t.MemoryLimit,
		}), gossip.RoleMain
	}
	container, _ := t.Container(c.subject.Container)
	return c.unit.amountsOf(container), container.Role
}

func (c limitChange) formatPatch(role gossip.Role, e resourceEdit) string {
	w := c.pod.Workload
	change := `{"spec":{"template":` + c.formatSpec(role, e) + `}}`
	if w.Kind == "CronJob" {
		change = `{"spec":{"jobTemplate":{"spec":{"template":` + c.formatSpec(role, e) + `}}}}`
	}
	return c.formatCommand(strings.ToLower(w.Kind), w.Name, "--type strategic", change)
}

// ownerIsPatchable reports whether a command can change the template of an owner of this kind. A Job's template is
// immutable, and the form of a custom resource is not known.
func (c limitChange) ownerIsPatchable() bool {
	switch c.pod.Workload.APIVersion() + "/" + c.pod.Workload.Kind {
	case "apps/v1/Deployment", "apps/v1/StatefulSet", "apps/v1/DaemonSet", "batch/v1/CronJob":
		return true
	}
	return false
}

// whyNoPatch returns a sentence that says why there is no command for the owner; empty when there is one, or no owner.
func (c limitChange) whyNoPatch() string {
	w := c.pod.Workload
	if !c.ownerIsPatchable() {
		return c.whyNoOwner()
	}
	container, _ := c.changedContainer()
	if container.Injector != "" {
		return c.explainInjected(container.Injector + " puts")
	}
	if c.pod.Template == nil {
		if do, _ := c.guardedPatch(); do == "" {
			return fmt.Sprintf("The template of %s %s is not known here: look at it, and change it there.", w.Kind, w.Name)
		}
		return ""
	}
	if _, has := c.pod.Template.Container(c.subject.Container); !has && !c.wholePod {
		return c.explainInjected("something, a webhook most likely, puts")
	}
	return c.templateObjection()
}

func (c limitChange) whyNoOwner() string {
	kind := c.pod.Workload.Kind
	switch {
	case kind == "" || c.pod.Workload.IsPod() || c.isStaticPod():
		return ""
	case kind == "Job":
		return "A Job's template cannot be changed: change it where the Job is made."
	case !gossip.IsKindName(kind):
		kind = "owner"
	}
	return fmt.Sprintf("The resize lasts as long as the pod: change the %s where it is defined.", kind)
}

// templateObjection returns why the template needs no change, or cannot have it. A command never lowers a template's
// value.
func (c limitChange) templateObjection() string {
	w := c.pod.Workload
	has, _ := c.templateAmounts()
	present, what := has.limit, "limit"
	if c.requestOnly {
		present, what = has.request, "request"
		if !present.Known {
			present = has.limit
		}
	}
	title := c.unit.displayName()
	switch {
	case present.Known && present.Value >= c.to:
		return fmt.Sprintf(
			"The template of %s %s has a %s %s of %s already: new pods get that.", w.Kind, w.Name, title, what,
			c.unit.formatAmount(present.Value),
		)
	case c.wholePod && !has.limit.Known:
		return fmt.Sprintf("The template of %s %s has no %s limit for the pod as a whole.", w.Kind, w.Name, title)
	case c.requestOnly && has.limit.Known && has.limit.Value < c.to:
		return fmt.Sprintf(
			"The template of %s %s has a %s limit of %s, and no request may be above it.", w.Kind, w.Name, title,
			c.unit.formatAmount(has.limit.Value),
		)
	}
	return ""
}

// explainInjected says where to change a container that the owner's template does not have.
func (c limitChange) explainInjected(who string) string {
	container, _ := c.changedContainer()
	text := fmt.Sprintf("The template of %s %s does not have container %s: %s it into the pods.",
		c.pod.Workload.Kind, c.pod.Workload.Name, c.subject.Container, who)
	if setting := c.injectorSetting(container.Injector); setting != "" {
		return text + " Set " + setting + "."
	}
	return text + " Change it there."
}

// injectorSettings are the injectors' own settings, as their documentation names them: CPU limit, CPU request, memory
// limit, memory request.
var injectorSettings = map[string][4]string{
	"Istio": {
		"sidecar.istio.io/proxyCPULimit", "sidecar.istio.io/proxyCPU", "sidecar.istio.io/proxyMemoryLimit",
		"sidecar.istio.io/proxyMemory",
	},
	"Linkerd": {
		"config.linkerd.io/proxy-cpu-limit", "config.linkerd.io/proxy-cpu-request",
		"config.linkerd.io/proxy-memory-limit", "config.linkerd.io/proxy-memory-request",
	},
	"Dapr": {
		"dapr.io/sidecar-cpu-limit", "dapr.io/sidecar-cpu-request", "dapr.io/sidecar-memory-limit",
		"dapr.io/sidecar-memory-request",
	},
	"Vault": {
		"vault.hashicorp.com/agent-limits-cpu", "vault.hashicorp.com/agent-requests-cpu",
		"vault.hashicorp.com/agent-limits-mem", "vault.hashicorp.com/agent-requests-mem",
	},
	"Consul": {
		"consul.hashicorp.com/sidecar-proxy-cpu-limit", "consul.hashicorp.com/sidecar-proxy-cpu-request",
		"consul.hashicorp.com/sidecar-proxy-memory-limit", "consul.hashicorp.com/sidecar-proxy-memory-request",
	},
}

// injectorSetting returns the injector's own setting for the value that changes; empty where it is not known.
func (c limitChange) injectorSetting(injector string) string {
	settings, ok := injectorSettings[injector]
	switch {
	case injector == "OpenTelemetry":
		return "the resources in its Instrumentation or OpenTelemetryCollector"
	case !ok || strings.Contains(c.subject.Container, "init"):
		return ""
	}
	i := 0
	if c.unit == memory {
		i = 2
	}
	if c.requestOnly {
		i++
	}
	return fmt.Sprintf("the annotation %s: %s on the template", settings[i], c.unit.formatAmount(c.to))
}
