package operator_test

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/operator"
	"github.com/kernel-gossip/kernel-gossip/operator/localcluster"
	"github.com/kernel-gossip/kernel-gossip/replay"
)

// One corpus, three readers: each recorded capture that is posted to a running operator gives the objects that gossip-replay prints. They
// are equal in all but metadata and the UID of the pod, which is another pod here.
func TestCorpus(t *testing.T) {
	captures, err := filepath.Glob("../examples/captures/*.ndjson")
	require.NoError(t, err)
	require.NotEmpty(t, captures)
	for _, capture := range captures {
		t.Run(strings.TrimSuffix(filepath.Base(capture), ".ndjson"), func(t *testing.T) {
			pods := strings.TrimSuffix(capture, ".ndjson") + ".pods.yaml"
			var printed, errs bytes.Buffer
			code := replay.Run([]string{"-o", "yaml", "--pods", pods, capture}, strings.NewReader(""), &printed, &errs)
			require.Less(t, code, 2, errs.String())
			content, err := os.ReadFile(capture)
			require.NoError(t, err)
			list, err := os.ReadFile(pods)
			require.NoError(t, err)
			compare(t, content, list, documents(t, printed.Bytes()))
		})
	}
}

// The same for the goldens themselves, where they hold objects of a capture that is in the same file.
func TestCorpusGoldens(t *testing.T) {
	for file, capture := range map[string]string{
		"throttling_hidden": "hidden-throttling", "throttling_busy_loop": "busy-loop",
	} {
		t.Run(file, func(t *testing.T) {
			archive, err := txtar.ParseFile("../replay/testdata/" + file + ".txtar")
			require.NoError(t, err)
			golden := slices.IndexFunc(archive.Files, func(f txtar.File) bool { return f.Name == "yaml" })
			require.NotEqual(t, -1, golden)
			content, err := os.ReadFile("../examples/captures/" + capture + ".ndjson")
			require.NoError(t, err)
			list, err := os.ReadFile("../examples/captures/" + capture + ".pods.yaml")
			require.NoError(t, err)
			compare(t, content, list, documents(t, archive.Files[golden].Data))
		})
	}
}

// document is what is compared.
type document struct {
	Kind     string            `json:"kind"`
	Metadata metav1.ObjectMeta `json:"metadata"`
	Spec     map[string]any    `json:"spec"`
	Status   map[string]any    `json:"status"`
}

func documents(t *testing.T, text []byte) map[string]document {
	t.Helper()
	out := map[string]document{}
	for part := range bytes.SplitSeq(text, []byte("---\n")) {
		if len(bytes.TrimSpace(part)) == 0 {
			continue
		}
		var d document
		require.NoError(t, yaml.Unmarshal(part, &d))
		out[d.Kind+" "+d.Metadata.Namespace+"/"+d.Metadata.Name] = anonymous(d)
	}
	return out
}

// anonymous takes off what differs between two clusters.
func anonymous(d document) document {
	delete(d.Spec["pod"].(map[string]any), "uid")
	d.Metadata = metav1.ObjectMeta{}
	return d
}

// compare places the pods, posts the capture, and waits until the objects are those wanted.
func compare(t *testing.T, capture, list []byte, want map[string]document) {
	t.Helper()
	c := cluster(t)
	k := admin(t, c)
	uids, err := localcluster.Place(t.Context(), k, bytes.NewReader(list))
	require.NoError(t, err)
	var spaces []string
	for line := range strings.Lines(string(list)) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "namespace: "); ok && !slices.Contains(spaces, name) {
			spaces = append(spaces, name)
		}
	}
	t.Cleanup(func() { must(t, localcluster.Clear(background(), k, spaces...)) })

	r := start(t, c.Config, func(o *operator.Options) { o.Namespaces = spaces })
	var live bytes.Buffer
	require.NoError(t, uids.Rewrite(&live, bytes.NewReader(capture)))
	r.post(t, live.String())
	r.stop(t) // whatever was taken is written before the end
	require.Eventually(t, func() bool {
		return cmp.Equal(want, objects(t, k, spaces))
	}, time.Second, 100*time.Millisecond)
	require.Empty(t, cmp.Diff(want, objects(t, k, spaces)))
}

func objects(t *testing.T, k client.Client, spaces []string) map[string]document {
	t.Helper()
	out := map[string]document{}
	for _, namespace := range spaces {
		var whispers v1alpha1.KernelWhisperList
		var certificates v1alpha1.PodBirthCertificateList
		require.NoError(t, k.List(t.Context(), &whispers, client.InNamespace(namespace)))
		require.NoError(t, k.List(t.Context(), &certificates, client.InNamespace(namespace)))
		var all []any
		for _, w := range whispers.Items {
			w.Kind = "KernelWhisper"
			all = append(all, w)
		}
		for _, c := range certificates.Items {
			c.Kind = "PodBirthCertificate"
			all = append(all, c)
		}
		for _, o := range all {
			text, err := yaml.Marshal(o)
			require.NoError(t, err)
			maps.Copy(out, documents(t, text))
		}
	}
	return out
}
