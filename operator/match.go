package operator

import (
	"fmt"
	"slices"
	"time"

	corev1 "k8s.io/api/core/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// mismatch is how an event contradicts what the cache knows of its pod. It is a label of a metric.
type mismatch string

const (
	matches          mismatch = ""
	noSuchPod        mismatch = "pod"          // the cache has no pod of the name
	otherUID         mismatch = "uid"          // the pod of the name has another UID
	noSuchContainer  mismatch = "container"    // the pod has no container of the name
	otherContainerID mismatch = "container_id" // the container has another ID, and had another one before
)

// mayPass reports whether the mismatch may come from a status that is not up to date: the kubelet reports a restart,
// and the API server a container that was put into a running pod, after the first records about it.
func (m mismatch) mayPass() bool { return m == noSuchContainer || m == otherContainerID }

// statusLag is how long a record about a container waits for the status of its pod.
const statusLag = 30 * time.Second

// mismatchOf returns how an event contradicts a pod of its name; pod is nil if there is none. What an event or a status
// does not say contradicts nothing.
func mismatchOf(pod *corev1.Pod, e gossip.Event) mismatch {
	from := e.From()
	switch {
	case pod == nil && from.PodUID != "":
		return noSuchPod
	case pod == nil:
		return matches
	case from.PodUID != "" && !hasUID(pod, from.PodUID):
		return otherUID
	case from.Container == "":
		return matches
	case !hasContainer(pod, from.Container):
		return noSuchContainer
	case from.ContainerID != "" && !mayHaveID(pod, from):
		return otherContainerID
	}
	return matches
}

// hasUID reports whether a pod has a UID: in the API or, if it is the mirror of a static pod, at the kubelet.
func hasUID(pod *corev1.Pod, uid string) bool {
	return string(pod.UID) == uid || isStaticUID(pod, uid)
}

func isStaticUID(pod *corev1.Pod, uid string) bool {
	return uid != "" && pod.Annotations[corev1.MirrorPodAnnotationKey] == uid
}

// hasContainer reports whether a pod has a container of the name, of any role.
func hasContainer(pod *corev1.Pod, name string) bool {
	named := func(c corev1.Container) bool { return c.Name == name }
	return slices.ContainsFunc(pod.Spec.Containers, named) || slices.ContainsFunc(pod.Spec.InitContainers, named) ||
		slices.ContainsFunc(pod.Spec.EphemeralContainers,
			func(c corev1.EphemeralContainer) bool { return c.Name == name })
}

// mayHaveID reports whether a record's container ID may be true: it is the ID of the container that runs now or of the
// one before, the record is from the time before these two, or the status does not show them.
func mayHaveID(pod *corev1.Pod, from gossip.Origin) bool {
	for _, list := range [][]corev1.ContainerStatus{
		pod.Status.ContainerStatuses, pod.Status.InitContainerStatuses, pod.Status.EphemeralContainerStatuses,
	} {
		for i := range list {
			s := &list[i]
			if s.Name != from.Container {
				continue
			}
			c := gossip.Container{ID: s.ContainerID}
			if ended := s.LastTerminationState.Terminated; ended != nil {
				c.LastID = ended.ContainerID
			}
			// A status has whole seconds.
			return c.ID == "" || c.Was(from.ContainerID) || from.Time.Before(firstStart(s).Add(time.Second))
		}
	}
	return true
}

// firstStart returns when the first container started that a status shows; zero when it does not say.
func firstStart(s *corev1.ContainerStatus) time.Time {
	switch {
	case s.LastTerminationState.Terminated != nil:
		return s.LastTerminationState.Terminated.StartedAt.Time
	case s.State.Running != nil:
		return s.State.Running.StartedAt.Time
	case s.State.Terminated != nil:
		return s.State.Terminated.StartedAt.Time
	}
	return time.Time{}
}

// warningAbout returns what a sender reads about an event that does not match.
func (m mismatch) warningAbout(pod *corev1.Pod, e gossip.Event) string {
	from := e.From()
	name := from.Namespace + "/" + from.Pod
	switch m {
	case matches:
		return ""
	case noSuchPod, otherUID:
		text := fmt.Sprintf("this cluster has no pod %s with the UID %s", name, from.PodUID)
		if pod != nil {
			text += fmt.Sprintf(" (the pod of that name has the UID %s)", pod.UID)
		}
		return text + ": records about it count when it appears"
	case noSuchContainer:
		return fmt.Sprintf("the pod %s has no container %s: records about it count if it appears within %s",
			name, from.Container, statusLag)
	case otherContainerID:
		return fmt.Sprintf("the status of the pod %s does not have the ID %s for the container %s: "+
			"records about it count if it appears within %s", name, from.ContainerID, from.Container, statusLag)
	}
	return ""
}
