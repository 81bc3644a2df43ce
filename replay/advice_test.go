package replay_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/replay"
)

// severityAbove reports whether a severity of the API is worse than Info.
func severityAbove(word string) bool {
	return word == "Warning" || word == "High" || word == "Critical"
}

// printedObject has the fields that both kinds of objects have.
type printedObject struct {
	Kind     string
	Metadata struct{ Namespace, Name string }
	Status   struct {
		Severity, Advice string
		Recommendations  []struct{ Action, Reason, Target string }
	}
}

// In the whole corpus every finding above Info has a number, or a reason why there is none.
func TestTheCorpusIsNeverWithoutAdvice(t *testing.T) {
	total := 0
	captures, err := filepath.Glob("../examples/captures/*.ndjson")
	require.NoError(t, err)
	for _, capture := range captures {
		total += checkAdvice(t, capture)
		total += checkAdvice(t, capture, "--pods", strings.TrimSuffix(capture, ".ndjson")+".pods.yaml")
	}
	archives, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	for _, archive := range archives {
		total += checkArchive(t, archive)
	}
	require.Greater(t, total, 100)
}

// checkArchive checks all payloads of an archive with all pods in it, and returns how many findings are worse than
// Info.
func checkArchive(t *testing.T, archive string) (worse int) {
	t.Helper()
	a, err := txtar.ParseFile(archive)
	require.NoError(t, err)
	dir := t.TempDir()
	var payloads []string
	pods := []string{""}
	for _, f := range a.Files {
		file := filepath.Join(dir, strings.ReplaceAll(f.Name, "/", "_"))
		require.NoError(t, os.WriteFile(file, f.Data, 0o600))
		switch {
		case strings.Contains(string(f.Data), "kind: Pod\n"):
			pods = append(pods, file)
		case strings.HasPrefix(string(bytes.TrimSpace(f.Data)), "{"):
			payloads = append(payloads, file)
		}
	}
	for _, payload := range payloads {
		for _, p := range pods {
			if p == "" {
				worse += checkAdvice(t, payload)
			} else {
				worse += checkAdvice(t, payload, "--pods", p)
			}
		}
	}
	return worse
}

// checkAdvice returns how many findings of a payload are worse than Info: none for a payload that cannot be read.
func checkAdvice(t *testing.T, payload string, args ...string) (worse int) {
	t.Helper()
	var out bytes.Buffer
	if code := replay.Run(append([]string{"-o", "json", payload}, args...), nil, &out, io.Discard); code == 2 {
		return 0
	}
	for decoder := json.NewDecoder(&out); ; {
		var o printedObject
		err := decoder.Decode(&o)
		if errors.Is(err, io.EOF) {
			return worse
		}
		require.NoError(t, err)
		if !severityAbove(o.Status.Severity) {
			continue
		}
		worse++
		where := payload + ": " + o.Metadata.Namespace + "/" + o.Metadata.Name
		require.NotEmpty(t, o.Status.Recommendations, where)
		for _, r := range o.Status.Recommendations {
			require.NotEmpty(t, r.Target+r.Reason, "%s: %s", where, r.Action)
		}
		if o.Kind == "KernelWhisper" { // certificates have no such field
			require.NotEmpty(t, o.Status.Advice, where)
		}
	}
}
