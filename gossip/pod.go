package gossip

import (
	"math"
	"slices"
	"time"
)

// Pod is what is known of a pod besides what the kernel says: its limits, its owner, what else has a say about them. The zero Pod
// is "nothing is known", and every rule copes with it. Package gossip/kube reads it from Kubernetes objects.
type Pod struct {
	Namespace  string
	Name       string
	UID        string
	QoS        QoS
	Started    time.Time // when the kubelet took the pod on; zero when unknown
	Owner      Owner     // the topmost controller; zero for a bare pod
	Containers []Container
	// CPULimit is the limit in cores of the pod as a whole (spec.resources), which its containers share; absent when it has none.
	CPULimit Optional[float64]
	// Autoscaler is the name of a HorizontalPodAutoscaler that scales the owner by CPU utilization, a share of the CPU request.
	Autoscaler string
	// LimitRanges are those of the namespace that bound a container's CPU.
	LimitRanges []LimitRange
}

// QoS is the pod's quality of service class, in Kubernetes' words. Empty when unknown.
type QoS string

// The three classes of Kubernetes.
const (
	QoSGuaranteed QoS = "Guaranteed"
	QoSBurstable  QoS = "Burstable"
	QoSBestEffort QoS = "BestEffort"
)

// Owner is the object whose template the pod is made from.
type Owner struct {
	APIVersion string // apps/v1
	Kind       string // Deployment
	Name       string
	// Guessed says that the owner was inferred from names (a ReplicaSet's less its hash), not read.
	Guessed bool
}

// Container is what is known of one container of the pod.
type Container struct {
	Name string
	// Role tells containers, sidecars and init containers apart: they stand in different lists of the template.
	Role Role
	// CPURequest and CPULimit are in cores. Absent in a known container means "not set".
	CPURequest Optional[float64]
	CPULimit   Optional[float64]
	// MemoryRequest and MemoryLimit are in bytes. They decide the QoS class together with CPU.
	MemoryRequest Optional[int64]
	MemoryLimit   Optional[int64]
	// ResizeRestarts says that a change of its CPU in place restarts it (resizePolicy).
	ResizeRestarts bool
}

// Role is what a container is in its pod.
type Role int

const (
	// RoleMain is an ordinary container.
	RoleMain Role = iota
	// RoleSidecar is an init container with restartPolicy Always: it runs beside the others.
	RoleSidecar
	// RoleInit is an ordinary init container: it ends before the others start, and gets no advice.
	RoleInit
)

// LimitRange is one object of that kind, as far as it bounds the CPU of a container. Cores.
type LimitRange struct {
	Name string
	Max  Optional[float64] // largest limit that is admitted
	// MaxRatio is the largest limit/request that is admitted.
	MaxRatio Optional[float64]
}

// Container returns the container of that name, and whether the pod is known to have it.
func (p Pod) Container(name string) (Container, bool) {
	i := slices.IndexFunc(p.Containers, func(c Container) bool { return c.Name == name })
	if i < 0 {
		return Container{}, false
	}
	return p.Containers[i], true
}

// Known says whether anything is known of the pod.
func (p Pod) Known() bool { return p.Name != "" }

// Enrich fills what the record lacks from the pod: today the CPU limit of a CPUSample, where the pod has that container (and is the
// pod the record means, if both tell a UID). The record's own limit wins. Both programs call it before Observe, so that replay and
// operator see the same events.
func Enrich(e Event, p Pod) Event {
	s, ok := e.(CPUSample)
	if !ok || s.LimitCores.Known || !sameUID(s.PodUID, p.UID) {
		return e
	}
	if c, ok := p.Container(s.Container); ok {
		s.LimitCores, s.LimitFilled = Some(c.CPULimit.Or(p.CPULimit.Or(0))), true
		return s
	}
	return e
}

func sameUID(a, b string) bool { return a == "" || b == "" || a == b }

// Percent rounds a share to a whole percentage, half away from zero. The inner rounding takes off what binary fractions add: 0.145 is
// a little less than 14.5 %, and ought to become 15.
func Percent(share float64) float64 { return math.Round(math.Round(share*1e11) / 1e9) }

// Millicores rounds cores to Kubernetes' smallest CPU unit, half away from zero.
func Millicores(cores float64) int64 { return int64(math.Round(cores * 1000)) }
