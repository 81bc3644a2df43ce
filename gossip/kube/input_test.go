package kube_test

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
)

func TestEveryShapeOfAListIsRead(t *testing.T) {
	const a, b = `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}`, `{"kind":"Pod","metadata":{"name":"b"}}`
	for what, input := range map[string]string{
		"JSON values":    a + b + "\n" + a,
		"list":           `{"kind":"List","apiVersion":"v1","items":[` + a + `,{"kind":"Service","items":{}},` + b + `]}`,
		"list in a list": `{"kind":"List","items":[` + a + `,{"kind":"List","items":[` + b + `]}]}`,
		"typed list": `{"kind":"PodList","apiVersion":"v1",` +
			`"items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}`,
		"byte order mark":     "\uFEFF" + a + b,
		"YAML":                "kind: Pod\r\nmetadata: {name: a}\r\n--- # next\r\nkind: Pod\r\nmetadata:\r\n  name: b\r\n",
		"YAML, then JSON":     "---\n" + a + "\n---\n" + b + "\n---\n",
		"JSON, then YAML":     a + "\n---\nkind: Pod\nmetadata: {name: b}\n",
		"an array of objects": "[" + a + ", " + b + "]",
		"an array in YAML":    "- {kind: Pod, metadata: {name: a}}\n- kind: Pod\n  metadata: {name: b}\n",
		"arrays in a row":     "[" + a + "]\n[" + b + "]",
		"items without kind":  `{"items":[` + a + "," + b + `]}`,
		"a list of nobody":    a + b + `{"kind":"ShoppingList"}{"kind":"List","items":null}{"kind":"List","items":[]}`,
	} {
		pods, err := kube.Read(strings.NewReader(input))
		require.NoError(t, err, what)
		require.Equal(t, 2, pods.Len(), what)
	}
	for _, empty := range []string{"", "\n", "# nothing\n", "---\n---\n", "null", "[]", `{"items":[]}`} {
		pods, err := kube.Read(strings.NewReader(empty))
		require.NoError(t, err, "%q", empty)
		require.Zero(t, pods.Len())
	}
}

func TestErrorsNameTheObject(t *testing.T) {
	for input, want := range map[string]string{
		"No resources, sorry": "document 1: not a Kubernetes object: object expected, found string",
		"metadata: {name: a}": "document 1: not a Kubernetes object: it has no kind",
		"[1]":                 "document 1: items[0]: not a Kubernetes object: object expected, found number",
		`{"items":[{}]}`:      "document 1: items[0]: not a Kubernetes object: it has no kind",
		strings.Repeat("[", 9) + strings.Repeat("]", 9): "more than 4 lists within each other",
		"kind: Pod":                    "document 1: Pod default/(no name): metadata.name is missing",
		"kind: Service\n---\na: b: c":  "document 2: ",
		`{"kind":"Pod","metadata":{"n`: "document 1: ",
		"kind: List\nitems: {}":        "document 1: items: list expected, found object",
		"kind: List\nitems:\n- {kind: Service}\n" +
			"- {kind: Pod, metadata: {name: api-0, namespace: shop}, spec: {containers: 1}}": "document 1: items[1]: " +
			"Pod shop/api-0: ",
		"kind: Pod\nmetadata: {name: a}\n" +
			"spec: {containers: [{resources: {limits: {cpu: lots}}}]}": "document 1: Pod default/a: ",
		"apiVersion: apps/v1\nkind: ReplicaSet\n" +
			"metadata: {name: a, ownerReferences: 1}": "document 1: ReplicaSet default/a: ",
		"apiVersion: batch/v1\nkind: JobList\n" +
			"items: [{metadata: {name: a}}, {}]": "document 1: items[1]: Job default/(no name): ",
		"kind: LimitRange\nmetadata: {name: a}\nspec: []": "document 1: LimitRange default/a: ",
		"kind: HorizontalPodAutoscaler\napiVersion: autoscaling/v2\n" +
			"metadata: {name: a}\nspec: []": "document 1: HorizontalPodAutoscaler default/a: ",
		"kind: HorizontalPodAutoscaler\napiVersion: autoscaling/v1\n" +
			"metadata: {name: a}\nspec: []": "document 1: HorizontalPodAutoscaler default/a: ",
		strings.Repeat(`{"kind":"List","items":[`, 9) + strings.Repeat("]}", 9): "more than 4 lists within each other",
	} {
		pods, err := kube.Read(strings.NewReader(input))
		require.ErrorContains(t, err, want, input)
		require.NotRegexp(t, `Go (value|struct)|of type|kube\.`, err.Error())
		require.Zero(t, pods)
	}
}

