//go:build e2e

package e2e_test

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	coordinationv1 "k8s.io/api/coordination/v1"
	corev1 "k8s.io/api/core/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/examples/demo"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/preflight"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/recording"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/recovery"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/stage"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/replay"
)

const remedy = "make demo-recover"

// site is the world as the demo sees it, whole, with a namespace of the test's own for workloads. The world is left
// without the demo's account.
func site(t *testing.T) (s *install.Site, workloads string) {
	t.Helper()
	manifests, err := testcluster.Manifests(t.Context(), world.kubectl, filepath.Join("..", ".."), world.images)
	require.NoError(t, err)
	s, err = install.Open(world.kubectl, manifests)
	require.NoError(t, err)
	workloads = namespace(t)
	label(t, workloads, install.DemoPart)
	s.Images, s.Namespaces, s.Recover = world.images.All(), map[string]string{workloads: "restricted"}, remedy
	t.Cleanup(func() {
		if t.Failed() { // what follows is not to suffer from it
			require.NoError(t, recovery.Run(bg(), io.Discard, s))
		}
		for _, o := range s.Wanted {
			if o.GetLabels()[install.Part] == install.DemoPart {
				require.NoError(t, client.IgnoreNotFound(s.Client.Delete(bg(), &o)))
			}
		}
	})
	return s, workloads
}

func label(t *testing.T, namespace, part string) {
	t.Helper()
	var ns corev1.Namespace
	require.NoError(t, world.client.Get(t.Context(), client.ObjectKey{Name: namespace}, &ns))
	ns.Labels[install.Part] = part
	require.NoError(t, world.client.Update(t.Context(), &ns))
}

// lines is the list of preflight, by name.
func lines(t *testing.T, s *install.Site) map[string]preflight.Line {
	t.Helper()
	var shown bytes.Buffer
	out := map[string]preflight.Line{}
	for _, l := range preflight.Run(t.Context(), &shown, preflight.Checks(s)) {
		out[l.Name] = l
	}
	t.Logf("preflight\n%s", &shown)
	return out
}

// broken wants a line to have failed for a reason, with recover as its remedy.
func broken(t *testing.T, l preflight.Line, why ...string) {
	t.Helper()
	require.Equal(t, preflight.Fail, l.Verdict, "%s: %s", l.Name, l.Detail)
	for _, text := range why {
		require.Contains(t, l.Detail, text, l.Name)
	}
	require.Contains(t, l.Remedy, remedy, l.Name)
}

// whole wants every line to be ok, or a warning about this machine.
func whole(t *testing.T, s *install.Site) {
	t.Helper()
	for _, l := range lines(t, s) {
		require.Contains(t, []preflight.Verdict{preflight.OK, preflight.Warn}, l.Verdict, "%s: %s", l.Name, l.Detail)
	}
}

// recovered runs recover, which must name each of these. Then everything must be whole, and a second run must find
// nothing.
func recovered(t *testing.T, s *install.Site, names ...string) {
	t.Helper()
	var said bytes.Buffer
	err := recovery.Run(t.Context(), &said, s)
	t.Logf("recover\n%s", &said)
	require.NoError(t, err)
	for _, text := range names {
		require.Contains(t, said.String(), text)
	}
	whole(t, s)
	said.Reset()
	require.NoError(t, recovery.Run(t.Context(), &said, s))
	require.Equal(t, "nothing was broken\n", said.String())
}

// change reads an object and writes it differently.
func change[T client.Object](t *testing.T, s *install.Site, o T, namespace, name string, how func(T)) {
	t.Helper()
	require.Eventually(t, func() bool {
		if s.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, o) != nil {
			return false
		}
		how(o)
		return s.Client.Update(t.Context(), o) == nil // another writer may have been quicker
	}, patience, time.Second)
}

func remove(t *testing.T, s *install.Site, o client.Object, namespace, name string) {
	t.Helper()
	o.SetNamespace(namespace)
	o.SetName(name)
	require.NoError(t, s.Client.Delete(t.Context(), o))
	require.Eventually(t, func() bool { // world.client does not know definitions
		return apierrors.IsNotFound(s.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, o))
	}, patience, time.Second, "%T %s is still there", o, name)
}

const whispers, certificates = "kernelwhispers.kernel.gossip.io", "podbirthcertificates.kernel.gossip.io"

