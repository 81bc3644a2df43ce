package kube_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
)

func controlledBy(apiVersion, kind, name string) metav1.ObjectMeta {
	yes := true
	return metav1.ObjectMeta{Namespace: "shop", Name: "p", OwnerReferences: []metav1.OwnerReference{
		{APIVersion: "v1", Kind: "ConfigMap", Name: "no controller"},
		{APIVersion: apiVersion, Kind: kind, Name: name, UID: "u", Controller: &yes},
	}}
}

func newAutoscaler(
	name, apiVersion, kind, target string, metrics ...autoscalingv2.MetricSpec,
) autoscalingv2.HorizontalPodAutoscaler {
	h := autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: name}}
	h.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference{APIVersion: apiVersion, Kind: kind, Name: target}
	h.Spec.Metrics = metrics
	return h
}

func newMetric(of corev1.ResourceName, target autoscalingv2.MetricTargetType) autoscalingv2.MetricSpec {
	return autoscalingv2.MetricSpec{Type: "Resource", Resource: &autoscalingv2.ResourceMetricSource{
		Name: of, Target: autoscalingv2.MetricTarget{Type: target},
	}}
}

func TestAutoscalersByUtilizationAreNamed(t *testing.T) {
	cpu, memory, average := newMetric(
		"cpu", "Utilization",
	), newMetric("memory", "Utilization"), newMetric("cpu", "AverageValue")
	inContainer := autoscalingv2.MetricSpec{
		Type: "ContainerResource", ContainerResource: &autoscalingv2.ContainerResourceMetricSource{
			Name: "cpu", Container: "app", Target: autoscalingv2.MetricTarget{Type: "Utilization"},
		},
	}
	elsewhere := newAutoscaler("h", "apps/v1", "StatefulSet", "db", cpu)
	elsewhere.Namespace = "other"
	for what, test := range map[string]struct {
		all  []autoscalingv2.HorizontalPodAutoscaler
		want string
	}{
		"none": {},
		"CPU": {
			[]autoscalingv2.HorizontalPodAutoscaler{newAutoscaler("h", "apps/v1", "StatefulSet", "db", memory, cpu)}, "h",
		},
		"CPU of container": {
			[]autoscalingv2.HorizontalPodAutoscaler{newAutoscaler("h", "apps/v1", "StatefulSet", "db", inContainer)}, "h",
		},
		"default metric": {[]autoscalingv2.HorizontalPodAutoscaler{newAutoscaler("h", "apps/v1", "StatefulSet", "db")}, "h"},
		"average value": {
			[]autoscalingv2.HorizontalPodAutoscaler{newAutoscaler("h", "apps/v1", "StatefulSet", "db", average)}, "",
		},
		"memory": {[]autoscalingv2.HorizontalPodAutoscaler{newAutoscaler("h", "apps/v1", "StatefulSet", "db", memory)}, ""},
		"empty metric": {
			[]autoscalingv2.HorizontalPodAutoscaler{
				newAutoscaler("h", "apps/v1", "StatefulSet", "db", autoscalingv2.MetricSpec{Type: "Resource"}),
			},
			"",
		},
		"first by name": {
			[]autoscalingv2.HorizontalPodAutoscaler{
				newAutoscaler("b", "apps/v1", "StatefulSet", "db"), newAutoscaler("a", "apps/v1", "StatefulSet", "db"),
			},
			"a",
		},
		"another version": {
			[]autoscalingv2.HorizontalPodAutoscaler{newAutoscaler("h", "apps/v1beta2", "StatefulSet", "db")}, "h",
		},
		"no version": {[]autoscalingv2.HorizontalPodAutoscaler{newAutoscaler("h", "", "StatefulSet", "db")}, "h"},
		"another group": {
			[]autoscalingv2.HorizontalPodAutoscaler{newAutoscaler("h", "apps.kruise.io/v1", "StatefulSet", "db")}, "",
		},
		"another kind":      {[]autoscalingv2.HorizontalPodAutoscaler{newAutoscaler("h", "apps/v1", "Deployment", "db")}, ""},
		"another name":      {[]autoscalingv2.HorizontalPodAutoscaler{newAutoscaler("h", "apps/v1", "StatefulSet", "d")}, ""},
		"another namespace": {[]autoscalingv2.HorizontalPodAutoscaler{elsewhere}, ""},
	} {
		pod := &corev1.Pod{ObjectMeta: controlledBy("apps/v1", "StatefulSet", "db")}
		require.Equal(t, test.want, kube.Pod(pod, kube.Objects{Autoscalers: test.all}).Autoscaler, what)
	}
	pod := &corev1.Pod{ObjectMeta: controlledBy("apps/v1", "StatefulSet", "db")}
	both := kube.Objects{Autoscalers: []autoscalingv2.HorizontalPodAutoscaler{
		newAutoscaler("c", "apps/v1", "StatefulSet", "db"), newAutoscaler("m", "apps/v1", "StatefulSet", "db", memory),
	}}
	require.Equal(t, "c", kube.Pod(pod, both).Autoscaler)
	require.Equal(t, "m", kube.Pod(pod, both).MemoryAutoscaler)
	bare := &corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "p"}}
	nobody := []autoscalingv2.HorizontalPodAutoscaler{newAutoscaler("h", "", "", "")}
	require.Empty(t, kube.Pod(bare, kube.Objects{Autoscalers: nobody}).Autoscaler)
}