// An error names input that is not the output of kubectl get -o yaml, and the command to use: gardener/gardener#3769.
func TestOtherOutputOfKubectlIsNamed(t *testing.T) {
	for _, test := range []struct{ input, want string }{
		{input: "NAME   READY   STATUS\napi-0  1/1     Running\n", want: "a table of kubectl (-o wide): kubectl get pods"},
		{input: "NAMESPACE   NAME    READY\nshop   api-0   1/1\n", want: "a table of kubectl (-o wide): kubectl get pods"},
		{
			input: "Name:         resize-demo\nNamespace:    studio\nContainers:\n  stress:\n",
			want:  "kubectl describe, which is for people: kubectl get pods",
		},
		{
			input: "Name: a\nPriority:  0\nNamespace: studio\nNode:  n/1.2.3.4\nLabels:   <none>\n",
			want:  "kubectl describe, which is for people: kubectl get pods",
		},
		{input: "pod/api-0\npod/api-1\n", want: "names (kubectl -o name): kubectl get pods"},
		{input: "No resources found in default namespace.\n", want: "kubectl's answer where there is nothing: with -A"},
		{
			input: `{"type":"cpu_throttle","timestamp":"2026-11-22T12:00:10Z","namespace":"shop"}` + "\n",
			want:  "a capture, which goes without --pods",
		},
		{
			input: `{"_tableName_":"kg_cpu_throttle_v1","time_":"2026-11-22T12:00:10Z"}` + "\n",
			want:  "a capture, which goes without --pods",
		},
		{input: `{"resourceMetrics":[]}`, want: "a capture, which goes without --pods"},
		{input: "<!DOCTYPE html>\n<html></html>", want: "a web page"},
		{input: "\xff\xfea\x00p\x00i\x00:\x00 \x00[\x00{", want: "text in UTF-16"},
		{input: "PK\x03\x04\x14\x00", want: "a packed file"},
		{input: "\x01\x00\x00\x02", want: "binary data"},
	} {
		pods, err := kube.Read(strings.NewReader(test.input))
		require.ErrorContains(t, err, "looks like "+test.want, "%q", test.input)
		require.NotContains(t, err.Error(), "Go ")
		require.Zero(t, pods)
	}
}

func TestObjectsBesidePodsAreReadInAnyOrder(t *testing.T) {
	const pod = `
kind: Pod
apiVersion: v1
metadata: {name: p, ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: d, controller: true}]}
---
`
	const (
		v1 = "kind: HorizontalPodAutoscaler\napiVersion: autoscaling/v1\n"
		v2 = "kind: HorizontalPodAutoscaler\napiVersion: autoscaling/v2\n"
	)
	const target = "scaleTargetRef: {apiVersion: apps/v1, kind: DaemonSet, name: d}"
	for objects, want := range map[string]string{
		v1 + "metadata: {name: h}\nspec: {targetCPUUtilizationPercentage: 80, " + target +
			"}": "h",
		v1 + "metadata: {name: h}\nspec: {" + target +
			"}": "h", // the API server's default
		v1 + "metadata: {name: h, namespace: other}\nspec: {targetCPUUtilizationPercentage: 80, " + target +
			"}": "",
		v2 + "metadata: {name: h, namespace: default}\nspec: {" + target +
			"}": "h",
		v2 + "metadata: {name: h}\nspec: {" + target + "}\n---\n" + v2 + "metadata: {name: h}\nspec: {metrics: [{}], " +
			target + "}": "",
	} {
		for _, input := range []string{pod + objects, objects + "\n---" + pod} {
			pods, err := kube.Read(strings.NewReader(input))
			require.NoError(t, err)
			got, ok := pods.Pod("default", "p", "")
			require.True(t, ok)
			require.Equal(t, want, got.Autoscaler, objects)
		}
	}
}

