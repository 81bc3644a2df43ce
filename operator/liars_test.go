package operator_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/operator"
)

// runAs sets the ID of the pod's container app in its status, as a kubelet does.
func runAs(t *testing.T, k client.Client, pod *corev1.Pod, id string) {
	t.Helper()
	pod.Status.ContainerStatuses = []corev1.ContainerStatus{{
		Name: "app", Image: "none", ImageID: "none", ContainerID: "containerd://" + id,
		State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}},
	}}
	require.NoError(t, k.Status().Update(t.Context(), pod))
}

// withID gives records the ID of a container.
func withID(lines []string, id string) []string {
	var out []string
	for _, line := range lines {
		out = append(out, strings.Replace(line, `"container_name"`, `"container_id":"`+id+`","container_name"`, 1))
	}
	return out
}

// send posts records, some of them about pods or containers that do not exist.
func (r *running) send(t *testing.T, lines ...string) answer {
	t.Helper()
	a, err := r.tryPost(t.Context(), strings.NewReader(strings.Join(lines, "\n")))
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, a.Code, a)
	return a
}

// whispersIn lists the names of the whispers in a namespace.
func whispersIn(t *testing.T, k client.Client, namespace string) []string {
	t.Helper()
	var all v1alpha1.KernelWhisperList
	require.NoError(t, k.List(t.Context(), &all, client.InNamespace(namespace)))
	var names []string
	for _, w := range all.Items {
		names = append(names, w.Name)
	}
	return names
}

// A new container ID begins the window anew, so an invented one could end every trouble.
func TestAForgedContainerIDChangesNoVerdict(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "forged", "api-0")
	runAs(t, k, pod, "true")
	r := start(t, c.Config, in("forged"))
	true1 := withID(records("forged", "api-0", string(pod.UID), 12, 45), "true")
	require.Equal(t, 12, r.send(t, true1...).Accepted)
	whisper(t, k, "forged", "api-0", severity(v1alpha1.SeverityCritical))

	forged := withID(records("forged", "api-0", string(pod.UID), 12, 0), "forged")
	a := r.send(t, forged...)
	require.Equal(t, [2]int{0, 12}, [2]int{a.Accepted, a.Unknown}, a)
	require.Contains(t, a.Warning, "does not have the ID forged for the container app")
	require.InDelta(t, 12, r.gauge(t, "kernelgossip_events_unmatched_total"), 0)
	a = r.send(t, withID(records("forged", "api-0", string(pod.UID), 3, 45), "true")...)
	require.Equal(t, 3, a.Accepted, a)
	require.Never(t, func() bool {
		var w v1alpha1.KernelWhisper
		must(t, k.Get(t.Context(), client.ObjectKey{Namespace: "forged", Name: "pod.api-0.app.cputhrottling"}, &w))
		return w.Status.Severity != v1alpha1.SeverityCritical
	}, time.Second, 50*time.Millisecond)

	// A true restart: the status follows, and the records that came before it count.
	again := withID(records("forged", "api-0", string(pod.UID), 20, 15), "again")
	require.Equal(t, 20, r.send(t, again...).Unknown)
	runAs(t, k, pod, "again")
	whisper(t, k, "forged", "api-0", severity(v1alpha1.SeverityWarning))
}

// A namespace has room for a number of objects, which invented pods and containers must not take.
func TestInventedPodsAndContainersTakeNoRoom(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	makeNamespace(t, k, "fakes")
	r := start(t, c.Config, in("fakes"), func(o *operator.Options) { o.MaxObjectsPerNamespace = 1 })
	invented := func(pod, uid string) []string {
		var out []string
		for i := range 5 {
			for _, line := range records("fakes", pod, uid, 3, 50) {
				out = append(out, strings.Replace(line, `:"app"`, fmt.Sprintf(`:"fake-%d"`, i), 1))
			}
		}
		return out
	}
	for i := range 5 { // without a UID these are observed, and wait for their pod
		require.Equal(t, 15, r.send(t, invented(fmt.Sprintf("later-%d", i), "")...).Accepted)
		require.Equal(t, 15, r.send(t, invented(fmt.Sprintf("never-%d", i), stranger)...).Unknown)
	}
	pod := makePod(t, k, "fakes", "later-0")
	require.Eventually(t, func() bool {
		return r.send(t, records("fakes", "later-0", string(pod.UID), 3, 45)...).Accepted == 3
	}, 10*time.Second, 20*time.Millisecond)
	require.Equal(t, 15, r.send(t, invented("later-0", "")...).Unknown)
	require.Equal(t, 15, r.send(t, invented("later-0", string(pod.UID))...).Unknown)
	whisper(t, k, "fakes", "later-0", severity(v1alpha1.SeverityCritical))
	time.Sleep(time.Second) // for objects that must not come
	require.Len(t, whispersIn(t, k, "fakes"), 1)
	require.Zero(t, r.gauge(t, "kernelgossip_objects_refused_total"))
}
