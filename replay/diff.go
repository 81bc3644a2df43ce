package replay

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

func diffCommand(in io.Reader, out, errs io.Writer) *cobra.Command {
	var pods []string
	c := &cobra.Command{
		Use:   "diff A B",
		Short: "Compare two captures, or two results",
		Long: `Compare two captures, or two results (-o json or -o yaml, or kubectl get kw,pbc -A -o yaml), or one of each.
Objects are paired by kind, namespace and name; their spec and status are compared. An empty file is not a result: an
empty result is a list without items, or what -o yaml prints when there are no objects.

Exit status: 0 the same, 1 different, 2 trouble, like diff(1).`,
		Example: `  gossip-replay diff before.ndjson after.ndjson --pods pods.yaml
  kubectl get kw,pbc -A -o yaml | gossip-replay diff - capture.ndjson --pods pods.yaml`,
		Args: cobra.ExactArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			known, err := readPods(pods)
			if err != nil {
				return &exitError{exitTrouble, err}
			}
			args = inputNames(args, in, errs)
			var sides [2]objects
			for i, name := range args {
				if sides[i], err = loadObjects(name, in, errs, known); err != nil {
					return &exitError{exitTrouble, err}
				}
			}
			same, err := printDifferences(out, args[0], args[1], sides[0], sides[1])
			switch {
			case err != nil:
				return &exitError{exitTrouble, fmt.Errorf("write: %w", err)}
			case !same:
				return &exitError{code: exitFindings}
			}
			return nil
		},
	}
	c.Flags().StringArrayVar(&pods, "pods", nil, "`FILE` with the Kubernetes objects of a capture's pods")
	return c
}

// objectKey identifies an object in both results.
type objectKey struct{ kind, namespace, name string }

func (k objectKey) compare(o objectKey) int {
	return cmp.Or(cmp.Compare(k.namespace, o.namespace), cmp.Compare(k.name, o.name), cmp.Compare(k.kind, o.kind))
}

// objects is a result: the compared part of each object.
type objects map[objectKey]*unstructured.Unstructured

// resultHead matches the beginning of a result, in JSON or YAML, or noObjects. The records of a capture have neither
// kind nor apiVersion.
var resultHead = regexp.MustCompile(`^(#[^\n]*\n?)*\s*(---\s+)?(\{\s*"(kind|apiVersion)"|(kind|apiVersion):|$)`)

// loadObjects reads a result, or replays a capture.
func loadObjects(name string, in io.Reader, errs io.Writer, pods catalogs) (objects, error) {
	source := in
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		source = f
	}
	text := bufio.NewReader(source)
	head, err := text.Peek(1 << 10)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(head) == 0 { // it may be the output of a command that failed
		return nil, fmt.Errorf("%s: is empty: neither a capture nor a result (an empty result is what -o yaml prints: %q)",
			name, noObjects)
	}
	if resultHead.Match(head) {
		return readResult(name, text)
	}
	c := analysis{pods: pods, errs: errs}
	if err := c.readCapture(name, text); err != nil {
		return nil, err
	}
	if c.records == 0 {
		return nil, fmt.Errorf("%s: no record that could be used", name)
	}
	found := make(objects)
	rolled := pods.rollUp(c.collectMeasurements(), grouping{settings: completeSettings(gossip.Options{})})
	for _, v := range pods.makeVerdicts(rolled) {
		if v.object == nil {
			continue
		}
		content, err := runtime.DefaultUnstructuredConverter.ToUnstructured(v.object)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		found.add(unstructured.Unstructured{Object: content})
	}
	return found, nil
}

// readResult reads objects as gossip-replay or kubectl printed them.
func readResult(name string, text io.Reader) (objects, error) {
	found := make(objects)
	decoder := utilyaml.NewYAMLOrJSONDecoder(text, 4<<10)
	for n := 1; ; n++ {
		var content any
		err := decoder.Decode(&content)
		object, isObject := content.(map[string]any)
		switch u := (unstructured.Unstructured{Object: object}); {
		case errors.Is(err, io.EOF):
			return found, nil
		case err != nil:
			return nil, fmt.Errorf("%s: object %d: %w", name, n, err)
		case content == nil: // a comment
		case !isObject:
			return nil, fmt.Errorf("%s: object %d: not a Kubernetes object", name, n)
		case u.IsList():
			if err := u.EachListItem(func(item runtime.Object) error {
				found.add(*item.(*unstructured.Unstructured))
				return nil
			}); err != nil {
				return nil, fmt.Errorf("%s: object %d: %w", name, n, err)
			}
		default:
			found.add(u)
		}
	}
}

// add keeps the compared part of an object: its identity, spec and status. The rest of the metadata comes from the
// cluster.
func (o objects) add(u unstructured.Unstructured) {
	k := objectKey{u.GetKind(), u.GetNamespace(), u.GetName()}
	o[k] = &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": u.GetAPIVersion(), "kind": k.kind,
		"metadata": map[string]any{"namespace": k.namespace, "name": k.name},
		"spec":     u.Object["spec"], "status": u.Object["status"],
	}}
}

// printDifferences prints the differences, object by object, and reports whether there were none.
func printDifferences(out io.Writer, nameA, nameB string, a, b objects) (same bool, err error) {
	keys := make(map[objectKey]bool)
	for k := range a {
		keys[k] = true
	}
	for k := range b {
		keys[k] = true
	}
	same = true
	nameA, nameB = gossip.CleanText(nameA), gossip.CleanText(nameB)
	for _, k := range slices.SortedFunc(maps.Keys(keys), objectKey.compare) {
		var text string
		title := gossip.CleanText(k.kind + " " + k.namespace + "/" + k.name)
		switch {
		case b[k] == nil:
			text = "Only in " + nameA + ": " + title + shortStatus(a[k]) + "\n"
		case a[k] == nil:
			text = "Only in " + nameB + ": " + title + shortStatus(b[k]) + "\n"
		default:
			text = compareObjects(nameA+" "+title, nameB+" "+title, a[k], b[k])
		}
		if text == "" {
			continue
		}
		same = false
		if _, err := io.WriteString(out, text); err != nil {
			return same, err
		}
	}
	return same, nil
}

// compareObjects returns the differences of an object of both sides. A result may come from anywhere, so its texts are
// cleaned; what then looks the same is still a difference.
func compareObjects(titleA, titleB string, a, b *unstructured.Unstructured) string {
	textA, textB := toYAML(a), toYAML(b)
	if textA == textB {
		return ""
	}
	shown := diff.Diff(titleA, []byte(gossip.CleanLines(textA)), titleB, []byte(gossip.CleanLines(textB)))
	if shown == nil {
		return titleA + " and " + titleB + " differ in characters that are not shown\n"
	}
	return string(shown)
}

// shortStatus returns the severity, the kernel's sentence and the advice of an object that only one side has.
func shortStatus(u *unstructured.Unstructured) string {
	var words []string
	for _, field := range []string{"severity", "kernelSays", "advice"} {
		if w, _, _ := unstructured.NestedString(u.Object, "status", field); w != "" {
			words = append(words, w)
		}
	}
	if len(words) == 0 {
		return ""
	}
	return gossip.CleanText(" (" + strings.Join(words, ", ") + ")")
}

func toYAML(u *unstructured.Unstructured) string {
	text, err := yaml.Marshal(u.Object)
	if err != nil { // came from JSON or YAML
		return err.Error()
	}
	return string(text)
}
