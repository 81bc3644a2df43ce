package operator_test

import (
	"errors"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/sets"
	"k8s.io/apiserver/pkg/endpoints/request"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/operator"
)

// The operator works with exactly the rights of its manifest: no request is forbidden, and no right is left over.
func TestTheOperatorUsesExactlyItsRights(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	makeNamespace(t, k, "kernel-gossip")
	config, err := c.AddUser("rights", "rights")
	require.NoError(t, err)
	granted := grantManifestRights(t, k, "rights")
	used := &usedRights{rights: sets.New[string](), forbidden: sets.New[string]()}
	config.Wrap(used.wrapTransport)

	makeNamespace(t, k, "rights")
	allowSender(t, k, "rights", "observer")
	r := start(t, config, in("rights"), operator.ShortLease, func(o *operator.Options) {
		o.LeaderElectionNamespace, o.IngestAuth = "kernel-gossip", operator.AuthTokenReview
		o.Analysis.Window, o.WhisperTTL, o.CertificateTTL = 2*time.Second, 3*time.Second, 3*time.Second
	})
	auth := bearer(token(t, k, "rights", "observer", "kernel-gossip"))
	post := func(lines ...string) {
		a, err := r.tryPost(t.Context(), strings.NewReader(strings.Join(lines, "\n")), "Authorization", auth)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, a.Code, a)
	}
	workloads := []string{"deployment.api", "cronjob.nightly", "statefulset.db", "daemonset.agent"}
	for i, owner := range makeOwners(t, k, "rights") {
		name := owner.Name
		pod := makePod(t, k, "rights", name, func(pod *corev1.Pod) {
			pod.OwnerReferences = []metav1.OwnerReference{owner}
			pod.Spec.Containers = append(pod.Spec.Containers, *pod.Spec.Containers[0].DeepCopy())
			pod.Spec.Containers[1].Name = "sidecar"
		})
		uid := string(pod.UID)
		line := records("rights", name, uid, 1, 45)[0]
		// The same trouble of two containers is one Event, which becomes a series.
		post(line, strings.ReplaceAll(line, `"app"`, `"sidecar"`), birth("rights", name, uid, time.Now(), 1))
		whisperNamed(t, k, "rights", workloads[i]+".app.cputhrottling", severity(v1alpha1.SeverityCritical))
	}
	var whispers v1alpha1.KernelWhisperList
	var certificates v1alpha1.PodBirthCertificateList
	require.Eventually(t, func() bool {
		must(t, k.List(t.Context(), &whispers, client.InNamespace("rights")))
		must(t, k.List(t.Context(), &certificates, client.InNamespace("rights")))
		return len(whispers.Items)+len(certificates.Items) == 0
	}, 30*time.Second, 50*time.Millisecond, "old objects stay")

	used.failLeases.Store(true)
	require.Eventually(t, func() bool { return strings.Contains(r.Log.String(), "Lost the lease") }, 20*time.Second,
		50*time.Millisecond)
	used.failLeases.Store(false)
	require.Eventually(t, func() bool { return used.has("patch events") }, 20*time.Second, 50*time.Millisecond,
		"the lease is not won again")
	r.stop(t)
	require.Empty(t, sets.List(used.forbidden), "forbidden")
	require.Empty(t, sets.List(granted.Difference(used.rights)), "granted and never used")
	require.Empty(t, sets.List(used.rights.Difference(granted)), "used by another grant")
}

// grantManifestRights grants a group the rights that the manifest gives the operator, and returns them.
func grantManifestRights(t *testing.T, k client.Client, group string) sets.Set[string] {
	t.Helper()
	text, err := os.ReadFile("deploy/base/rbac-generated.yaml")
	require.NoError(t, err)
	documents := strings.Split(string(text), "\n---\n")
	require.Len(t, documents, 2, "a ClusterRole and a Role")
	var everywhere rbacv1.ClusterRole
	var here rbacv1.Role
	require.NoError(t, yaml.UnmarshalStrict([]byte(documents[0]), &everywhere))
	require.NoError(t, yaml.UnmarshalStrict([]byte(documents[1]), &here))
	require.Equal(t, "kernel-gossip", here.Namespace)
	subjects := []rbacv1.Subject{{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: group}}
	for _, o := range []client.Object{
		&everywhere, &here,
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: group}, Subjects: subjects,
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: everywhere.Name},
		},
		&rbacv1.RoleBinding{
			ObjectMeta: metav1.ObjectMeta{Namespace: here.Namespace, Name: group}, Subjects: subjects,
			RoleRef: rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "Role", Name: here.Name},
		},
	} {
		require.NoError(t, k.Create(t.Context(), o))
		t.Cleanup(func() { _ = k.Delete(background(), o) })
	}
	out := sets.New[string]()
	for _, rule := range append(everywhere.Rules, here.Rules...) {
		require.Empty(t, rule.ResourceNames, "the names of objects are not compared")
		for _, apiGroup := range rule.APIGroups {
			for _, resource := range rule.Resources {
				for _, verb := range rule.Verbs {
					out.Insert(rightOf(verb, apiGroup, resource))
				}
			}
		}
	}
	return out
}

