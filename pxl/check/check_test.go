package check_test

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/pxl/check"
)

var update = flag.Bool("update", false, "rewrite the wanted output in testdata")

// The archives testdata/*.txtar, one for each rule, hold scripts, and the problems that the checker must report.
func TestEachRuleFindsTheProblemsOfItsScripts(t *testing.T) {
	names, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txtar"), func(t *testing.T) {
			archive, err := txtar.ParseFile(name)
			require.NoError(t, err)
			scripts, want := archive.Files[:len(archive.Files)-1], &archive.Files[len(archive.Files)-1]
			require.Equal(t, "want", want.Name)
			got := checkScripts(scripts)
			if *update {
				want.Data = []byte(got)
				require.NoError(t, os.WriteFile(name, txtar.Format(archive), 0o644))
				return
			}
			if diff := cmp.Diff(string(want.Data), got); diff != "" {
				t.Errorf("(-want +got; if it is intended: go test ./pxl/check -update)\n%s", diff)
			}
		})
	}
}

// checkScripts returns what pxl-check prints for the scripts together.
func checkScripts(scripts []txtar.File) string {
	var tables []check.Table
	for _, s := range scripts {
		for _, p := range check.Script(string(s.Data)).Probes {
			tables = append(tables, p.Table)
		}
	}
	var out strings.Builder
	for _, s := range scripts {
		for _, p := range check.Script(string(s.Data), tables...).Problems {
			out.WriteString(s.Name + ":" + p.String() + "\n")
		}
	}
	return out.String()
}
