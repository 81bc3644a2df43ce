package webhook

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"
)

// Access is how a sender proves who it is, and how the other side does. The zero Access sends no token and trusts the
// system's certificates.
type Access struct {
	// TokenFile is a file with a bearer token. It is read for each request: tokens of Kubernetes live for an hour or less.
	TokenFile string
	// Token is the bearer token if there is no TokenFile.
	Token string
	// CAFile is a file with the certificates to trust instead of the system's.
	CAFile string
}

// Authorize gives a request the bearer token, if there is one.
func (a Access) Authorize(r *http.Request) error {
	token := a.Token
	if a.TokenFile != "" {
		text, err := os.ReadFile(a.TokenFile)
		if err != nil {
			return err
		}
		token = strings.TrimSpace(string(text))
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	return nil
}

// Transport returns an HTTP transport that trusts the certificates of CAFile. It keeps two connections to each host.
func (a Access) Transport() (*http.Transport, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if a.CAFile != "" {
		pem, err := os.ReadFile(a.CAFile)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: no certificate in it", a.CAFile)
		}
	}
	return &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: config, ForceAttemptHTTP2: true,
		MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute, MaxResponseHeaderBytes: 64 << 10,
	}, nil
}
