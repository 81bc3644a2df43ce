// Package recording plays the demo from recorded captures, for a stage without an observer, without Pixie and without a network: the pods of a
// capture are placed in the cluster, where no node runs them, and its records are posted by gossip-replay send, as they were recorded. What
// is shown then are the objects that this cluster's operator makes of them.
//
// The captures are of the demo's own workloads, one for each scenario, by record.sh: captures/NAME.ndjson, with its pods and its provenance.
//
// Times are not moved: objects date what they say by the recording, as gossip-replay does. The operator goes by when records arrive: for its
// window (15 minutes) the verdicts stand, and then they become Unknown, as those of any sender that fell silent.
package recording

import (
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

//go:embed captures/*
var files embed.FS

// Capture is what was recorded of a scenario's pods, and where.
type Capture struct {
	Name    string // of the scenario
	Records []byte // one a line
	Pods    []byte // a kubectl list, with the CPU limits of the first records

	provenance
	one, two []byte // the records of both acts
	ended    []byte // the pods as they were after the recording
}

// provenance is what its file tells. Some scenarios have a second act, in which somebody did something.
type provenance struct {
	Kernel, Cgroup, Kubernetes string
	Recorded, SecondAct        time.Time
	SecondActDid               string // a command
}

// Read reads the capture of a scenario.
func Read(scenario string) (*Capture, error) {
	c := &Capture{Name: scenario}
	var told []byte
	for ending, into := range map[string]*[]byte{".ndjson": &c.Records, ".pods.yaml": &c.ended, ".provenance.yaml": &told} {
		text, err := files.ReadFile("captures/" + scenario + ending)
		if err != nil {
			return nil, err
		}
		*into = text
	}
	if err := yaml.Unmarshal(told, &c.provenance); err != nil {
		return nil, fmt.Errorf("%s.provenance.yaml: %w", scenario, err)
	}
	if c.Recorded.IsZero() || c.Kernel == "" {
		return nil, fmt.Errorf("%s.provenance.yaml does not tell when and on which kernel", scenario)
	}
	var err error
	if c.Pods, err = asTheyBegan(c.ended, c.Records); err != nil {
		return nil, fmt.Errorf("%s.pods.yaml: %w", scenario, err)
	}
	if c.one, c.two, err = acts(c.Records, c.SecondAct); err != nil {
		return nil, fmt.Errorf("%s.ndjson: %w", scenario, err)
	}
	return c, nil
}

// Origin says when and on what it was recorded: the audience is told with each view.
func (c *Capture) Origin() string {
	return fmt.Sprintf("RECORDED %s on Linux %s (cgroup %s, Kubernetes %s), replayed now.", c.Recorded.UTC().Format(time.DateOnly), c.Kernel, c.Cgroup, c.Kubernetes)
}

// Pod is a pod as Kubernetes showed it right after the recording; nil: the capture has none of that name.
func (c *Capture) Pod(name string) (*corev1.Pod, error) {
	list, err := objects(c.ended)
	if err != nil {
		return nil, err
	}
	for _, item := range list.Items {
		if item.GetKind() == "Pod" && item.GetName() == name {
			pod := &corev1.Pod{}
			return pod, runtime.DefaultUnstructuredConverter.FromUnstructured(item.Object, pod)
		}
	}
	return nil, nil
}

func objects(text []byte) (*unstructured.UnstructuredList, error) {
	text, err := yaml.YAMLToJSON(text)
	if err != nil {
		return nil, err
	}
	list := &unstructured.UnstructuredList{}
	return list, list.UnmarshalJSON(text)
}

// asTheyBegan gives pods the CPU limits of their first records: a list is recorded last, when the advice of the first
// act has been followed.
func asTheyBegan(pods, records []byte) ([]byte, error) {
	type container struct{ pod, name string }
	first := map[container]string{}
	for line := range bytes.Lines(records) {
		var r struct {
			Pod       string  `json:"pod_name"`
			Container string  `json:"container_name"`
			Limit     float64 `json:"limit_cores"`
		}
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, err
		}
		if c := (container{r.Pod, r.Container}); r.Limit > 0 && first[c] == "" {
			first[c] = resource.NewMilliQuantity(gossip.Millicores(r.Limit), resource.DecimalSI).String()
		}
	}
	list, err := objects(pods)
	if err != nil {
		return nil, err
	}
	for _, item := range list.Items {
		for _, path := range [][]string{{"spec", "containers"}, {"status", "containerStatuses"}} {
			containers, _, _ := unstructured.NestedSlice(item.Object, path...)
			for _, c := range containers {
				c, _ := c.(map[string]any)
				name, _, _ := unstructured.NestedString(c, "name")
				limit := first[container{item.GetName(), name}]
				if _, has, _ := unstructured.NestedString(c, "resources", "limits", "cpu"); has && limit != "" {
					err = errors.Join(err, unstructured.SetNestedField(c, limit, "resources", "limits", "cpu"))
				}
			}
			if len(containers) > 0 {
				err = errors.Join(err, unstructured.SetNestedSlice(item.Object, containers, path...))
			}
		}
	}
	if err != nil {
		return nil, err
	}
	return list.MarshalJSON()
}

// acts parts the records in those that end before the second act, and the others. It begins at a time, or, without one, with the first kill; where
// there is neither, all belong to the first.
func acts(records []byte, second time.Time) (one, two []byte, err error) {
	type record struct {
		Type      string
		Timestamp time.Time
	}
	var all []record
	for line := range bytes.Lines(records) {
		var r record
		if err := json.Unmarshal(line, &r); err != nil {
			return nil, nil, err
		}
		all = append(all, r)
		if second.IsZero() && r.Type == "oom_kill" {
			second = r.Timestamp
		}
	}
	i := 0
	for line := range bytes.Lines(records) {
		if second.IsZero() || all[i].Timestamp.Before(second) {
			one = append(one, line...)
		} else {
			two = append(two, line...)
		}
		i++
	}
	return one, two, nil
}
