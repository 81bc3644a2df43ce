// Command decode is the SDK in ten lines: it reads payloads from standard input and prints what the kernel did.
//
//	go run ./examples/decode < examples/captures/hidden-throttling.ndjson
package main

import (
	"fmt"
	"io"
	"os"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

func main() { decode(os.Stdin, os.Stdout, os.Stderr) }

func decode(in io.Reader, out, errs io.Writer) {
	analyzer := gossip.New(gossip.Options{})
	for event, err := range pixie.Decode(in) {
		if err != nil {
			fmt.Fprintln(errs, err) // one bad record never costs a good one
			continue
		}
		analyzer.Observe(event)
	}
	for f := range analyzer.Findings() {
		fmt.Fprintln(out, f.Subject(), f.Severity())
		for _, r := range recommend.Default().For(f, gossip.Pod{}) { // nothing is known of the pod
			fmt.Fprintln(out, " ", r.Action)
		}
	}
}