// rightOf returns a right as text, for example "patch kernelwhispers/status.kernel.gossip.io".
func rightOf(verb, group, resource string) string {
	return strings.TrimSuffix(verb+" "+resource+"."+group, ".")
}

// usedRights notes the rights that the requests of a client use, and those that it lacks.
type usedRights struct {
	failLeases atomic.Bool // requests about leases do not reach the API server

	mu                sync.Mutex
	rights, forbidden sets.Set[string]
}

func (u *usedRights) has(right string) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.rights.Has(right)
}

// wrapTransport is a function for rest.Config.
func (u *usedRights) wrapTransport(next http.RoundTripper) http.RoundTripper {
	return roundTripper(func(r *http.Request) (*http.Response, error) {
		info, err := (&request.RequestInfoFactory{
			APIPrefixes: sets.NewString("api", "apis"), GrouplessAPIPrefixes: sets.NewString("api"),
		}).NewRequestInfo(r)
		if err != nil {
			return nil, err
		}
		if info.Resource == "leases" && u.failLeases.Load() {
			return nil, errors.New("the API server is away")
		}
		response, err := next.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		u.noteAnswer(info, r, response.StatusCode)
		return response, nil
	})
}

func (u *usedRights) noteAnswer(info *request.RequestInfo, r *http.Request, code int) {
	u.mu.Lock()
	defer u.mu.Unlock()
	resource := info.Resource
	if info.Subresource != "" {
		resource += "/" + info.Subresource
	}
	right := rightOf(info.Verb, info.APIGroup, resource)
	switch {
	case code == http.StatusForbidden:
		u.forbidden.Insert(right + " " + r.URL.Path)
	case info.IsResourceRequest:
		u.rights.Insert(right)
	}
	if info.Verb == "patch" && code == http.StatusCreated { // to apply an object that does not exist takes both
		u.rights.Insert(rightOf("create", info.APIGroup, resource))
	}
	if r.URL.Query().Get("sendInitialEvents") == "true" { // an API server that cannot stream a list is asked for one
		u.rights.Insert(rightOf("list", info.APIGroup, resource))
	}
}

// roundTripper is a function that is an http.RoundTripper.
type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// makeOwners returns references to an owner of each kind that advice is made for. Only the owners between a pod and a
// Deployment or CronJob exist.
func makeOwners(t *testing.T, k client.Client, namespace string) []metav1.OwnerReference {
	t.Helper()
	makeNamespace(t, k, namespace)
	refer := func(version, kind, name string) metav1.OwnerReference {
		return metav1.OwnerReference{
			APIVersion: version, Kind: kind, Name: name, UID: types.UID("uid-of-" + name), Controller: new(true),
		}
	}
	labels := map[string]string{"app": namespace}
	template := corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: labels},
		Spec: corev1.PodSpec{
			RestartPolicy: corev1.RestartPolicyAlways, Containers: []corev1.Container{{Name: "app", Image: "none"}},
		},
	}
	once := *template.DeepCopy()
	once.Spec.RestartPolicy = corev1.RestartPolicyNever
	replicas := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: "api-1",
			OwnerReferences: []metav1.OwnerReference{refer("apps/v1", "Deployment", "api")},
		},
		Spec: appsv1.ReplicaSetSpec{Selector: &metav1.LabelSelector{MatchLabels: labels}, Template: template},
	}
	job := &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: namespace, Name: "nightly-1",
			OwnerReferences: []metav1.OwnerReference{refer("batch/v1", "CronJob", "nightly")},
		},
		Spec: batchv1.JobSpec{Template: once},
	}
	for _, o := range []client.Object{replicas, job} {
		require.NoError(t, k.Create(t.Context(), o))
		t.Cleanup(func() { _ = k.Delete(background(), o, client.GracePeriodSeconds(0)) })
	}
	out := []metav1.OwnerReference{
		refer("apps/v1", "ReplicaSet", replicas.Name), refer("batch/v1", "Job", job.Name),
		refer("apps/v1", "StatefulSet", "db"), refer("apps/v1", "DaemonSet", "agent"),
	}
	out[0].UID, out[1].UID = replicas.UID, job.UID
	return out
}
