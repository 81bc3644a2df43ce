package kube_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
)

func TestReadShapes(t *testing.T) {
	const a, b = `{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a"}}`, `{"kind":"Pod","metadata":{"name":"b"}}`
	for what, input := range map[string]string{
		"JSON values":      a + b + "\n" + a,
		"list":             `{"kind":"List","apiVersion":"v1","items":[` + a + `,{"kind":"Service","items":{}},` + b + `]}`,
		"list in a list":   `{"kind":"List","items":[` + a + `,{"kind":"List","items":[` + b + `]}]}`,
		"typed list":       `{"kind":"PodList","apiVersion":"v1","items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}`,
		"byte order mark":  "\uFEFF" + a + b,
		"YAML":             "kind: Pod\r\nmetadata: {name: a}\r\n--- # next\r\nkind: Pod\r\nmetadata:\r\n  name: b\r\n",
		"YAML, then JSON":  "---\n" + a + "\n---\n" + b + "\n---\n",
		"JSON, then YAML":  a + "\n---\nkind: Pod\nmetadata: {name: b}\n",
		"a list of nobody": a + b + `{"kind":"ShoppingList"}{"kind":"List","items":null}{"kind":"List","items":[]}`,
	} {
		pods, err := kube.Read(strings.NewReader(input))
		require.NoError(t, err, what)
		require.Equal(t, 2, pods.Len(), what)
	}
	for _, empty := range []string{"", "\n", "# nothing\n", "---\n---\n", "null"} {
		pods, err := kube.Read(strings.NewReader(empty))
		require.NoError(t, err, "%q", empty)
		require.Zero(t, pods.Len())
	}
}

func TestReadErrors(t *testing.T) {
	for input, want := range map[string]string{
		"No resources found":           "document 1: not a Kubernetes object: ",
		"metadata: {name: a}":          "document 1: not a Kubernetes object: it has no kind",
		"[]":                           "document 1: not a Kubernetes object: ",
		"kind: Pod":                    "document 1: Pod default/(no name): metadata.name is missing",
		"kind: Service\n---\na: b: c":  "document 2: ",
		`{"kind":"Pod","metadata":{"n`: "document 1: ",
		"kind: List\nitems: {}":        "document 1: items: ",
		"kind: List\nitems:\n- {kind: Service}\n- {kind: Pod, metadata: {name: api-0, namespace: shop}, spec: {containers: 1}}": "document 1: items[1]: Pod shop/api-0: ",
		"kind: Pod\nmetadata: {name: a}\nspec: {containers: [{resources: {limits: {cpu: lots}}}]}":                              "document 1: Pod default/a: ",
		"apiVersion: apps/v1\nkind: ReplicaSet\nmetadata: {name: a, ownerReferences: 1}":                                        "document 1: ReplicaSet default/a: ",
		"apiVersion: batch/v1\nkind: JobList\nitems: [{metadata: {name: a}}, {}]":                                               "document 1: items[1]: Job default/(no name): ",
		"kind: LimitRange\nmetadata: {name: a}\nspec: []":                                                                       "document 1: LimitRange default/a: ",
		"kind: HorizontalPodAutoscaler\napiVersion: autoscaling/v2\nmetadata: {name: a}\nspec: []":                              "document 1: HorizontalPodAutoscaler default/a: ",
		"kind: HorizontalPodAutoscaler\napiVersion: autoscaling/v1\nmetadata: {name: a}\nspec: []":                              "document 1: HorizontalPodAutoscaler default/a: ",
		strings.Repeat(`{"kind":"List","items":[`, 9) + strings.Repeat("]}", 9):                                                 "more than 4 lists within each other",
	} {
		pods, err := kube.Read(strings.NewReader(input))
		require.ErrorContains(t, err, want, input)
		require.Zero(t, pods)
	}
}

func TestReadObjectsBesidePods(t *testing.T) {
	const pod = `
kind: Pod
apiVersion: v1
metadata: {name: p, ownerReferences: [{apiVersion: apps/v1, kind: DaemonSet, name: d, controller: true}]}
---
`
	const v1, v2 = "kind: HorizontalPodAutoscaler\napiVersion: autoscaling/v1\n", "kind: HorizontalPodAutoscaler\napiVersion: autoscaling/v2\n"
	const target = "scaleTargetRef: {apiVersion: apps/v1, kind: DaemonSet, name: d}"
	for objects, want := range map[string]string{
		v1 + "metadata: {name: h}\nspec: {targetCPUUtilizationPercentage: 80, " + target + "}":                                        "h",
		v1 + "metadata: {name: h}\nspec: {" + target + "}":                                                                            "",
		v1 + "metadata: {name: h, namespace: other}\nspec: {targetCPUUtilizationPercentage: 80, " + target + "}":                      "",
		v2 + "metadata: {name: h, namespace: default}\nspec: {" + target + "}":                                                        "h",
		v2 + "metadata: {name: h}\nspec: {" + target + "}\n---\n" + v2 + "metadata: {name: h}\nspec: {metrics: [{}], " + target + "}": "",
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
