// Package kubeassets finds kube-apiserver, etcd and kubectl, with which tests start a real API server. [Find] is for
// tests: it looks for them and never waits. [Get] is for what runs before the tests: it downloads what it does not
// find, or builds it.
//
// The package needs only the standard library and a file lock, so that the tests of any package may import it.
package kubeassets

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	// Version is the Kubernetes release to find. It is also the version of k8s.io/api in go.mod and of k8s.io/kubernetes
	// in hack/envtest/go.mod.
	Version = "1.37.2"

	// Env is the environment variable that names a folder with all three. It comes before everything else. Envtest uses it
	// too.
	Env = "KUBEBUILDER_ASSETS"
)

// program is one of the three, and the package that it is built from.
type program struct{ name, pkg string }

// programs are in the order in which they are built: the quickest first, so that an error shows early.
var programs = []program{
	{"etcd", "go.etcd.io/etcd/server/v3"},
	{"kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"},
	{"kubectl", "k8s.io/kubernetes/cmd/kubectl"},
}

// Find returns the folder with kube-apiserver, etcd and kubectl: the one that $KUBEBUILDER_ASSETS names, or else the
// one in the user's cache folder that [Get] fills. The error says what to do.
func Find() (dir string, err error) {
	if dir, err = folderOfEnv(); dir != "" || err != nil {
		return dir, err
	}
	if dir, err = cacheFolder(); err != nil {
		return "", err
	}
	if len(missingPrograms(dir)) > 0 {
		return "", fmt.Errorf("kube-apiserver, etcd and kubectl are not in %s, and %s is not set:"+
			" `make test` and `make assets` find, download or build them", dir, Env)
	}
	return dir, nil
}

// folderOfEnv returns the folder that the environment names, "" if it names none. An incomplete folder is an error and
// not a reason to look elsewhere: a user who sets the variable wants these programs and no others.
func folderOfEnv() (string, error) {
	dir := os.Getenv(Env)
	if dir == "" {
		return "", nil
	}
	dir, err := filepath.Abs(dir) // go test runs every package in its own folder
	if err != nil {
		return "", fmt.Errorf("%s: %w", Env, err)
	}
	if names := missingPrograms(dir); len(names) > 0 {
		return "", fmt.Errorf("%s is set to %s, which has no program %s", Env, dir, strings.Join(names, ", "))
	}
	return dir, nil
}

// cacheFolder returns the folder that Get fills, whether it exists or not.
func cacheFolder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder to keep kube-apiserver, etcd and kubectl in: %w (or set %s)", err, Env)
	}
	return filepath.Join(cache, "kernel-gossip", "kubernetes-"+Version), nil
}

// missingPrograms returns the names of the programs that are not in a folder, or cannot be executed.
func missingPrograms(dir string) []string {
	var names []string
	for _, p := range programs {
		info, err := os.Stat(filepath.Join(dir, p.name))
		if err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
			names = append(names, p.name)
		}
	}
	return names
}
