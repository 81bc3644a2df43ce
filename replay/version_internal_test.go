package replay

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"
)

// The version names the commit once, if the build knows it, for each way to build.
func TestVersionNamesTheCommitOnce(t *testing.T) {
	const commit = "7641a3b1c2d3e4f5a6b7c8d9e0f1a2b3c4d5e6f7"
	for name, test := range map[string]struct {
		version  string
		settings []debug.BuildSetting
		want     string
	}{
		"a release that go install got": {version: "v0.3.0", want: "v0.3.0 go1.26"},
		"a commit that go install got": {
			version: "v0.3.1-0.20261127120000-7641a3b1c2d3",
			want:    "v0.3.1-0.20261127120000-7641a3b1c2d3 go1.26",
		},
		"a release from its tag": {
			version:  "v0.3.0",
			settings: []debug.BuildSetting{{Key: "vcs.revision", Value: commit}, {Key: "vcs.modified", Value: "false"}},
			want:     "v0.3.0 commit " + commit + " go1.26",
		},
		"a clone": {
			version:  "v0.3.1-0.20261127120000-7641a3b1c2d3+dirty",
			settings: []debug.BuildSetting{{Key: "vcs.revision", Value: commit}, {Key: "vcs.modified", Value: "true"}},
			want:     "v0.3.1-0.20261127120000-7641a3b1c2d3+dirty go1.26",
		},
		"an older Go in a clone": {
			version:  "(devel)",
			settings: []debug.BuildSetting{{Key: "vcs.revision", Value: commit}, {Key: "vcs.modified", Value: "true"}},
			want:     "(devel) commit " + commit + " with changes go1.26",
		},
		"without its repository": {version: "(devel)", want: "(devel: built without its commit) go1.26"},
	} {
		info := &debug.BuildInfo{GoVersion: "go1.26", Main: debug.Module{Version: test.version}, Settings: test.settings}
		require.Equal(t, test.want, formatVersion(info), name)
	}
}
