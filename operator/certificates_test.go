package operator_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/operator"
)

// writeCertificate writes a certificate and its key as cert-manager mounts them.
func writeCertificate(t *testing.T, dir, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	secret, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	for file, block := range map[string]*pem.Block{
		"tls.crt": {Type: "CERTIFICATE", Bytes: der}, "tls.key": {Type: "PRIVATE KEY", Bytes: secret},
	} {
		require.NoError(t, os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(block), 0o600))
	}
}

// Certificates and tokens are replaced under load: each sender with a token that is good at the time gets its answer,
// and the new certificate is served.
func TestCertificatesAndTokensAreReplacedUnderLoad(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	certificates, tokens := t.TempDir(), t.TempDir()
	writeCertificate(t, certificates, "first")
	require.NoError(t, os.WriteFile(filepath.Join(tokens, "stays"), []byte("correct-horse-battery"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(tokens, "goes"), []byte("staple-staple-staple"), 0o600))
	r := start(t, c.Config, in("replaced"), func(o *operator.Options) {
		o.IngestAuth, o.IngestTokens, o.IngestCertDir = operator.AuthToken, tokens, certificates
	})
	url := strings.Replace(r.URL, "http://", "https://", 1) + r.Path
	body := records("replaced", "api-0", "", 1, 45)[0]
	post := func(token string) (code int, certificate string, err error) {
		client := clientFrom(t, "127.0.0.1")
		defer client.CloseIdleConnections()
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
		if err != nil {
			return 0, "", err
		}
		request.Header.Set("Authorization", "Bearer "+token)
		response, err := client.Do(request)
		if err != nil {
			return 0, "", err
		}
		return response.StatusCode, response.TLS.PeerCertificates[0].Subject.CommonName, response.Body.Close()
	}
	code, served, err := post("staple-staple-staple")
	require.NoError(t, err)
	require.Equal(t, 200, code)
	require.Equal(t, "first", served)

	var all sync.WaitGroup
	var stop atomic.Bool
	var answered, failed atomic.Int64
	defer all.Wait()
	defer stop.Store(true)
	for range 4 {
		all.Go(func() {
			for !stop.Load() {
				if code, _, err := post("correct-horse-battery"); err != nil || code != 200 {
					failed.Add(1)
				}
				answered.Add(1)
			}
		})
	}
	writeCertificate(t, certificates, "second")
	require.NoError(t, os.Remove(filepath.Join(tokens, "goes")))
	require.Eventually(t, func() bool {
		code, served, err := post("staple-staple-staple")
		return err == nil && served == "second" && code == http.StatusUnauthorized
	}, 30*time.Second, 100*time.Millisecond)
	stop.Store(true)
	all.Wait()
	require.Zero(t, failed.Load())
	require.Greater(t, answered.Load(), int64(10))
}
