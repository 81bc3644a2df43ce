package kube

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// injector is a webhook that puts containers into pods, by the mark that it leaves on them. Owners know nothing of such
// containers.
type injector struct {
	name       string
	annotation string   // or its beginning
	containers []string // their names, or the beginning of them
}

// injectors are those that name their mark and their containers in their documentation.
var injectors = []injector{
	{"Istio", "sidecar.istio.io/status", []string{"istio-proxy", "istio-init", "istio-validation"}},
	{"Linkerd", "linkerd.io/proxy-version", []string{"linkerd-proxy", "linkerd-init", "linkerd-network-validator"}},
	{"Dapr", "dapr.io/enabled", []string{"daprd"}},
	{"Vault", "vault.hashicorp.com/agent-inject-status", []string{"vault-agent"}},
	{"Consul", "consul.hashicorp.com/connect-inject-status", []string{"consul-", "envoy-sidecar"}},
	{"Kuma", "kuma.io/sidecar-injected", []string{"kuma-"}},
	{"OpenTelemetry", "instrumentation.opentelemetry.io/", []string{"opentelemetry-auto-instrumentation"}},
	{"OpenTelemetry", "sidecar.opentelemetry.io/", []string{"otc-container"}},
}

// injectorOf names the webhook that put a container into the pod; empty where no mark says so.
func injectorOf(p *corev1.Pod, container string) string {
	for _, i := range injectors {
		if i.marked(p.Annotations) && slices.ContainsFunc(
			i.containers, func(name string) bool { return strings.HasPrefix(container, name) },
		) {
			return i.name
		}
	}
	return ""
}

func (i injector) marked(annotations map[string]string) bool {
	for key := range annotations {
		if strings.HasPrefix(key, i.annotation) {
			return true
		}
	}
	return false
}

// ReadsAnnotation reports whether Pod reads the annotation of that key: a cache of pods may drop all others.
func ReadsAnnotation(key string) bool {
	return key == vpaUpdates || key == vpaInPlace ||
		slices.ContainsFunc(injectors, func(i injector) bool { return strings.HasPrefix(key, i.annotation) })
}
