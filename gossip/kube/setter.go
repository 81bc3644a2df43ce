package kube

import (
	"slices"
	"strconv"
	"strings"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// The annotations of a pod that a VerticalPodAutoscaler has changed, when it was created and in place.
const (
	vpaUpdates = "vpaUpdates"
	vpaInPlace = "vpaInPlaceUpdated"
)

// ResizingAutoscaler is the part that advice needs of an object that sets the requests and limits of a workload's
// containers. It reads the JSON of a VerticalPodAutoscaler (autoscaling.k8s.io), and of others that name their workload
// in the same way.
type ResizingAutoscaler struct {
	metav1.TypeMeta   `json:",inline"`
	metav1.ObjectMeta `json:"metadata"`
	Spec              ResizingSpec `json:"spec"`
}

// ResizingSpec says which workload the autoscaler changes, and how.
type ResizingSpec struct {
	TargetRef      WorkloadRef `json:"targetRef"`
	ScaleTargetRef WorkloadRef `json:"scaleTargetRef"`
	UpdatePolicy   struct {
		UpdateMode string `json:"updateMode"`
	} `json:"updatePolicy"`
	ResourcePolicy struct {
		ContainerPolicies []ContainerPolicy `json:"containerPolicies"`
	} `json:"resourcePolicy"`
}

// WorkloadRef names a workload of the same namespace.
type WorkloadRef struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Name       string `json:"name"`
}

// ContainerPolicy says what a VerticalPodAutoscaler may change in a container, or in all containers without a policy of
// their own ("*").
type ContainerPolicy struct {
	ContainerName       string                `json:"containerName"`
	Mode                string                `json:"mode"`
	ControlledResources []corev1.ResourceName `json:"controlledResources"`
	ControlledValues    string                `json:"controlledValues"`
	MaxAllowed          corev1.ResourceList   `json:"maxAllowed"`
}

// modeOff is the mode of an autoscaler that only recommends, or of its policy for a container.
const modeOff = "Off"

// setterOf returns the autoscaler that sets the resource of the pod's container number i: one of the objects about the
// workload, or else the one in the pod's own annotations.
func setterOf(
	of corev1.ResourceName, p *corev1.Pod, i int, workload gossip.Workload, all []ResizingAutoscaler,
) gossip.Setter {
	name := p.Spec.Containers[i].Name
	for _, a := range all {
		if a.Namespace == p.Namespace && a.targetsWorkload(workload) && a.Spec.UpdatePolicy.UpdateMode != modeOff {
			if s, ok := a.setterFor(of, name); ok {
				return s
			}
		}
	}
	return markedSetter(of, p, i)
}

// targetsWorkload reports whether the autoscaler is about the workload. It compares groups, not versions, because an
// object is the same in all versions.
func (a *ResizingAutoscaler) targetsWorkload(w gossip.Workload) bool {
	return slices.ContainsFunc([]WorkloadRef{a.Spec.TargetRef, a.Spec.ScaleTargetRef}, func(r WorkloadRef) bool {
		return w.Known() && r.Name == w.Name && r.Kind == w.Kind && (r.APIVersion == "" ||
			groupOf(r.APIVersion) == w.Group)
	})
}

// setterFor returns what the autoscaler sets in a container, and false if it sets nothing. Without a policy it sets
// requests and limits.
func (a *ResizingAutoscaler) setterFor(of corev1.ResourceName, container string) (gossip.Setter, bool) {
	s := gossip.Setter{Name: a.Kind + " " + a.Name}
	policies := a.Spec.ResourcePolicy.ContainerPolicies
	i := slices.IndexFunc(policies, func(c ContainerPolicy) bool { return c.ContainerName == container })
	if i < 0 {
		i = slices.IndexFunc(policies, func(c ContainerPolicy) bool { return c.ContainerName == "*" })
	}
	if i < 0 {
		return s, true
	}
	policy := policies[i]
	if policy.Mode == modeOff || (len(policy.ControlledResources) > 0 && !slices.Contains(
		policy.ControlledResources, of,
	)) {
		return gossip.Setter{}, false
	}
	s.RequestsOnly = policy.ControlledValues == "RequestsOnly"
	if most, ok := policy.MaxAllowed[of]; ok {
		s.Most = most.String()
	}
	return s, true
}

// markedSetter reads the annotation that the admission webhook leaves, such as "Pod resources updated by web: container
// 0: memory request, memory limit; container 1: cpu request".
func markedSetter(of corev1.ResourceName, p *corev1.Pod, i int) gossip.Setter {
	updates, found := p.Annotations[vpaUpdates]
	if !found {
		if p.Annotations[vpaInPlace] == "true" {
			return gossip.Setter{Name: "a VerticalPodAutoscaler"}
		}
		return gossip.Setter{}
	}
	_, rest, _ := strings.Cut(updates, " updated by ")
	name, rest, _ := strings.Cut(rest, ": ")
	for update := range strings.SplitSeq(rest, ";") {
		container, what, _ := strings.Cut(strings.TrimSpace(update), ": ")
		if container == "container "+strconv.Itoa(i) && strings.Contains(what, string(of)+" ") {
			return gossip.Setter{
				Name:         "VerticalPodAutoscaler " + name,
				RequestsOnly: !strings.Contains(what, string(of)+" limit"),
			}
		}
	}
	return gossip.Setter{}
}
