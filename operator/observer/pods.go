package observer

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/operator/observer/kernel"
	"github.com/kernel-gossip/kernel-gossip/pixie/webhook"
)

// maxAnswer bounds what is read of a list: 110 pods have about 2 MB.
const maxAnswer = 64 << 20

// podList asks a URL for pods.
type podList struct {
	client *http.Client
	url    string
	access webhook.Access
}

// newPodList makes a list that trusts the certificates of a file, or else the system's.
func newPodList(o options) (podList, error) {
	access := webhook.Access{TokenFile: o.podsTokenFile, CAFile: o.podsCAFile}
	transport, err := access.Transport()
	if err != nil {
		return podList{}, fmt.Errorf("--pods-ca-file: %w", err)
	}
	return podList{client: &http.Client{Timeout: 20 * time.Second, Transport: transport}, url: o.pods, access: access}, nil
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
	if err := l.access.Authorize(r); err != nil {
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
