package ingest

import (
	"net"
	"net/http"
	"strings"
	"time"
)

// These timeouts are for servers of all protocols. A request that does not arrive whole within ReadTimeout is refused.
const (
	HeaderTimeout = 5 * time.Second
	ReadTimeout   = 15 * time.Second
	WriteTimeout  = 30 * time.Second
	IdleTimeout   = 2 * time.Minute
)

// NewServer returns a server with these limits.
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

// Loopback reports whether an address to listen at, such as 127.0.0.1:8080, can be reached from this machine only.
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
