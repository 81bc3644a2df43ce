package gossip

import (
	"math"
	"slices"
	"strings"
	"time"
)

// Pod is what Kubernetes knows about a pod: its limits, its workload, and what else controls them. The zero Pod means
// that nothing is known, and every rule can work with it. Package gossip/kube reads it from Kubernetes objects.
type Pod struct {
	Namespace string
	Name      string
	UID       string
	// StaticUID is the UID by which the kubelet and the cgroups know a static pod. UID is then the UID of its mirror in
	// the API. Empty for other pods.
	StaticUID string
	Node      string // empty when unknown, and before the pod is scheduled
	QoS       QoS
	Started   time.Time // when the kubelet accepted the pod; zero when unknown
	// Workload is what made the pod from a template; the pod itself if nothing did. It is zero when that is not known.
	Workload Workload
	// Revision is the version of the workload's template that made the pod: a hash, or the name of a CronJob's Job. It is
	// empty when unknown, and for workloads that have only one.
	Revision string
	// Template is the workload's pod template as it is now; nil when it is not known. Pods may differ from it: they may be
	// of an older revision, and autoscalers, webhooks and resizes in place change pods without their workload.
	Template   *Template
	Containers []Container
	// Ended reports whether the pod has finished (phase Succeeded or Failed) or is being deleted: nothing in it can change
	// any more.
	Ended bool
	// Replaced reports whether the pod is gone and another one, with another UID, has its name now.
	Replaced bool
	// Fixed reports whether the pod's node cannot change its resources in place. A kubelet that can do so reports what it
	// enforces.
	Fixed bool
	// Resize is a requested change of its resources that is not in force yet; nil when there is none.
	Resize *PendingResize
	// CPURequest is the request in cores of the pod as a whole (spec.resources), which bounds the sum of its containers'
	// requests; absent when it has none. MemoryRequest is the same of memory, in bytes.
	CPURequest    Optional[float64]
	MemoryRequest Optional[int64]
	// CPULimit is the limit in cores of the pod as a whole (spec.resources), which its containers share; absent when it
	// has none.
	CPULimit Optional[float64]
	// MemoryLimit is the same of memory, in bytes.
	MemoryLimit Optional[int64]
	// Autoscaler is the name of a HorizontalPodAutoscaler that scales the workload by CPU utilization, a share of the CPU
	// request.
	Autoscaler string
	// MemoryAutoscaler is the same of memory.
	MemoryAutoscaler string
	// UnreadAutoscaler is the name of an autoscaler that scales the workload by a kind of metric that is not read. Whether
	// that is CPU or memory is not known.
	UnreadAutoscaler string
	// LimitRanges are the namespace's LimitRanges that bound a container's CPU or memory.
	LimitRanges []LimitRange
	// Quotas are the ResourceQuotas of the namespace that bound the sum of its pods' CPU or memory.
	Quotas []Quota
}

// QoS is the pod's quality of service class, in Kubernetes' words. Empty when unknown.
type QoS string

// The three classes of Kubernetes.
const (
	QoSGuaranteed QoS = "Guaranteed"
	QoSBurstable  QoS = "Burstable"
	QoSBestEffort QoS = "BestEffort"
)

// Template is what is known of a workload's pod template, and of what happens to a change of it.
type Template struct {
	// Maker is the name of what makes the workload and may undo a change of it, such as "Helm release web" or "Prometheus
	// k8s"; empty when none is known.
	Maker string
	// Waits reports whether a change takes effect only when the pods are deleted (update strategy OnDelete) or when a
	// paused Deployment is resumed.
	Waits bool
	// Containers have Name, Role, requests and limits.
	Containers []Container
	// CPURequest, CPULimit, MemoryRequest and MemoryLimit are set for the pod as a whole (spec.resources), in cores and
	// bytes.
	CPURequest, CPULimit       Optional[float64]
	MemoryRequest, MemoryLimit Optional[int64]
}

// Container returns the template's container of that name, and whether there is one.
func (t Template) Container(name string) (Container, bool) { return findContainer(t.Containers, name) }

// PendingResize is a resize in place that is not in force yet.
type PendingResize struct {
	// State is "Deferred" (the node has no room now), "Infeasible" (it will never have room) or "InProgress".
	State   string
	Message string    // why, in the kubelet's words; may be empty
	Since   time.Time // zero when unknown
}

