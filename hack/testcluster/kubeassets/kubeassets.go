// Package kubeassets finds kube-apiserver, etcd and kubectl, which tests start to send objects to a real API server. [Find] is for
// tests: it looks, and never waits. [Get] is for what runs before them: what it does not find it downloads, or else builds.
//
// Only the standard library and a file lock are needed here, so that any package's tests may import it.
package kubeassets

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

const (
	// Version is the Kubernetes release that is looked for. It is that of k8s.io/api in go.mod and of k8s.io/kubernetes in
	// hack/envtest/go.mod.
	Version = "1.37.2"

	// Env is the environment variable that names a folder with all three, and comes before everything else. Envtest knows it too.
	Env = "KUBEBUILDER_ASSETS"
)

// program is one of the three, and the package that it is built from.
type program struct{ name, pkg string }

// programs stand in the order in which they are built: the quick one first, so that a fault shows early.
var programs = []program{
	{"etcd", "go.etcd.io/etcd/server/v3"},
	{"kube-apiserver", "k8s.io/kubernetes/cmd/kube-apiserver"},
	{"kubectl", "k8s.io/kubernetes/cmd/kubectl"},
}

// Find returns the folder with kube-apiserver, etcd and kubectl: the one that $KUBEBUILDER_ASSETS names, or else the one in the
// user's cache folder to which [Get] has put them. The error says what to do.
func Find() (dir string, err error) {
	if dir, err = fromEnv(); dir != "" || err != nil {
		return dir, err
	}
	if dir, err = cacheDir(); err != nil {
		return "", err
	}
	if len(missing(dir)) > 0 {
		return "", fmt.Errorf("kube-apiserver, etcd and kubectl are not in %s, and %s is not set:"+
			" `make test` and `make assets` find, download or build them", dir, Env)
	}
	return dir, nil
}

// fromEnv returns the folder that the environment names, "" if it names none. An incomplete one is an error and not a reason to look
// further: who sets the variable wants to know what is tested against.
func fromEnv() (string, error) {
	dir := os.Getenv(Env)
	if dir == "" {
		return "", nil
	}
	dir, err := filepath.Abs(dir) // go test runs every package in its own folder
	if err != nil {
		return "", fmt.Errorf("%s: %w", Env, err)
	}
	if names := missing(dir); len(names) > 0 {
		return "", fmt.Errorf("%s is set to %s, which has no program %s", Env, dir, strings.Join(names, ", "))
	}
	return dir, nil
}

// cacheDir is where Get puts them, whether it exists or not.
func cacheDir() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", fmt.Errorf("no folder to keep kube-apiserver, etcd and kubectl in: %w (or set %s)", err, Env)
	}
	return filepath.Join(cache, "kernel-gossip", "kubernetes-"+Version), nil
}

// missing names the programs that are not in a folder, or cannot be executed.
func missing(dir string) []string {
	var names []string
	for _, p := range programs {
		info, err := os.Stat(filepath.Join(dir, p.name))
		if err != nil || !info.Mode().IsRegular() || info.Mode()&0o111 == 0 {
			names = append(names, p.name)
		}
	}
	return names
}
