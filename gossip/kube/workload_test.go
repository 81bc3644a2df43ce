package kube_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
)

// readPod reads objects as YAML and returns the pod "p" of the default namespace.
func readPod(t *testing.T, objects ...string) gossip.Pod {
	t.Helper()
	pods, err := kube.Read(strings.NewReader(strings.Join(objects, "\n---\n")))
	require.NoError(t, err)
	pod, ok := pods.Pod("default", "p", "")
	require.True(t, ok)
	return pod
}

// ownedPod returns a pod with one container, app, and an owner.
func ownedPod(apiVersion, kind, name string) string {
	return `
apiVersion: v1
kind: Pod
metadata:
  name: p
  labels: {pod-template-hash: 5f}
  ownerReferences: [{apiVersion: ` + apiVersion + `, kind: ` + kind + `, name: ` + name + `, controller: true}]
spec: {containers: [{name: app, resources: {limits: {cpu: "1"}, requests: {cpu: "1"}}}]}`
}

// templateWith returns a template with the containers app, with a CPU limit in millicores, and setup.
func templateWith(milli string) string {
	return `template: {spec: {initContainers: [{name: setup}], containers: [{name: app, resources: {limits: {cpu: ` +
		milli + `m}}}]}}`
}

func TestTemplatesAreTheWorkloadsAndNotThePods(t *testing.T) {
	const set = "apiVersion: apps/v1\nkind: ReplicaSet\n"
	revision := func(name, number, milli string) string {
		return set + `metadata: {name: ` + name + `, annotations: {deployment.kubernetes.io/revision: "` + number + `"}, ` +
			`ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, controller: true}]}` + "\nspec: {" +
			templateWith(milli) + "}"
	}
	for what, test := range map[string]struct {
		pod     string
		objects []string
		want    float64 // CPU limit; 0 is that no template is known
	}{
		"nothing but the pod": {pod: ownedPod("apps/v1", "ReplicaSet", "web-5f")},
		"the ReplicaSet of a Deployment": {
			pod: ownedPod("apps/v1", "ReplicaSet", "web-5f"), objects: []string{revision("web-5f", "1", "200")}, want: 0.2,
		},
		"the newest ReplicaSet, whatever their order": {
			pod:     ownedPod("apps/v1", "ReplicaSet", "web-5f"),
			objects: []string{revision("web-6a", "10", "300"), revision("web-5f", "9", "200")}, want: 0.3,
		},
		"the Deployment itself": {
			pod: ownedPod("apps/v1", "ReplicaSet", "web-5f"),
			objects: []string{
				"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {" + templateWith("400") + "}",
				revision("web-5f", "1", "200"),
			},
			want: 0.4,
		},
		"a Deployment of another namespace": {
			pod: ownedPod("apps/v1", "ReplicaSet", "web-5f"),
			objects: []string{
				"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, namespace: other}\nspec: {" + templateWith("400") +
					"}",
			},
		},
		"a Deployment that was made after the one of the pod was deleted": {
			pod: ownedPod("apps/v1", "ReplicaSet", "web-5f"),
			objects: []string{
				"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, uid: second}\nspec: {" + templateWith("400") + "}",
				strings.Replace(revision("web-5f", "1", "200"), "controller: true", "controller: true, uid: first", 1),
			},
		},
		"a StatefulSet": {
			pod: ownedPod("apps/v1", "StatefulSet", "db"), want: 0.5,
			objects: []string{
				"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db}\nspec: {" + templateWith("500") + "}",
			},
		},
		"a DaemonSet": {
			pod: ownedPod("apps/v1", "DaemonSet", "agent"), want: 0.5,
			objects: []string{
				"apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: agent}\nspec: {" + templateWith("500") + "}",
			},
		},
		"a CronJob": {
			pod: ownedPod("batch/v1", "Job", "report-1"), want: 0.6,
			objects: []string{
				"apiVersion: batch/v1\nkind: Job\nmetadata: {name: report-1, ownerReferences: [{apiVersion: batch/v1, kind: " +
					"CronJob, name: report, controller: true}]}",
				"apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: report}\nspec: {jobTemplate: {spec: {" +
					templateWith("600") +
					"}}}",
			},
		},
	} {
		t.Run(what, func(t *testing.T) {
			template := readPod(t, append(test.objects, test.pod)...).Template
			if test.want == 0 {
				require.Nil(t, template)
				return
			}
			require.NotNil(t, template)
			require.Empty(t, cmp.Diff(&gossip.Template{Containers: []gossip.Container{
				{Name: "app", CPULimit: gossip.Some(test.want)}, {Name: "setup", Role: gossip.RoleInit}, // and no request
			}}, template))
		})
	}
}

