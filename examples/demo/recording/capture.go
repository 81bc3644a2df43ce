// Package recording plays the scenarios from recorded captures, for a stage without an observer, without Pixie and
// without a network. The pods of a capture are placed in the cluster, where no node runs them, and its records are
// posted by gossip-replay send, as they were recorded. The objects that are shown then are those that this cluster's
// operator makes of them.
//
// The captures are of the demo's own workloads, one for each scenario, by record.sh: captures/NAME.ndjson, with its
// pods and its provenance.
//
// Times are not moved: objects have the times of the recording, as with gossip-replay. The operator goes by when
// records arrive: the verdicts last for its window (15 minutes), and then they become Unknown, as always when a sender
// has stopped.
package recording

import (
	"bytes"
	"embed"
	"encoding/json"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

//go:embed captures/*
var files embed.FS

// Capture is what was recorded of a scenario's pods, and where.
type Capture struct {
	Name    string // of the scenario
	Records []byte // one a line
	Pods    []byte // a list as kubectl has it, with the CPU limits of the first records

	provenance
	one, two []byte         // the records of both acts
	ended    corev1.PodList // the pods as they were after the recording
}

// provenance is a part of a provenance file. Some scenarios have a second act, which began with a command.
type provenance struct {
	Kernel, Cgroup, Kubernetes string
	Recorded, SecondAct        time.Time
	SecondActDid               string
}

// record is a part of a line of a capture.
type record struct {
	Type      string
	Timestamp time.Time
	Pod       string  `json:"pod_name"`
	Container string  `json:"container_name"`
	Limit     float64 `json:"limit_cores"`
}

// Read reads the capture of a scenario.
func Read(scenario string) (*Capture, error) {
	c := &Capture{Name: scenario}
	var err error
	if c.Records, err = files.ReadFile("captures/" + scenario + ".ndjson"); err != nil {
		return nil, err
	}
	for ending, into := range map[string]any{".pods.yaml": &c.ended, ".provenance.yaml": &c.provenance} {
		text, err := files.ReadFile("captures/" + scenario + ending)
		if err == nil {
			err = yaml.Unmarshal(text, into)
		}
		if err != nil {
			return nil, fmt.Errorf("%s%s: %w", scenario, ending, err)
		}
	}
	if c.Recorded.IsZero() || c.Kernel == "" {
		return nil, fmt.Errorf("%s.provenance.yaml does not say when and on which kernel", scenario)
	}
	if c.one, c.two, err = splitActs(c.Records, c.SecondAct); err != nil {
		return nil, fmt.Errorf("%s.ndjson: %w", scenario, err)
	}
	c.Pods, err = c.firstPods()
	return c, err
}

// Origin says when and on what the capture was recorded. Each view shows it.
func (c *Capture) Origin() string {
	return fmt.Sprintf("RECORDED %s on Linux %s (cgroup %s, Kubernetes %s), replayed now.",
		c.Recorded.UTC().Format(time.DateOnly), c.Kernel, c.Cgroup, c.Kubernetes)
}

// Pod returns a pod as Kubernetes showed it right after the recording; nil if the capture has none of that name.
func (c *Capture) Pod(name string) *corev1.Pod {
	for i := range c.ended.Items {
		if c.ended.Items[i].Name == name {
			return &c.ended.Items[i]
		}
	}
	return nil
}

// firstPods returns the list with the CPU limits of the first records. It was recorded last, when the advice of the
// first act had been followed.
func (c *Capture) firstPods() ([]byte, error) {
	list := c.ended.DeepCopy()
	limits := map[[2]string]resource.Quantity{} // by pod and container
	for line := range bytes.Lines(c.Records) {
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, err
		}
		if container := [2]string{r.Pod, r.Container}; r.Limit > 0 && limits[container] == (resource.Quantity{}) {
			limits[container] = *resource.NewMilliQuantity(gossip.Millicores(r.Limit), resource.DecimalSI)
		}
	}
	setFirst := func(pod, container string, r *corev1.ResourceRequirements) {
		if first, ok := limits[[2]string{pod, container}]; ok && r != nil && !r.Limits.Cpu().IsZero() {
			r.Limits[corev1.ResourceCPU] = first
		}
	}
	for _, pod := range list.Items {
		for _, container := range pod.Spec.Containers {
			setFirst(pod.Name, container.Name, &container.Resources)
		}
		for _, container := range pod.Status.ContainerStatuses {
			setFirst(pod.Name, container.Name, container.Resources)
		}
	}
	return json.Marshal(list)
}

// splitActs splits records into those that end before the second act, and the others. The second act begins at a time,
// or, if that is zero, with the first kill; without either, all records belong to the first act.
func splitActs(records []byte, second time.Time) (one, two []byte, err error) {
	for line := range bytes.Lines(records) {
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, nil, err
		}
		if second.IsZero() && r.Type == "oom_kill" {
			return splitActs(records, r.Timestamp)
		}
		if second.IsZero() || r.Timestamp.Before(second) {
			one = append(one, line...)
		} else {
			two = append(two, line...)
		}
	}
	return one, two, nil
}
