package operator_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/replay"
)

// advice is a capture and what is known of its pods.
type advice struct{ capture, pods []byte }

// replayed finds the captures that a script of the corpus replays with its own pods.
var replayed = regexp.MustCompile(`(?m)^exits 1 gossip-replay .*$`)

// corpusAdvice returns every capture of the corpus that comes with its pods, recorded or synthetic, by name.
func corpusAdvice(t *testing.T) map[string]advice {
	t.Helper()
	all := map[string]advice{}
	captures, err := filepath.Glob("../examples/captures/*.ndjson")
	require.NoError(t, err)
	for _, file := range captures {
		name := strings.TrimSuffix(file, ".ndjson")
		capture, err := os.ReadFile(file)
		require.NoError(t, err)
		pods, err := os.ReadFile(name + ".pods.yaml")
		require.NoError(t, err)
		all[filepath.Base(name)] = advice{capture, pods}
	}
	scripts, err := filepath.Glob("../replay/testdata/*.txtar")
	require.NoError(t, err)
	for _, script := range scripts {
		archive, err := txtar.ParseFile(script)
		require.NoError(t, err)
		files := map[string][]byte{}
		for _, f := range archive.Files {
			files[f.Name] = f.Data
		}
		for _, line := range replayed.FindAllString(string(archive.Comment), -1) {
			var a advice
			for word := range strings.FieldsSeq(line) {
				switch content, own := files[word]; {
				case own && strings.HasSuffix(word, ".yaml"):
					a.pods = content
				case own && strings.HasSuffix(word, ".ndjson"):
					a.capture = content
				}
			}
			if a.capture != nil && a.pods != nil {
				name := fmt.Sprintf("%s/%x", strings.TrimSuffix(filepath.Base(script), ".txtar"),
					crc32.ChecksumIEEE(slices.Concat(a.capture, a.pods)))
				all[name] = a // a script may replay the same with other flags
			}
		}
	}
	return all
}

// recommendations returns what gossip-replay recommends.
func (a advice) recommendations(t *testing.T) []v1alpha1.Recommendation {
	t.Helper()
	pods := filepath.Join(t.TempDir(), "pods.yaml")
	must(t, os.WriteFile(pods, a.pods, 0o600))
	var printed, errs bytes.Buffer
	require.Less(t, replay.Run([]string{"-o", "json", "--pods", pods}, bytes.NewReader(a.capture), &printed, &errs), 2,
		errs.String())
	var all []v1alpha1.Recommendation
	for decoder := json.NewDecoder(&printed); decoder.More(); {
		var o v1alpha1.KernelWhisper
		must(t, decoder.Decode(&o))
		// Of other pods nothing is known, and the advice says so.
		if bytes.Contains(a.pods, []byte("name: "+o.Status.Worst.Pod.Name)) {
			all = append(all, o.Status.Recommendations...)
		}
	}
	return all
}

// A real API server takes every command that the corpus prints, as a dry run and for real, and its undo command
// restores the pod and the template. The template never has less than before.
func TestPrintedCommandsCanBeTakenBack(t *testing.T) {
	if testing.Short() {
		t.Skip("kubectl runs a hundred times, and nothing of ours beside it")
	}
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	shell := kubectlShell(t, c)
	table, commands := &strings.Builder{}, 0
	for name, a := range corpusAdvice(t) {
		t.Run(name, func(t *testing.T) {
			var withCommands []v1alpha1.Recommendation
			for _, r := range a.recommendations(t) {
				if len(r.Resize) > 0 || r.Patch != "" {
					withCommands = append(withCommands, r)
				}
			}
			if len(withCommands) == 0 {
				return
			}
			spaces, err := testcluster.ListedNamespaces(a.pods)
			require.NoError(t, err)
			t.Cleanup(func() { must(t, testcluster.ClearNamespaces(background(), k, spaces...)) })
			_, leftOut, err := testcluster.Place(t.Context(), k, bytes.NewReader(a.pods))
			require.Empty(t, leftOut)
			require.NoError(t, err)
			for _, r := range withCommands {
				before := resourcesOf(t, k, spaces)
				for _, command := range append(r.Resize, r.Patch) {
					if command == "" {
						continue
					}
					commands++
					was := resourcesOf(t, k, spaces)
					shell(t, command+" --dry-run=server")
					require.Empty(t, cmp.Diff(was, resourcesOf(t, k, spaces)), "a dry run changed something")
					shell(t, command)
					is := resourcesOf(t, k, spaces)
					require.NotEmpty(t, cmp.Diff(was, is), "%s changes nothing", command)
					require.Empty(t, lowered(was, is), command)
					fmt.Fprintf(table, "accepted, and taken back: %s\n", command)
				}
				require.NotEmpty(t, r.Rollback)
				for _, command := range r.Rollback {
					shell(t, command)
				}
				require.Empty(t, cmp.Diff(before, resourcesOf(t, k, spaces)), "after %s", r.Rollback)
			}
		})
	}
	require.Greater(t, commands, 30, "the corpus prints commands")
	t.Log(table)
}

