package replay

import (
	"io"
	"os"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Analyze returns what the kernel did in captures: files in any format that the command reads, packed or not; "-" is
// standard input. Pods are files of a kubectl list in YAML or JSON, from which records get the limits that they lack;
// none is fine. A bad record is written to refused, as FILE:LINE: why, and the good ones count. If files could not be
// read to their end, Analyze returns an error, and also the findings from what it read before. Findings are in the
// order of their subjects.
func Analyze(captures, pods []string, refused io.Writer) ([]gossip.Finding, error) {
	known, err := readPods(pods)
	if err != nil {
		return nil, err
	}
	c := analysis{pods: known, errs: refused, lanes: newLanes(known, gossip.Options{})}
	err = c.readCaptures(captures, os.Stdin)
	return c.collectFindings(), err
}
