package recommend

import (
	"math"

	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// quantity is cores as Kubernetes writes them, to the millicore.
func quantity(cores float64) *resource.Quantity {
	return resource.NewMilliQuantity(gossip.Millicores(min(cores, math.MaxInt32)), resource.DecimalSI)
}

// cores is a quantity for a sentence: "100m", "1", "1500m".
func cores(n float64) string { return quantity(n).String() }

// bytes is a quantity of memory in the shorter of Kubernetes' two notations, which is the one that it was written in:
// 128Mi, 128M.
func bytes(n int64) *resource.Quantity {
	binary, decimal := resource.NewQuantity(n, resource.BinarySI), resource.NewQuantity(n, resource.DecimalSI)
	if len(decimal.String()) < len(binary.String()) {
		return decimal
	}
	return binary
}

// mebibytes is an amount of memory for a sentence, rounded half up to Mi: "512Mi".
func mebibytes(n int64) string { return bytes((n + mebi/2) / mebi * mebi).String() }

const mebi = 1 << 20
