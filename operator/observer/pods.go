package observer

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/operator/observer/kernel"
)

// maxAnswer bounds what is read of a list: 110 pods have about 2 MB.
const maxAnswer = 64 << 20

// podList asks a URL for pods.
type podList struct {
	client    *http.Client
	url       string
	tokenFile string
}

// newClient makes a client that trusts the certificates of caFile, or the system's.
func newClient(caFile string) (*http.Client, error) {
	config := &tls.Config{MinVersion: tls.VersionTLS12}
	if caFile != "" {
		pem, err := os.ReadFile(caFile)
		if err != nil {
			return nil, err
		}
		config.RootCAs = x509.NewCertPool()
		if !config.RootCAs.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("%s: no certificate in it", caFile)
		}
	}
	return &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{
		TLSClientConfig: config, Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: true,
		IdleConnTimeout: 2 * time.Minute, MaxIdleConnsPerHost: 2,
	}}, nil
}

// addToken gives a request the token of a file, which changes from time to time.
func addToken(r *http.Request, tokenFile string) error {
	if tokenFile == "" {
		return nil
	}
	token, err := os.ReadFile(tokenFile)
	if err != nil {
		return err
	}
	r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	return nil
}

// listPods returns the pods of the node.
func (l podList) listPods(ctx context.Context) ([]*kernel.Pod, error) {
	var list struct {
		Items []*kernel.Pod `json:"items"`
	}
	if err := l.get(ctx, l.url, &list); err != nil {
		return nil, fmt.Errorf("pods: %w", err)
	}
	return list.Items, nil
}

// listEvents returns the kubelet's events about the images of a pod, if pods come from an API server.
func (l podList) listEvents(ctx context.Context, p *kernel.Pod) ([]kernel.Event, error) {
	before, _, ok := strings.Cut(l.url, "/api/v1/pods")
	if !ok {
		return nil, errors.New("--pods is no API server, which alone has the kubelet's events")
	}
	var list struct {
		Items []kernel.Event `json:"items"`
	}
	address := before + "/api/v1/namespaces/" + p.Metadata.Namespace + "/events?fieldSelector=" +
		url.QueryEscape("reason=Pulled,involvedObject.uid="+p.Metadata.UID)
	if err := l.get(ctx, address, &list); err != nil {
		return nil, fmt.Errorf("events: %w", err)
	}
	return list.Items, nil
}

func (l podList) get(ctx context.Context, address string, into any) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return err
	}
	if err := addToken(r, l.tokenFile); err != nil {
		return err
	}
	answer, err := l.client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", address, answer.Status)
	}
	return json.NewDecoder(io.LimitReader(answer.Body, maxAnswer)).Decode(into)
}
