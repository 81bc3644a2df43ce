package demo

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
)

const (
	// RecordsPort is the operator's port for records.
	RecordsPort = 8080
	metricsPort = 8443

	// audience is an argument for a token with which an account may send records.
	audience = "--audience=kernel-gossip"
)

// Forward makes a port of the operator an address of this machine, until stop is called.
func (s *Site) Forward(ctx context.Context, port int) (address string, stop func(), err error) {
	running, cancel := context.WithCancel(ctx)
	cmd := exec.CommandContext(running, s.Kubectl.Program, "port-forward", "--address=127.0.0.1",
		"--namespace", operatorNamespace, "deployment/"+operatorName, fmt.Sprint(":", port))
	cmd.Env = s.Kubectl.Environ()
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	stop = func() {
		cancel()
		_ = cmd.Wait() // it was killed
	}
	out, err := cmd.StdoutPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		cancel()
		return "", nil, err
	}
	if _, err := fmt.Fscanf(out, "Forwarding from %s", &address); err != nil {
		stop()
		return "", nil, fmt.Errorf("kubectl port-forward: %w: %s", cmp.Or(ctx.Err(), err), &complaints)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }() // so that kubectl can go on writing
	return address, stop, nil
}

// askOperator makes one request without a body at a port of the operator.
func (s *Site) askOperator(
	ctx context.Context, method string, port int, path, token string,
) (code int, answer string, err error) {
	address, stop, err := s.Forward(ctx, port)
	if err != nil {
		return 0, "", err
	}
	defer stop()
	url := "http://" + address + path
	if port == metricsPort {
		url = "https://" + address + path
	}
	request, err := http.NewRequestWithContext(ctx, method, url, http.NoBody)
	if err != nil {
		return 0, "", err
	}
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	// The operator has made its certificate itself; kubectl checks the API server, through which the request goes.
	insecure := &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}
	response, err := (&http.Transport{TLSClientConfig: insecure, DisableKeepAlives: true}).RoundTrip(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	return response.StatusCode, string(body), err
}

// postNothing posts a request without a record. It is answered 400 if the sender may send, else 401 or 403. The
// operator counts a refused request, and makes no object.
func (s *Site) postNothing(ctx context.Context, token string) (code int, err error) {
	code, _, err = s.askOperator(ctx, http.MethodPost, RecordsPort, "/v1/events", token)
	return code, err
}

// Token returns a token with which the demo's account may send records.
func (s *Site) Token(ctx context.Context) (string, error) {
	return s.requestToken(ctx, operatorNamespace, accountName, audience)
}

func (s *Site) requestToken(ctx context.Context, namespace, account string, args ...string) (string, error) {
	args = append([]string{"create", "token", account, "--namespace", namespace, "--duration=10m"}, args...)
	token, err := s.Kubectl.Run(ctx, nil, args...)
	return strings.TrimSpace(token), err
}

// readMetric returns the value of a metric of the operator that has no labels.
func (s *Site) readMetric(ctx context.Context, name string) (float64, error) {
	token, err := s.requestToken(ctx, operatorNamespace, accountName)
	if err != nil {
		return 0, err
	}
	code, answer, err := s.askOperator(ctx, http.MethodGet, metricsPort, "/metrics", token)
	if err != nil {
		return 0, err
	}
	_, rest, ok := strings.Cut(answer, "\n"+name+" ")
	if !ok || code != http.StatusOK {
		return 0, fmt.Errorf("/metrics: answered %d, without %s", code, name)
	}
	value, _, _ := strings.Cut(rest, "\n")
	return strconv.ParseFloat(value, 64)
}