// What the demo needs of the cluster besides, configuration, rights and definitions that were deleted or are others.
func TestRecoverRepairsTheInstallation(t *testing.T) {
	s, _ := site(t)
	recovered(t, s, "ServiceAccount kernel-gossip/kernel-gossip-demo is missing")

	remove(t, s, &corev1.ConfigMap{}, "kernel-gossip", "kernel-gossip")
	remove(t, s, &rbacv1.ClusterRoleBinding{}, "", "kernel-gossip-operator")
	remove(t, s, &rbacv1.ClusterRoleBinding{}, "", "kernel-gossip-observer-sender")
	remove(t, s, &apiextensionsv1.CustomResourceDefinition{}, "", certificates)
	older := func(d *apiextensionsv1.CustomResourceDefinition) {
		status := d.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["status"]
		delete(status.Properties, "advice") // as before there was advice
		d.Spec.Versions[0].AdditionalPrinterColumns = nil
	}
	change(t, s, &apiextensionsv1.CustomResourceDefinition{}, "", whispers, older)
	found := lines(t, s)
	broken(t, found["definitions"], "CustomResourceDefinition "+whispers+" differs in spec.versions",
		"CustomResourceDefinition "+certificates+" is missing")
	broken(t, found["installation"], "ConfigMap kernel-gossip/kernel-gossip is missing",
		"ClusterRoleBinding kernel-gossip-operator is missing", "ClusterRoleBinding kernel-gossip-observer-sender is missing")
	require.Equal(t, preflight.NotChecked, found["workloads"].Verdict)
	recovered(t, s, "ConfigMap kernel-gossip/kernel-gossip is missing", whispers+" differs", certificates+" is missing")

	ns := namespace(t)
	runPod(t, ns, "born", burst("1", "--cpu 1ms --every 5s"))
	eventually(t, &v1alpha1.PodBirthCertificate{}, ns, "born", "written",
		func(*v1alpha1.PodBirthCertificate) bool { return true })
}

// Operator and observer that were stopped, changed or deleted, and a lease that a dead pod holds. Recordings do
// without the observer.
func TestRecoverRepairsOperatorAndObserver(t *testing.T) {
	s, _ := site(t)
	recovered(t, s)
	var lease coordinationv1.Lease
	change(t, s, &lease, "kernel-gossip", "kernel-gossip-operator",
		func(l *coordinationv1.Lease) { l.Spec.HolderIdentity = new("gone_0") })
	broken(t, lines(t, s)["leader"], `held by "gone"`)
	recovered(t, s, "the lease is held by a process of gone that is gone")

	remove(t, s, &appsv1.DaemonSet{}, "kernel-gossip-observer", "kernel-gossip-observer")
	fromRecording(t, s)
	require.Eventually(t, func() bool { return check(t, s, "events").Verdict == preflight.Fail }, patience, time.Second)
	require.Contains(t, check(t, s, "events").Detail, "nobody sends")

	change(t, s, &appsv1.Deployment{}, "kernel-gossip", "kernel-gossip-operator", func(d *appsv1.Deployment) {
		d.Spec.Replicas = new(int32(0))
		d.Spec.Template.Spec.Containers[0].Image = "localhost/kernel-gossip-operator:older"
	})
	require.Eventually(t, func() bool {
		var pods corev1.PodList
		err := s.Client.List(t.Context(), &pods, client.InNamespace("kernel-gossip"))
		return err == nil && len(pods.Items) == 0
	}, patience, time.Second)
	change(t, s, &lease, "kernel-gossip", "kernel-gossip-operator", func(l *coordinationv1.Lease) {
		l.Spec.HolderIdentity, l.Spec.LeaseDurationSeconds = new("gone_0"), new(int32(3600))
		l.Spec.RenewTime = new(metav1.NowMicro())
	})
	found := lines(t, s)
	broken(t, found["installation"],
		"Deployment kernel-gossip/kernel-gossip-operator differs in spec.replicas, spec.template.spec.containers[0].image",
		"DaemonSet kernel-gossip-observer/kernel-gossip-observer is missing")
	broken(t, found["operator"], "scaled to 0")
	broken(t, found["observer"], "not found")
	for _, name := range []string{"leader", "ingest"} {
		require.Equal(t, "not checked: needs operator", found[name].Detail)
	}
	recovered(t, s, "spec.replicas", "the lease is held by a process of gone that is gone",
		"DaemonSet kernel-gossip-observer/kernel-gossip-observer is missing")

	// What is in a namespace that is going may be whole when recover begins, and goes too.
	require.NoError(t,
		s.Client.Delete(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "kernel-gossip-observer"}}))
	recovered(t, s, "Namespace kernel-gossip-observer is being deleted",
		"DaemonSet kernel-gossip-observer/kernel-gossip-observer is missing")
}

