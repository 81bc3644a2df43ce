package operator_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/operator"
	"github.com/kernel-gossip/kernel-gossip/pixie/webhook"
)

// running is an operator that runs in this process.
type running struct {
	URL     string // of the server
	Path    string
	Metrics *prometheus.Registry
	Log     *syncBuffer

	operator *operator.Operator
	cancel   context.CancelFunc
	done     chan error
	client   *http.Client
}

// quick are options for tests: on loopback, without a lease, and fast.
func quick(change ...func(*operator.Options)) operator.Options {
	o := operator.Options{
		IngestAddress: "127.0.0.1:0", OTLPGRPCAddress: "0", OTLPHTTPAddress: "0", IngestAuth: operator.AuthNone,
		HealthAddress: "0", MetricsAddress: "0",
		WriteDelay: 50 * time.Millisecond, DrainTimeout: 20 * time.Second,
	}
	for _, f := range change {
		f(&o)
	}
	return o
}

// launch starts an operator and does not wait for it to listen.
func launch(t *testing.T, config *rest.Config, o operator.Options) *running {
	t.Helper()
	r := &running{
		Path: "/v1/events", Metrics: prometheus.NewRegistry(), Log: &syncBuffer{}, done: make(chan error, 1),
		client: &http.Client{Transport: &http.Transport{}},
	}
	o.Metrics = r.Metrics
	made, err := operator.New(config, o,
		logr.FromSlogHandler(slog.NewJSONHandler(r.Log, &slog.HandlerOptions{Level: slog.LevelDebug})))
	require.NoError(t, err)
	r.operator = made
	ctx, cancel := context.WithCancel(background())
	r.cancel = cancel
	go func() { r.done <- made.Start(ctx) }()
	t.Cleanup(func() {
		r.cancel()
		r.client.CloseIdleConnections()
		select {
		case err := <-r.done:
			r.done <- err
		case <-time.After(time.Minute):
			t.Error("the operator does not stop")
		}
		if t.Failed() {
			t.Logf("log of the operator:\n%s", r.Log)
		}
	})
	return r
}

// start starts an operator and waits until records can be posted.
func start(t *testing.T, config *rest.Config, change ...func(*operator.Options)) *running {
	t.Helper()
	r := launch(t, config, quick(change...))
	r.listening(t)
	return r
}

func (r *running) listening(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	go func() { // an operator that ends does not listen
		err := <-r.done
		r.done <- err
		cancel()
	}()
	addr, err := r.operator.Addr(ctx)
	if err != nil && len(r.done) > 0 {
		err = <-r.done
		r.done <- err
	}
	require.NoError(t, err, "the operator does not listen\n%s", r.Log)
	r.URL = "http://" + addr.String()
}

// stop asks the operator to stop and waits until it has.
func (r *running) stop(t *testing.T) {
	t.Helper()
	r.cancel()
	err := <-r.done
	r.done <- err
	require.NoError(t, err, "%s", r.Log)
}

// answer is the answer to a request, with its status.
type answer struct {
	webhook.Answer

	Code int
}

// tryPost posts a body with HTTP headers, names and values in turn.
func (r *running) tryPost(ctx context.Context, body io.Reader, header ...string) (answer, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, r.URL+r.Path, body)
	if err != nil {
		return answer{}, err
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	for i := 0; i+1 < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := r.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{Code: response.StatusCode}
	if err := json.Unmarshal(text, &a.Answer); err != nil {
		return answer{}, fmt.Errorf("%w: %s", err, text)
	}
	return a, nil
}

// post posts records, which must all be accepted.
func (r *running) post(t *testing.T, records ...string) {
	t.Helper()
	a, err := r.tryPost(t.Context(), strings.NewReader(strings.Join(records, "\n")))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, a.Code, a)
	require.Zero(t, a.Rejected, a.Errors)
}

// records returns n records of 5 s each about container app with this number of throttled periods of 50; the last one
// ends now.
func records(namespace, pod, uid string, n, throttled int) []string {
	return recordsUntil(time.Now(), namespace, pod, uid, n, throttled)
}

