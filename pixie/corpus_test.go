package pixie

import (
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"
)

var update = flag.Bool("update", false, "rewrite the wanted output in testdata")

// corpus reads testdata: in each file an input and what becomes of it.
func corpus(t testing.TB) map[string]*txtar.Archive {
	t.Helper()
	names, err := filepath.Glob("testdata/*.txtar")
	require.NoError(t, err)
	require.NotEmpty(t, names)
	archives := map[string]*txtar.Archive{}
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		require.NoError(t, err)
		require.Len(t, archive.Files, 2, name)
		archives[name] = archive
	}
	return archives
}

func TestTheCorpusGivesItsEvents(t *testing.T) {
	for name, archive := range corpus(t) {
		t.Run(filepath.Base(name), func(t *testing.T) {
			var got strings.Builder
			for event, err := range Decode(strings.NewReader(string(archive.Files[0].Data))) {
				if err != nil {
					got.WriteString("error: " + err.Error() + "\n")
				} else {
					got.WriteString(show(event) + "\n")
				}
			}
			if *update {
				archive.Files[1].Data = []byte(got.String())
				require.NoError(t, os.WriteFile(name, txtar.Format(archive), 0o644))
				return
			}
			if diff := cmp.Diff(string(archive.Files[1].Data), got.String()); diff != "" {
				t.Errorf("(-want +got; if it is meant: go test ./pixie -update)\n%s", diff)
			}
		})
	}
}