// kubectlShell runs a line against the API server, as if it were pasted into a shell.
func kubectlShell(t *testing.T, c *testcluster.ControlPlane) func(*testing.T, string) {
	t.Helper()
	config := filepath.Join(t.TempDir(), "kubeconfig")
	must(t, os.WriteFile(config, c.Kubeconfig, 0o600))
	return func(t *testing.T, line string) {
		t.Helper()
		command := exec.CommandContext(t.Context(), "bash", "-c", "set -e; "+line)
		command.Env = append(os.Environ(), "KUBECONFIG="+config, "PATH="+filepath.Dir(c.Kubectl)+":"+os.Getenv("PATH"))
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%s\n%s", line, out)
	}
}

// resourcesOf returns the requests and limits of all pods and templates of some namespaces, in Kubernetes' canonical
// notation, by their place.
func resourcesOf(t *testing.T, k client.Client, namespaces []string) map[string]string {
	t.Helper()
	all := map[string]string{}
	for kind, template := range map[string][]string{
		"v1/Pod": nil, "apps/v1/Deployment": {"spec", "template"}, "apps/v1/StatefulSet": {"spec", "template"},
		"apps/v1/DaemonSet": {"spec", "template"}, "batch/v1/CronJob": {"spec", "jobTemplate", "spec", "template"},
	} {
		i := strings.LastIndex(kind, "/")
		for _, namespace := range namespaces {
			var list unstructured.UnstructuredList
			list.SetAPIVersion(kind[:i])
			list.SetKind(kind[i+1:] + "List")
			must(t, k.List(t.Context(), &list, client.InNamespace(namespace)))
			for _, o := range list.Items {
				where := kind[i+1:] + " " + namespace + "/" + o.GetName()
				spec, _, err := unstructured.NestedMap(o.Object, append(append([]string{}, template...), "spec")...)
				require.NoError(t, err)
				collect(all, where, spec["resources"])
				for _, containers := range []string{"containers", "initContainers"} {
					list, _ := spec[containers].([]any)
					for _, c := range list {
						c := c.(map[string]any)
						collect(all, where+" "+c["name"].(string), c["resources"])
					}
				}
			}
		}
	}
	return all
}

// collect adds each amount of requests and limits.
func collect(all map[string]string, where string, resources any) {
	r, _ := resources.(map[string]any)
	for _, which := range []string{"limits", "requests"} {
		amounts, _ := r[which].(map[string]any)
		for name, amount := range amounts {
			all[where+" "+which+" "+name] = fmt.Sprint(amount)
		}
	}
}

// lowered lists the amounts that became smaller or disappeared.
func lowered(before, after map[string]string) []string {
	var out []string
	for where, was := range before {
		is, still := after[where]
		if !still || less(is, was) {
			out = append(out, where+": "+was+" → "+is)
		}
	}
	return out
}

func less(a, b string) bool {
	quantity := resource.MustParse(a)
	return quantity.Cmp(resource.MustParse(b)) < 0
}
