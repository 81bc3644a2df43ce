package recommend

import (
	"fmt"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// patch is the command that changes the owner's template, so that the next pods have the change too, and the one that
// takes it back. It starts from what the template has, which may differ from what the pod has. Both are empty where
// there is nothing that could or should be changed: see whyNoPatch.
func (c limitChange) patch() (do, undo string) {
	switch {
	case !c.patchable() || c.whyNoPatch() != "":
		return "", ""
	case c.pod.Owner.Template == nil:
		return c.guardedPatch()
	}
	has, role := c.template()
	set, back := edit{}, edit{}
	if c.request {
		set.request, back.request = c.amount(c.to), c.amountOrNone(has.request)
	} else {
		set.limit, back.limit = c.amount(c.to), c.amountOrNone(has.limit)
		set.request, back.request = c.requestInTemplate(has)
	}
	return c.patchCommand(role, set), c.patchCommand(role, back)
}

// requestInTemplate is the request to state beside the new limit: a template without one would take the new limit as
// its request. In a Guaranteed pod it moves with the limit.
func (c limitChange) requestInTemplate(has amounts) (set, back string) {
	own, _ := c.own()
	follows := c.guaranteed() && (has.request == has.limit || !has.request.Known)
	switch {
	case follows && has.request.Known:
		return c.amount(c.to), c.amount(has.request.Value)
	case follows:
		return "", ""
	case has.request.Known:
		return c.amount(has.request.Value), c.amount(has.request.Value)
	case has.limit.Known && !c.whole: // which is its request until now
		return c.amount(has.limit.Value), none
	case own.request.Known: // of a LimitRange, or an autoscaler's
		return c.amount(own.request.Value), none
	}
	return "", ""
}

// template are the amounts of the owner's template, which is known, and the role of the container there.
func (c limitChange) template() (amounts, gossip.Role) {
	t := *c.pod.Owner.Template
	if c.whole {
		return c.of.ofResources(gossip.Resources{
			CPURequest: t.CPURequest, CPULimit: t.CPULimit, MemoryRequest: t.MemoryRequest, MemoryLimit: t.MemoryLimit,
		}), gossip.RoleMain
	}
	own, _ := t.Container(c.about.Container)
	return c.of.of(own), own.Role
}

func (c limitChange) patchCommand(role gossip.Role, e edit) string {
	o := c.pod.Owner
	change := `{"spec":{"template":` + c.spec(role, e) + `}}`
	if o.Kind == "CronJob" {
		change = `{"spec":{"jobTemplate":{"spec":{"template":` + c.spec(role, e) + `}}}}`
	}
	return c.command(strings.ToLower(o.Kind), o.Name, "--type strategic", change)
}

// patchable reports whether the owner is of a kind whose template a command can change. A Job's is immutable, and what
// a custom resource looks like is not known.
func (c limitChange) patchable() bool {
	switch c.pod.Owner.APIVersion + "/" + c.pod.Owner.Kind {
	case "apps/v1/Deployment", "apps/v1/StatefulSet", "apps/v1/DaemonSet", "batch/v1/CronJob":
		return true
	}
	return false
}

// whyNoPatch says in a sentence why there is no command for the owner; empty when there is one, or no owner.
func (c limitChange) whyNoPatch() string {
	o := c.pod.Owner
	if !c.patchable() {
		return c.whyNoOwner()
	}
	own, _ := c.container()
	if own.Injector != "" {
		return c.injected(own.Injector + " puts")
	}
	if o.Template == nil {
		if do, _ := c.guardedPatch(); do == "" {
			return fmt.Sprintf("The template of %s %s is not known here: look at it, and change it there.", o.Kind, o.Name)
		}
		return ""
	}
	if _, has := o.Template.Container(c.about.Container); !has && !c.whole {
		return c.injected("something, a webhook most likely, puts")
	}
	return c.enoughInTemplate()
}

func (c limitChange) whyNoOwner() string {
	kind := c.pod.Owner.Kind
	switch {
	case kind == "" || c.static():
		return ""
	case kind == "Job":
		return "A Job's template cannot be changed: change it where the Job is made."
	}
	return fmt.Sprintf("The resize lasts as long as the pod: change the %s where it is defined.", kind)
}

// enoughInTemplate says that a template needs no change, or cannot take it. A command never lowers what a template has.
func (c limitChange) enoughInTemplate() string {
	o := c.pod.Owner
	has, _ := c.template()
	present, what := has.limit, "limit"
	if c.request {
		present, what = has.request, "request"
		if !present.Known {
			present = has.limit
		}
	}
	title := c.of.title()
	switch {
	case present.Known && present.Value >= c.to:
		return fmt.Sprintf("The template of %s %s has a %s %s of %s already: new pods get that.", o.Kind, o.Name, title, what, c.of.text(present.Value))
	case c.whole && !has.limit.Known:
		return fmt.Sprintf("The template of %s %s has no %s limit for the pod as a whole.", o.Kind, o.Name, title)
	case c.request && has.limit.Known && has.limit.Value < c.to:
		return fmt.Sprintf("The template of %s %s has a %s limit of %s, and no request may be above it.", o.Kind, o.Name, title, c.of.text(has.limit.Value))
	}
	return ""
}

// injected says where a container comes from that the owner's template does not have.
func (c limitChange) injected(who string) string {
	own, _ := c.container()
	text := fmt.Sprintf("The template of %s %s does not have container %s: %s it into the pods.",
		c.pod.Owner.Kind, c.pod.Owner.Name, c.about.Container, who)
	if setting := c.injectorSetting(own.Injector); setting != "" {
		return text + " Set " + setting + "."
	}
	return text + " Change it there."
}

// injectorSettings are what the injectors' documentation calls their settings: CPU limit, CPU request, memory limit,
// memory request.
var injectorSettings = map[string][4]string{
	"Istio": {
		"sidecar.istio.io/proxyCPULimit", "sidecar.istio.io/proxyCPU", "sidecar.istio.io/proxyMemoryLimit", "sidecar.istio.io/proxyMemory",
	},
	"Linkerd": {
		"config.linkerd.io/proxy-cpu-limit", "config.linkerd.io/proxy-cpu-request",
		"config.linkerd.io/proxy-memory-limit", "config.linkerd.io/proxy-memory-request",
	},
	"Dapr": {
		"dapr.io/sidecar-cpu-limit", "dapr.io/sidecar-cpu-request", "dapr.io/sidecar-memory-limit", "dapr.io/sidecar-memory-request",
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

// injectorSetting names the injector's own setting for what changes; empty where it is not known.
func (c limitChange) injectorSetting(injector string) string {
	settings, ok := injectorSettings[injector]
	switch {
	case injector == "OpenTelemetry":
		return "the resources in its Instrumentation or OpenTelemetryCollector"
	case !ok || strings.Contains(c.about.Container, "init"):
		return ""
	}
	i := 0
	if c.of == memory {
		i = 2
	}
	if c.request {
		i++
	}
	return fmt.Sprintf("the annotation %s: %s on the template", settings[i], c.of.text(c.to))
}
