package operator_test

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/operator"
)

// freeAddress returns an address at which nothing listens.
func freeAddress(t *testing.T, host string) string {
	t.Helper()
	l, err := net.Listen("tcp", net.JoinHostPort(host, "0"))
	require.NoError(t, err)
	require.NoError(t, l.Close())
	_, port, err := net.SplitHostPort(l.Addr().String())
	require.NoError(t, err)
	return net.JoinHostPort(host, port)
}

// clientFrom returns a client that dials from an address of loopback and checks no certificate.
func clientFrom(t *testing.T, address string) *http.Client {
	t.Helper()
	transport := &http.Transport{
		DialContext:     (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}).DialContext,
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport, Timeout: 10 * time.Second}
}

// get returns the code and the text of an answer.
func get(t *testing.T, client *http.Client, url string, header ...string) (code int, text string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	for i := 0; i+1 < len(header); i += 2 {
		if header[i] == "Host" {
			request.Host = header[i+1]
		}
		request.Header.Set(header[i], header[i+1])
	}
	response, err := client.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	require.True(t, response.Close, "strangers keep no connection")
	return response.StatusCode, string(body)
}

// An address without credentials that opens connections with long headers, as many as it can, gets few of them, and
// shuts out neither Prometheus nor the kubelet.
func TestStrangersDoNotFillThePorts(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	makeNamespace(t, k, "scrape")
	require.NoError(t, k.Create(t.Context(),
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "scrape", Name: "prometheus"}}))
	require.NoError(t, k.Create(t.Context(), &rbacv1.ClusterRole{
		ObjectMeta: metav1.ObjectMeta{Name: "scrape"},
		Rules:      []rbacv1.PolicyRule{{NonResourceURLs: []string{"/metrics"}, Verbs: []string{"get"}}},
	}))
	require.NoError(t, k.Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "scrape"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "scrape"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: "scrape", Name: "prometheus"}},
	}))
	metrics, health := freeAddress(t, "0.0.0.0"), freeAddress(t, "127.0.0.1")
	start(t, c.Config, in("scrape"), func(o *operator.Options) { o.MetricsAddress, o.HealthAddress = metrics, health })
	metrics = strings.Replace(metrics, "0.0.0.0", "127.0.0.1", 1)

	ctx, stop := context.WithCancel(t.Context())
	var all sync.WaitGroup
	defer all.Wait()
	defer stop()
	for range 40 {
		all.Go(func() { flood(ctx, metrics, true) })
		all.Go(func() { flood(ctx, metrics, true) })
		all.Go(func() { flood(ctx, health, false) })
		all.Go(func() { flood(ctx, health, false) })
	}
	good := bearer(token(t, k, "scrape", "prometheus"))
	for range 5 {
		time.Sleep(100 * time.Millisecond)
		prometheus := clientFrom(t, "127.0.0.1")
		code, text := get(t, prometheus, "https://"+metrics+"/metrics", "Authorization", good)
		require.Equal(t, http.StatusOK, code, text)
		require.Contains(t, text, "go_goroutines") // the metrics of this operator are in a registry of the test
		code, _ = get(t, prometheus, "https://"+metrics+"/metrics")
		require.Equal(t, http.StatusUnauthorized, code)
		code, _ = get(t, prometheus, "https://"+metrics+"/")
		require.Equal(t, http.StatusNotFound, code)
		for _, path := range []string{"/healthz", "/readyz", "/readyz/ingest"} {
			code, text = get(t, prometheus, "http://"+health+path)
			require.Equal(t, http.StatusOK, code, text)
		}
	}
	stop()
	all.Wait()
	long := strings.Repeat("x", 24<<10)
	code, _ := get(t, clientFrom(t, "127.0.0.1"), "https://"+metrics+"/metrics", "X-Long", long)
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, code)
	code, _ = get(t, clientFrom(t, "127.0.0.1"), "http://"+health+"/healthz", "X-Long", long)
	require.Equal(t, http.StatusRequestHeaderFieldsTooLarge, code)
}

// flood opens one connection after the other from 127.0.0.2, and sends headers without an end.
func flood(ctx context.Context, address string, secure bool) {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}, Timeout: time.Second}
	for ctx.Err() == nil {
		c, err := dialer.DialContext(ctx, "tcp", address)
		if err != nil {
			continue
		}
		if secure {
			c = tls.Client(c, &tls.Config{InsecureSkipVerify: true})
		}
		end := context.AfterFunc(ctx, func() { _ = c.Close() })
		_, err = io.WriteString(c, "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Long: ")
		for err == nil {
			time.Sleep(20 * time.Millisecond)
			_, err = io.WriteString(c, "xxxxxxxxxxxxxxxx")
		}
		end()
		_ = c.Close()
	}
}

// What needs no token on loopback is for programs of this machine, and not for pages in its browser.
func TestPagesInABrowserReachNothing(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	metrics, profiles := freeAddress(t, "127.0.0.1"), freeAddress(t, "127.0.0.1")
	r := start(t, c.Config, in("browser"), func(o *operator.Options) { o.MetricsAddress, o.PprofAddress = metrics, profiles })
	client := clientFrom(t, "127.0.0.1")
	for _, url := range []string{"http://" + metrics + "/metrics", "http://" + profiles + "/debug/pprof/cmdline"} {
		code, text := get(t, client, url)
		require.Equal(t, http.StatusOK, code, text)
		code, text = get(t, client, url, "Host", "evil.example")
		require.Equal(t, http.StatusForbidden, code, text)
	}
	body := records("browser", "api-0", "", 1, 45)[0]
	a, err := r.tryPost(t.Context(), strings.NewReader(body), "Origin", "https://evil.example")
	require.NoError(t, err)
	require.Equal(t, http.StatusForbidden, a.Code)
	require.Zero(t, r.gauge(t, "kernelgossip_subjects"))
	r.post(t, body)
	require.InDelta(t, 1, r.gauge(t, "kernelgossip_subjects"), 0)
}

// An address that is taken is named with its flag.
func TestTakenPortIsNamed(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	r := launch(t, c.Config, quick(func(o *operator.Options) { o.HealthAddress = l.Addr().String() }))
	err = <-r.done
	r.done <- err
	require.ErrorContains(t, err, fmt.Sprintf("--health-probe-bind-address: listen tcp %s", l.Addr()))
}
