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

// ControlPlane is a running API server with its etcd, and no kubelet, scheduler or controller: pods stay pending, and
// nothing is garbage-collected. Config and Kubeconfig have the rights of an administrator.
type ControlPlane struct {
	Config     *rest.Config
	Kubeconfig []byte
	// Kubectl is the program kubectl, in the version of the API server.
	Kubectl string

	environment *envtest.Environment
	folder      string
	supervisor  io.Closer
}

// StartControlPlane runs kube-apiserver and etcd from the folder assets, which package kubeassets finds, and installs
// our definitions.
func StartControlPlane(assets string) (*ControlPlane, error) {
	c, err := StartBareControlPlane(assets)
	if err != nil {
		return nil, err
	}
	if err := c.InstallCRDs(); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// StartBareControlPlane runs kube-apiserver and etcd and installs nothing.
func StartBareControlPlane(assets string) (*ControlPlane, error) {
	ctrllog.SetLogger(logr.Discard()) // envtest's errors say all that its log does
	e := &envtest.Environment{
		BinaryAssetsDirectory:    assets,
		ControlPlaneStartTimeout: 2 * time.Minute,
		ControlPlaneStopTimeout:  time.Minute,
		UseExistingCluster:       new(false),
	}
	folder, alive, err := superviseServers(assets)
	if err != nil {
		return nil, err
	}
	e.ControlPlane.GetAPIServer().Path = filepath.Join(folder, "kube-apiserver")
	e.ControlPlane.Etcd = &envtest.Etcd{Path: filepath.Join(folder, "etcd"), DataDir: filepath.Join(folder, "data")}
	// A server that starts again keeps its certificates. A stop waits for open watches as long as for requests.
	e.ControlPlane.GetAPIServer().CertDir = folder
	e.ControlPlane.GetAPIServer().Configure().Set("request-timeout", "5s")
	config, err := e.Start()
	if err != nil {
		_ = alive.Close()
		_ = os.RemoveAll(folder)
		return nil, fmt.Errorf("cannot start kube-apiserver and etcd of %s: %w", assets, err)
	}
	config.QPS = -1
	return &ControlPlane{
		Config:      config,
		Kubeconfig:  e.KubeConfig,
		Kubectl:     filepath.Join(assets, "kubectl"),
		environment: e,
		folder:      folder,
		supervisor:  alive,
	}, nil
}

// superviseServers makes a folder with kube-apiserver and etcd, which end when this process ends.
func superviseServers(assets string) (folder string, alive io.Closer, err error) {
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
func (c *ControlPlane) InstallCRDs() error {
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

// Stop ends both processes and removes what they wrote. If this process ends without Stop, the system does the same:
// see [kubeassets.Supervise].
func (c *ControlPlane) Stop() error {
	return errors.Join(c.environment.Stop(), c.supervisor.Close(), os.RemoveAll(c.folder))
}

// StopAPIServer ends the API server alone; etcd keeps the objects.
func (c *ControlPlane) StopAPIServer() error { return c.environment.ControlPlane.APIServer.Stop() }

// StartAPIServer starts the API server again, at its old address.
func (c *ControlPlane) StartAPIServer() error { return c.environment.ControlPlane.APIServer.Start() }

// AddUser adds a user that belongs to these groups and has no rights of its own yet.
func (c *ControlPlane) AddUser(name string, groups ...string) (*rest.Config, error) {
	user, err := c.environment.AddUser(envtest.User{Name: name, Groups: groups}, &rest.Config{QPS: -1})
	if err != nil {
		return nil, err
	}
	return user.Config(), nil
}
