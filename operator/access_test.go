package operator_test

import (
	"cmp"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/require"
	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster/kubeassets"
	"github.com/kernel-gossip/kernel-gossip/operator"
)

func TestNewNamesMissingDefinitions(t *testing.T) {
	t.Parallel()
	cluster(t)
	assets, err := kubeassets.Find()
	require.NoError(t, err)
	bare, err := testcluster.StartBareControlPlane(assets)
	require.NoError(t, err)
	defer func() { require.NoError(t, bare.Stop()) }()
	_, err = operator.New(bare.Config, quick(), logr.Discard())
	require.ErrorContains(t, err, "install the custom resource definitions first")
	require.NoError(t, bare.InstallCRDs())
	_, err = operator.New(bare.Config, quick(), logr.Discard())
	require.NoError(t, err)
}

// An operator that may not write logs it, keeps what it has taken, and writes it once it may.
func TestForbiddenWritesWaitUntilTheyAreAllowed(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	config, err := c.AddUser("half-allowed", "half-allowed")
	require.NoError(t, err)
	rules := []rbacv1.PolicyRule{
		{
			APIGroups: []string{""}, Resources: []string{"pods", "limitranges", "resourcequotas"},
			Verbs: []string{"list", "watch"},
		},
		{APIGroups: []string{"kernel.gossip.io"}, Resources: []string{"*"}, Verbs: []string{"list", "watch"}},
		{APIGroups: []string{"apps"}, Resources: []string{"replicasets"}, Verbs: []string{"list", "watch"}},
		{APIGroups: []string{"batch"}, Resources: []string{"jobs"}, Verbs: []string{"list", "watch"}},
		{
			APIGroups: []string{"autoscaling"}, Resources: []string{"horizontalpodautoscalers"},
			Verbs: []string{"list", "watch"},
		},
	}
	role := &rbacv1.ClusterRole{ObjectMeta: metav1.ObjectMeta{Name: "half-allowed"}, Rules: rules}
	require.NoError(t, k.Create(t.Context(), role))
	require.NoError(t, k.Create(t.Context(), &rbacv1.ClusterRoleBinding{
		ObjectMeta: metav1.ObjectMeta{Name: "half-allowed"},
		RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: "half-allowed"},
		Subjects:   []rbacv1.Subject{{Kind: rbacv1.GroupKind, APIGroup: rbacv1.GroupName, Name: "half-allowed"}},
	}))
	pod := makePod(t, k, "forbidden", "api-0")
	r := start(t, config, in("forbidden"))
	r.post(t, records("forbidden", "api-0", string(pod.UID), 3, 45)...)
	require.Eventually(t, func() bool { return strings.Contains(r.Log.String(), "cannot patch resource") },
		20*time.Second, 50*time.Millisecond)
	require.Positive(t, r.gauge(t, "kernelgossip_subjects_waiting"))

	role.Rules = append(role.Rules, rbacv1.PolicyRule{
		APIGroups: []string{"kernel.gossip.io"}, Resources: []string{"*"}, Verbs: []string{"create", "patch"},
	})
	require.NoError(t, k.Update(t.Context(), role))
	whisper(t, k, "forbidden", "api-0", severity(v1alpha1.SeverityCritical))
}

// Senders may post that the API server knows under the audience and allows to post to the path, and no others.
func TestOnlySendersThatTheAPIServerAllowsMayPost(t *testing.T) {
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "senders", "api-0")
	allowSender(t, k, "senders", "observer")
	require.NoError(t, k.Create(t.Context(),
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: "senders", Name: "stranger"}}))
	r := start(t, c.Config, in("senders"), func(o *operator.Options) { o.IngestAuth = operator.AuthTokenReview })
	body := strings.Join(records("senders", "api-0", string(pod.UID), 3, 45), "\n")
	for name, tc := range map[string]struct {
		token string
		want  int
		path  string
	}{
		"nobody":   {token: "", want: http.StatusUnauthorized},
		"nonsense": {token: "nonsense", want: http.StatusUnauthorized},
		"another audience": {
			token: token(t, k, "senders", "observer", "https://kubernetes.default.svc"),
			want:  http.StatusUnauthorized,
		},
		"not allowed":       {token: token(t, k, "senders", "stranger", "kernel-gossip"), want: http.StatusForbidden},
		"allowed":           {token: token(t, k, "senders", "observer", "kernel-gossip"), want: http.StatusOK},
		"several audiences": {token: token(t, k, "senders", "observer", "other", "kernel-gossip"), want: http.StatusOK},
		"allowed, but elsewhere": {
			token: token(t, k, "senders", "observer", "kernel-gossip"), want: http.StatusForbidden,
			path: "/webhook/pixie",
		},
	} {
		t.Run(name, func(t *testing.T) {
			r.Path = cmp.Or(tc.path, "/v1/events")
			a, err := r.tryPost(t.Context(), strings.NewReader(body), "Authorization", bearer(tc.token))
			require.NoError(t, err)
			require.Equal(t, tc.want, a.Code)
		})
	}
	whisper(t, k, "senders", "api-0", severity(v1alpha1.SeverityCritical))
}

