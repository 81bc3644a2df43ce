package kubeassets_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/hack/testcluster/kubeassets"
)

// goScript replaces the go command, and so the network and minutes of building: DOWNLOAD and BUILD say what works.
const goScript = `#!/bin/sh
echo "$1" >>"$GO_CALLS"
case $1 in
list) echo "$REPOSITORY" ;;
tool)
  for arg; do into=${arg#--bin-dir=}; done
  mkdir -p "$into/k8s/release"
  [ "$DOWNLOAD" = works ] || { echo "no such host" >&2; exit 2; }
  for name in etcd kube-apiserver kubectl; do echo downloaded >"$into/k8s/release/$name"; done
  chmod +x "$into"/k8s/release/*
  chmod 555 "$into/k8s/release" # as setup-envtest does
  echo "$into/k8s/release" ;;
build)
  while [ "$1" != -o ]; do shift; done
  case $BUILD in
  *"${2##*/}"*) mkdir -p "${2%/*}" && echo built >"$2" && chmod +x "$2" ;;
  *) echo "does not compile" >&2; exit 1 ;;
  esac ;;
esac
`

func TestGetFindsDownloadsOrBuilds(t *testing.T) {
	tests := []struct {
		name, download, build string
		cached                []string
		want                  string // what the programs hold
		wantErr               string
		wantLog               []string
		wantCalls             string
	}{
		{name: "in the cache", cached: all, want: "", wantCalls: ""},
		{
			name:      "downloaded",
			download:  "works",
			want:      "downloaded\n",
			wantLog:   []string{"KUBEBUILDER_ASSETS=FOLDER does without", "downloading"},
			wantCalls: "list+tool",
		},
		{
			name:      "built",
			build:     "etcd kube-apiserver kubectl",
			want:      "built\n",
			wantLog:   []string{"no download", "no such host", "building", "10 minutes"},
			wantCalls: "list+tool+list+build+build+build",
		},
		{
			name: "an incomplete cache is replaced", cached: []string{"etcd"}, download: "works", want: "downloaded\n",
			wantCalls: "list+tool",
		},
		{name: "neither", build: "etcd", wantErr: "does not compile", wantCalls: "list+tool+list+build+build"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			cache, calls := emptyCache(t), fakeGo(t, test.download, test.build)
			if test.cached != nil {
				writePrograms(t, cache, test.cached)
			}
			var log bytes.Buffer
			dir, err := kubeassets.Get(t.Context(), &log)
			if diff := cmp.Diff(test.wantCalls, calls()); diff != "" {
				t.Errorf("calls of go (-want +got):\n%s", diff)
			}
			for _, part := range test.wantLog {
				require.Contains(t, log.String(), part)
			}
			require.NoDirExists(t, cache+".partial")
			if test.wantErr != "" {
				require.ErrorContains(t, err, test.wantErr)
				require.NoDirExists(t, cache)
				return
			}
			require.NoError(t, err)
			found, err := kubeassets.Find()
			require.NoError(t, err)
			if diff := cmp.Diff([]string{cache, cache}, []string{dir, found}); diff != "" {
				t.Errorf("folders (-want +got):\n%s", diff)
			}
			for _, name := range all {
				text, err := os.ReadFile(filepath.Join(dir, name))
				require.NoError(t, err)
				if diff := cmp.Diff(test.want, string(text)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", name, diff)
				}
			}
		})
	}
}

func TestGetTwiceAtOnce(t *testing.T) {
	emptyCache(t)
	calls := fakeGo(t, "works", "")
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if _, err := kubeassets.Get(t.Context(), io.Discard); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if diff := cmp.Diff("list+tool", calls()); diff != "" {
		t.Errorf("calls of go (-want +got):\n%s", diff)
	}
}

func TestGetStopsWhenItIsCancelled(t *testing.T) {
	cache := emptyCache(t)
	fakeGo(t, "works", "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := kubeassets.Get(ctx, io.Discard)
	require.ErrorIs(t, err, context.Canceled)
	require.NoDirExists(t, cache)
}

// fakeGo puts goScript before the go command, and returns a function for the subcommands that were called.
func fakeGo(t *testing.T, download, build string) (calls func() string) {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "go"), []byte(goScript), 0o755))
	t.Setenv("PATH", dir+string(filepath.ListSeparator)+os.Getenv("PATH"))
	t.Setenv("GO_CALLS", filepath.Join(dir, "calls"))
	t.Setenv("REPOSITORY", filepath.Join(dir, "repository"))
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "repository", "hack", "envtest"), 0o755))
	t.Setenv("DOWNLOAD", download)
	t.Setenv("BUILD", build)
	return func() string {
		text, _ := os.ReadFile(filepath.Join(dir, "calls"))
		return strings.Join(strings.Fields(string(text)), "+")
	}
}
