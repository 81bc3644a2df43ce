package kube

import (
	"encoding/json"
	"slices"

	autoscalingv1 "k8s.io/api/autoscaling/v1"
	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// metricsAnnotation holds the further metrics of version 1, which has a field for one metric only: a list in JSON.
const metricsAnnotation = "autoscaling.alpha.kubernetes.io/metrics"

// unreadMetric is the type given to metrics in a form that is not read.
const unreadMetric autoscalingv2.MetricSourceType = "Unread"

// addAutoscaler stores an autoscaler of any version as one of version 2.
func (c *collection) addAutoscaler(apiVersion string, raw json.RawMessage) error {
	switch apiVersion {
	case "autoscaling/v2", "autoscaling/v2beta2": // equal in everything that is read
		h, at, err := decodeObject[autoscalingv2.HorizontalPodAutoscaler](raw)
		if err == nil {
			c.autoscalers[at] = h
		}
		return err
	}
	old, at, err := decodeObject[autoscalingv1.HorizontalPodAutoscaler](raw)
	if err != nil {
		return err
	}
	h := &autoscalingv2.HorizontalPodAutoscaler{ObjectMeta: old.ObjectMeta}
	h.Spec.ScaleTargetRef = autoscalingv2.CrossVersionObjectReference(old.Spec.ScaleTargetRef)
	switch apiVersion {
	case "autoscaling/v1":
		h.Spec.Metrics = metricsOfV1(old)
	case "autoscaling/v2beta1":
		var beta struct {
			Spec struct {
				Metrics []autoscalingv1.MetricSpec `json:"metrics"`
			} `json:"spec"`
		}
		if err := json.Unmarshal(raw, &beta); err != nil {
			return err
		}
		h.Spec.Metrics = oldMetrics(beta.Spec.Metrics)
	default:
		h.Spec.Metrics = []autoscalingv2.MetricSpec{{Type: unreadMetric}}
	}
	c.autoscalers[at] = h
	return nil
}

// metricsOfV1 returns the metrics of an autoscaler of version 1.
func metricsOfV1(h *autoscalingv1.HorizontalPodAutoscaler) []autoscalingv2.MetricSpec {
	var out []autoscalingv2.MetricSpec
	if h.Spec.TargetCPUUtilizationPercentage != nil {
		out = append(out, autoscalingv2.MetricSpec{
			Type: autoscalingv2.ResourceMetricSourceType,
			Resource: &autoscalingv2.ResourceMetricSource{
				Name: corev1.ResourceCPU, Target: oldTarget(h.Spec.TargetCPUUtilizationPercentage, false),
			},
		})
	}
	text, ok := h.Annotations[metricsAnnotation]
	if !ok {
		return out
	}
	var more []autoscalingv1.MetricSpec
	if json.Unmarshal([]byte(text), &more) != nil {
		return append(out, autoscalingv2.MetricSpec{Type: unreadMetric})
	}
	return append(out, oldMetrics(more)...)
}

// oldMetrics translates the metrics of version 2beta1, and of the annotation of version 1.
func oldMetrics(all []autoscalingv1.MetricSpec) []autoscalingv2.MetricSpec {
	var out []autoscalingv2.MetricSpec
	for _, m := range all {
		now := autoscalingv2.MetricSpec{Type: autoscalingv2.MetricSourceType(m.Type)}
		if r := m.Resource; r != nil {
			now.Resource = &autoscalingv2.ResourceMetricSource{
				Name: r.Name, Target: oldTarget(r.TargetAverageUtilization, r.TargetAverageValue != nil),
			}
		}
		if r := m.ContainerResource; r != nil {
			now.ContainerResource = &autoscalingv2.ContainerResourceMetricSource{
				Name: r.Name, Container: r.Container, Target: oldTarget(r.TargetAverageUtilization, r.TargetAverageValue != nil),
			}
		}
		out = append(out, now)
	}
	return out
}

// oldTarget returns a target; without a type if it has neither a utilization nor a value.
func oldTarget(utilization *int32, value bool) autoscalingv2.MetricTarget {
	switch {
	case utilization != nil:
		return autoscalingv2.MetricTarget{Type: autoscalingv2.UtilizationMetricType, AverageUtilization: utilization}
	case value:
		return autoscalingv2.MetricTarget{Type: autoscalingv2.AverageValueMetricType}
	}
	return autoscalingv2.MetricTarget{}
}

// autoscalerOf returns the first name of the autoscalers that scale the workload and meet the condition.
func autoscalerOf(w gossip.Workload, namespace string, all []autoscalingv2.HorizontalPodAutoscaler,
	holds func(*autoscalingv2.HorizontalPodAutoscaler) bool,
) string {
	first := ""
	for i := range all {
		h := &all[i]
		if h.Namespace == namespace && isScaledBy(h, w) && holds(h) && (first == "" || h.Name < first) {
			first = h.Name
		}
	}
	return first
}

// isScaledBy reports whether the autoscaler scales the workload. It compares groups, not versions, because an object is
// the same in all versions. Old targets may lack the version.
func isScaledBy(h *autoscalingv2.HorizontalPodAutoscaler, w gossip.Workload) bool {
	t := h.Spec.ScaleTargetRef
	return w.Known() && t.Name == w.Name && t.Kind == w.Kind && (t.APIVersion == "" || groupOf(t.APIVersion) == w.Group)
}

// scalesByUtilization returns the condition that an autoscaler scales by utilization of the resource. An autoscaler
// without metrics does too: the API server's default is 80 % of the CPU request.
func scalesByUtilization(r corev1.ResourceName) func(*autoscalingv2.HorizontalPodAutoscaler) bool {
	return func(h *autoscalingv2.HorizontalPodAutoscaler) bool {
		return (len(h.Spec.Metrics) == 0 && r == corev1.ResourceCPU) ||
			slices.ContainsFunc(h.Spec.Metrics, func(m autoscalingv2.MetricSpec) bool {
				name, target, ok := resourceOf(m)
				return ok && name == r && target == autoscalingv2.UtilizationMetricType
			})
	}
}

// hasUnreadMetric reports whether an autoscaler has a metric of a form that is not read, which may be the utilization
// of any resource.
func hasUnreadMetric(h *autoscalingv2.HorizontalPodAutoscaler) bool {
	return slices.ContainsFunc(h.Spec.Metrics, func(m autoscalingv2.MetricSpec) bool {
		switch m.Type {
		case autoscalingv2.PodsMetricSourceType, autoscalingv2.ObjectMetricSourceType, autoscalingv2.ExternalMetricSourceType:
			return false
		}
		_, target, ok := resourceOf(m)
		return !ok || target == ""
	})
}

// resourceOf returns the resource of a metric and the type of its target, and false if the metric is not about a
// resource.
func resourceOf(m autoscalingv2.MetricSpec) (corev1.ResourceName, autoscalingv2.MetricTargetType, bool) {
	switch {
	case m.Type == autoscalingv2.ResourceMetricSourceType && m.Resource != nil:
		return m.Resource.Name, m.Resource.Target.Type, true
	case m.Type == autoscalingv2.ContainerResourceMetricSourceType && m.ContainerResource != nil:
		return m.ContainerResource.Name, m.ContainerResource.Target.Type, true
	}
	return "", "", false
}
