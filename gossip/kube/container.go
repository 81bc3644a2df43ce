package kube

import (
	"maps"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// containersOf lists the pod's containers, then its init containers and sidecars, then its ephemeral ones, in the order
// of the spec.
func containersOf(p *corev1.Pod, workload gossip.Workload, o Objects) []gossip.Container {
	statuses := map[string]corev1.ContainerStatus{}
	for _, s := range slices.Concat(
		p.Status.InitContainerStatuses, p.Status.ContainerStatuses, p.Status.EphemeralContainerStatuses,
	) {
		statuses[s.Name] = s
	}
	pending := pendingResize(p)
	var out []gossip.Container
	add := func(spec corev1.Container, role gossip.Role) {
		c := containerOf(spec, role, statuses[spec.Name])
		c.Asked = requestedResources(resourcesOf(withDefaultRequests(spec.Resources)), c.Enforced(), pending)
		c.Injector = injectorOf(p, spec.Name)
		out = append(out, c)
	}
	for i, c := range p.Spec.Containers {
		add(c, gossip.RoleMain)
		out[i].CPUSetter = setterOf(corev1.ResourceCPU, p, i, workload, o.ResizingAutoscalers)
		out[i].MemorySetter = setterOf(corev1.ResourceMemory, p, i, workload, o.ResizingAutoscalers)
	}
	for _, c := range p.Spec.InitContainers {
		add(c, roleOf(c.RestartPolicy))
	}
	for _, c := range p.Spec.EphemeralContainers {
		spec := corev1.Container{Name: c.Name, Image: c.Image}
		out = append(out, containerOf(spec, gossip.RoleEphemeral, statuses[c.Name]))
	}
	for i := range out {
		out[i].Ready = readyAt(p, statuses[out[i].Name], out[i].Started)
	}
	return out
}

// containersForEvents lists the pod's containers in the order of containersOf, without what the pod or its workload
// says about them.
func containersForEvents(p *corev1.Pod) []gossip.Container {
	out := make([]gossip.Container, 0, len(p.Spec.Containers)+len(p.Spec.InitContainers)+len(p.Spec.EphemeralContainers))
	add := func(spec corev1.Container, role gossip.Role, statuses []corev1.ContainerStatus) {
		var status corev1.ContainerStatus
		for i := range statuses {
			if statuses[i].Name == spec.Name {
				status = statuses[i]
			}
		}
		out = append(out, containerOf(spec, role, status))
	}
	for _, c := range p.Spec.Containers {
		add(c, gossip.RoleMain, p.Status.ContainerStatuses)
	}
	for _, c := range p.Spec.InitContainers {
		add(c, roleOf(c.RestartPolicy), p.Status.InitContainerStatuses)
	}
	for _, c := range p.Spec.EphemeralContainers {
		add(corev1.Container{Name: c.Name, Image: c.Image}, gossip.RoleEphemeral, p.Status.EphemeralContainerStatuses)
	}
	return out
}

// roleOf returns the role of an init container: RoleSidecar if it restarts always, else RoleInit.
func roleOf(policy *corev1.ContainerRestartPolicy) gossip.Role {
	if policy != nil && *policy == corev1.ContainerRestartPolicyAlways {
		return gossip.RoleSidecar
	}
	return gossip.RoleInit
}

// containerOf returns a container with the resources that the kubelet enforces, if the status has them, or else those
// of the spec. Empty resources in the status count as absent.
func containerOf(c corev1.Container, role gossip.Role, status corev1.ContainerStatus) gossip.Container {
	var r corev1.ResourceRequirements
	if s := status.Resources; s != nil && len(s.Limits)+len(s.Requests) > 0 {
		r = *s
	} else {
		r = withDefaultRequests(c.Resources)
	}
	restarts := func(resource corev1.ResourceName) bool {
		return slices.ContainsFunc(c.ResizePolicy, func(p corev1.ContainerResizePolicy) bool {
			return p.ResourceName == resource && p.RestartPolicy == corev1.RestartContainer
		})
	}
	return gossip.Container{
		Name:          c.Name,
		ID:            status.ContainerID,
		LastID:        lastID(status),
		Role:          role,
		Image:         c.Image,
		Started:       startOf(status),
		CPURequest:    positiveCores(r.Requests[corev1.ResourceCPU]),
		CPULimit:      positiveCores(r.Limits[corev1.ResourceCPU]),
		MemoryRequest: positiveBytes(r.Requests[corev1.ResourceMemory]),
		MemoryLimit:   positiveBytes(r.Limits[corev1.ResourceMemory]),

		ResizeRestarts:       restarts(corev1.ResourceCPU),
		MemoryResizeRestarts: restarts(corev1.ResourceMemory),
		ShowsOOMKill:         showsOOMKill(status),
	}
}

// startOf returns when the container that runs now started, or the last one.
func startOf(s corev1.ContainerStatus) time.Time {
	switch {
	case s.State.Running != nil:
		return inUTC(s.State.Running.StartedAt)
	case s.State.Terminated != nil:
		return inUTC(s.State.Terminated.StartedAt)
	case s.LastTerminationState.Terminated != nil:
		return inUTC(s.LastTerminationState.Terminated.StartedAt)
	}
	return time.Time{}
}

// readyAt returns since when the pod's containers have been ready, for a container that is ready: a container's status
// has no time of its own for that.
func readyAt(p *corev1.Pod, s corev1.ContainerStatus, started time.Time) time.Time {
	if !s.Ready {
		return time.Time{}
	}
	var at time.Time
	for _, c := range p.Status.Conditions {
		ready := c.Status == corev1.ConditionTrue && (c.Type == corev1.ContainersReady || c.Type == corev1.PodReady)
		if t := inUTC(c.LastTransitionTime); ready && !t.Before(started) && (at.IsZero() || t.Before(at)) {
			at = t
		}
	}
	return at
}

func lastID(s corev1.ContainerStatus) string {
	if s.LastTerminationState.Terminated == nil {
		return ""
	}
	return s.LastTerminationState.Terminated.ContainerID
}

// oomKilled is the kubelet's reason for the end of a container when its first process was killed because memory ran
// out.
const oomKilled = "OOMKilled"

// showsOOMKill reports whether a state of the container shows an OOM kill. It is absent for a container that has no
// state, or from a caller that did not keep the states.
func showsOOMKill(s corev1.ContainerStatus) gossip.Optional[bool] {
	if s.ContainerID == "" {
		return gossip.Optional[bool]{}
	}
	for _, ended := range []*corev1.ContainerStateTerminated{s.State.Terminated, s.LastTerminationState.Terminated} {
		if ended != nil && ended.Reason == oomKilled {
			return gossip.Some(true)
		}
	}
	return gossip.Some(false)
}

// withDefaultRequests sets requests that are not given to the limits, as the API server does. A request that is set to
// zero stays zero.
func withDefaultRequests(r corev1.ResourceRequirements) corev1.ResourceRequirements {
	requests := corev1.ResourceList{}
	maps.Copy(requests, r.Limits)
	maps.Copy(requests, r.Requests)
	return corev1.ResourceRequirements{Limits: r.Limits, Requests: requests}
}

// qosOf returns the class in the status, which the API server sets when the pod is created and never changes. Without a
// status it follows from the resources of the containers, and is unknown where the pod as a whole has resources.
// Ephemeral containers do not count.
func qosOf(p *corev1.Pod, containers []gossip.Container) gossip.QoS {
	switch {
	case p.Status.QOSClass != "":
		return gossip.QoS(p.Status.QOSClass)
	case p.Spec.Resources != nil || len(containers) == 0:
		return ""
	}
	containers = slices.DeleteFunc(
		slices.Clone(containers), func(c gossip.Container) bool { return c.Role == gossip.RoleEphemeral },
	)
	guaranteed, bestEffort := true, true
	for _, c := range containers {
		guaranteed = guaranteed && c.CPULimit.Known && c.CPULimit == c.CPURequest &&
			c.MemoryLimit.Known && c.MemoryLimit == c.MemoryRequest
		bestEffort = bestEffort && !c.CPULimit.Known && !c.CPURequest.Known && !c.MemoryLimit.Known && !c.MemoryRequest.Known
	}
	switch {
	case guaranteed:
		return gossip.QoSGuaranteed
	case bestEffort:
		return gossip.QoSBestEffort
	}
	return gossip.QoSBurstable
}

// positiveCores returns CPU in cores; absent unless positive. A thousandth of a core is the smallest unit in
// Kubernetes.
func positiveCores(q resource.Quantity) gossip.Optional[float64] {
	if m := q.MilliValue(); m > 0 {
		return gossip.Some(float64(m) / 1000)
	}
	return gossip.Optional[float64]{}
}

// positiveBytes returns memory in bytes; absent unless positive.
func positiveBytes(q resource.Quantity) gossip.Optional[int64] {
	if n := q.Value(); n > 0 {
		return gossip.Some(n)
	}
	return gossip.Optional[int64]{}
}
