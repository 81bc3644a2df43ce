package recommend

import (
	"math"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// unit is what a change is of, by its name in Kubernetes: CPU in cores, or memory in bytes.
type unit string

const (
	cpu    unit = "cpu"
	memory unit = "memory"
)

// title is the unit in a sentence.
func (u unit) title() string {
	if u == cpu {
		return "CPU"
	}
	return string(u)
}

// quantity is an amount as Kubernetes writes it.
func (u unit) quantity(n float64) *resource.Quantity {
	if u == cpu {
		return quantity(n)
	}
	return bytes(int64(min(n, math.MaxInt64/2)))
}

func (u unit) text(n float64) string { return u.quantity(n).String() }

// inWords is an amount for a sentence: memory is rounded to Mi.
func (u unit) inWords(n float64) string {
	if u == cpu {
		return cores(n)
	}
	return mebibytes(int64(n))
}

func (u unit) request(c gossip.Container) gossip.Optional[float64] {
	if u == cpu {
		return c.CPURequest
	}
	return float(c.MemoryRequest)
}

func (u unit) limit(c gossip.Container) gossip.Optional[float64] {
	if u == cpu {
		return c.CPULimit
	}
	return float(c.MemoryLimit)
}

// of are a container's amounts of the unit.
func (u unit) of(c gossip.Container) amounts {
	return amounts{limit: u.limit(c), request: u.request(c)}
}

// ofPod are those of the pod as a whole.
func (u unit) ofPod(p gossip.Pod) amounts {
	return u.ofResources(gossip.Resources{
		CPURequest: p.CPURequest, CPULimit: p.CPULimit, MemoryRequest: p.MemoryRequest, MemoryLimit: p.MemoryLimit,
	})
}

func (u unit) ofResources(r gossip.Resources) amounts {
	if u == cpu {
		return amounts{limit: r.CPULimit, request: r.CPURequest}
	}
	return amounts{limit: float(r.MemoryLimit), request: float(r.MemoryRequest)}
}

// setter is the autoscaler that sets the container's amounts of the unit.
func (u unit) setter(c gossip.Container) gossip.Setter {
	if u == cpu {
		return c.CPUSetter
	}
	return c.MemorySetter
}

func (u unit) autoscaler(p gossip.Pod) string {
	if u == cpu {
		return p.Autoscaler
	}
	return p.MemoryAutoscaler
}

// bounds are the largest limit and the largest limit/request that a LimitRange admits.
func (u unit) bounds(r gossip.LimitRange) (most, ratio gossip.Optional[float64]) {
	if u == cpu {
		return r.Max, r.MaxRatio
	}
	return float(r.MaxMemory), r.MaxMemoryRatio
}

func (u unit) resizeRestarts(c gossip.Container) bool {
	if u == cpu {
		return c.ResizeRestarts
	}
	return c.MemoryResizeRestarts
}

// equal says whether a container has a request that equals its limit, as the Guaranteed class demands.
func (u unit) equal(c gossip.Container) bool {
	limit := u.limit(c)
	return limit.Known && u.request(c).Or(limit.Value) == limit.Value
}

func float(n gossip.Optional[int64]) gossip.Optional[float64] {
	return gossip.Optional[float64]{Value: float64(n.Value), Known: n.Known}
}
