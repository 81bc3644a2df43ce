package recommend

import (
	"math"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// cpuQuantity returns cores as Kubernetes writes them, to the millicore.
func cpuQuantity(cores float64) *resource.Quantity {
	return resource.NewMilliQuantity(gossip.Millicores(min(cores, math.MaxInt32)), resource.DecimalSI)
}

// formatCores returns cores for a sentence: "100m", "1", "1500m".
func formatCores(n float64) string { return cpuQuantity(n).String() }

// memoryQuantity returns bytes in the shorter of Kubernetes' two notations, which is most likely the one that the user
// wrote: 128Mi, 128M.
func memoryQuantity(n int64) *resource.Quantity {
	binary, decimal := resource.NewQuantity(n, resource.BinarySI), resource.NewQuantity(n, resource.DecimalSI)
	if len(decimal.String()) < len(binary.String()) {
		return decimal
	}
	return binary
}

// formatMebibytes returns bytes for a sentence, rounded half up to Mi: "512Mi".
func formatMebibytes(n int64) string { return memoryQuantity((n + mebi/2) / mebi * mebi).String() }

const mebi = 1 << 20
