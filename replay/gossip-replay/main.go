// Command gossip-replay reads captures of kernel events and prints verdicts with numbers. See package replay.
package main

import (
	"os"

	"github.com/kernel-gossip/kernel-gossip/replay"
)

func main() { os.Exit(replay.Run(os.Args[1:], os.Stdin, os.Stdout, os.Stderr)) }