// Container is what is known of one container of the pod.
type Container struct {
	Name string
	// ID is the ID of the container that runs now, with the runtime before it (containerd://…). LastID is the ID of the
	// one before. Both are empty when unknown.
	ID, LastID string
	// Role distinguishes containers, sidecars and init containers: they are in different lists of the template.
	Role Role
	// Image is the reference of its image in the pod's spec (registry.example/shop/api:1.4); empty when unknown.
	Image string
	// Started is when the container that runs now started, or the last one where none runs; zero when unknown.
	Started time.Time
	// Ready is when all of the pod's containers were ready last, if this one is ready now and was not before it started;
	// else zero.
	Ready time.Time
	// CPURequest and CPULimit are in cores. Absent in a known container means "not set".
	CPURequest Optional[float64]
	CPULimit   Optional[float64]
	// MemoryRequest and MemoryLimit are in bytes. They decide the QoS class together with CPU.
	MemoryRequest Optional[int64]
	MemoryLimit   Optional[int64]
	// ResizeRestarts reports that a change of its CPU in place restarts it (resizePolicy).
	ResizeRestarts bool
	// MemoryResizeRestarts reports the same of its memory.
	MemoryResizeRestarts bool
	// Asked are the requests and limits of the spec while the kubelet still enforces the ones above; nil when they are the
	// same.
	Asked *Resources
	// Injector is the name of the webhook that put the container into the pod ("Istio"), as far as the pod's annotations
	// show it. The workload's template does not have this container.
	Injector string
	// CPUSetter and MemorySetter are the autoscaler that sets its requests and limits itself; zero when there is none.
	CPUSetter, MemorySetter Setter
	// ShowsOOMKill reports whether Kubernetes shows in its state or its last state that it was killed because memory ran
	// out. It is absent when its state is not known. The kubelet notices only the end of a container's first process.
	ShowsOOMKill Optional[bool]
}

// Resources are requests and limits, in cores and bytes. Absent is "not set".
type Resources struct {
	CPURequest, CPULimit       Optional[float64]
	MemoryRequest, MemoryLimit Optional[int64]
}

// Setter is an autoscaler that sets the requests and limits of containers, and so reverts what others set.
type Setter struct {
	Name         string // its kind and name: "VerticalPodAutoscaler web"
	RequestsOnly bool   // it leaves limits alone
	Most         string // the largest value that its policy allows, in the policy's words; empty when it has no bound
}

// Role is what a container is in its pod.
type Role int

const (
	// RoleMain is an ordinary container.
	RoleMain Role = iota
	// RoleSidecar is an init container with restartPolicy Always: it runs beside the others.
	RoleSidecar
	// RoleInit is an ordinary init container: it ends before the others start.
	RoleInit
	// RoleEphemeral is a container that was put into a running pod (kubectl debug). It has no resources of its own.
	RoleEphemeral
)

// LimitRange is one LimitRange object, as far as it bounds the CPU or the memory of a container.
type LimitRange struct {
	Name string
	Max  Optional[float64] // largest CPU limit that is admitted, in cores
	// MaxRatio is the largest CPU limit/request that is admitted.
	MaxRatio Optional[float64]
	// MaxMemory is the largest memory limit that is admitted, in bytes, MaxMemoryRatio the largest limit/request.
	MaxMemory      Optional[int64]
	MaxMemoryRatio Optional[float64]
}

// Quota is one ResourceQuota. Left is what remains of the sums of requests and limits: absent where the quota does not
// bound them, negative where more is in use than it admits.
type Quota struct {
	Name string
	Left Resources
}

// Container returns the container of that name, and whether the pod is known to have it.
func (p Pod) Container(name string) (Container, bool) { return findContainer(p.Containers, name) }

func findContainer(all []Container, name string) (Container, bool) {
	i := slices.IndexFunc(all, func(c Container) bool { return c.Name == name })
	if i < 0 {
		return Container{}, false
	}
	return all[i], true
}

// Known reports whether anything is known about the pod.
func (p Pod) Known() bool { return p.Name != "" }

// Enrich fills in from the pod what the record lacks: the limit of a CPUSample, a MemorySample or an OOMKill, the name
// of the container where a MemorySample or an OOMKill has only its ID, and what else is known of the container
// (Origin.Spec), which shares its memory with the pod. The record's own figures win. A pod with another UID than the
// record's fills in nothing. A static pod's StaticUID is replaced by its UID, so that an object about it belongs to a
// pod of the API. Both programs call it before Observe, so that replay and operator see the same events.
func Enrich(e Event, p Pod) Event {
	switch s := e.(type) {
	case CPUSample:
		if s.fillFrom(&p) {
			return s
		}
	case MemorySample:
		if s.fillFrom(&p) {
			return s
		}
	case OOMKill:
		if s.fillFrom(&p) {
			return s
		}
	case NetworkSample:
		if p.replaceStaticUID(&s.Origin) {
			return s
		}
	case PodCreation:
		if p.replaceStaticUID(&s.Origin) {
			return s
		}
	default:
		var one Events
		one.addPointer(e)
		for value := range one.All() {
			return Enrich(value, p)
		}
	}
	return e
}

