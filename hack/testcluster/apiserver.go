// Package testcluster runs a Kubernetes API server with its etcd on this machine, with our kinds installed, and places the pods of a
// capture in it: what the tests of the operator and `make run-local` need, and no container runtime. There is no kubelet, no scheduler
// and no controller: pods stay pending, and nothing is garbage-collected.
package testcluster

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/go-logr/logr"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/client-go/rest"
	ctrllog "sigs.k8s.io/controller-runtime/pkg/log"

	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster/kubeassets"
)

// Cluster is a running API server. Config and Kubeconfig are those of its administrator.
type Cluster struct {
	Config     *rest.Config
	Kubeconfig []byte
	// Kubectl is the program that fits the API server.
	Kubectl string

	environment *envtest.Environment
	folder      string
	alive       io.Closer
}

// Start runs kube-apiserver and etcd of the folder assets (package kubeassets finds one), and installs our definitions.
func Start(assets string) (*Cluster, error) {
	c, err := StartBare(assets)
	if err != nil {
		return nil, err
	}
	if err := c.InstallCRDs(); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// StartBare is Start without our definitions.
func StartBare(assets string) (*Cluster, error) {
	ctrllog.SetLogger(logr.Discard()) // envtest has nothing to say that its errors do not
	e := &envtest.Environment{
		BinaryAssetsDirectory:    assets,
		ControlPlaneStartTimeout: 2 * time.Minute,
		ControlPlaneStopTimeout:  time.Minute,
		UseExistingCluster:       new(false),
	}
	folder, alive, err := programs(assets)
	if err != nil {
		return nil, err
	}
	e.ControlPlane.GetAPIServer().Path = filepath.Join(folder, "kube-apiserver")
	e.ControlPlane.Etcd = &envtest.Etcd{Path: filepath.Join(folder, "etcd"), DataDir: filepath.Join(folder, "data")}
	e.ControlPlane.GetAPIServer().CertDir = folder                         // a server that is started again keeps its certificates
	e.ControlPlane.GetAPIServer().Configure().Set("request-timeout", "5s") // for as long a stop waits for those who watch
	config, err := e.Start()
	if err != nil {
		_ = alive.Close()
		_ = os.RemoveAll(folder)
		return nil, fmt.Errorf("cannot start kube-apiserver and etcd of %s: %w", assets, err)
	}
	config.QPS = -1
	return &Cluster{Config: config, Kubeconfig: e.KubeConfig, Kubectl: filepath.Join(assets, "kubectl"), environment: e, folder: folder, alive: alive}, nil
}

// programs makes a folder with kube-apiserver and etcd, which end when this process does.
func programs(assets string) (folder string, alive io.Closer, err error) {
	assets, err = filepath.Abs(assets)
	if err != nil {
		return "", nil, err
	}
	folder, err = os.MkdirTemp("", "kernel-gossip-apiserver-")
	if err != nil {
		return "", nil, err
	}
	if err = os.Mkdir(filepath.Join(folder, "data"), 0o700); err == nil {
		alive, err = kubeassets.Supervise(folder, assets, "kube-apiserver", "etcd")
	}
	if err != nil {
		_ = os.RemoveAll(folder)
	}
	return folder, alive, err
}

// InstallCRDs installs our definitions and waits until they are served.
func (c *Cluster) InstallCRDs() error {
	var all []*apiextensionsv1.CustomResourceDefinition
	for _, text := range crd.CRDs() {
		var definition apiextensionsv1.CustomResourceDefinition
		if err := yaml.Unmarshal(text, &definition); err != nil {
			return err
		}
		all = append(all, &definition)
	}
	_, err := envtest.InstallCRDs(c.Config, envtest.CRDInstallOptions{CRDs: all})
	return err
}

// Stop ends both processes and removes what they wrote. Where this process ends without it, the system does that: see
// kubeassets.Supervise.
func (c *Cluster) Stop() error {
	return errors.Join(c.environment.Stop(), c.alive.Close(), os.RemoveAll(c.folder))
}

// StopAPIServer ends the API server alone: etcd keeps the objects.
func (c *Cluster) StopAPIServer() error { return c.environment.ControlPlane.APIServer.Stop() }

// StartAPIServer starts it again, at its old address.
func (c *Cluster) StartAPIServer() error { return c.environment.ControlPlane.APIServer.Start() }

// AddUser makes a user that belongs to groups and may do nothing yet.
func (c *Cluster) AddUser(name string, groups ...string) (*rest.Config, error) {
	user, err := c.environment.AddUser(envtest.User{Name: name, Groups: groups}, &rest.Config{QPS: -1})
	if err != nil {
		return nil, err
	}
	return user.Config(), nil
}
