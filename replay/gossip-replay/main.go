// Command gossip-replay reads captures of kernel events and prints verdicts with numbers. See package replay.
package main

import (
	"math"
	"os"
	"runtime"
	"runtime/debug"

	"github.com/kernel-gossip/kernel-gossip/replay"
)

func main() {
	if os.Getenv("GOGC") == "" && os.Getenv("GOMEMLIMIT") == "" {
		collectLate()
	}
	os.Exit(replay.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// firstCollection is how many bytes are used before the first garbage collection: most captures need less, and the
// process ends soon.
const firstCollection = 240 << 20

// collectLate delays the first garbage collection. From then on garbage is collected as usual.
func collectLate() {
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(firstCollection)
	runtime.AddCleanup(new([16]byte), func(struct{}) { // the array is garbage, so this runs after the first collection
		debug.SetGCPercent(100)
		debug.SetMemoryLimit(math.MaxInt64)
	}, struct{}{})
}