// check makes one check of the list.
func check(t *testing.T, s *install.Site, name string) preflight.Line {
	t.Helper()
	for _, c := range preflight.Checks(s) {
		if c.Name == name {
			c.Needs = nil
			return preflight.Run(t.Context(), io.Discard, []preflight.Check{c})[0]
		}
	}
	t.Fatalf("no check %s", name)
	return preflight.Line{}
}

// spy compares what the operator made of a recording with what gossip-replay prints of it, before it is taken away:
// each object is as after one of the records, because an object without news is not written again.
type spy struct {
	*recording.Source

	t    *testing.T
	want []testcluster.Reports // of the first record, of the first two, and so on
}

func (s *spy) Begin(ctx context.Context, scenario string) error {
	if scenario == "loss" { // an act of another one
		return s.Source.Begin(ctx, scenario)
	}
	c, err := recording.Read(scenario)
	require.NoError(s.t, err)
	pods := filepath.Join(s.t.TempDir(), "pods.yaml")
	require.NoError(s.t, os.WriteFile(pods, c.Pods, 0o600))
	s.want = nil
	var records []byte
	for line := range bytes.Lines(c.Records) {
		records = append(records, line...)
		var printed, errs bytes.Buffer
		code := replay.Run([]string{"-o", "yaml", "--pods", pods, "-"}, bytes.NewReader(records), &printed, &errs)
		require.Less(s.t, code, 2, errs.String())
		reports, err := testcluster.PrintedReports(printed.Bytes())
		require.NoError(s.t, err)
		s.want = append(s.want, reports)
	}
	require.NotEmpty(s.t, s.want[len(s.want)-1])
	return s.Source.Begin(ctx, scenario)
}

func (s *spy) End(ctx context.Context) error {
	if s.want != nil {
		var got testcluster.Reports
		last := s.want[len(s.want)-1]
		require.Eventually(s.t, func() bool {
			var err error
			got, err = testcluster.LiveReports(ctx, world.client, demo.Namespace)
			return err == nil && len(got) == len(last)
		}, 30*time.Second, 500*time.Millisecond)
		for name, report := range got {
			at := slices.IndexFunc(s.want, func(r testcluster.Reports) bool { return r[name] == report })
			require.NotEqual(s.t, -1, at, "%s is of no time of the recording: %s", name,
				lazy(func() string { return cmp.Diff(last[name], report) }))
			s.t.Logf("%s is that of %d of %d records", name, at+1, len(s.want))
		}
		s.want = nil
	}
	return s.Source.End(ctx)
}

// fromRecording plays all scenarios. The figures that are shown are the objects' figures, and the origin of the recording
// is shown.
func fromRecording(t *testing.T, s *install.Site) {
	t.Helper()
	part := *s
	part.Namespaces = map[string]string{demo.Namespace: "restricted"}
	source := &spy{Source: recording.New(&part), t: t}
	t.Cleanup(func() { require.NoError(t, source.Source.End(bg())) }) // what a failure left

	stranger := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: demo.Namespace}}
	require.NoError(t, world.client.Create(t.Context(), stranger))
	require.ErrorContains(t, source.Source.End(t.Context()), "is not the demo's")
	require.ErrorContains(t, source.Source.Begin(t.Context(), "throttle"), "is not the demo's")
	require.NoError(t, world.client.Delete(t.Context(), stranger))
	gone(t, &corev1.Namespace{}, "", demo.Namespace)

	for _, scenario := range demo.Scenarios() {
		var shown bytes.Buffer
		err := demo.Play(t.Context(), stage.New(&shown), source, []demo.Scenario{scenario})
		t.Logf("%s\n%s", scenario.Name, &shown)
		require.NoError(t, err)
		c, err := recording.Read(scenario.Name)
		require.NoError(t, err)
		require.Contains(t, strings.Join(strings.Fields(shown.String()), " "), c.Origin())
		gone(t, &corev1.Namespace{}, "", demo.Namespace)
	}
}

