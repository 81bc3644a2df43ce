package replay

import (
	"io"
	"os"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Analyze returns what the kernel did in captures: files in any format that the command reads, packed or not; "-" is
// standard input. Pods are files of a kubectl list in YAML or JSON, from which records get the limits that they lack;
// none is fine. A bad record is written to refused, as FILE:LINE: why, and the good ones count. If files could not be
// read to their end, Analyze returns an error, and also what it found before. There is a report on each subject,
// healthy ones too, in the order of workloads; it has no advice ([crd.Report.Advised]).
func Analyze(captures, pods []string, refused io.Writer) ([]crd.Report, error) {
	known, err := readPods(pods)
	if err != nil {
		return nil, err
	}
	c := analysis{pods: known, errs: refused, lanes: newLanes(known, gossip.Options{})}
	err = c.readCaptures(captures, os.Stdin)
	var reports []crd.Report
	for _, m := range known.rollUp(c.collectMeasurements(), grouping{settings: completeSettings(gossip.Options{})}) {
		reports = append(reports, crd.Report{Finding: *m.WorkloadFinding, PodOf: known.podOf})
	}
	return reports, err
}
