package replay

import (
	"fmt"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// nameTitle returns the title of the column with names.
func (l layout) nameTitle() string {
	if l.byPod {
		return "Pod"
	}
	return "Workload"
}

// nameWorkload returns a workload as tables name it: "Deployment web", "~web" if it was guessed, and a pod by its name
// alone.
func nameWorkload(w gossip.Workload) string {
	if w.IsPod() {
		return w.Name
	}
	return w.String()
}

// nameCell returns the names of a row, the namespace on its own line, because names are long, and how many pods are in
// trouble.
func (s tableRow) nameCell() string {
	return joinLines(s.About.Namespace+"/", nameWorkload(s.About.Workload), s.About.Container, s.podsNote())
}

// subjectLine returns the names of a row on one line.
func (s tableRow) subjectLine() string {
	line := s.About.Namespace + "/" + nameWorkload(s.About.Workload)
	if s.About.Container != "" {
		line += " " + s.About.Container
	}
	return line
}

// nameLine returns the names of a row on one line, and how many pods are in trouble.
func (s tableRow) nameLine() string {
	line := s.subjectLine()
	if note := s.podsNote(); note != "" {
		line += ", " + note
	}
	return line
}

// podsNote returns how many pods are in trouble, of those that were measured at that time; empty if the row is about
// one pod.
func (s tableRow) podsNote() string {
	if s.Pods.Seen < 2 {
		return ""
	}
	return fmt.Sprintf("%d/%d pods", s.Pods.Affected, s.Pods.Seen)
}
