package kernel

import (
	"slices"
	"strings"
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

	Earlier []Container `json:"-"` // runs that an earlier status knew
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

// Running lists the container runs that the pod's status knows.
func (p *Pod) Running() []Container {
	var out []Container
	for _, s := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if _, id, ok := strings.Cut(s.ContainerID, "://"); ok {
			out = append(out, Container{p, s.Name, id})
		}
	}
	return out
}

// names are the names of all containers that are known to have run, by ID.
func (p *Pod) names() map[string]string {
	names := map[string]string{}
	for _, c := range slices.Concat(p.Earlier, p.Running()) {
		names[c.ID] = c.Name
	}
	for _, s := range slices.Concat(p.Status.InitContainerStatuses, p.Status.ContainerStatuses) {
		if _, id, ok := strings.Cut(s.LastState.Terminated.ContainerID, "://"); ok {
			names[id] = s.Name
		}
	}
	return names
}