func TestTheTightestLimitRangeCounts(t *testing.T) {
	item := func(kind corev1.LimitType, maximum, ratio string) corev1.LimitRangeItem {
		return corev1.LimitRangeItem{
			Type:                 kind,
			Max:                  corev1.ResourceList{"cpu": resource.MustParse(maximum)},
			MaxLimitRequestRatio: corev1.ResourceList{"cpu": resource.MustParse(ratio)},
		}
	}
	limitRange := func(namespace, name string, items ...corev1.LimitRangeItem) corev1.LimitRange {
		return corev1.LimitRange{
			ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}, Spec: corev1.LimitRangeSpec{Limits: items},
		}
	}
	got := kube.Pod(
		&corev1.Pod{ObjectMeta: metav1.ObjectMeta{Namespace: "shop"}}, kube.Objects{LimitRanges: []corev1.LimitRange{
			limitRange(
				"shop", "b", item("Container", "4", "0"), item("Pod", "1", "1"), item("Container", "1500m", "5"),
				item("Container", "3", "7"),
			),
			limitRange("other", "c", item("Container", "1", "1")),
			limitRange("shop", "d", item("PersistentVolumeClaim", "1", "1")),
			limitRange(
				"shop", "a",
				corev1.LimitRangeItem{Type: "Container", MaxLimitRequestRatio: corev1.ResourceList{"cpu": resource.MustParse("2")}},
			),
			limitRange("shop", "m", corev1.LimitRangeItem{
				Type: "Container", Max: corev1.ResourceList{"memory": resource.MustParse("1Gi")},
				MaxLimitRequestRatio: corev1.ResourceList{"memory": resource.MustParse("1500m")},
			}),
		}},
	)
	require.Empty(t, cmp.Diff([]gossip.LimitRange{
		{Name: "a", MaxRatio: gossip.Some(2.0)},
		{Name: "b", Max: gossip.Some(1.5), MaxRatio: gossip.Some(5.0)},
		{Name: "m", MaxMemory: gossip.Some[int64](1 << 30), MaxMemoryRatio: gossip.Some(1.5)},
	}, got.LimitRanges))
}

func TestNothingIsKnownOfANilPod(t *testing.T) {
	require.False(t, kube.Pod(nil, kube.Objects{}).Known())
	require.Empty(t, cmp.Diff(gossip.Pod{}, kube.Pod(&corev1.Pod{}, kube.Objects{})))
	unset := kube.Objects{Metadata: func(string, metav1.OwnerReference) *metav1.PartialObjectMetadata { return nil }}
	job := &corev1.Pod{ObjectMeta: controlledBy("batch/v1", "Job", "j")}
	require.Equal(t, "Job", kube.Pod(job, unset).Workload.Kind)
}
