package ingest_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"io"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
)

// serve serves a handler on loopback until the end of the test.
func serve(t *testing.T, server *http.Server, config *tls.Config) string {
	t.Helper()
	l, err := ingest.NewConnections(0, nil).Listen("127.0.0.1:0", config)
	require.NoError(t, err)
	var done sync.WaitGroup
	done.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		done.Wait()
	})
	return l.Addr().String()
}

// Senders that never finish hold a connection but no place of a request, and are disconnected in the end.
func TestSlowSendersAreDisconnected(t *testing.T) {
	server := ingest.NewServer(ingest.New(ingest.Options{Take: newSink().take, MaxRequests: 4}).Events())
	server.ReadHeaderTimeout, server.ReadTimeout = 300*time.Millisecond, 600*time.Millisecond
	addr := serve(t, server, nil)
	var slow []net.Conn
	for i := range 40 {
		c, err := net.Dial("tcp", addr)
		require.NoError(t, err)
		text := "POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Le"
		if i%2 == 0 {
			text = "POST /v1/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"
		}
		_, err = io.WriteString(c, text)
		require.NoError(t, err)
		slow = append(slow, c)
	}
	client := &http.Client{Transport: &http.Transport{}}
	defer client.CloseIdleConnections()
	require.Eventually(t, func() bool {
		response, err := client.Post("http://"+addr+"/v1/events", "application/json", strings.NewReader(record()))
		if err != nil {
			return false
		}
		defer func() { _ = response.Body.Close() }()
		return response.StatusCode == http.StatusOK
	}, 5*time.Second, 20*time.Millisecond)
	for _, c := range slow {
		require.NoError(t, c.SetReadDeadline(time.Now().Add(10*time.Second)))
		_, err := io.Copy(io.Discard, c) // ends when the server closes it
		var timeout net.Error
		require.NotErrorAs(t, err, &timeout)
		require.NoError(t, c.Close())
	}
}

// Two thousand connections at once each get an answer, mostly that there are too many, and the server works on.
func TestEachOfManyConnectionsGetsAnAnswer(t *testing.T) {
	s := newSink()
	addr := serve(t, ingest.NewServer(ingest.New(ingest.Options{Take: s.take, MaxRequests: 8}).Events()), nil)
	var ok, busy, other atomic.Int64
	var all sync.WaitGroup
	body := record()
	for range 2000 {
		all.Go(func() {
			c, err := net.DialTimeout("tcp", addr, 30*time.Second)
			if err != nil {
				other.Add(1)
				return
			}
			defer func() { _ = c.Close() }()
			_ = c.SetDeadline(time.Now().Add(30 * time.Second))
			_, _ = io.WriteString(c, "POST /v1/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: "+
				itoa(len(body))+"\r\n\r\n"+body)
			answer, _ := io.ReadAll(c)
			switch {
			case bytes.HasPrefix(answer, []byte("HTTP/1.1 200")):
				ok.Add(1)
			case bytes.HasPrefix(answer, []byte("HTTP/1.1 429")):
				busy.Add(1)
			default:
				other.Add(1)
			}
		})
	}
	all.Wait()
	t.Logf("%d taken, %d asked to come again, %d without an answer", ok.Load(), busy.Load(), other.Load())
	require.Zero(t, other.Load())
	require.Positive(t, ok.Load())
	require.Equal(t, ok.Load(), s.analyzer.Stats().Observed)

	response, err := http.Post("http://"+addr+"/v1/events", "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	require.Equal(t, http.StatusOK, response.StatusCode)
	http.DefaultClient.CloseIdleConnections()
}

func itoa(n int) string { return big.NewInt(int64(n)).String() }

// A replaced certificate is served from the next connection on.
func TestReplacedCertificateIsServed(t *testing.T) {
	var current atomic.Pointer[tls.Certificate]
	current.Store(certificate(t, "first"))
	config := &tls.Config{
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return current.Load(), nil },
		MinVersion:     tls.VersionTLS12,
	}
	addr := serve(t, ingest.NewServer(ingest.New(ingest.Options{Take: newSink().take}).Events()), config)
	for _, name := range []string{"first", "second"} {
		current.Store(certificate(t, name))
		client := &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
		response, err := client.Post("https://"+addr+"/v1/events", "application/json", strings.NewReader(record()))
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, response.StatusCode)
		require.Equal(t, name, response.TLS.PeerCertificates[0].Subject.CommonName)
		require.NoError(t, response.Body.Close())
		client.CloseIdleConnections()
	}
}

func certificate(t *testing.T, name string) *tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotAfter: time.Now().Add(time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return &tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func TestLoopbackIsThisMachineOnly(t *testing.T) {
	for address, want := range map[string]bool{
		"127.0.0.1:8080": true, "127.1.2.3:1": true, "[::1]:8080": true, "localhost:0": true,
		":8080": false, "0.0.0.0:8080": false, "[::]:8080": false, "10.0.0.1:80": false, "example.com:80": false,
		"127.0.0.1": false, "": false,
	} {
		require.Equal(t, want, ingest.Loopback(address), address)
	}
}
