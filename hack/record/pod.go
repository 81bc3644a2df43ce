package main

import (
	"encoding/json"
	"fmt"
	"strings"
)

// pod is what the recorder needs of a v1 Pod.
type pod struct {
	Metadata struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
		UID       string `json:"uid"`
	} `json:"metadata"`
	Spec struct {
		NodeName       string          `json:"nodeName"`
		InitContainers []containerSpec `json:"initContainers"`
		Containers     []containerSpec `json:"containers"`
	} `json:"spec"`
	Status struct {
		InitContainerStatuses []containerStatus `json:"initContainerStatuses"`
		ContainerStatuses     []containerStatus `json:"containerStatuses"`
	} `json:"status"`
}

type containerSpec struct {
	Name          string `json:"name"`
	RestartPolicy string `json:"restartPolicy"` // Always in an init container: a sidecar
}

type containerStatus struct {
	Name        string `json:"name"`
	ContainerID string `json:"containerID"`
}

// container is one run of a container: a restart is another one.
type container struct {
	pod      *pod
	name, id string // id without the runtime's prefix
}

// imagesPresent tells, by pod UID and field path of the container, whose
// image the kubelet found on the node, as its events say.
func (c *cluster) imagesPresent() (map[string]map[string]bool, error) {
	var list struct {
		Items []struct {
			Reason         string `json:"reason"`
			Message        string `json:"message"`
			InvolvedObject struct {
				UID       string `json:"uid"`
				FieldPath string `json:"fieldPath"`
			} `json:"involvedObject"`
		} `json:"items"`
	}
	out, err := c.output("get", "events", "-A", "-o", "json")
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(out, &list); err != nil {
		return nil, fmt.Errorf("kubectl get events: %w", err)
	}
	present := map[string]map[string]bool{}
	for _, e := range list.Items {
		if e.Reason == "Pulled" && strings.Contains(e.Message, "already present on machine") {
			uid := e.InvolvedObject.UID
			if present[uid] == nil {
				present[uid] = map[string]bool{}
			}
			present[uid][e.InvolvedObject.FieldPath] = true
		}
	}
	return present, nil
}

// allPresent tells if no image of the pod had to be pulled.
func (p *pod) allPresent(present map[string]bool) bool {
	for _, c := range p.Spec.Containers {
		if !present["spec.containers{"+c.Name+"}"] {
			return false
		}
	}
	for _, c := range p.Spec.InitContainers {
		if !present["spec.initContainers{"+c.Name+"}"] {
			return false
		}
	}
	return true
}
