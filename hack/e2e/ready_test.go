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
	"github.com/kernel-gossip/kernel-gossip/examples/demo/recording"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/scenarios"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/stage"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/replay"
)

// TestRecoverRepairsWhatIsBroken breaks the installation that the other tests need too, so it has no t.Parallel. Its
// parts share one site, since each recovery starts operator and observer anew.
func TestRecoverRepairsWhatIsBroken(t *testing.T) {
	s := openSite(t)
	for name, breakAndRecover := range map[string]func(*testing.T, *demo.Site){
		"installation":          recoverInstallation,
		"operator and observer": recoverPods,
		"workloads":             recoverWorkloads,
	} {
		t.Run(name, func(t *testing.T) {
			t.Cleanup(func() {
				if t.Failed() { // for the tests that follow
					require.NoError(t, demo.Recover(bg(), io.Discard, s))
				}
			})
			breakAndRecover(t, s)
		})
	}
}

// openSite returns the world as the demo sees it, whole. Afterwards the demo's account goes.
func openSite(t *testing.T) *demo.Site {
	t.Helper()
	manifests, err := testcluster.Manifests(t.Context(), world.kubectl, filepath.Join("..", ".."), world.images)
	require.NoError(t, err)
	s, err := demo.Open(world.kubectl, manifests, world.images.All()...)
	require.NoError(t, err)
	require.NoError(t, apiextensionsv1.AddToScheme(s.Client.Scheme()))
	t.Cleanup(func() {
		for _, o := range s.Wanted {
			if o.GetLabels()[scenarios.PartOf] == scenarios.Part {
				require.NoError(t, client.IgnoreNotFound(s.Client.Delete(bg(), &o)))
			}
		}
	})
	recoverAll(t, s)
	return s
}

// workloadNamespace makes a namespace of the demo, which recover deletes.
func workloadNamespace(t *testing.T, name string) {
	t.Helper()
	labels := map[string]string{scenarios.PartOf: scenarios.Part}
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name, Labels: labels}}
	require.NoError(t, world.client.Create(t.Context(), ns))
	t.Cleanup(func() { deleteNamespace(t, name) })
}

// makeCheck makes one check of the list, whatever it needs.
func makeCheck(t *testing.T, s *demo.Site, name string) demo.Line {
	t.Helper()
	i := slices.IndexFunc(s.Checks(), func(c demo.Check) bool { return c.Name == name })
	check := s.Checks()[i]
	check.Needs = nil
	return demo.Preflight(t.Context(), io.Discard, []demo.Check{check})[0]
}

// requireBroken wants a check to fail for a reason, with recover as its remedy.
func requireBroken(t *testing.T, s *demo.Site, name, why string) {
	t.Helper()
	var line demo.Line
	require.Eventually(t, func() bool {
		line = makeCheck(t, s, name)
		return line.Verdict == demo.Fail && strings.Contains(line.Detail, why)
	}, patience, time.Second, "%s: %s", name, why)
	require.Equal(t, "make demo-recover", line.Remedy)
}

// recoverAll runs recover, which must name each of these. Then no check may fail, and a second run must find nothing.
func recoverAll(t *testing.T, s *demo.Site, names ...string) {
	t.Helper()
	var said, list bytes.Buffer
	err := demo.Recover(t.Context(), &said, s)
	t.Logf("recover\n%s", &said)
	require.NoError(t, err)
	for _, text := range names {
		require.Contains(t, said.String(), text)
	}
	_, ready := demo.Summarize(demo.Preflight(t.Context(), &list, s.Checks()))
	t.Logf("preflight\n%s", &list)
	require.True(t, ready)
	said.Reset()
	require.NoError(t, demo.Recover(t.Context(), &said, s))
	require.Equal(t, "nothing was broken\n", said.String())
}

// change reads an object and writes it differently.
func change[T client.Object](t *testing.T, s *demo.Site, o T, namespace, name string, how func(T)) {
	t.Helper()
	require.Eventually(t, func() bool {
		if s.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, o) != nil {
			return false
		}
		how(o)
		return s.Client.Update(t.Context(), o) == nil // another writer may have been quicker
	}, patience, time.Second)
}

func remove(t *testing.T, s *demo.Site, o client.Object, namespace, name string) {
	t.Helper()
	o.SetNamespace(namespace)
	o.SetName(name)
	require.NoError(t, s.Client.Delete(t.Context(), o))
	require.Eventually(t, func() bool { // world.client does not know definitions
		return apierrors.IsNotFound(s.Client.Get(t.Context(), client.ObjectKey{Namespace: namespace, Name: name}, o))
	}, patience, time.Second, "%T %s is still there", o, name)
}

const whispers, certificates = "kernelwhispers.kernel.gossip.io", "podbirthcertificates.kernel.gossip.io"

