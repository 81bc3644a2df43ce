//go:build e2e

package e2e_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/replay"
)

const service = "http://kernel-gossip.kernel-gossip.svc:8080/v1/events"

// sender is a pod in the cluster from which the tests post, so that what they post goes through the Service.
type sender struct{ namespace string }

func newSender(t *testing.T) sender {
	t.Helper()
	ns := namespace(t)
	runPod(t, ns, "sender", corev1.Container{
		Name: "app", Image: world.images.Base, ImagePullPolicy: corev1.PullIfNotPresent,
		Command: []string{"sleep", "infinity"},
	})
	eventually(t, &corev1.Pod{}, ns, "sender", "running",
		func(p *corev1.Pod) bool { return p.Status.Phase == corev1.PodRunning })
	for _, account := range []string{"observer", "stranger"} {
		require.NoError(t, world.client.Create(t.Context(), &corev1.ServiceAccount{
			ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: account},
		}))
	}
	_, err := world.kubectl.Run(t.Context(), nil, "create", "clusterrolebinding", ns, "--clusterrole=kernel-gossip-sender",
		"--serviceaccount="+ns+":observer")
	require.NoError(t, err)
	t.Cleanup(func() {
		_, err := world.kubectl.Run(bg(), nil, "delete", "clusterrolebinding", ns)
		require.NoError(t, err)
	})
	return sender{ns}
}

// token is one of an account, for an audience.
func (s sender) token(t *testing.T, account, audience string) string {
	t.Helper()
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: []string{audience}}}
	holder := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: s.namespace, Name: account}}
	require.NoError(t, world.client.SubResource("token").Create(t.Context(), holder, request))
	return request.Status.Token
}

// door is where one posts, and what.
type door struct{ url, contentType string }

var (
	records = door{service, "application/x-ndjson"}
	metrics = door{"http://kernel-gossip.kernel-gossip.svc:4318/v1/metrics", "application/json"}
)

// post posts a body and returns the answer's code and text.
func (s sender) post(t *testing.T, to door, token string, body []byte) (code int, text string) {
	t.Helper()
	args := []string{
		"exec", "--stdin", "--namespace", s.namespace, "sender", "--",
		"curl", "--silent", "--show-error", "--max-time", "60", "--write-out", "\n%{http_code}",
		"--header", "Content-Type: " + to.contentType, "--data-binary", "@-",
	}
	if token != "" {
		args = append(args, "--header", "Authorization: Bearer "+token)
	}
	out, err := world.kubectl.Run(t.Context(), body, append(args, to.url)...)
	require.NoError(t, err)
	at := strings.LastIndexByte(out, '\n')
	require.NotEqual(t, -1, at, out)
	code, err = strconv.Atoi(out[at+1:])
	require.NoError(t, err, out)
	return code, out[:at]
}

func TestOnlyAnObserverMayPost(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	record := []byte(`{"type":"cpu_throttle","timestamp":"` + time.Now().UTC().Format(time.RFC3339) +
		`","namespace":"nowhere","pod_name":"nobody","container_name":"app","nr_periods":1,"nr_throttled":0}`)
	metric := fmt.Appendf(nil, `{"resourceMetrics":[{"resource":{"attributes":[`+
		`{"key":"k8s.namespace.name","value":{"stringValue":"nowhere"}},`+
		`{"key":"k8s.pod.name","value":{"stringValue":"nobody"}}]},`+
		`"scopeMetrics":[{"metrics":[{"name":"kernel_gossip.network_issue.connect_failures",`+
		`"gauge":{"dataPoints":[{"timeUnixNano":"%d","asInt":"0"}]}}]}]}]}`, time.Now().UnixNano())
	for name, tc := range map[string]struct {
		token string
		want  int
	}{
		"nobody":                  {"", 401},
		"a made-up token":         {"made-up-token-of-nobody", 401},
		"a token for another use": {s.token(t, "observer", "https://kubernetes.default.svc.cluster.local"), 401},
		"no right to post":        {s.token(t, "stranger", "kernel-gossip"), 403},
		"an observer":             {s.token(t, "observer", "kernel-gossip"), 200},
	} {
		for to, body := range map[door][]byte{records: record, metrics: metric} {
			code, text := s.post(t, to, tc.token, body)
			require.Equal(t, tc.want, code, "%s at %s: %s", name, to.url, text)
		}
	}
}

// Each recorded capture, posted to the operator in the cluster, gives what gossip-replay prints.
func TestACaptureGivesWhatReplayPrints(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	token := s.token(t, "observer", "kernel-gossip")
	captures, err := filepath.Glob("../../examples/captures/*.ndjson")
	require.NoError(t, err)
	require.NotEmpty(t, captures)
	for _, capture := range captures {
		t.Run(strings.TrimSuffix(filepath.Base(capture), ".ndjson"), func(t *testing.T) {
			t.Parallel() // each has namespaces of its own
			pods := strings.TrimSuffix(capture, ".ndjson") + ".pods.yaml"
			var printed, errs bytes.Buffer
			code := replay.Run([]string{"-o", "yaml", "--pods", pods, capture}, strings.NewReader(""), &printed, &errs)
			require.Less(t, code, 2, errs.String())
			want, err := testcluster.PrintedReports(printed.Bytes())
			require.NoError(t, err)

			list, err := os.ReadFile(pods)
			require.NoError(t, err)
			spaces, err := testcluster.ListedNamespaces(list)
			require.NoError(t, err)
			t.Cleanup(func() {
				for _, name := range spaces {
					if t.Failed() {
						report(t, name)
					}
				}
				require.NoError(t, testcluster.ClearNamespaces(bg(), world.client, spaces...)) // nothing waits for the kubelet
				for _, name := range spaces {
					deleteNamespace(t, name)
				}
			})
			uids, leftOut, err := testcluster.Place(t.Context(), world.client, bytes.NewReader(list))
			require.NoError(t, err)
			require.Empty(t, leftOut)
			recorded, err := os.ReadFile(capture)
			require.NoError(t, err)
			var live bytes.Buffer
			require.NoError(t, uids.Rewrite(&live, bytes.NewReader(recorded)))
			status, text := s.post(t, records, token, live.Bytes())
			require.Equal(t, 200, status, text)

			var got testcluster.Reports
			require.Eventually(t, func() bool {
				got, err = testcluster.LiveReports(t.Context(), world.client, spaces...)
				return err == nil && cmp.Equal(want, got)
			}, patience, 500*time.Millisecond, "%s", lazy(func() string { return cmp.Diff(want, got) }))
		})
	}
}

// lazy is a text that is made when it is printed.
type lazy func() string

func (l lazy) String() string { return l() }
