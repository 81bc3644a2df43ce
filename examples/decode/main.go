// Command decode is the SDK in ten lines: it reads payloads from standard input and prints what the kernel did.
//
//	go run ./examples/decode < examples/captures/hidden-throttling.ndjson
package main

import (
	"fmt"
	"os"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

func main() {
	analyzer := gossip.New(gossip.Options{})
	for event, err := range pixie.Decode(os.Stdin) {
		if err != nil {
			fmt.Fprintln(os.Stderr, err) // one bad record never costs a good one
			continue
		}
		analyzer.Observe(event)
	}
	for f := range analyzer.Findings() {
		fmt.Println(f.Subject(), f.Severity(), recommend.Default().For(f, gossip.Pod{}))
	}
}
