package recommend

import (
	"math"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// unit is the resource that changes, by its name in Kubernetes: CPU in cores, or memory in bytes.
type unit string

const (
	cpu    unit = "cpu"
	memory unit = "memory"
)

// displayName returns the resource's name for a sentence.
func (u unit) displayName() string {
	if u == cpu {
		return "CPU"
	}
	return string(u)
}

// newQuantity returns an amount as Kubernetes writes it.
func (u unit) newQuantity(n float64) *resource.Quantity {
	if u == cpu {
		return cpuQuantity(n)
	}
	return memoryQuantity(int64(min(n, math.MaxInt64/2)))
}

func (u unit) formatAmount(n float64) string { return u.newQuantity(n).String() }

// formatWithUnit returns an amount with its unit, which Kubernetes leaves out of whole cores: "100m", "1 core",
// "160Mi".
func (u unit) formatWithUnit(n float64) string {
	text := u.formatAmount(n)
	switch {
	case u != cpu || strings.TrimLeft(text, "0123456789.") != "":
		return text
	case text == "1":
		return "1 core"
	}
	return text + " cores"
}

// formatRounded returns an amount for a sentence, with memory rounded to Mi.
func (u unit) formatRounded(n float64) string {
	if u == cpu {
		return formatCores(n)
	}
	return formatMebibytes(int64(n))
}

func (u unit) requestOf(c gossip.Container) gossip.Optional[float64] {
	if u == cpu {
		return c.CPURequest
	}
	return optionalFloat(c.MemoryRequest)
}

func (u unit) limitOf(c gossip.Container) gossip.Optional[float64] {
	if u == cpu {
		return c.CPULimit
	}
	return optionalFloat(c.MemoryLimit)
}

// amountsOf returns a container's limit and request.
func (u unit) amountsOf(c gossip.Container) amounts {
	return amounts{limit: u.limitOf(c), request: u.requestOf(c)}
}

// podAmounts returns the limit and the request of the pod as a whole.
func (u unit) podAmounts(p gossip.Pod) amounts {
	return u.resourceAmounts(gossip.Resources{
		CPURequest: p.CPURequest, CPULimit: p.CPULimit, MemoryRequest: p.MemoryRequest, MemoryLimit: p.MemoryLimit,
	})
}

func (u unit) resourceAmounts(r gossip.Resources) amounts {
	if u == cpu {
		return amounts{limit: r.CPULimit, request: r.CPURequest}
	}
	return amounts{limit: optionalFloat(r.MemoryLimit), request: optionalFloat(r.MemoryRequest)}
}

// setterOf returns the autoscaler that sets the container's limit or request.
func (u unit) setterOf(c gossip.Container) gossip.Setter {
	if u == cpu {
		return c.CPUSetter
	}
	return c.MemorySetter
}

func (u unit) autoscalerOf(p gossip.Pod) string {
	if u == cpu {
		return p.Autoscaler
	}
	return p.MemoryAutoscaler
}

// limitRangeBounds returns the largest limit and the largest limit/request that a LimitRange admits.
func (u unit) limitRangeBounds(r gossip.LimitRange) (most, ratio gossip.Optional[float64]) {
	if u == cpu {
		return r.Max, r.MaxRatio
	}
	return optionalFloat(r.MaxMemory), r.MaxMemoryRatio
}

func (u unit) resizeRestarts(c gossip.Container) bool {
	if u == cpu {
		return c.ResizeRestarts
	}
	return c.MemoryResizeRestarts
}

// requestEqualsLimit reports whether a container's request equals its limit, as the Guaranteed class demands.
func (u unit) requestEqualsLimit(c gossip.Container) bool {
	limit := u.limitOf(c)
	return limit.Known && u.requestOf(c).Or(limit.Value) == limit.Value
}

func optionalFloat(n gossip.Optional[int64]) gossip.Optional[float64] {
	return gossip.Optional[float64]{Value: float64(n.Value), Known: n.Known}
}