// HasUID reports whether a UID is the pod's UID or its StaticUID.
func (p Pod) HasUID(uid string) bool { return uid == p.UID || (uid != "" && uid == p.StaticUID) }

// replaceStaticUID replaces the StaticUID in a record by the UID, and reports whether it did.
func (p *Pod) replaceStaticUID(o *Origin) bool {
	if o.PodUID == "" || o.PodUID != p.StaticUID || p.UID == "" {
		return false
	}
	o.PodUID = p.UID
	return true
}

// fillSpec fills in what is known of the container, and returns that; nil if the pod has no such container.
func (o *Origin) fillSpec(p *Pod) *Container {
	for i := range p.Containers { // it is large, and not copied
		if c := &p.Containers[i]; c.Name == o.Container {
			o.Spec = c
			return c
		}
	}
	return nil
}

// fillFrom fills in the limit and what is known of the container, and reports whether it changed the sample.
func (s *CPUSample) fillFrom(p *Pod) bool {
	replaced := p.replaceStaticUID(&s.Origin)
	if !sameUID(s.PodUID, p.UID) {
		return replaced
	}
	c := s.fillSpec(p)
	if c != nil && !s.LimitCores.Known {
		s.LimitCores, s.LimitFilled = Some(c.CPULimit.Or(p.CPULimit.Or(0))), true
	}
	return c != nil || replaced
}

// fillFrom fills in the container's name and the limit, and reports whether the pod is the sample's.
func (s *MemorySample) fillFrom(p *Pod) bool {
	p.replaceStaticUID(&s.Origin)
	if !sameUID(s.PodUID, p.UID) {
		return false
	}
	s.Container = p.containerName(s.Origin)
	s.LimitBytes, s.LimitFilled = p.fillMemoryLimit(s.fillSpec(p), s.Container, s.LimitBytes)
	return true
}

// fillFrom fills in the container's name and the limit, and reports whether the pod is the one of the kill.
func (k *OOMKill) fillFrom(p *Pod) bool {
	p.replaceStaticUID(&k.Origin)
	if !sameUID(k.PodUID, p.UID) {
		return false
	}
	k.Container = p.containerName(k.Origin)
	k.LimitBytes, k.LimitFilled = p.fillMemoryLimit(k.fillSpec(p), k.Container, k.LimitBytes)
	return true
}

// containerName returns the container's name: from the record, or by the container's ID; empty when neither is known.
func (p Pod) containerName(o Origin) string {
	if o.Container != "" || o.ContainerID == "" {
		return o.Container
	}
	i := slices.IndexFunc(p.Containers, func(c Container) bool { return c.Was(o.ContainerID) })
	if i < 0 {
		return ""
	}
	return p.Containers[i].Name
}

// fillMemoryLimit returns the record's own memory limit, or else the limit of the container, or of the pod as a whole
// where the container has no name. c is what is known of the container; nil if nothing is.
func (p *Pod) fillMemoryLimit(c *Container, name string, own Optional[int64]) (limit Optional[int64], filled bool) {
	switch {
	case own.Known:
		return own, false
	case name == "":
		return p.MemoryLimit, p.MemoryLimit.Known
	case c != nil:
		return Some(c.MemoryLimit.Or(p.MemoryLimit.Or(0))), true
	}
	return own, false
}

// Enforced returns the requests and limits that the kubelet enforces.
func (c Container) Enforced() Resources {
	return Resources{
		CPURequest: c.CPURequest, CPULimit: c.CPULimit, MemoryRequest: c.MemoryRequest, MemoryLimit: c.MemoryLimit,
	}
}

// Was reports whether an ID, with or without the runtime before it, is the ID of the container that runs now or of the
// one before.
func (c Container) Was(id string) bool {
	id = bareID(id)
	return id != "" && (bareID(c.ID) == id || bareID(c.LastID) == id)
}

func bareID(id string) string {
	if _, bare, found := strings.Cut(id, "://"); found {
		return bare
	}
	return id
}

func sameUID(a, b string) bool { return a == "" || b == "" || a == b }

// Percent rounds a share to a whole percentage, half away from zero. The inner rounding removes the error of binary
// fractions: 0.145 is a little less than 14.5 %, and should become 15.
func Percent(share float64) float64 { return math.Round(math.Round(share*1e11) / 1e9) }

// Millicores rounds cores to Kubernetes' smallest CPU unit, half away from zero.
func Millicores(cores float64) int64 { return int64(math.Round(cores * 1000)) }