// The resource that an autoscaler scales by is read from every version: openshift/openshift-docs#8828 has version 1
// with the annotation.
func TestEveryFormOfAutoscalerIsRead(t *testing.T) {
	const pod = "kind: Pod\napiVersion: v1\nmetadata: {name: p, ownerReferences: [{apiVersion: apps/v1, kind: " +
		"DaemonSet, name: d, controller: true}]}\n---\n"
	const annotation = "autoscaling.alpha.kubernetes.io/metrics"
	for what, test := range map[string]struct {
		version, annotation, spec string
		want                      []string // cpu, memory, unread
	}{
		"v1, no target": {version: "v1", want: []string{"h", "", ""}},
		"v1, CPU":       {version: "v1", spec: "targetCPUUtilizationPercentage: 80", want: []string{"h", "", ""}},
		"v1, memory beside": {
			version: "v1", annotation: `[{"type":"Resource","resource":{"name":"memory","targetAverageUtilization":80}}]`,
			spec: "targetCPUUtilizationPercentage: 80", want: []string{"h", "h", ""},
		},
		"v1, memory alone": {
			version: "v1", annotation: `[{"type":"Resource","resource":{"name":"memory","targetAverageUtilization":80}}]`,
			want: []string{"", "h", ""},
		},
		"v1, an average value": {
			version: "v1", annotation: `[{"type":"Resource","resource":{"name":"memory","targetAverageValue":"100Mi"}}]`,
			want: []string{"", "", ""},
		},
		"v1, of a container": {
			version: "v1",
			annotation: `[{"type":"ContainerResource",` +
				`"containerResource":{"name":"memory","container":"app","targetAverageUtilization":80}}]`,
			want: []string{"", "h", ""},
		},
		"v1, requests per second": {
			version: "v1", annotation: `[{"type":"Pods","pods":{"metricName":"rps","targetAverageValue":"10"}}]`,
			want: []string{"", "", ""},
		},
		"v1, no JSON": {
			version: "v1", annotation: `[{`, spec: "targetCPUUtilizationPercentage: 80", want: []string{"h", "", "h"},
		},
		"v1, a metric of tomorrow": {version: "v1", annotation: `[{"type":"Weather"}]`, want: []string{"", "", "h"}},
		"v2beta1, both": {
			version: "v2beta1",
			spec: "metrics: [{type: Resource, resource: {name: cpu, targetAverageUtilization: 80}}, {type: Resource, " +
				"resource: {name: memory, targetAverageUtilization: 80}}]",
			want: []string{"h", "h", ""},
		},
		"v2beta1, none": {version: "v2beta1", want: []string{"h", "", ""}},
		"v2beta1, a value": {
			version: "v2beta1", spec: "metrics: [{type: Resource, resource: {name: cpu, targetAverageValue: 1}}]",
			want: []string{"", "", ""},
		},
		"v2beta1, as v2 has it": {
			version: "v2beta1", spec: "metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization}}}]",
			want: []string{"", "", "h"},
		},
		"v2beta2": {
			version: "v2beta2",
			spec: "metrics: [{type: Resource, resource: {name: memory, target: {type: Utilization, averageUtilization: " +
				"80}}}]",
			want: []string{"", "h", ""},
		},
		"v2, of a container": {
			version: "v2",
			spec: "metrics: [{type: ContainerResource, containerResource: {name: cpu, container: app, target: {type: " +
				"Utilization, averageUtilization: 80}}}]",
			want: []string{"h", "", ""},
		},
		"v2, as v2beta1 has it": {
			version: "v2", spec: "metrics: [{type: Resource, resource: {name: cpu, targetAverageUtilization: 80}}]",
			want: []string{"", "", "h"},
		},
		"v2, a metric without a type": {version: "v2", spec: "metrics: [{}]", want: []string{"", "", "h"}},
		"v2, External beside": {
			version: "v2",
			spec:    "metrics: [{type: External, external: {metric: {name: queue}, target: {type: Value, value: 1}}}]",
			want:    []string{"", "", ""},
		},
		"v3: nobody knows": {
			version: "v3", spec: "metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization}}}]",
			want: []string{"", "", "h"},
		},
		"v2alpha1: never read by v1.8": {version: "v2alpha1", want: []string{"", "", "h"}},
	} {
		h := "kind: HorizontalPodAutoscaler\napiVersion: autoscaling/" + test.version + "\nmetadata: {name: h"
		if test.annotation != "" {
			h += ", annotations: {" + annotation + ": '" + test.annotation + "'}"
		}
		h += "}\nspec: {scaleTargetRef: {apiVersion: apps/v1, kind: DaemonSet, name: d}"
		if test.spec != "" {
			h += ", " + test.spec
		}
		pods, err := kube.Read(strings.NewReader(pod + h + "}\n"))
		require.NoError(t, err, what)
		got, _ := pods.Pod("default", "p", "")
		require.Equal(t, test.want, []string{got.Autoscaler, got.MemoryAutoscaler, got.UnreadAutoscaler}, what)
	}
}

// The items of a typed list get the kind of the list, and the first error names its object.
func TestEachObjectKnowsTheKindOfItems(t *testing.T) {
	input := `{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a"}}]}` + "\n---\n" +
		"apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: b}\n"
	var seen []string
	err := kube.EachObject(strings.NewReader(input), func(kind metav1.TypeMeta, object json.RawMessage) error {
		var named metav1.PartialObjectMetadata
		require.NoError(t, json.Unmarshal(object, &named))
		seen = append(seen, kind.APIVersion+" "+kind.Kind+" "+named.Name)
		return nil
	})
	require.NoError(t, err)
	require.Equal(t, []string{"v1 Pod a", "apps/v1 Deployment b"}, seen)

	err = kube.EachObject(
		strings.NewReader(input),
		func(metav1.TypeMeta, json.RawMessage) error { return io.ErrUnexpectedEOF },
	)
	require.EqualError(t, err, "document 1: items[0]: Pod default/a: unexpected EOF")
}