func TestTemplatesHaveResourcesOfThePodAsAWhole(t *testing.T) {
	template := readPod(t, ownedPod("apps/v1", "StatefulSet", "db"), `
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  template: {spec: {resources: {limits: {memory: 512Mi}, requests: {cpu: 1}}, containers: [{name: app}]}}`).Template
	require.Empty(t, cmp.Diff(&gossip.Template{
		Containers: []gossip.Container{{Name: "app"}}, CPURequest: gossip.Some(1.0),
		MemoryLimit: gossip.Some[int64](512 * mebi),
	}, template))
}

func TestTemplatesNameTheirMakerAndWhetherPodsFollow(t *testing.T) {
	for what, test := range map[string]struct {
		metadata, spec string
		want           gossip.Template // Maker and Waits
	}{
		"neither":       {},
		"OnDelete":      {spec: "updateStrategy: {type: OnDelete}", want: gossip.Template{Waits: true}},
		"RollingUpdate": {spec: "updateStrategy: {type: RollingUpdate}"},
		"an operator's, which is named and not followed": {
			metadata: "ownerReferences: [{kind: Prometheus, name: k8s, controller: true}]",
			want:     gossip.Template{Maker: "Prometheus k8s"},
		},
		"no controller": {metadata: "ownerReferences: [{kind: Prometheus, name: k8s}]"},
		"Helm": {
			metadata: "labels: {app.kubernetes.io/managed-by: Helm}, annotations: {meta.helm.sh/release-name: shop}",
			want:     gossip.Template{Maker: "Helm release shop"},
		},
		"Argo CD": {
			metadata: `annotations: {argocd.argoproj.io/tracking-id: "shop:apps/StatefulSet:default/db"}`,
			want:     gossip.Template{Maker: "Argo CD application shop"},
		},
		"Argo CD, by label": {
			metadata: "labels: {argocd.argoproj.io/instance: shop}", want: gossip.Template{Maker: "Argo CD application shop"},
		},
		"Flux": {
			metadata: "labels: {kustomize.toolkit.fluxcd.io/name: apps}", want: gossip.Template{Maker: "Flux Kustomization apps"},
		},
		"Flux and Helm": {
			metadata: "labels: {helm.toolkit.fluxcd.io/name: shop}, annotations: {meta.helm.sh/release-name: shop-1}",
			want:     gossip.Template{Maker: "Flux HelmRelease shop"},
		},
		"another tool": {metadata: "labels: {app.kubernetes.io/managed-by: pulumi}", want: gossip.Template{Maker: "pulumi"}},
	} {
		t.Run(what, func(t *testing.T) {
			comma := func(s string) string {
				if s == "" {
					return ""
				}
				return ", " + s
			}
			template := readPod(
				t, ownedPod("apps/v1", "StatefulSet", "db"),
				"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: db"+comma(test.metadata)+
					"}\nspec: {"+templateWith("500")+comma(test.spec)+"}",
			).Template
			require.Equal(t, test.want.Maker, template.Maker)
			require.Equal(t, test.want.Waits, template.Waits)
		})
	}
	paused := readPod(t, ownedPod("apps/v1", "ReplicaSet", "web-5f"),
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {paused: true, "+templateWith("400")+"}").Template
	require.True(t, paused.Waits)
	made := readPod(
		t, ownedPod("apps/v1", "ReplicaSet", "web-5f"), "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: web-5f, "+
			"ownerReferences: [{apiVersion: apps/v1, kind: Deployment, name: web, controller: true}]}\nspec: {"+
			templateWith("400")+
			"}",
	).Template
	require.Empty(t, made.Maker, "a Deployment does not make itself")
}

func TestAutoscalersThatSetResourcesAreNamed(t *testing.T) {
	vpa := func(spec string) string {
		return "apiVersion: autoscaling.k8s.io/v1\nkind: VerticalPodAutoscaler\nmetadata: {name: v}\nspec: {targetRef: " +
			"{apiVersion: apps/v1, kind: StatefulSet, name: db}" + spec + "}"
	}
	const v = "VerticalPodAutoscaler v"
	for what, test := range map[string]struct {
		object, annotations string
		cpu, memory         gossip.Setter
	}{
		"none":             {},
		"all":              {object: vpa(""), cpu: gossip.Setter{Name: v}, memory: gossip.Setter{Name: v}},
		"only recommends":  {object: vpa(", updatePolicy: {updateMode: \"Off\"}")},
		"another workload": {object: strings.Replace(vpa(""), "name: db", "name: web", 1)},
		"another group":    {object: strings.Replace(vpa(""), "apps/v1", "example.com/v1", 1)},
		"memory alone": {
			object: vpa(", resourcePolicy: {containerPolicies: [{containerName: '*', controlledResources: [memory], " +
				"maxAllowed: {memory: 192Mi}}]}"),
			memory: gossip.Setter{Name: v, Most: "192Mi"},
		},
		"requests only": {
			object: vpa(", resourcePolicy: {containerPolicies: [{containerName: app, controlledValues: RequestsOnly}, " +
				"{containerName: '*', mode: 'Off'}]}"),
			cpu: gossip.Setter{Name: v, RequestsOnly: true}, memory: gossip.Setter{Name: v, RequestsOnly: true},
		},
		"not this container": {object: vpa(", resourcePolicy: {containerPolicies: [{containerName: app, mode: 'Off'}]}")},
		"another kind of autoscaler": {
			object: "apiVersion: autoscaling.gke.io/v1\nkind: MultidimPodAutoscaler\nmetadata: {name: m}\nspec: " +
				"{scaleTargetRef: {apiVersion: apps/v1, kind: StatefulSet, name: db}}",
			cpu: gossip.Setter{Name: "MultidimPodAutoscaler m"}, memory: gossip.Setter{Name: "MultidimPodAutoscaler m"},
		},
		"by the pod's annotation": {
			annotations: `vpaUpdates: "Pod resources updated by v: ` +
				`container 0: memory request, memory limit; container 1: cpu request"`,
			memory: gossip.Setter{Name: v},
		},
		"by the pod's annotation, requests": {
			annotations: `vpaUpdates: "Pod resources updated by v: container 0: cpu request"`,
			cpu:         gossip.Setter{Name: v, RequestsOnly: true},
		},
		"in place": {
			annotations: `vpaInPlaceUpdated: "true"`,
			cpu:         gossip.Setter{Name: "a VerticalPodAutoscaler"}, memory: gossip.Setter{Name: "a VerticalPodAutoscaler"},
		},
	} {
		t.Run(what, func(t *testing.T) {
			pod := strings.Replace(
				ownedPod("apps/v1", "StatefulSet", "db"), "  labels:", "  annotations: {"+test.annotations+"}\n  labels:", 1,
			)
			got := readPod(t, pod, test.object).Containers[0]
			require.Equal(t, test.cpu, got.CPUSetter)
			require.Equal(t, test.memory, got.MemorySetter)
		})
	}
}

func TestInjectorsAreKnownByTheirMarks(t *testing.T) {
	injector := func(container, annotations string) string {
		return readPod(
			t, "kind: Pod\nmetadata: {name: p, annotations: {"+annotations+"}}\nspec: {containers: [{name: "+container+"}]}",
		).Containers[0].Injector
	}
	require.Equal(t, "Istio", injector("istio-proxy", "sidecar.istio.io/status: '{}'"))
	require.Equal(t, "Linkerd", injector("linkerd-proxy", "linkerd.io/proxy-version: edge"))
	require.Equal(t, "Vault", injector("vault-agent", "vault.hashicorp.com/agent-inject-status: injected"))
	require.Equal(
		t, "OpenTelemetry",
		injector("opentelemetry-auto-instrumentation-java", "instrumentation.opentelemetry.io/inject-java: 'true'"),
	)
	require.Empty(t, injector("app", "sidecar.istio.io/status: '{}'"), "the pod's own container")
	require.Empty(t, injector("istio-proxy", ""), "without a mark it may be the template's")
	require.True(t, kube.ReadsAnnotation("linkerd.io/proxy-version"))
	require.True(t, kube.ReadsAnnotation("vpaUpdates"))
	require.False(t, kube.ReadsAnnotation("kubectl.kubernetes.io/last-applied-configuration"))
}

func TestResizesThatAreNotInForceArePending(t *testing.T) {
	at := time.Date(2024, 7, 11, 10, 0, 0, 0, time.UTC)
	asked := &gossip.Resources{CPURequest: gossip.Some(1.0), CPULimit: gossip.Some(1.0)}
	for what, test := range map[string]struct {
		metadata, status string
		enforced         string
		resize           *gossip.PendingResize
		asked            *gossip.Resources
	}{
		"none": {enforced: `"1"`},
		"Deferred": {
			status: `conditions: [{type: PodResizePending, status: "True", reason: Deferred, message: no room, ` +
				`lastTransitionTime: "2024-07-11T10:00:00Z"}]`,
			enforced: "200m", asked: asked, resize: &gossip.PendingResize{State: "Deferred", Message: "no room", Since: at},
		},
		"over": {status: `conditions: [{type: PodResizePending, status: "False", reason: Deferred}]`, enforced: `"1"`},
		"in progress": {
			status:   `conditions: [{type: PodResizeInProgress, status: "True"}]`,
			enforced: "200m", asked: asked, resize: &gossip.PendingResize{State: "InProgress"},
		},
		"before Kubernetes 1.33": {
			status: "resize: Infeasible", enforced: "200m", asked: asked, resize: &gossip.PendingResize{State: "Infeasible"},
		},
		"of another container": {
			status: "resize: Deferred", enforced: `"1"`, resize: &gossip.PendingResize{State: "Deferred"},
		},
		"not seen by the kubelet": {
			metadata: ", generation: 2", status: "observedGeneration: 1", enforced: "200m", asked: asked,
			resize: &gossip.PendingResize{State: "Proposed"},
		},
		"another change is unseen":  {metadata: ", generation: 2", status: "observedGeneration: 1", enforced: `"1"`},
		"the kubelet rounds limits": {metadata: ", generation: 2", status: "observedGeneration: 2", enforced: "990m"},
	} {
		t.Run(what, func(t *testing.T) {
			comma := ""
			if test.status != "" {
				comma = ", "
			}
			pod := readPod(
				t,
				"kind: Pod\nmetadata: {name: p"+test.metadata+"}\nspec: {containers: [{name: app, resources: {limits: {cpu: 1}, "+
					"requests: {cpu: 1}}}]}\n"+
					"status: {"+test.status+comma+"containerStatuses: [{name: app, containerID: a, resources: {limits: {cpu: "+
					test.enforced+"}, requests: {cpu: "+test.enforced+"}}}]}",
			)
			require.Empty(t, cmp.Diff(test.resize, pod.Resize))
			require.Empty(t, cmp.Diff(test.asked, pod.Containers[0].Asked))
		})
	}
}

func TestQuotasAreWhatIsLeftOfThem(t *testing.T) {
	quota := func(name, spec string) string {
		return "kind: ResourceQuota\nmetadata: {name: " + name + "}\n" + spec
	}
	pod := readPod(t, ownedPod("apps/v1", "StatefulSet", "db"),
		quota("b", "spec: {hard: {limits.cpu: 2, memory: 1Gi, pods: 5}}\nstatus: {used: {limits.cpu: 1500m, memory: 256Mi}}"),
		quota("a", "spec: {hard: {requests.cpu: 1}}\nstatus: {used: {requests.cpu: 1200m}}"),
		quota("c", "spec: {hard: {pods: 5}}"),
		quota("d", "spec: {hard: {limits.cpu: 1}, scopes: [BestEffort]}"),
		quota("e", "spec: {hard: {limits.memory: 1Mi}, scopes: [NotBestEffort]}"),
		quota(
			"f",
			"spec: {hard: {limits.cpu: 1}, scopeSelector: {matchExpressions: [{scopeName: PriorityClass, operator: Exists}]}}",
		),
		strings.Replace(quota("g", "spec: {hard: {limits.cpu: 1}}"), "name: g", "name: g, namespace: other", 1))
	require.Empty(t, cmp.Diff([]gossip.Quota{
		{Name: "a", Left: gossip.Resources{CPURequest: gossip.Some(-0.2)}},
		{Name: "b", Left: gossip.Resources{CPULimit: gossip.Some(0.5), MemoryRequest: gossip.Some[int64](768 * mebi)}},
		{Name: "e", Left: gossip.Resources{MemoryLimit: gossip.Some[int64](mebi)}},
	}, pod.Quotas))
}

func TestPodsThatHaveEndedAreMarked(t *testing.T) {
	for status, want := range map[string]bool{
		"status: {phase: Running}": false, "status: {phase: Succeeded}": true, "status: {phase: Failed}": true,
		"status: {}": false,
	} {
		require.Equal(t, want, readPod(t, "kind: Pod\nmetadata: {name: p}\n"+status).Ended, status)
	}
	require.True(
		t, readPod(t, `{kind: Pod, metadata: {name: p, deletionTimestamp: "2026-11-27T00:00:00Z"}}`).Ended,
		"it is on its way out",
	)
}

func TestNodesThatCannotResizePodsAreMarked(t *testing.T) {
	for status, want := range map[string]bool{
		"":                                     false,
		"{name: app, state: {running: {}}}":    true,
		"{name: app, state: {waiting: {}}}":    false,
		"{name: app, state: {terminated: {}}}": false,
		"{name: app, state: {running: {}}, resources: {}}":                                  false,
		"{name: a, state: {waiting: {}}}, {name: app, state: {running: {}}}":                true,
		"{name: a, state: {running: {}}, resources: {}}, {name: app, state: {running: {}}}": false,
	} {
		require.Equal(
			t, want, readPod(t, "kind: Pod\nmetadata: {name: p}\nstatus: {containerStatuses: ["+status+"]}").Fixed, status,
		)
	}
}
