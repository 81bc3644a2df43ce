package operator_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
)

// makeStatefulSet makes a StatefulSet with this CPU limit for container app in its template.
func makeStatefulSet(t *testing.T, k client.Client, namespace, name, limit string) *appsv1.StatefulSet {
	t.Helper()
	makeNamespace(t, k, namespace)
	labels := map[string]string{"app": name}
	set := &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: appsv1.StatefulSetSpec{
			Selector: &metav1.LabelSelector{MatchLabels: labels},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: labels},
				Spec: corev1.PodSpec{Containers: []corev1.Container{{
					Name: "app", Image: "none",
					Resources: corev1.ResourceRequirements{
						Limits:   corev1.ResourceList{corev1.ResourceCPU: resource.MustParse(limit)},
						Requests: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("10m")},
					},
				}}},
			},
		},
	}
	require.NoError(t, k.Create(t.Context(), set))
	t.Cleanup(func() { _ = k.Delete(background(), set, client.GracePeriodSeconds(0)) })
	return set
}

// ofStatefulSet makes a pod one of the pods of a set.
func ofStatefulSet(set *appsv1.StatefulSet) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.OwnerReferences = []metav1.OwnerReference{{
			APIVersion: "apps/v1", Kind: "StatefulSet", Name: set.Name, UID: set.UID, Controller: new(true),
		}}
	}
}

// ofSet is the name of the whisper about container app of a set api.
const ofSet = "statefulset.api.app.cputhrottling"

// patched returns the container as a patch of the set writes it.
func patched(limit string) string {
	return `'{"spec":{"template":{"spec":{"containers":[{"name":"app","resources":{"limits":{"cpu":"` + limit +
		`"},"requests":{"cpu":"10m"}}}]}}}}'`
}

// The pod has 100m and its owner's template 50m, which is read when the advice is written.
func TestPatchesStartFromTheOwnersTemplateAsItIsNow(t *testing.T) {
	t.Parallel()
	k := admin(t, cluster(t))
	set := makeStatefulSet(t, k, "owners", "api", "50m")
	pod := makePod(t, k, "owners", "api-0", ofStatefulSet(set))
	r := start(t, cluster(t).Config, in("owners"))
	r.post(t, records("owners", "api-0", string(pod.UID), 3, 15)...)
	first := whisperNamed(t, k, "owners", ofSet, severity(v1alpha1.SeverityWarning)).Status.Recommendations[0]
	require.Contains(t, strings.Join(first.Rollback, "\n"), patched("50m"))
	require.Contains(t, first.Patch, patched(first.Target.String()))

	set.Spec.Template.Spec.Containers[0].Resources.Limits[corev1.ResourceCPU] = resource.MustParse("80m")
	require.NoError(t, k.Update(t.Context(), set))
	r.post(t, records("owners", "api-0", string(pod.UID), 9, 45)...)
	second := whisperNamed(t, k, "owners", ofSet, severity(v1alpha1.SeverityHigh)).Status.Recommendations[0]
	require.Contains(t, strings.Join(second.Rollback, "\n"), patched("80m"), "and not what a cache may still have")
}

// If the template cannot be read, the patch is guarded by the values of the pod: see package recommend.
func TestOwnersThatAreGoneHaveAGuardedPatch(t *testing.T) {
	t.Parallel()
	k := admin(t, cluster(t))
	set := makeStatefulSet(t, k, "orphans", "api", "50m")
	pod := makePod(t, k, "orphans", "api-0", ofStatefulSet(set))
	require.NoError(t, k.Delete(t.Context(), set))
	r := start(t, cluster(t).Config, in("orphans"))
	r.post(t, records("orphans", "api-0", string(pod.UID), 3, 45)...)
	advice := whisperNamed(t, k, "orphans", ofSet, severity(v1alpha1.SeverityCritical)).Status.Recommendations[0]
	require.NotEmpty(t, advice.Resize)
	require.Contains(t, advice.Patch,
		`{"op":"test","path":"/spec/template/spec/containers/0/resources/limits/cpu","value":"100m"}`)
	require.Contains(t, advice.Risk, "The template of the StatefulSet is not known here")
}

// verticalPodAutoscalers returns the part of the definition of vertical pod autoscalers that matters here.
func verticalPodAutoscalers() *apiextensionsv1.CustomResourceDefinition {
	return &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{
			Name:        "verticalpodautoscalers.autoscaling.k8s.io",
			Annotations: map[string]string{"api-approved.kubernetes.io": "unapproved, for a test"},
		},
		Spec: apiextensionsv1.CustomResourceDefinitionSpec{
			Group: "autoscaling.k8s.io", Scope: apiextensionsv1.NamespaceScoped,
			Names: apiextensionsv1.CustomResourceDefinitionNames{
				Plural: "verticalpodautoscalers", Singular: "verticalpodautoscaler", Kind: "VerticalPodAutoscaler",
				ListKind: "VerticalPodAutoscalerList",
			},
			Versions: []apiextensionsv1.CustomResourceDefinitionVersion{{
				Name: "v1", Served: true, Storage: true,
				Schema: &apiextensionsv1.CustomResourceValidation{OpenAPIV3Schema: &apiextensionsv1.JSONSchemaProps{
					Type: "object", XPreserveUnknownFields: new(true),
				}},
			}},
		},
	}
}

func TestAVerticalPodAutoscalerSpeaksAgainst(t *testing.T) {
	t.Parallel()
	c := ownCluster(t)
	k := admin(t, c)
	_, err := envtest.InstallCRDs(c.Config,
		envtest.CRDInstallOptions{CRDs: []*apiextensionsv1.CustomResourceDefinition{verticalPodAutoscalers()}})
	require.NoError(t, err)
	set := makeStatefulSet(t, k, "scaled", "api", "100m")
	pod := makePod(t, k, "scaled", "api-0", ofStatefulSet(set))
	require.NoError(t, k.Create(t.Context(), &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "autoscaling.k8s.io/v1", "kind": "VerticalPodAutoscaler",
		"metadata": map[string]any{"namespace": "scaled", "name": "api"},
		"spec": map[string]any{"targetRef": map[string]any{
			"apiVersion": "apps/v1", "kind": "StatefulSet",
			"name": "api",
		}},
	}}))
	r := start(t, c.Config, in("scaled"))
	r.post(t, records("scaled", "api-0", string(pod.UID), 3, 45)...)
	w := whisperNamed(t, k, "scaled", ofSet, severity(v1alpha1.SeverityCritical))
	advice := w.Status.Recommendations[0]
	require.Nil(t, advice.Target)
	require.Contains(t, advice.Reason, "VerticalPodAutoscaler api sets its CPU requests and limits")
	require.Empty(t, append(advice.Resize, advice.Rollback...))
	require.Empty(t, advice.Patch)

	version := w.ResourceVersion
	r.post(t, records("scaled", "api-0", string(pod.UID), 4, 45)...)
	require.Never(t, func() bool { // not by whisper, which would wait after the end of the test
		var now v1alpha1.KernelWhisper
		return k.Get(t.Context(), client.ObjectKeyFromObject(w), &now) == nil && now.ResourceVersion != version
	}, time.Second, 100*time.Millisecond, "what the cache does not know is no news")
}