func recoverInstallation(t *testing.T, s *demo.Site) {
	t.Helper()
	remove(t, s, &corev1.ConfigMap{}, "kernel-gossip", "kernel-gossip")
	remove(t, s, &rbacv1.ClusterRoleBinding{}, "", "kernel-gossip-operator")
	remove(t, s, &rbacv1.ClusterRoleBinding{}, "", "kernel-gossip-observer-sender")
	remove(t, s, &corev1.Namespace{}, "", "kernel-gossip-observer")
	remove(t, s, &apiextensionsv1.CustomResourceDefinition{}, "", certificates)
	older := func(d *apiextensionsv1.CustomResourceDefinition) {
		status := d.Spec.Versions[0].Schema.OpenAPIV3Schema.Properties["status"]
		delete(status.Properties, "advice") // as before there was advice
		d.Spec.Versions[0].AdditionalPrinterColumns = nil
	}
	change(t, s, &apiextensionsv1.CustomResourceDefinition{}, "", whispers, older)
	differences, err := s.Differences(t.Context())
	require.NoError(t, err)
	for _, want := range []string{
		"ConfigMap kernel-gossip/kernel-gossip is missing",
		"ClusterRoleBinding kernel-gossip-operator is missing",
		"ClusterRoleBinding kernel-gossip-observer-sender is missing",
		"Namespace kernel-gossip-observer is missing",
		"CustomResourceDefinition " + certificates + " is missing",
		"CustomResourceDefinition " + whispers + " differs in spec.versions",
	} {
		isWanted := func(d string) bool { return strings.HasPrefix(d, want) }
		require.True(t, slices.ContainsFunc(differences, isWanted), "%s: %q", want, differences)
	}
	requireBroken(t, s, "installation", " more")
	recoverAll(t, s, "found  installation: ")

	ns := namespace(t)
	runPod(t, ns, "born", burst("1", "--cpu 1ms --every 5s"))
	eventually(t, &v1alpha1.PodBirthCertificate{}, ns, "born", "written",
		func(*v1alpha1.PodBirthCertificate) bool { return true })
}

// Recordings do without the observer.
func recoverPods(t *testing.T, s *demo.Site) {
	t.Helper()
	steal := func(l *coordinationv1.Lease) {
		l.Spec.HolderIdentity, l.Spec.LeaseDurationSeconds = new("gone_0"), new(int32(3600))
		l.Spec.RenewTime = new(metav1.NowMicro())
	}
	change(t, s, &coordinationv1.Lease{}, "kernel-gossip", "kernel-gossip-operator", steal)
	requireBroken(t, s, "leader", `held by "gone"`)
	remove(t, s, &appsv1.DaemonSet{}, "kernel-gossip-observer", "kernel-gossip-observer")
	playRecordings(t, s.WithoutObserver())
	require.Eventually(t, func() bool { return makeCheck(t, s, "events").Verdict == demo.Fail }, patience, time.Second)

	change(t, s, &appsv1.Deployment{}, "kernel-gossip", "kernel-gossip-operator", func(d *appsv1.Deployment) {
		d.Spec.Replicas = new(int32(0))
		d.Spec.Template.Spec.Containers[0].Image = "localhost/kernel-gossip-operator:older"
	})
	require.Eventually(t, func() bool {
		var pods corev1.PodList
		err := s.Client.List(t.Context(), &pods, client.InNamespace("kernel-gossip"))
		return err == nil && len(pods.Items) == 0
	}, patience, time.Second)
	change(t, s, &coordinationv1.Lease{}, "kernel-gossip", "kernel-gossip-operator", steal)
	requireBroken(t, s, "installation",
		"kernel-gossip-operator differs in spec.replicas, spec.template.spec.containers[0].image")
	requireBroken(t, s, "operator", "has no pod")
	requireBroken(t, s, "observer", "not found")
	recoverAll(t, s, "operator: the namespace kernel-gossip has no pod", "observer: ")
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
			got, err = testcluster.LiveReports(ctx, world.client, scenarios.Namespace)
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

// playRecordings plays all scenarios, with the origin of the recording in each view.
func playRecordings(t *testing.T, s *demo.Site) {
	t.Helper()
	var said bytes.Buffer
	require.NoError(t, demo.Recover(t.Context(), &said, s))
	require.Regexp(t, `held by "gone"|operator: .*Error|operator: .*CrashLoopBackOff`, said.String())
	source := &spy{Source: recording.New(s), t: t}
	t.Cleanup(func() { require.NoError(t, source.Source.End(bg())) }) // what a failure left

	stranger := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: scenarios.Namespace}}
	require.NoError(t, world.client.Create(t.Context(), stranger))
	require.ErrorContains(t, source.Source.End(t.Context()), "is not the demo's")
	require.ErrorContains(t, source.Source.Begin(t.Context(), "throttle"), "is not the demo's")
	require.NoError(t, world.client.Delete(t.Context(), stranger))
	gone(t, &corev1.Namespace{}, "", scenarios.Namespace)

	for _, scenario := range scenarios.Scenarios() {
		var shown bytes.Buffer
		err := scenarios.Play(t.Context(), stage.New(&shown), source, []scenarios.Scenario{scenario})
		t.Logf("%s\n%s", scenario.Name, &shown)
		require.NoError(t, err)
		c, err := recording.Read(scenario.Name)
		require.NoError(t, err)
		require.Contains(t, strings.Join(strings.Fields(shown.String()), " "), c.Origin())
		gone(t, &corev1.Namespace{}, "", scenarios.Namespace)
	}
}

