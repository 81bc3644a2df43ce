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
