// Package door reaches the operator of a cluster from the speaker's machine, through a port that kubectl forwards: the entrance for
// records, and the metrics. Nothing in the cluster is changed; the tokens that it asks for live for ten minutes.
package door

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"time"

	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
)

// audience is whom the operator's tokens are for.
const audience = "kernel-gossip"

// patience is how long a port may take to be forwarded, and a request to be answered.
const patience = 5 * time.Second

// Door is an open way to the operator. Close it.
type Door struct {
	// URL is where records are posted to, on this machine's loopback.
	URL string

	ctx     context.Context // of Open, which the forwarding lives as long as
	site    *install.Site
	metrics string
	stop    context.CancelFunc
	forward *exec.Cmd
}

// Open forwards the operator's ports. An error says that the operator cannot be reached, in kubectl's words.
func Open(ctx context.Context, site *install.Site) (*Door, error) {
	running, stop := context.WithCancel(ctx)
	cmd := exec.CommandContext(running, site.Kubectl.Program, "port-forward", "--namespace", install.OperatorNamespace, "deployment/"+install.Operator, ":8080", ":8443")
	cmd.Env = site.Kubectl.Environ()
	out, err := cmd.StdoutPipe()
	if err != nil {
		stop()
		return nil, err
	}
	var complaints strings.Builder
	cmd.Stderr = &complaints
	if err := cmd.Start(); err != nil {
		stop()
		return nil, err
	}
	d := &Door{ctx: ctx, site: site, stop: stop, forward: cmd}
	found := make(chan map[string]string, 1)
	go func() { found <- forwarded(out) }()
	enough := time.NewTimer(patience)
	defer enough.Stop()
	select {
	case at := <-found:
		if at["8080"] != "" && at["8443"] != "" {
			d.URL, d.metrics = "http://"+at["8080"]+"/v1/events", "https://"+at["8443"]+"/metrics"
			return d, nil
		}
		d.Close() // it has ended: what it complained of is complete
		return nil, errors.New(strings.TrimSpace(complaints.String()))
	case <-enough.C:
		d.Close()
		return nil, fmt.Errorf("no port was forwarded within %s", patience)
	}
}

// Close ends the forwarding.
func (d *Door) Close() {
	d.stop()
	_ = d.forward.Wait() // it was killed
}

// forwarding is a line of kubectl port-forward about one port of IPv4's loopback.
var forwarding = regexp.MustCompile(`^Forwarding from (127\.0\.0\.1:\d+) -> (\d+)$`)

// forwarded reads until both ports have an address, or the end, and goes on reading so that kubectl can go on writing.
func forwarded(out io.Reader) map[string]string {
	at := map[string]string{}
	lines := bufio.NewScanner(out)
	for len(at) < 2 && lines.Scan() {
		if found := forwarding.FindStringSubmatch(lines.Text()); found != nil {
			at[found[2]] = found[1]
		}
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return at
}

// Token is one with which the demo's account may send.
func (d *Door) Token(ctx context.Context) (string, error) {
	return d.token(ctx, install.OperatorNamespace, install.Crew, audience)
}

// ObserverToken is one such as the observer sends with.
func (d *Door) ObserverToken(ctx context.Context) (string, error) {
	return d.token(ctx, install.ObserverNamespace, install.Observer, audience)
}

func (d *Door) token(ctx context.Context, namespace, account string, audiences ...string) (string, error) {
	const life = int64(600) // seconds; the API server gives no shorter one
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: audiences, ExpirationSeconds: new(life)}}
	holder := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: account}}
	if err := d.site.Client.SubResource("token").Create(ctx, holder, request); err != nil {
		return "", fmt.Errorf("a token of %s/%s: %w", namespace, account, err)
	}
	return request.Status.Token, nil
}

// Knock posts a body without a record, and returns the answer's code: 400 when the sender is known and may send, 401 and 403 when not.
// No object comes of it; the operator counts one refused request.
func (d *Door) Knock(ctx context.Context, token string) (code int, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	answer, err := d.ask(ctx, http.DefaultClient, token, http.MethodPost, &d.URL)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	return answer.StatusCode, nil
}

// ask makes a request without a body. When it fails the ports are forwarded once more: kubectl gives up all of it when one connection breaks.
func (d *Door) ask(ctx context.Context, c *http.Client, token, method string, url *string) (*http.Response, error) {
	for again := false; ; again = true {
		r, err := http.NewRequestWithContext(ctx, method, *url, http.NoBody)
		if err != nil {
			return nil, err
		}
		if token != "" {
			r.Header.Set("Authorization", "Bearer "+token)
		}
		answer, err := c.Do(r)
		if err == nil || again {
			return answer, err
		}
		d.Close()
		next, err := Open(d.ctx, d.site)
		if err != nil {
			return nil, err
		}
		*d = *next
	}
}

// Metric is the value of one of the operator's metrics that has no labels, such as kernelgossip_newest_event_age_seconds.
func (d *Door) Metric(ctx context.Context, name string) (float64, error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	token, err := d.token(ctx, install.OperatorNamespace, install.Crew)
	if err != nil {
		return 0, err
	}
	// The operator's certificate is one that it made for itself. The way to it is kubectl's, which checks the API server.
	insecure := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}, DisableKeepAlives: true}
	answer, err := d.ask(ctx, &http.Client{Transport: insecure}, token, http.MethodGet, &d.metrics)
	if err != nil {
		return 0, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("/metrics: %s", answer.Status)
	}
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(answer.Body)
	if err != nil {
		return 0, fmt.Errorf("/metrics: %w", err)
	}
	family := families[name]
	if family == nil || len(family.GetMetric()) != 1 || family.GetMetric()[0].GetGauge() == nil {
		return 0, fmt.Errorf("/metrics has no gauge %s", name)
	}
	return family.GetMetric()[0].GetGauge().GetValue(), nil
}
