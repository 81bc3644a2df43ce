package kube

import (
	"slices"
	"strings"

	corev1 "k8s.io/api/core/v1"
)

// injector is a webhook that adds containers to pods, known by the mark that it leaves on them. The templates of
// workloads do not have such containers.
type injector struct {
	name       string
	annotation string   // its key, or a prefix of it
	containers []string // prefixes of their names
}

// injectors are the webhooks that document their mark and their containers.
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

// injectorOf returns the name of the webhook that added a container to the pod; empty where no mark shows one.
func injectorOf(p *corev1.Pod, container string) string {
	for _, i := range injectors {
		if i.hasMarked(p.Annotations) && slices.ContainsFunc(
			i.containers, func(name string) bool { return strings.HasPrefix(container, name) },
		) {
			return i.name
		}
	}
	return ""
}

func (i injector) hasMarked(annotations map[string]string) bool {
	for key := range annotations {
		if strings.HasPrefix(key, i.annotation) {
			return true
		}
	}
	return false
}

// ReadsAnnotation reports whether Pod reads the annotation with that key. A cache of pods may drop all others.
func ReadsAnnotation(key string) bool {
	return key == vpaUpdates || key == vpaInPlace || key == corev1.MirrorPodAnnotationKey ||
		slices.ContainsFunc(injectors, func(i injector) bool { return strings.HasPrefix(key, i.annotation) })
}
