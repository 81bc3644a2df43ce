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

// room is how much memory is used before anything is collected: most captures need less, and the process ends soon.
const room = 240 << 20

// collectLate begins to collect garbage when the room is used up, and from then on as always.
func collectLate() {
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(room)
	runtime.AddCleanup(new([16]byte), func(struct{}) { // it is garbage, so it tells of the first collection
		debug.SetGCPercent(100)
		debug.SetMemoryLimit(math.MaxInt64)
	}, struct{}{})
}
