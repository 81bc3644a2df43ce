package kube

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// maxNesting bounds lists within lists; Kubernetes has none.
const maxNesting = 4

// collection gathers the objects of a file; the last of several of one identity stays.
type collection struct {
	byName      map[name][]*corev1.Pod // those of one name differ in UID
	metadata    map[object]*metav1.PartialObjectMetadata
	autoscalers map[name]*autoscalingv2.HorizontalPodAutoscaler
	limitRanges map[name]*corev1.LimitRange
	workloads   map[object]*Workload
	newest      map[name]*Workload // the newest ReplicaSet of each Deployment
	resizing    map[object]*ResizingAutoscaler
	quotas      map[name]*corev1.ResourceQuota
}

type object struct {
	kind string
	name
}

func newCollection() *collection {
	return &collection{
		byName:      map[name][]*corev1.Pod{},
		metadata:    map[object]*metav1.PartialObjectMetadata{},
		autoscalers: map[name]*autoscalingv2.HorizontalPodAutoscaler{},
		limitRanges: map[name]*corev1.LimitRange{},
		workloads:   map[object]*Workload{},
		newest:      map[name]*Workload{},
		resizing:    map[object]*ResizingAutoscaler{},
		quotas:      map[name]*corev1.ResourceQuota{},
	}
}

// header is what tells how to go on with an object, and what to call it.
type header struct {
	metav1.TypeMeta `json:",inline"`
	Metadata        struct {
		Namespace string `json:"namespace"`
		Name      string `json:"name"`
	} `json:"metadata"`
	Items json.RawMessage `json:"items"`
}

func (c *collection) add(raw json.RawMessage) error { return c.addAs(metav1.TypeMeta{}, raw, 0) }

// addAs takes an object or a list. The items of typed lists do not tell their kind: they are what the list says.
func (c *collection) addAs(kind metav1.TypeMeta, raw json.RawMessage, depth int) error {
	if strings.HasPrefix(strings.TrimLeft(string(raw[:min(len(raw), sniff)]), " \t\r\n"), "[") { // jq .items
		return c.addItems(kind, raw, depth+1)
	}
	var h header
	if err := utiljson.Unmarshal(raw, &h); err != nil {
		return fmt.Errorf("not a Kubernetes object: %w", plain(err))
	}
	if h.Kind != "" {
		kind = h.TypeMeta
	}
	item, isList := strings.CutSuffix(kind.Kind, "List")
	switch {
	case kind.Kind == "" && h.Items != nil: // jq '{items}'
		return c.addItems(metav1.TypeMeta{}, h.Items, depth+1)
	case kind.Kind == "":
		return errors.New("not a Kubernetes object: it has no kind")
	case isList && h.Items != nil:
		return c.addItems(metav1.TypeMeta{APIVersion: kind.APIVersion, Kind: item}, h.Items, depth+1)
	}
	if err := c.keep(kind, raw); err != nil {
		return fmt.Errorf(
			"%s %s/%s: %w", kind.Kind, orDefault(h.Metadata.Namespace), cmp.Or(h.Metadata.Name, "(no name)"), plain(err),
		)
	}
	return nil
}

func (c *collection) addItems(kind metav1.TypeMeta, raw json.RawMessage, depth int) error {
	if depth > maxNesting {
		return fmt.Errorf("more than %d lists within each other", maxNesting)
	}
	var items []json.RawMessage
	if err := utiljson.Unmarshal(raw, &items); err != nil {
		return fmt.Errorf("items: %w", plain(err))
	}
	for i, item := range items {
		if err := c.addAs(kind, item, depth); err != nil {
			return fmt.Errorf("items[%d]: %w", i, err)
		}
	}
	return nil
}

// keep stores an object of a kind that tells of pods, and skips others.
func (c *collection) keep(kind metav1.TypeMeta, raw json.RawMessage) error {
	switch groupOf(kind.APIVersion) + "/" + kind.Kind {
	case "/Pod":
		p, at, err := decode[corev1.Pod](raw)
		if err != nil {
			return err
		}
		sameUID := func(other *corev1.Pod) bool { return other.UID == p.UID }
		c.byName[at] = append(slices.DeleteFunc(c.byName[at], sameUID), p)
	case "/LimitRange":
		l, at, err := decode[corev1.LimitRange](raw)
		if err != nil {
			return err
		}
		c.limitRanges[at] = l
	case "/ResourceQuota":
		q, at, err := decode[corev1.ResourceQuota](raw)
		if err != nil {
			return err
		}
		c.quotas[at] = q
	case "batch/Job":
		return c.keepMetadata(kind.Kind, raw)
	case "apps/ReplicaSet":
		if err := c.keepMetadata(kind.Kind, raw); err != nil {
			return err
		}
		return c.keepWorkload(kind, raw)
	case "apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "batch/CronJob":
		return c.keepWorkload(kind, raw)
	case "autoscaling/HorizontalPodAutoscaler":
		return c.keepAutoscaler(kind.APIVersion, raw)
	default:
		if strings.HasSuffix(kind.Kind, "PodAutoscaler") {
			return c.keepResizing(kind, raw)
		}
	}
	return nil
}

