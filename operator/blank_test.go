package operator_test

import (
	"errors"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/operator"
)

// leaveBlankObjects has an operator die between the two writes that make the objects of a pod.
func leaveBlankObjects(
	t *testing.T, c *testcluster.ControlPlane, pod *corev1.Pod,
) (*v1alpha1.KernelWhisper, *v1alpha1.PodBirthCertificate) {
	t.Helper()
	config := rest.CopyConfig(c.Config)
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if strings.HasSuffix(r.URL.Path, "/status") {
				return nil, errors.New("the operator dies")
			}
			return next.RoundTrip(r)
		})
	})
	r := start(t, config, in(pod.Namespace), func(o *operator.Options) { o.DrainTimeout = time.Millisecond })
	uid := string(pod.UID)
	r.post(t, append(records(pod.Namespace, pod.Name, uid, 3, 45), birth(pod.Namespace, pod.Name, uid, time.Now(), 1))...)
	blank := whisper(t, admin(t, c), pod.Namespace, pod.Name, severity(""))
	var certificate v1alpha1.PodBirthCertificate
	require.Eventually(t, func() bool {
		return admin(t, c).Get(t.Context(), client.ObjectKeyFromObject(pod), &certificate) == nil
	}, 20*time.Second, 50*time.Millisecond)
	require.Empty(t, certificate.Status.Conditions)
	r.cancel()
	r.done <- <-r.done
	return blank, &certificate
}

// An object without a status is removed when the next operator starts: it would say nothing for a window, and a
// certificate for its time to live.
func TestBlankObjectsOfADeadOperatorAreDeleted(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "blank", "api-0")
	blank, certificate := leaveBlankObjects(t, c, pod)
	r := start(t, c.Config, in("blank"))
	gone(t, k, blank)
	gone(t, k, certificate)
	r.post(t, records("blank", "api-0", string(pod.UID), 3, 45)...)
	whisper(t, k, "blank", "api-0", severity(v1alpha1.SeverityCritical))
}

// Records that come while a blank object is deleted are not dropped with it.
func TestRecordsOutliveTheDeletionOfABlankObject(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "blanks", "api-0")
	leaveBlankObjects(t, c, pod)
	config := rest.CopyConfig(c.Config)
	var deletions atomic.Int32
	deleting, release := make(chan struct{}), make(chan struct{})
	config.Wrap(func(next http.RoundTripper) http.RoundTripper {
		return roundTripper(func(r *http.Request) (*http.Response, error) {
			if r.Method == http.MethodDelete && strings.Contains(r.URL.Path, "/kernelwhispers/") {
				if deletions.Add(1) == 1 {
					close(deleting)
				}
				<-release
			}
			return next.RoundTrip(r)
		})
	})
	r := start(t, config, in("blanks"))
	goOn := sync.OnceFunc(func() { close(release) })
	t.Cleanup(goOn)
	select {
	case <-deleting:
	case <-time.After(20 * time.Second):
		t.Fatal("the blank object stays")
	}
	r.post(t, records("blanks", "api-0", string(pod.UID), 3, 45)...)
	goOn()
	whisper(t, k, "blanks", "api-0", severity(v1alpha1.SeverityCritical))
}
