package kube

import (
	"io"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Pods are the pods of a file. The zero Pods has none. It is safe for concurrent use, because it does not change after
// Read.
type Pods struct {
	byName map[namespacedName][]gossip.Pod
	n      int
}

// namespacedName is a pod's, without its UID.
type namespacedName struct{ namespace, name string }

// Read reads the pods from what kubectl prints with -o yaml or -o json: a List of any kinds, a typed list such as
// PodList, single objects, and several of these as YAML documents or as one JSON value after the other. It also reads
// what jq makes of them: an array of objects, or items without the list's kind. Objects of the Kinds add to what is
// known about the pods, in any order; other kinds are skipped. An object without a namespace is in "default". Of an
// object that occurs twice the last one counts.
//
// With any error there are no pods, because half a list would give wrong answers. The errors are as of EachObject.
func Read(r io.Reader) (Pods, error) { return readBounded(r, maxInput) }

func readBounded(r io.Reader, limit int64) (Pods, error) {
	objects := newCollection()
	if err := eachObject(r, limit, objects.addObject); err != nil {
		return Pods{}, err
	}
	return objects.makePods(), nil
}

// Len returns the number of pods.
func (p Pods) Len() int { return p.n }

// Pod returns the pod with that name, and whether it is known. An empty namespace is "default". Pods with the same
// name, created one after the other, differ in their UID: a pod with another UID is not found. With an empty uid, Pod
// returns the last pod in the file. A static pod is found by the kubelet's UID, too. A pod without a UID, from a file
// written by hand, matches any. The caller must not change the slices in it.
func (p Pods) Pod(namespace, pod, uid string) (gossip.Pod, bool) {
	var best gossip.Pod
	found := false
	for _, c := range p.byName[namespacedName{orDefault(namespace), pod}] {
		if uid == "" || c.HasUID(uid) || (c.UID == "" && !found) {
			best, found = c, true
		}
	}
	return best, found
}

func orDefault(namespace string) string {
	if namespace == "" {
		return "default"
	}
	return namespace
}
