package kube

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"k8s.io/apimachinery/pkg/util/yaml"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// maxInput bounds what Read takes in: the pods of the largest clusters are some hundred megabytes.
const maxInput = 512 << 20

// sniff is how far Read looks to tell JSON from YAML.
const sniff = 4096

// Pods is what a file says of pods. The zero Pods knows none. It is not changed after Read, so many goroutines may use it.
type Pods struct {
	byName map[name][]gossip.Pod
	n      int
}

// name is a pod's, without its UID.
type name struct{ namespace, name string }

// Read reads what kubectl prints with -o yaml or -o json: a List of any kinds, a typed list such as PodList, single
// objects, and several of these as YAML documents or as one JSON value after the other; also what jq makes of them: an
// array of objects, or items without the list's kind. ReplicaSets, Jobs, HorizontalPodAutoscalers and LimitRanges tell
// more about the pods beside them, in any order; other kinds are skipped. An object without a namespace is in
// "default". One that stands there twice is taken as it stands last. Any error, which names the object, spoils the
// whole: half a list would answer questions wrongly. Other output of kubectl, such as -o wide or describe, is named in
// the error, with the command that would do. Input above 512 MiB is an error.
func Read(r io.Reader) (Pods, error) { return read(r, maxInput) }

func read(r io.Reader, limit int64) (Pods, error) {
	bounded := &io.LimitedReader{R: r, N: limit + 1}
	in := bufio.NewReaderSize(bounded, sniff)
	begin, _ := in.Peek(sniff) // an error comes again when it is read
	head := string(begin)
	objects := newCollection()
	err := eachDocument(in, objects.add)
	if bounded.N <= 0 {
		return Pods{}, fmt.Errorf("input is larger than %d bytes", limit)
	}
	if err == nil {
		return objects.pods(), nil
	}
	if what := otherInput(head); what != "" {
		err = errors.New("looks like " + what)
	}
	return Pods{}, err
}

// eachDocument calls do for every document, as JSON, that is not empty.
func eachDocument(in *bufio.Reader, do func(json.RawMessage) error) error {
	if head, _ := in.Peek(3); string(head) == "\uFEFF" { // byte order mark, from Windows
		_, _ = in.Discard(len(head))
	}
	decoder := documents(in)
	for n := 1; ; n++ {
		var document json.RawMessage
		err := decoder.Decode(&document)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err == nil && len(document) > 0 && string(document) != "null" {
			err = do(document)
		}
		if err != nil {
			return fmt.Errorf("document %d: %w", n, err)
		}
	}
}

// decoder reads one document after the other.
type decoder interface{ Decode(into any) error }

// documents knows JSON by its first character. An array is no YAML either: what follows its document would be lost.
func documents(in *bufio.Reader) decoder {
	if head, _ := in.Peek(sniff); strings.HasPrefix(strings.TrimLeft(string(head), " \t\r\n"), "[") {
		return json.NewDecoder(in)
	}
	return yaml.NewYAMLOrJSONDecoder(in, sniff)
}

// Len is how many pods the file has.
func (p Pods) Len() int { return p.n }

// Pod returns the pod of that name, and whether it is known. An empty namespace is "default". Pods of one name, one made after the
// other, are told apart by UID: a pod whose UID is another one is not found. An empty uid means whichever stands last in the file. A
// pod without UID, from a file written by hand, has any. The caller does not change the slices in it.
func (p Pods) Pod(namespace, pod, uid string) (gossip.Pod, bool) {
	var best gossip.Pod
	found := false
	for _, c := range p.byName[name{orDefault(namespace), pod}] {
		if uid == "" || c.UID == uid || (c.UID == "" && !found) {
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
