package gossip

import (
	"cmp"
	"strings"
)

// Workload is the object that made pods from its template: a Deployment, StatefulSet, DaemonSet, Job or CronJob, or an
// object of another kind that makes ReplicaSets, Jobs or pods itself. A user who fixes a template looks for it under
// this name. What made the workload in turn is Template.Maker. A pod without a controller is its own workload, of kind
// Pod.
//
// Two values are about the same workload if their Identity is equal: the other fields may be known of one pod and not
// of another.
type Workload struct {
	Group string // apps; empty for the core group
	Kind  string // Deployment; empty when a name does not show it
	Name  string
	// Version is the version of the API in which a pod, or an owner of it, names the workload (v1). It is empty when only
	// the name of a pod is known. There is no command for such a workload.
	Version string
	// UID is empty when unknown.
	UID string
	// Guessed reports that the workload was inferred from names and not read: from the name of a ReplicaSet, which is the
	// name of its Deployment and a hash, or from the name of the pod.
	Guessed bool
}

// Identity returns the fields that all pods of the workload have in common: group, kind and name.
func (w Workload) Identity() Workload { return Workload{Group: w.Group, Kind: w.Kind, Name: w.Name} }

// Known reports whether anything is known about the workload.
func (w Workload) Known() bool { return w.Name != "" }

// IsPod reports whether the workload is a pod without a controller.
func (w Workload) IsPod() bool { return w.Group == "" && w.Kind == "Pod" }

// APIVersion returns group and version as owner references have them ("apps/v1"); empty when the version is not known.
func (w Workload) APIVersion() string {
	if w.Group == "" || w.Version == "" {
		return w.Version
	}
	return w.Group + "/" + w.Version
}

// Compare orders workloads by name, kind and group.
func (w Workload) Compare(o Workload) int {
	return cmp.Or(strings.Compare(w.Name, o.Name), strings.Compare(w.Kind, o.Kind), strings.Compare(w.Group, o.Group))
}

// String returns the workload as messages name it: "Deployment web", or "~web" if it was guessed. A kind that
// Kubernetes would not accept is left out: it may be any text.
func (w Workload) String() string {
	switch {
	case w.Guessed:
		return "~" + w.Name
	case !IsKindName(w.Kind):
		return w.Name
	}
	return w.Kind + " " + w.Name
}
