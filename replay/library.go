package replay

import (
	"io"
	"os"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Analyze returns what the kernel did in captures: files in any format that the command reads, packed or not; "-" is
// standard input. Pods are files of a kubectl list in YAML or JSON, from which records get the limits that they lack;
// none is fine. A bad record is written to refused, as FILE:LINE: why, and costs nothing else. The error is about files
// that could not be read to their end: findings of what was read before come with it. Findings are in the order of
// their subjects.
func Analyze(captures, pods []string, refused io.Writer) ([]gossip.Finding, error) {
	known, err := readPods(pods)
	if err != nil {
		return nil, err
	}
	c := capture{pods: known, errs: refused, lanes: newLanes(known)}
	err = c.readAll(captures, os.Stdin)
	return c.findings(), err
}
