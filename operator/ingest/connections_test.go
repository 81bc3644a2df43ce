package ingest_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
)

// clientFrom returns a client that dials from an address of loopback.
func clientFrom(t *testing.T, address string) *http.Client {
	t.Helper()
	transport := &http.Transport{
		DialContext:     dialer(address).DialContext,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 5 * time.Second}
}

func dialer(from string) *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}
}

// serveBounded serves a handler at an address of loopback until the end of the test.
func serveBounded(t *testing.T, bound *ingest.Connections, h http.Handler, config *tls.Config) string {
	t.Helper()
	l, err := bound.Listen("127.0.0.1:0", config)
	require.NoError(t, err)
	server := ingest.NewServer(h)
	var done sync.WaitGroup
	done.Go(func() { _ = server.Serve(l) })
	t.Cleanup(func() {
		require.NoError(t, server.Close())
		done.Wait()
	})
	return l.Addr().String()
}

// dial opens connections from an address of loopback, and closes them at the end of the test.
func dial(t *testing.T, from, to string, n int) []net.Conn {
	t.Helper()
	var out []net.Conn
	for range n {
		c, err := dialer(from).DialContext(t.Context(), "tcp", to)
		require.NoError(t, err)
		t.Cleanup(func() { _ = c.Close() })
		out = append(out, c)
	}
	return out
}

// isOpen reports whether the other side has not closed a connection, on which it says nothing, within a moment.
func isOpen(t *testing.T, c net.Conn) bool {
	t.Helper()
	require.NoError(t, c.SetReadDeadline(time.Now().Add(100*time.Millisecond)))
	_, err := c.Read(make([]byte, 1))
	return errors.Is(err, os.ErrDeadlineExceeded)
}

// An address that holds all connections, and sends a byte on each all the time, shuts no other address out.
func TestOneAddressShutsNoOtherOut(t *testing.T) {
	for name, config := range map[string]*tls.Config{
		"plain": nil,
		"TLS":   {Certificates: []tls.Certificate{*certificate(t, "operator")}, MinVersion: tls.VersionTLS12},
	} {
		t.Run(name, func(t *testing.T) {
			var refused atomic.Int64
			bound := ingest.NewConnections(16, func() { refused.Add(1) })
			door := ingest.New(ingest.Options{Take: newSink().take})
			addr := serveBounded(t, bound, door.Events(), config)
			second := serveBounded(t, bound, door.Metrics(), nil)

			ctx, stop := context.WithCancel(t.Context())
			var all sync.WaitGroup
			defer all.Wait()
			defer stop()
			for _, c := range append(dial(t, "127.0.0.2", addr, 10), dial(t, "127.0.0.2", second, 10)...) {
				all.Go(func() {
					for _, err := io.WriteString(c, "P"); err == nil && ctx.Err() == nil; {
						time.Sleep(50 * time.Millisecond)
						_, err = io.WriteString(c, "O")
					}
				})
			}
			scheme := map[bool]string{false: "http://", true: "https://"}[config != nil]
			for range 3 {
				client := clientFrom(t, "127.0.0.1")
				response, err := client.Post(scheme+addr+"/v1/events", "application/json", strings.NewReader(record()))
				require.NoError(t, err)
				require.NoError(t, response.Body.Close())
				require.Equal(t, http.StatusOK, response.StatusCode)
			}
			require.Positive(t, refused.Load())
		})
	}
}

// At the bound, a burst of one address does not disturb its own connections that are in use. Those that are silent make
// room.
func TestSilentConnectionsMakeRoom(t *testing.T) {
	addr := serveBounded(t, ingest.NewConnections(3, nil), http.NotFoundHandler(), nil)
	first := dial(t, "127.0.0.1", addr, 3)
	more := dial(t, "127.0.0.1", addr, 1)
	require.False(t, isOpen(t, more[0]), "there is no room")
	for _, c := range first {
		require.True(t, isOpen(t, c))
	}
	time.Sleep(1100 * time.Millisecond)
	for _, c := range first[1:] {
		_, err := io.WriteString(c, "G")
		require.NoError(t, err)
	}
	time.Sleep(50 * time.Millisecond) // until the server has read it
	more = dial(t, "127.0.0.1", addr, 1)
	require.True(t, isOpen(t, more[0]))
	require.False(t, isOpen(t, first[0]), "silent for the longest time")
	require.True(t, isOpen(t, first[1]))
	require.True(t, isOpen(t, first[2]))
}

// A closed connection makes room at once.
func TestClosedConnectionsDoNotCount(t *testing.T) {
	s := newSink()
	addr := serveBounded(t, ingest.NewConnections(2, nil), ingest.New(ingest.Options{Take: s.take}).Events(), nil)
	for i := range 20 {
		client := clientFrom(t, "127.0.0.1")
		require.Eventually(t, func() bool { // the server sees a moment later that the last one is closed
			response, err := client.Post("http://"+addr+"/v1/events", "application/json", strings.NewReader(record()))
			if err != nil {
				return false
			}
			return response.Body.Close() == nil && response.StatusCode == http.StatusOK
		}, 900*time.Millisecond, 10*time.Millisecond, i)
		client.CloseIdleConnections()
	}
}

// A sender that is not admitted, or asks for what does not exist, keeps no connection.
func TestStrangersKeepNoConnection(t *testing.T) {
	addr := serve(t, ingest.NewServer(ingest.New(ingest.Options{Take: newSink().take, Auth: &knows{}}).Events()), nil)
	forbidding := serve(t, ingest.NewServer(ingest.New(ingest.Options{Auth: forbids{}}).Events()), nil)
	unsure := serve(t, ingest.NewServer(ingest.New(ingest.Options{Auth: forbids{away: true}}).Events()), nil)
	for name, tc := range map[string]struct {
		addr, head string
		code       string
		stays      bool
	}{
		"no token":          {addr: addr, head: "POST /v1/events", code: "401"},
		"may not send":      {addr: forbidding, head: "POST /v1/events", code: "403"},
		"not known who":     {addr: unsure, head: "POST /v1/events", code: "503"},
		"another path":      {addr: addr, head: "POST /", code: "404"},
		"no POST":           {addr: addr, head: "GET /v1/events", code: "405"},
		"the token is good": {addr: addr, head: "POST /v1/events", code: "200", stays: true},
	} {
		t.Run(name, func(t *testing.T) {
			c := dial(t, "127.0.0.1", tc.addr, 1)[0]
			token := map[bool]string{true: word, false: "wrong"}[tc.stays]
			body := record()
			_, err := io.WriteString(c, tc.head+" HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer "+token+
				"\r\nContent-Length: "+itoa(len(body))+"\r\n\r\n"+body)
			require.NoError(t, err)
			require.NoError(t, c.SetReadDeadline(time.Now().Add(2*time.Second)))
			answer, err := io.ReadAll(c) // until the server closes the connection
			require.Contains(t, string(answer), "HTTP/1.1 "+tc.code)
			require.Equal(t, tc.stays, err != nil, err)
		})
	}
}

func TestAnIPv6NetworkCountsAsOneAddress(t *testing.T) {
	for address, want := range map[string]string{
		"10.0.0.1:80": "10.0.0.1/32", "[::ffff:10.0.0.1]:80": "10.0.0.1/32",
		"[2001:db8:1:2:3:4:5:6]:80": "2001:db8:1:2::/64", "[fe80::1%eth0]:80": "fe80::/64",
		"": "invalid Prefix", "@": "invalid Prefix",
	} {
		require.Equal(t, want, ingest.Network(address).String(), address)
	}
}
