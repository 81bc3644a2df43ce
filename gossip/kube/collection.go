package kube

import (
	"cmp"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	autoscalingv2 "k8s.io/api/autoscaling/v2"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	utiljson "k8s.io/apimachinery/pkg/util/json"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// collection gathers the objects of a file. An object replaces an earlier one with the same identity.
type collection struct {
	byName           map[namespacedName][]*corev1.Pod // pods with the same name differ in their UID
	metadata         map[objectKey]*metav1.PartialObjectMetadata
	autoscalers      map[namespacedName]*autoscalingv2.HorizontalPodAutoscaler
	limitRanges      map[namespacedName]*corev1.LimitRange
	workloads        map[objectKey]*Workload
	newestReplicaSet map[namespacedName]*Workload // by Deployment
	resizing         map[objectKey]*ResizingAutoscaler
	quotas           map[namespacedName]*corev1.ResourceQuota
}

type objectKey struct {
	kind string
	namespacedName
}

func newCollection() *collection {
	return &collection{
		byName:           map[namespacedName][]*corev1.Pod{},
		metadata:         map[objectKey]*metav1.PartialObjectMetadata{},
		autoscalers:      map[namespacedName]*autoscalingv2.HorizontalPodAutoscaler{},
		limitRanges:      map[namespacedName]*corev1.LimitRange{},
		workloads:        map[objectKey]*Workload{},
		newestReplicaSet: map[namespacedName]*Workload{},
		resizing:         map[objectKey]*ResizingAutoscaler{},
		quotas:           map[namespacedName]*corev1.ResourceQuota{},
	}
}

// addObject stores an object of the Kinds, and skips others.
func (c *collection) addObject(kind metav1.TypeMeta, raw json.RawMessage) error {
	switch groupOf(kind.APIVersion) + "/" + kind.Kind {
	case "/Pod":
		p, at, err := decodeObject[corev1.Pod](raw)
		if err != nil {
			return err
		}
		sameUID := func(other *corev1.Pod) bool { return other.UID == p.UID }
		c.byName[at] = append(slices.DeleteFunc(c.byName[at], sameUID), p)
	case "/LimitRange":
		l, at, err := decodeObject[corev1.LimitRange](raw)
		if err != nil {
			return err
		}
		c.limitRanges[at] = l
	case "/ResourceQuota":
		q, at, err := decodeObject[corev1.ResourceQuota](raw)
		if err != nil {
			return err
		}
		c.quotas[at] = q
	case "batch/Job":
		return c.addMetadata(kind.Kind, raw)
	case "apps/ReplicaSet":
		if err := c.addMetadata(kind.Kind, raw); err != nil {
			return err
		}
		return c.addWorkload(kind, raw)
	case "apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "batch/CronJob":
		return c.addWorkload(kind, raw)
	case "autoscaling/HorizontalPodAutoscaler":
		return c.addAutoscaler(kind.APIVersion, raw)
	default:
		if strings.HasSuffix(kind.Kind, "PodAutoscaler") {
			return c.addResizing(kind, raw)
		}
	}
	return nil
}

func (c *collection) addMetadata(kind string, raw json.RawMessage) error {
	m, at, err := decodeObject[metav1.PartialObjectMetadata](raw)
	if err != nil {
		return err
	}
	c.metadata[objectKey{kind, at}] = m
	return nil
}

// revisionAnnotation is the annotation with which the Deployment controller numbers its ReplicaSets.
const revisionAnnotation = "deployment.kubernetes.io/revision"

// addWorkload stores a workload with its template. The newest ReplicaSet of a Deployment has the Deployment's own
// template, unless that has just been changed.
func (c *collection) addWorkload(kind metav1.TypeMeta, raw json.RawMessage) error {
	w, at, err := decodeObject[Workload](raw)
	if err != nil {
		return err
	}
	w.TypeMeta = kind
	c.workloads[objectKey{kind.Kind, at}] = w
	owner := metav1.GetControllerOfNoCopy(w)
	if kind.Kind == "ReplicaSet" && owner != nil && owner.Kind == deploymentKind {
		of := namespacedName{at.namespace, owner.Name}
		if known := c.newestReplicaSet[of]; known == nil || revisionNumber(known) <= revisionNumber(w) {
			c.newestReplicaSet[of] = w
		}
	}
	return nil
}

func revisionNumber(w *Workload) int {
	n, err := strconv.Atoi(w.Annotations[revisionAnnotation])
	if err != nil {
		return 0
	}
	return n
}

func (c *collection) addResizing(kind metav1.TypeMeta, raw json.RawMessage) error {
	a, at, err := decodeObject[ResizingAutoscaler](raw)
	if err != nil {
		return err
	}
	a.TypeMeta = kind
	c.resizing[objectKey{kind.Kind, at}] = a
	return nil
}

// decodeObject reads an object and sets its namespace. An object without a name is not from Kubernetes.
func decodeObject[T any, P interface {
	*T
	metav1.Object
}](raw json.RawMessage) (P, namespacedName, error) {
	o := P(new(T))
	if err := utiljson.Unmarshal(raw, o); err != nil {
		return nil, namespacedName{}, err
	}
	if o.GetName() == "" {
		return nil, namespacedName{}, errors.New("metadata.name is missing")
	}
	o.SetNamespace(orDefault(o.GetNamespace()))
	return o, namespacedName{o.GetNamespace(), o.GetName()}, nil
}

// makePods translates the objects. Each pod gets the objects of its namespace only; otherwise each pod of a large
// cluster would cost a pass over all autoscalers and LimitRanges.
func (c *collection) makePods() Pods {
	spaces := map[string]*Objects{}
	space := func(namespace string) *Objects {
		if spaces[namespace] == nil {
			spaces[namespace] = &Objects{Metadata: c.findMetadata, Workload: c.findWorkload}
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
	for _, o := range spaces { // a refusal names the first autoscaler: it must not depend on the order of a map
		slices.SortFunc(o.ResizingAutoscalers, func(a, b ResizingAutoscaler) int {
			return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
		})
	}
	out := Pods{byName: map[namespacedName][]gossip.Pod{}}
	for at, pods := range c.byName {
		o := space(at.namespace)
		for _, p := range pods {
			out.byName[at] = append(out.byName[at], Pod(p, *o))
			out.n++
		}
	}
	return out
}

// findWorkload returns a workload with its template: itself, or the newest ReplicaSet of a Deployment.
func (c *collection) findWorkload(namespace string, o gossip.Workload) *Workload {
	at := namespacedName{namespace, o.Name}
	switch o.Group + "/" + o.Kind {
	case "apps/Deployment":
		if w := c.workloads[objectKey{o.Kind, at}]; w != nil {
			return w
		}
		return c.newestReplicaSet[at]
	case "apps/ReplicaSet", "apps/StatefulSet", "apps/DaemonSet", "batch/CronJob":
		return c.workloads[objectKey{o.Kind, at}]
	}
	return nil
}

// findMetadata returns the ReplicaSet or Job that the reference names. It ignores the group, because only ReplicaSets
// and Jobs of the groups of Kubernetes are stored and looked up.
func (c *collection) findMetadata(namespace string, ref metav1.OwnerReference) *metav1.PartialObjectMetadata {
	return c.metadata[objectKey{ref.Kind, namespacedName{namespace, ref.Name}}]
}
