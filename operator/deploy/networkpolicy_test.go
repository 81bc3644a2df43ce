package deploy_test

import (
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	networkingv1 "k8s.io/api/networking/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/kernel-gossip/kernel-gossip/operator/deploy"
)

// Every pod may send, but only pods of a namespace with the label reach the metrics, with the component also
// Prometheus' pods, and no pod reaches the health port.
func TestOnlyPrometheusReachesTheMetrics(t *testing.T) {
	stranger := caller{namespace: labels.Set{"kubernetes.io/metadata.name": "shop"}}
	labelled := caller{namespace: labels.Set{
		"kubernetes.io/metadata.name": "watch", "kernel.gossip.io/metrics-reader": "true",
	}}
	grafana := caller{
		namespace: labels.Set{"kubernetes.io/metadata.name": "monitoring"},
		pod:       labels.Set{"app.kubernetes.io/name": "grafana"},
	}
	prometheus := caller{namespace: grafana.namespace, pod: labels.Set{"app.kubernetes.io/name": "prometheus"}}

	_, with := withMonitoring(t, kubectl{program: filepath.Join(found(t), "kubectl")})
	for name, tc := range map[string]struct {
		policies []networkingv1.NetworkPolicySpec
		readers  []caller
		others   []caller
	}{
		"install.yaml": {
			policies: policies(t, objects(t, deploy.Install)), readers: []caller{labelled},
			others: []caller{stranger, grafana, prometheus},
		},
		"with the component": {
			policies: policies(t, with), readers: []caller{labelled, prometheus}, others: []caller{stranger, grafana},
		},
	} {
		t.Run(name, func(t *testing.T) {
			for _, c := range append(tc.readers, tc.others...) {
				for _, port := range []string{"webhook", "otlp-grpc", "otlp-http"} {
					require.True(t, c.mayReach(t, tc.policies, port), "%v %s", c, port)
				}
				require.False(t, c.mayReach(t, tc.policies, "health"), c)
			}
			for _, c := range tc.readers {
				require.True(t, c.mayReach(t, tc.policies, "metrics"), c)
			}
			for _, c := range tc.others {
				require.False(t, c.mayReach(t, tc.policies, "metrics"), c)
			}
		})
	}
}

// policies returns the policies among objects.
func policies(t *testing.T, all []*unstructured.Unstructured) []networkingv1.NetworkPolicySpec {
	t.Helper()
	var out []networkingv1.NetworkPolicySpec
	for _, o := range all {
		if o.GetKind() != "NetworkPolicy" {
			continue
		}
		var p networkingv1.NetworkPolicy
		require.NoError(t, runtime.DefaultUnstructuredConverter.FromUnstructured(o.Object, &p))
		require.Equal(t, []networkingv1.PolicyType{networkingv1.PolicyTypeIngress}, p.Spec.PolicyTypes)
		out = append(out, p.Spec)
	}
	require.NotEmpty(t, out)
	return out
}

// caller is a pod, by its own and its namespace's labels.
type caller struct{ namespace, pod labels.Set }

// mayReach reports whether one of the policies admits a pod to a port, as Kubernetes documents it.
func (c caller) mayReach(t *testing.T, all []networkingv1.NetworkPolicySpec, port string) bool {
	t.Helper()
	for _, p := range all {
		for _, rule := range p.Ingress {
			if hasPort(rule.Ports, port) && (len(rule.From) == 0 || c.isAmong(t, rule.From)) {
				return true
			}
		}
	}
	return false
}

func hasPort(ports []networkingv1.NetworkPolicyPort, name string) bool {
	for _, p := range ports {
		if p.Port == nil || p.Port.StrVal == name {
			return true
		}
	}
	return len(ports) == 0
}

func (c caller) isAmong(t *testing.T, peers []networkingv1.NetworkPolicyPeer) bool {
	t.Helper()
	for _, peer := range peers {
		require.NotNil(t, peer.NamespaceSelector, "readers are in other namespaces")
		inNamespace, err := metav1.LabelSelectorAsSelector(peer.NamespaceSelector)
		require.NoError(t, err)
		pods := labels.Everything()
		if peer.PodSelector != nil {
			pods, err = metav1.LabelSelectorAsSelector(peer.PodSelector)
			require.NoError(t, err)
		}
		if inNamespace.Matches(c.namespace) && pods.Matches(c.pod) {
			return true
		}
	}
	return false
}
