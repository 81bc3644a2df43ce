package kubeassets_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/hack/testcluster/kubeassets"
)

var all = []string{"etcd", "kube-apiserver", "kubectl"}

func TestFindLooksInTheNamedFolderAndInTheCache(t *testing.T) {
	tests := []struct {
		name        string
		env, cached []string // the programs in a folder that the variable names, and in the cache
		want        string   // env or cache
		wantErr     []string // parts of the error
	}{
		{name: "the variable names a whole folder", env: all, want: "env"},
		{name: "the variable comes before the cache", env: all, cached: all, want: "env"},
		{
			name: "the variable names a folder without two of them", env: []string{"etcd"}, cached: all,
			wantErr: []string{"KUBEBUILDER_ASSETS is set to ENV,", "no program kube-apiserver, kubectl"},
		},
		{name: "the cache holds them", cached: all, want: "cache"},
		{
			name:    "the cache lacks one",
			cached:  []string{"etcd", "kubectl"},
			wantErr: []string{"not in CACHE", "`make test`", "`make assets`"},
		},
		{
			name:    "there is nothing",
			wantErr: []string{"not in CACHE", "KUBEBUILDER_ASSETS is not set", "`make test`", "`make assets`"},
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cache, env := emptyCache(t), t.TempDir()
			if test.env != nil {
				t.Setenv(kubeassets.Env, env)
				writePrograms(t, env, test.env)
			}
			writePrograms(t, cache, test.cached)

			dir, err := kubeassets.Find()
			if test.wantErr != nil {
				require.Error(t, err)
				text := strings.NewReplacer(env, "ENV", cache, "CACHE").Replace(err.Error())
				for _, part := range test.wantErr {
					require.Contains(t, text, part)
				}
				return
			}
			require.NoError(t, err)
			if diff := cmp.Diff(map[string]string{"env": env, "cache": cache}[test.want], dir); diff != "" {
				t.Errorf("folder (-want +got):\n%s", diff)
			}
		})
	}
}

func TestFindNeedsExecutables(t *testing.T) {
	dir := emptyCache(t)
	writePrograms(t, dir, all)
	require.NoError(t, os.Chmod(filepath.Join(dir, "etcd"), 0o644))
	_, err := kubeassets.Find()
	require.Error(t, err)
}

func TestFindReturnsAnAbsolutePath(t *testing.T) {
	emptyCache(t)
	t.Chdir(t.TempDir())
	writePrograms(t, "bin", all)
	t.Setenv(kubeassets.Env, "bin")
	dir, err := kubeassets.Find()
	require.NoError(t, err)
	require.True(t, filepath.IsAbs(dir), dir)
}

// TestTheVersionIsTheOneOfBothModules holds the constant to what the tests compile against and to what is built.
func TestTheVersionIsTheOneOfBothModules(t *testing.T) {
	tests := []struct{ file, require string }{
		{"../../../go.mod", "k8s.io/api v0" + strings.TrimPrefix(kubeassets.Version, "1")},
		{"../../envtest/go.mod", "k8s.io/kubernetes v" + kubeassets.Version},
	}
	for _, test := range tests {
		text, err := os.ReadFile(test.file)
		require.NoError(t, err)
		require.Contains(t, string(text), "\t"+test.require, test.file)
	}
}

// emptyCache gives the test a cache folder of its own, and returns the folder in it for the programs.
func emptyCache(t *testing.T) string {
	t.Helper()
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_CACHE_HOME", filepath.Join(home, "cache"))
	t.Setenv(kubeassets.Env, "")
	cache, err := os.UserCacheDir()
	require.NoError(t, err)
	return filepath.Join(cache, "kernel-gossip", "kubernetes-"+kubeassets.Version)
}

func writePrograms(t *testing.T, dir string, names []string) {
	t.Helper()
	require.NoError(t, os.MkdirAll(dir, 0o755))
	for _, name := range names {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), nil, 0o755))
	}
}