// allowSender makes a service account that may post records.
func allowSender(t *testing.T, k client.Client, namespace, account string) {
	t.Helper()
	name := "sender-of-" + namespace
	for _, o := range []client.Object{
		&corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: account}},
		&rbacv1.ClusterRole{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			Rules:      []rbacv1.PolicyRule{{NonResourceURLs: []string{"/v1/events"}, Verbs: []string{"post"}}},
		},
		&rbacv1.ClusterRoleBinding{
			ObjectMeta: metav1.ObjectMeta{Name: name},
			RoleRef:    rbacv1.RoleRef{APIGroup: rbacv1.GroupName, Kind: "ClusterRole", Name: name},
			Subjects:   []rbacv1.Subject{{Kind: rbacv1.ServiceAccountKind, Namespace: namespace, Name: account}},
		},
	} {
		require.NoError(t, k.Create(t.Context(), o))
	}
}

func bearer(token string) string {
	if token == "" {
		return ""
	}
	return "Bearer " + token
}

func token(t *testing.T, k client.Client, namespace, account string, audiences ...string) string {
	t.Helper()
	request := &authenticationv1.TokenRequest{Spec: authenticationv1.TokenRequestSpec{Audiences: audiences}}
	sa := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: account}}
	require.NoError(t, k.SubResource("token").Create(t.Context(), sa, request))
	return request.Status.Token
}

// Senders may post that have a token of the mounted Secret, and no others.
func TestOnlySendersWithATokenMayPost(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "tokens", "api-0")
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "pixie"), []byte("correct-horse-battery\n"), 0o600))
	r := start(t, c.Config, in("tokens"), func(o *operator.Options) {
		o.IngestAuth, o.IngestTokens = operator.AuthToken, dir
	})
	body := strings.Join(records("tokens", "api-0", string(pod.UID), 3, 45), "\n")
	for token, want := range map[string]int{
		"": 401, "Bearer wrong-horse-battery": 401,
		"Bearer correct-horse-battery": 200,
	} {
		a, err := r.tryPost(t.Context(), strings.NewReader(body), "Authorization", token)
		require.NoError(t, err)
		require.Equal(t, want, a.Code, token)
	}
	whisper(t, k, "tokens", "api-0", severity(v1alpha1.SeverityCritical))
}

// One of two replicas leads. When it stops, the other continues from the histories in the objects.
func TestNextLeaderGoesOnFromTheObjects(t *testing.T) {
	t.Parallel()
	c := cluster(t)
	k := admin(t, c)
	pod := makePod(t, k, "leader", "api-0")
	elected := func(o *operator.Options) {
		o.LeaderElection, o.LeaderElectionNamespace, o.Analysis.Window = true, "leader", 30*time.Second
	}
	first := start(t, c.Config, in("leader"), elected)
	second := launch(t, c.Config, quick(in("leader"), elected))
	first.post(t, records("leader", "api-0", string(pod.UID), 3, 45)...)
	before := whisper(t, k, "leader", "api-0", severity(v1alpha1.SeverityCritical))
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	_, err := second.operator.Addr(ctx)
	require.ErrorIs(t, err, context.DeadlineExceeded, "both replicas take records")

	first.stop(t)
	second.listening(t)
	second.post(t, recordsUntil(time.Now().Add(time.Minute), "leader", "api-0", string(pod.UID), 12, 15)...)
	after := whisper(t, k, "leader", "api-0", severity(v1alpha1.SeverityWarning))
	require.Equal(t, before.Status.FirstSeenTime, after.Status.FirstSeenTime)
}