// Namespaces that cannot go, workloads that crash, objects about pods that are gone, a definition that cannot go; and
// what is not ours.
func TestRecoverRepairsWorkloads(t *testing.T) {
	s, ns := site(t)
	recovered(t, s)

	stranger := namespace(t, "stranger")
	runPod(t, stranger, "crashing", never())
	stale(t, stranger, "nobody.app.cputhrottling")
	only := *s
	only.Namespaces = map[string]string{stranger: "restricted"}
	require.Equal(t, preflight.Fail, check(t, &only, "workloads").Verdict)
	require.Contains(t, check(t, &only, "workloads").Detail, "does not belong to the demo")
	require.ErrorContains(t, recovery.Run(t.Context(), io.Discard, &only), "stays as it is")

	stuck := ns + "-stuck"
	require.NoError(t, world.client.Create(t.Context(), &corev1.Namespace{
		ObjectMeta: metav1.ObjectMeta{Name: stuck, Labels: map[string]string{install.Part: install.DemoPart}},
	}))
	require.NoError(t, world.client.Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: stuck, Name: "held", Finalizers: []string{"example.com/held"}},
	}))
	require.NoError(t, world.client.Delete(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: stuck}}))
	healthy := runPod(t, ns, "healthy", burst("1", "--cpu 1ms --every 5s"))
	require.NoError(t, world.client.Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "crashing"},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "crashing"}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "crashing"}},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{never()}},
			},
		},
	}))
	require.Eventually(t, func() bool { return strings.Contains(check(t, s, "workloads").Detail, "ErrImageNeverPull") },
		patience, time.Second)
	broken(t, check(t, s, "workloads"), "crashing-")
	stale(t, ns, "nobody.app.cputhrottling")
	broken(t, check(t, s, "workloads"), "1 object about pods that are gone: nobody.app.cputhrottling")
	both := *s
	both.Namespaces = map[string]string{ns: "restricted", stuck: "restricted"}
	require.Eventually(t, func() bool {
		return world.client.Get(t.Context(), client.ObjectKey{Name: stuck}, &corev1.Namespace{}) == nil
	}, patience, time.Second)
	only.Namespaces = map[string]string{stuck: "restricted"}
	broken(t, check(t, &only, "workloads"), "is being deleted")
	recovered(t, &both, "namespace "+stuck+" is being deleted", "ErrImageNeverPull", "deleted Deployment crashing",
		"nobody.app.cputhrottling is about a pod that is gone")
	gone(t, &corev1.Namespace{}, "", stuck)
	gone(t, &appsv1.Deployment{}, ns, "crashing")
	gone(t, &v1alpha1.KernelWhisper{}, ns, "nobody.app.cputhrottling")
	still := eventually(t, &corev1.Pod{}, ns, "healthy", "there", func(*corev1.Pod) bool { return true })
	require.Equal(t, healthy.UID, still.UID)
	eventually(t, &corev1.Pod{}, stranger, "crashing", "there", func(*corev1.Pod) bool { return true })
	eventually(t, &v1alpha1.KernelWhisper{}, stranger, "nobody.app.cputhrottling", "there",
		func(*v1alpha1.KernelWhisper) bool { return true })

	held := stale(t, ns, "held.app.cputhrottling")
	held.Finalizers = []string{"example.com/held"}
	require.NoError(t, world.client.Update(t.Context(), held))
	require.NoError(t, s.Client.Delete(t.Context(), &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: whispers},
	}))
	broken(t, lines(t, s)["definitions"], "CustomResourceDefinition "+whispers+" is being deleted")
	recovered(t, s, whispers+" is being deleted", "took away what held held.app.cputhrottling")
}

// never is a container that never starts.
func never() corev1.Container {
	return corev1.Container{Name: "app", Image: "localhost/kernel-gossip-nothing:none", ImagePullPolicy: corev1.PullNever}
}

// stale makes a whisper about a pod that does not exist.
func stale(t *testing.T, namespace, name string) *v1alpha1.KernelWhisper {
	t.Helper()
	w := &v1alpha1.KernelWhisper{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	w.Spec.Kind, w.Spec.Container = v1alpha1.WhisperCPUThrottling, "app"
	w.Spec.Pod.Name, w.Spec.Pod.UID = "nobody", "00000000-0000-0000-0000-000000000000"
	require.NoError(t, world.client.Create(t.Context(), w))
	return w
}
