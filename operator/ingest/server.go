package ingest

import (
	"crypto/tls"
	"net"
	"net/http"
	"strings"
	"time"

	"golang.org/x/net/netutil"
)

// maxConnections is how many connections may be open; more wait until one is closed.
const maxConnections = 4096

// Timeouts of a server, which those of other protocols share. A request comes within ReadTimeout whole, or not at all.
const (
	HeaderTimeout = 5 * time.Second
	ReadTimeout   = 15 * time.Second
	WriteTimeout  = 30 * time.Second
	IdleTimeout   = 2 * time.Minute
)

// NewServer is a server with limits.
func NewServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler:           h,
		ReadHeaderTimeout: HeaderTimeout,
		ReadTimeout:       ReadTimeout,
		WriteTimeout:      WriteTimeout,
		IdleTimeout:       IdleTimeout,
		MaxHeaderBytes:    16 << 10,
	}
}

// Listen listens at an address, with TLS when config is not nil. The number of connections is bounded.
func Listen(address string, config *tls.Config) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	l = netutil.LimitListener(l, maxConnections)
	if config != nil {
		l = tls.NewListener(l, config)
	}
	return l, nil
}

// Loopback says whether an address to listen at, such as 127.0.0.1:8080, can be reached from this machine only.
func Loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
