package ingest

import (
	"fmt"
	"net"
	"net/http"
	"strings"
)

// Local admits requests of programs of this machine, and none that a web page makes a browser send: those from another
// origin, and those to another Host than this machine. The latter are what remains if a name of a stranger resolves to
// 127.0.0.1. It is for servers that listen on loopback and ask for no token.
type Local struct{ origins http.CrossOriginProtection }

// Authenticate returns an error that wraps ErrForbidden for what a web page may have caused. Senders have no name.
func (l *Local) Authenticate(r *http.Request) (user string, err error) {
	if !isLocalHost(r.Host) {
		return "", fmt.Errorf("%w: the Host is %q: without tokens it has to be localhost or an address of loopback",
			ErrForbidden, r.Host)
	}
	if err := l.origins.Check(r); err != nil {
		return "", fmt.Errorf("%w: %w", ErrForbidden, err)
	}
	return "", nil
}

// Handler answers 403 to what Authenticate does not admit.
func (l *Local) Handler(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := l.Authenticate(r); err != nil {
			http.Error(w, err.Error(), http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isLocalHost reports whether the Host of a request, with or without a port, is this machine.
func isLocalHost(host string) bool {
	if _, _, err := net.SplitHostPort(host); err == nil {
		return Loopback(host)
	}
	return Loopback(net.JoinHostPort(strings.Trim(host, "[]"), "0"))
}