func (c *collection) keepMetadata(kind string, raw json.RawMessage) error {
	m, at, err := decode[metav1.PartialObjectMetadata](raw)
	if err != nil {
		return err
	}
	c.metadata[object{kind, at}] = m
	return nil
}

// revision is the annotation by which the Deployment controller numbers its ReplicaSets.
const revision = "deployment.kubernetes.io/revision"

// keepWorkload keeps an owner's template. Of the ReplicaSets of a Deployment the newest has the Deployment's own,
// unless that has just been changed.
func (c *collection) keepWorkload(kind metav1.TypeMeta, raw json.RawMessage) error {
	w, at, err := decode[Workload](raw)
	if err != nil {
		return err
	}
	w.TypeMeta = kind
	c.workloads[object{kind.Kind, at}] = w
	if owner := metav1.GetControllerOfNoCopy(w); kind.Kind == "ReplicaSet" && owner != nil && owner.Kind == "Deployment" {
		of := name{at.namespace, owner.Name}
		if known := c.newest[of]; known == nil || revisionOf(known) <= revisionOf(w) {
			c.newest[of] = w
		}
	}
	return nil
}

func revisionOf(w *Workload) int {
	n, err := strconv.Atoi(w.Annotations[revision])
	if err != nil {
		return 0
	}
	return n
}

func (c *collection) keepResizing(kind metav1.TypeMeta, raw json.RawMessage) error {
	a, at, err := decode[ResizingAutoscaler](raw)
	if err != nil {
		return err
	}
	a.TypeMeta = kind
	c.resizing[object{kind.Kind, at}] = a
	return nil
}

// decode reads an object and gives it its namespace. One without a name is not from Kubernetes.
func decode[T any, P interface {
	*T
	metav1.Object
}](raw json.RawMessage) (P, name, error) {
	o := P(new(T))
	if err := utiljson.Unmarshal(raw, o); err != nil {
		return nil, name{}, err
	}
	if o.GetName() == "" {
		return nil, name{}, errors.New("metadata.name is missing")
	}
	o.SetNamespace(orDefault(o.GetNamespace()))
	return o, name{o.GetNamespace(), o.GetName()}, nil
}

// pods translates what was gathered. Autoscalers and LimitRanges are handed over per namespace, else a large cluster would cost their
// number for every pod.
func (c *collection) pods() Pods {
	spaces := map[string]*Objects{}
	space := func(namespace string) *Objects {
		if spaces[namespace] == nil {
			spaces[namespace] = &Objects{Metadata: c.lookup, Workload: c.workload}
		}
		return spaces[namespace]
	}
	for at, h := range c.autoscalers {
		o := space(at.namespace)
		o.Autoscalers = append(o.Autoscalers, *h)
	}
	for at, l := range c.limitRanges {
		o := space(at.namespace)
		o.LimitRanges = append(o.LimitRanges, *l)
	}
	for at, q := range c.quotas {
		o := space(at.namespace)
		o.Quotas = append(o.Quotas, *q)
	}
	for at, a := range c.resizing {
		o := space(at.namespace)
		o.ResizingAutoscalers = append(o.ResizingAutoscalers, *a)
	}
	for _, o := range spaces { // the first that speaks against a change is named
		slices.SortFunc(o.ResizingAutoscalers, func(a, b ResizingAutoscaler) int {
			return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
		})
	}
	out := Pods{byName: map[name][]gossip.Pod{}}
	for at, pods := range c.byName {
		o := space(at.namespace)
		for _, p := range pods {
			out.byName[at] = append(out.byName[at], Pod(p, *o))
			out.n++
		}
	}
	return out
}

// workload returns an owner with its template: itself, or the newest ReplicaSet of a Deployment.
func (c *collection) workload(namespace string, o gossip.Owner) *Workload {
	at := name{namespace, o.Name}
	switch groupOf(o.APIVersion) + "/" + o.Kind {
	case "apps/Deployment":
		if w := c.workloads[object{o.Kind, at}]; w != nil {
			return w
		}
		return c.newest[at]
	case "apps/ReplicaSet", "apps/StatefulSet", "apps/DaemonSet", "batch/CronJob":
		return c.workloads[object{o.Kind, at}]
	}
	return nil
}

// lookup leaves the group out: ReplicaSets and Jobs of other groups are neither kept nor asked for.
func (c *collection) lookup(namespace string, ref metav1.OwnerReference) *metav1.PartialObjectMetadata {
	return c.metadata[object{ref.Kind, name{namespace, ref.Name}}]
}