// recordsUntil returns such records; the last one ends at a time.
func recordsUntil(end time.Time, namespace, pod, uid string, n, throttled int) []string {
	end = end.UTC().Truncate(time.Second)
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf(`{"type":"cpu_throttle","timestamp":%q,"namespace":%q,"pod_name":%q,"pod_uid":%q,`+
			`"container_name":"app",`+
			`"source":"test","period_seconds":5,"nr_periods":50,"nr_throttled":%d,"throttled_usec":%d,"usage_usec":150000}`,
			end.Add(time.Duration(i+1-n)*5*time.Second).Format(time.RFC3339), namespace, pod, uid, throttled, throttled*70_000))
	}
	return out
}

// birth returns a record of a pod's creation that ended at a time.
func birth(namespace, pod, uid string, end time.Time, syscalls int) string {
	return fmt.Sprintf(`{"type":"pod_creation","timestamp":%q,"namespace":%q,"pod_name":%q,"pod_uid":%q,`+
		`"total_syscalls":%d,"namespace_ops":5,"cgroup_writes":500,"duration_ns":6000000000,"image_pull_ns":0,"init_ns":0}`,
		end.UTC().Format(time.RFC3339), namespace, pod, uid, syscalls)
}

// makePod makes a pod with a container app of 100m, and its namespace if that does not exist.
func makePod(t *testing.T, k client.Client, namespace, name string, change ...func(*corev1.Pod)) *corev1.Pod {
	t.Helper()
	makeNamespace(t, k, namespace)
	pod := &corev1.Pod{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: corev1.PodSpec{
			SchedulingGates: []corev1.PodSchedulingGate{{Name: "example.com/never"}},
			Containers: []corev1.Container{{Name: "app", Image: "none", Resources: corev1.ResourceRequirements{
				Limits: corev1.ResourceList{corev1.ResourceCPU: resource.MustParse("100m")},
			}}},
		},
	}
	for _, f := range change {
		f(pod)
	}
	require.NoError(t, k.Create(t.Context(), pod))
	t.Cleanup(func() { _ = k.Delete(background(), pod, client.GracePeriodSeconds(0)) })
	return pod
}

func makeNamespace(t *testing.T, k client.Client, name string) {
	t.Helper()
	require.NoError(t, client.IgnoreAlreadyExists(k.Create(t.Context(),
		&corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}})))
}

// whisper waits until the whisper about container app of a pod without a controller is as wanted, and returns it.
func whisper(t *testing.T, k client.Client, namespace, pod string,
	wanted func(*v1alpha1.KernelWhisper) bool,
) *v1alpha1.KernelWhisper {
	t.Helper()
	return whisperNamed(t, k, namespace, "pod."+pod+".app.cputhrottling", wanted)
}

// whisperNamed waits until the whisper with a name is as wanted, and returns it.
func whisperNamed(t *testing.T, k client.Client, namespace, name string,
	wanted func(*v1alpha1.KernelWhisper) bool,
) *v1alpha1.KernelWhisper {
	t.Helper()
	var w v1alpha1.KernelWhisper
	var err error
	require.Eventually(t, func() bool {
		w = v1alpha1.KernelWhisper{}
		err = k.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, &w)
		return err == nil && wanted(&w)
	}, 40*time.Second, 20*time.Millisecond, "whisper %s/%s is not as wanted:%s", namespace, name, lateText(func() string {
		w.ManagedFields = nil
		text, _ := yaml.Marshal(w)
		return fmt.Sprintf(" %v\n%s", err, text)
	}))
	return &w
}

// lateText is a text that is made when it is printed.
type lateText func() string

func (f lateText) String() string { return f() }

// severity returns whether a whisper has this severity now.
func severity(s v1alpha1.Severity) func(*v1alpha1.KernelWhisper) bool {
	return func(w *v1alpha1.KernelWhisper) bool { return w.Status.Now.Severity == s }
}

// syncBuffer is a buffer for several writers.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