// Namespaces that cannot go, workloads that crash, objects about pods that are gone, a definition that cannot go; and
// what is not ours.
func recoverWorkloads(t *testing.T, s *demo.Site) {
	t.Helper()
	stranger := namespace(t, "stranger")
	runPod(t, stranger, "crashing", neverStarts())
	makeStale(t, stranger, "pod.nobody.app.cputhrottling")
	only := *s
	only.Namespaces = []string{stranger}
	require.Contains(t, makeCheck(t, &only, "workloads").Detail, "does not belong to the demo")
	require.ErrorContains(t, demo.Recover(t.Context(), io.Discard, &only), "stays as it is")

	left, stuck := stranger+"-left", stranger+"-stuck"
	workloadNamespace(t, left)
	workloadNamespace(t, stuck)
	require.NoError(t, world.client.Create(t.Context(), &corev1.ConfigMap{
		ObjectMeta: metav1.ObjectMeta{Namespace: stuck, Name: "held", Finalizers: []string{"example.com/held"}},
	}))
	require.NoError(t, world.client.Delete(t.Context(), &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: stuck}}))
	require.NoError(t, world.client.Create(t.Context(), &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: left, Name: "crashing"},
		Spec: appsv1.DeploymentSpec{
			Selector: &metav1.LabelSelector{MatchLabels: map[string]string{"app": "crashing"}},
			Template: corev1.PodTemplateSpec{
				ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": "crashing"}},
				Spec:       corev1.PodSpec{Containers: []corev1.Container{neverStarts()}},
			},
		},
	}))
	makeStale(t, left, "pod.nobody.app.cputhrottling")
	only.Namespaces = []string{left}
	requireBroken(t, &only, "workloads", "ErrImageNeverPull")
	only.Namespaces = []string{stuck}
	requireBroken(t, &only, "workloads", "is being deleted")
	only.Namespaces = []string{left, stuck}
	recoverAll(t, &only, "deleted namespace "+left, "deleted namespace "+stuck,
		"took the finalizers from configmaps "+stuck+"/held")
	gone(t, &corev1.Namespace{}, "", left)
	gone(t, &corev1.Namespace{}, "", stuck)
	eventually(t, &corev1.Pod{}, stranger, "crashing", "there", func(*corev1.Pod) bool { return true })
	eventually(t, &v1alpha1.KernelWhisper{}, stranger, "pod.nobody.app.cputhrottling", "there",
		func(*v1alpha1.KernelWhisper) bool { return true })

	held := makeStale(t, stranger, "pod.held.app.cputhrottling")
	held.Finalizers = []string{"example.com/held"}
	require.NoError(t, world.client.Update(t.Context(), held))
	require.NoError(t, s.Client.Delete(t.Context(), &apiextensionsv1.CustomResourceDefinition{
		ObjectMeta: metav1.ObjectMeta{Name: whispers},
	}))
	requireBroken(t, s, "installation", "CustomResourceDefinition "+whispers+" is being deleted")
	recoverAll(t, s, "took the finalizers from "+whispers+" "+stranger+"/pod.held.app.cputhrottling")
}

// neverStarts returns a container without an image.
func neverStarts() corev1.Container {
	return corev1.Container{Name: "app", Image: "localhost/kernel-gossip-nothing:none", ImagePullPolicy: corev1.PullNever}
}

// makeStale makes a whisper about a pod that does not exist.
func makeStale(t *testing.T, namespace, name string) *v1alpha1.KernelWhisper {
	t.Helper()
	w := &v1alpha1.KernelWhisper{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	w.Spec.Kind, w.Spec.Container = v1alpha1.WhisperCPUThrottling, "app"
	w.Spec.Workload = v1alpha1.WorkloadReference{
		Kind: "Pod", Name: strings.Split(name, ".")[1], UID: "00000000-0000-0000-0000-000000000000",
	}
	require.NoError(t, world.client.Create(t.Context(), w))
	return w
}
