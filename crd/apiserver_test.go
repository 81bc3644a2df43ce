package crd_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster/kubeassets"
)

// cluster is a real API server without controllers and nodes: etcd, kube-apiserver and kubectl as package kubeassets
// finds them.
type cluster struct {
	assets, server, token, dir string
	http                       *http.Client
}

// startCluster starts a cluster with some definitions and stops it at the end of the test.
func startCluster(t *testing.T, definitions ...[]byte) *cluster {
	t.Helper()
	assets, err := kubeassets.Find()
	if err != nil && os.Getenv("CI") == "true" {
		t.Fatal(err) // no test may be skipped there
	} else if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	c := &cluster{
		assets: assets, server: fmt.Sprintf("https://127.0.0.1:%d", freePort(t)), token: "test-token", dir: dir,
		http: &http.Client{
			Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}},
		}, // self-signed, on loopback
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	der, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	keyFile, tokens := filepath.Join(dir, "sa.key"), filepath.Join(dir, "tokens.csv")
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der}), 0o600))
	require.NoError(t, os.WriteFile(tokens, []byte(c.token+",test,test\n"), 0o600))

	alive, err := kubeassets.Supervise(dir, assets, "etcd", "kube-apiserver")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, alive.Close()) })
	etcd := fmt.Sprintf("http://127.0.0.1:%d", freePort(t))
	startProcess(
		t, filepath.Join(dir, "etcd"), "--data-dir="+filepath.Join(dir, "data"), "--unsafe-no-fsync", "--log-level=error",
		"--listen-client-urls="+etcd, "--advertise-client-urls="+etcd, "--listen-peer-urls=http://127.0.0.1:0",
	)
	startProcess(t, filepath.Join(dir, "kube-apiserver"), "--etcd-servers="+etcd, "--bind-address=127.0.0.1",
		"--secure-port="+c.server[strings.LastIndex(c.server, ":")+1:], "--cert-dir="+filepath.Join(dir, "certs"),
		"--token-auth-file="+tokens, "--authorization-mode=AlwaysAllow", "--service-cluster-ip-range=10.0.0.0/24",
		"--service-account-issuer=https://localhost", "--service-account-key-file="+keyFile,
		"--service-account-signing-key-file="+keyFile, "--disable-admission-plugins=ServiceAccount")

	require.Eventually(t, func() bool {
		_, err := c.do(t, http.MethodGet, "/readyz", "")
		return err == nil
	}, time.Minute, 100*time.Millisecond, "the API server is not ready")
	c.install(t, definitions...)
	c.must(t, "", "create", "namespace", "shop")
	return c
}

// install applies definitions, as an installation and an upgrade do, and waits until the API has them.
func (c *cluster) install(t *testing.T, definitions ...[]byte) {
	t.Helper()
	for _, definition := range definitions {
		c.must(t, string(definition), "apply", "--server-side", "-f", "-")
	}
	c.must(t, "", "wait", "--for=condition=Established", "--timeout=30s", "crd", "--all")
}

// startProcess runs a server until the end of the test, and logs the end of its output when the test fails.
func startProcess(t *testing.T, path string, args ...string) {
	t.Helper()
	var log bytes.Buffer
	cmd := exec.Command(path, args...)
	cmd.Stdout, cmd.Stderr = &log, &log
	kubeassets.OwnGroup(cmd)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s:\n%s", filepath.Base(path), log.Bytes()[max(0, log.Len()-4000):])
		}
	})
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port
}

// kubectl runs kubectl with one command.
func (c *cluster) kubectl(t *testing.T, in string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(c.assets, "kubectl"), append([]string{
		"--kubeconfig=/dev/null", "--server=" + c.server, "--token=" + c.token, "--insecure-skip-tls-verify",
		"--namespace=shop",
		"--cache-dir=" + filepath.Join(c.dir, "cache"),
	}, args...)...)
	cmd.Stdin = strings.NewReader(in)
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func (c *cluster) must(t *testing.T, in string, args ...string) string {
	t.Helper()
	out, err := c.kubectl(t, in, args...)
	require.NoError(t, err, "kubectl %s\n%s\n%s", strings.Join(args, " "), out, in)
	return out
}

// do sends one request and returns the answer. A status of 300 or above is an error.
func (c *cluster) do(t *testing.T, method, path, body string) (string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, c.server+path, strings.NewReader(body))
	require.NoError(t, err)
	request.Header.Set("Authorization", "Bearer "+c.token)
	request.Header.Set("Content-Type", "application/apply-patch+yaml")
	response, err := c.http.Do(request)
	if err != nil {
		return "", err
	}
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	if err == nil && response.StatusCode >= 300 {
		err = errors.New(response.Status)
	}
	return string(answer), err
}

// apply applies an object on the server's side with strict validation: identity and spec, or the subresource status.
func (c *cluster) apply(t *testing.T, object, subresource string) (string, error) {
	t.Helper()
	var o metav1.PartialObjectMetadata
	require.NoError(t, yaml.Unmarshal([]byte(object), &o), object)
	return c.do(
		t, http.MethodPatch, path(o.Kind, o.Name)+subresource+"?fieldManager=kernel-gossip&fieldValidation=Strict&force=true",
		object,
	)
}

func path(kind, name string) string {
	return "/apis/kernel.gossip.io/v1alpha1/namespaces/shop/" + strings.ToLower(kind) + "s/" + name
}

// write applies an object as the operator does, identity and spec first and then the status, and returns the stored
// object.
func (c *cluster) write(t *testing.T, o crd.Object) string {
	t.Helper()
	o.SetNamespace("shop")
	text, err := yaml.Marshal(o)
	require.NoError(t, err)
	for _, subresource := range []string{"", "/status"} {
		answer, err := c.apply(t, string(text), subresource)
		require.NoError(t, err, "%s\n%s", answer, text)
	}
	answer, err := c.do(t, http.MethodGet, path(o.GetObjectKind().GroupVersionKind().Kind, o.GetName()), "")
	require.NoError(t, err)
	return answer
}
