package kernel

import (
	"slices"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Pod is what is needed of a v1 Pod, as its JSON has it.
type Pod struct {
	Metadata struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
		UID       string `json:"uid"`
	} `json:"metadata"`
	Spec struct {
		NodeName       string          `json:"nodeName"`
		HostNetwork    bool            `json:"hostNetwork"`
		InitContainers []ContainerSpec `json:"initContainers"`
		Containers     []ContainerSpec `json:"containers"`
	} `json:"spec"`
	Status struct {
		InitContainerStatuses []ContainerStatus `json:"initContainerStatuses"`
		ContainerStatuses     []ContainerStatus `json:"containerStatuses"`
	} `json:"status"`

	Earlier []Container `json:"-"` // runs that an earlier status had
}

// ContainerSpec is what is needed of a container's spec.
type ContainerSpec struct {
	Name          string `json:"name"`
	RestartPolicy string `json:"restartPolicy"` // Always in an init container: a sidecar
}

// ContainerStatus is what is needed of a container's status.
type ContainerStatus struct {
	Name        string `json:"name"`
	ContainerID string `json:"containerID"`
	LastState   struct {
		Terminated struct {
			ContainerID string `json:"containerID"`
		} `json:"terminated"`
	} `json:"lastState"`
}

// Container is one run of a container: a restart is another one. ID is without the runtime's prefix.
type Container struct {
	Pod      *Pod
	Name, ID string
}

// String is the pod's namespace and name.
func (p *Pod) String() string { return p.Metadata.Namespace + "/" + p.Metadata.Name }

// Running lists the container runs in the pod's status.
func (p *Pod) Running() []Container {
	var out []Container
	for _, s := range p.allStatuses() {
		if id := runID(s.ContainerID); id != "" {
			out = append(out, Container{p, s.Name, id})
		}
	}
	return out
}

// allRuns are the container runs in the pod's status and in its earlier ones, the run before the last restart too.
func (p *Pod) allRuns() []Container {
	runs := slices.Concat(p.Earlier, p.Running())
	for _, s := range p.allStatuses() {
		if id := runID(s.LastState.Terminated.ContainerID); id != "" {
			runs = append(runs, Container{p, s.Name, id})
		}
	}
	return runs
}

func (p *Pod) allStatuses() []ContainerStatus {
	return slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses)
}

// runID is a container ID without the prefix of its runtime: "containerd://".
func runID(text string) string {
	_, id, _ := strings.Cut(text, "://")
	return id
}

// containersByID are the runs in the statuses of pods, without those before the last restarts.
func containersByID(pods []*Pod) map[string]Container {
	byID := map[string]Container{}
	for _, p := range pods {
		for _, c := range slices.Concat(p.Earlier, p.Running()) {
			byID[c.ID] = c
		}
	}
	return byID
}

// originAt is the origin of what a source measured of the pod.
func (p *Pod) originAt(source string, at time.Time) gossip.Origin {
	return gossip.Origin{
		Time: at, Source: source,
		Namespace: p.Metadata.Namespace, Pod: p.Metadata.Name, PodUID: p.Metadata.UID, Node: p.Spec.NodeName,
	}
}

// originAt is the origin of a reading of the container's cgroup.
func (c Container) originAt(at time.Time) gossip.Origin {
	o := c.Pod.originAt("cgroup", at)
	o.Container, o.ContainerID = c.Name, c.ID
	return o
}
