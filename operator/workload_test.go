package operator_test

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	appsv1 "k8s.io/api/apps/v1"
	batchv1 "k8s.io/api/batch/v1"
	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/envtest"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster/kubeassets"
	"github.com/kernel-gossip/kernel-gossip/operator"
)

// controllerRef returns a reference to an object that controls another one.
func controllerRef(version, kind string, o client.Object) metav1.OwnerReference {
	return metav1.OwnerReference{
		APIVersion: version, Kind: kind, Name: o.GetName(), UID: o.GetUID(), Controller: new(true),
	}
}

// podTemplate is the template of the owners of these tests: nothing makes pods of it.
func podTemplate(name string) corev1.PodTemplateSpec {
	return corev1.PodTemplateSpec{
		ObjectMeta: metav1.ObjectMeta{Labels: map[string]string{"app": name}},
		Spec:       corev1.PodSpec{Containers: []corev1.Container{{Name: "app", Image: "none"}}},
	}
}

func selectorOf(name string) *metav1.LabelSelector {
	return &metav1.LabelSelector{MatchLabels: map[string]string{"app": name}}
}

// create makes an object for the time of the test.
func create[T client.Object](t *testing.T, k client.Client, o T) T {
	t.Helper()
	makeNamespace(t, k, o.GetNamespace())
	require.NoError(t, k.Create(t.Context(), o))
	t.Cleanup(func() { _ = k.Delete(background(), o, client.GracePeriodSeconds(0)) })
	return o
}

func makeDeployment(t *testing.T, k client.Client, namespace, name string) *appsv1.Deployment {
	t.Helper()
	return create(t, k, &appsv1.Deployment{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       appsv1.DeploymentSpec{Selector: selectorOf(name), Template: podTemplate(name)},
	})
}

// makeReplicaSet makes the ReplicaSet of a revision; without a controller if owner has no name.
func makeReplicaSet(
	t *testing.T, k client.Client, namespace, name string, owner metav1.OwnerReference,
) *appsv1.ReplicaSet {
	t.Helper()
	set := &appsv1.ReplicaSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec:       appsv1.ReplicaSetSpec{Selector: selectorOf(name), Template: podTemplate(name)},
	}
	if owner.Name != "" {
		set.OwnerReferences = []metav1.OwnerReference{owner}
	}
	return create(t, k, set)
}

// ofOwner makes a pod one of an owner.
func ofOwner(version, kind string, owner client.Object) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		pod.OwnerReferences = []metav1.OwnerReference{controllerRef(version, kind, owner)}
	}
}

// ofRevision makes a pod one of a ReplicaSet with this hash.
func ofRevision(set *appsv1.ReplicaSet, hash string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) {
		ofOwner("apps/v1", "ReplicaSet", set)(pod)
		pod.Labels = map[string]string{appsv1.DefaultDeploymentUniqueLabelKey: hash}
	}
}

// onNode binds a pod to a node, which need not exist.
func onNode(node string) func(*corev1.Pod) {
	return func(pod *corev1.Pod) { pod.Spec.SchedulingGates, pod.Spec.NodeName = nil, node }
}

func deletePod(t *testing.T, k client.Client, pod *corev1.Pod) {
	t.Helper()
	require.NoError(t, k.Delete(t.Context(), pod, client.GracePeriodSeconds(0)))
}

// eventsOn waits until an object has this number of Events, and returns them as type and reason.
func eventsOn(t *testing.T, k client.Client, o client.Object, count int) (list []string) {
	t.Helper()
	require.Eventually(t, func() bool {
		var all eventsv1.EventList
		must(t, k.List(t.Context(), &all, client.InNamespace(o.GetNamespace())))
		list = nil
		for _, e := range all.Items {
			if e.Regarding.UID == o.GetUID() {
				list = append(list, e.Type+" "+e.Reason)
			}
		}
		return len(list) >= count
	}, 20*time.Second, 50*time.Millisecond, "Events on %s", o.GetName())
	slices.Sort(list)
	return list
}

// reason returns whether the condition of a whisper has a reason.
func reason(text string) func(*v1alpha1.KernelWhisper) bool {
	return func(w *v1alpha1.KernelWhisper) bool {
		c := crd.Condition(w)
		return c != nil && c.Reason == text
	}
}

// A Deployment of three pods has one object, of the pod that is hot. What that showed outlives the pod, all pods, and a
// restart of the operator.
func TestOneHotPodMakesTheObjectOfItsDeployment(t *testing.T) {
	t.Parallel()
	c, ns := cluster(t), "hot-pod"
	k := admin(t, c)
	web := makeDeployment(t, k, ns, "web")
	set := makeReplicaSet(t, k, ns, "web-5d5f", controllerRef("apps/v1", "Deployment", web))
	var pods []*corev1.Pod
	for _, name := range []string{"web-5d5f-a", "web-5d5f-b", "web-5d5f-c"} {
		pods = append(pods, makePod(t, k, ns, name, ofRevision(set, "5d5f"), onNode("node-of-"+name)))
	}
	hot := pods[1]
	short := func(o *operator.Options) { o.Analysis.Window = time.Minute }
	const name = "deployment.web.app.cputhrottling"
	post := func(r *running, ahead time.Duration, throttled map[*corev1.Pod]int) {
		for pod, n := range throttled {
			r.post(t, recordsUntil(time.Now().Add(ahead), ns, pod.Name, string(pod.UID), 3, n)...)
		}
	}
	r := start(t, c.Config, in(ns), short, func(o *operator.Options) { o.WriteDelay = 500 * time.Millisecond })
	post(r, 0, map[*corev1.Pod]int{pods[0]: 0, hot: 45, pods[2]: 0})
	w := whisperNamed(t, k, ns, name, severity(v1alpha1.SeverityCritical))
	require.Equal(t, []string{name}, whispersIn(t, k, ns))
	require.Empty(t, cmp.Diff([]metav1.OwnerReference{
		{APIVersion: "apps/v1", Kind: "Deployment", Name: "web", UID: web.UID},
	}, w.OwnerReferences))
	require.Equal(t, map[string]string{
		v1alpha1.LabelWorkloadKind: "Deployment", v1alpha1.LabelWorkloadName: "web", v1alpha1.LabelKind: "CPUThrottling",
	}, w.Labels)
	measured := v1alpha1.MeasuredPod{Name: hot.Name, UID: string(hot.UID), Node: "node-of-" + hot.Name, Revision: "5d5f"}
	require.Equal(t, measured, w.Status.Worst.Pod)
	require.Equal(t, measured, w.Status.Now.Pod)
	require.Equal(t, "1/3", w.Status.Pods.AffectedOfSeen)
	require.Len(t, w.Status.Pods.List, 1)
	require.Equal(t, w.Status.Pods.LargestTarget.String(), w.Status.Recommendations[0].Target.String())
	warning := []string{"Warning ThrottledWhileCPULow"}
	require.Equal(t, warning, eventsOn(t, k, web, 1))
	require.Equal(t, warning, eventsOn(t, k, hot, 1))

	isSame := func(now *v1alpha1.KernelWhisper) {
		t.Helper()
		require.Equal(t, w.UID, now.UID)
		require.Equal(t, v1alpha1.SeverityCritical, now.Status.Severity)
		require.Equal(t, w.Status.Worst, now.Status.Worst)
		require.Equal(t, w.Status.Pods.AffectedOfSeen, now.Status.Pods.AffectedOfSeen)
		require.Equal(t, w.Status.KernelTruth, now.Status.KernelTruth)
		require.Equal(t, w.Status.FirstSeenTime, now.Status.FirstSeenTime)
		require.Equal(t, w.Status.Recommendations[0].Target, now.Status.Recommendations[0].Target)
	}
	deletePod(t, k, hot)
	post(r, 10*time.Second, map[*corev1.Pod]int{pods[0]: 0, pods[2]: 0})
	calm := whisperNamed(t, k, ns, name, severity(v1alpha1.SeverityNone))
	isSame(calm)
	require.Contains(t, []string{pods[0].Name, pods[2].Name}, calm.Status.Now.Pod.Name)
	require.Equal(t, []string{"Normal BelowThreshold", warning[0]}, eventsOn(t, k, web, 2))
	require.Equal(t, warning, eventsOn(t, k, hot, 1), "it is gone")
	r.stop(t)

	r = start(t, c.Config, in(ns), short)
	post(r, 30*time.Second, map[*corev1.Pod]int{pods[0]: 0, pods[2]: 15}) // fewer than were hot, and another pod
	again := whisperNamed(t, k, ns, name, severity(v1alpha1.SeverityWarning))
	isSame(again)
	require.Contains(t, again.Status.Conditions[0].Message, "The window began again when the operator started.")
	require.Equal(t, pods[2].Name, again.Status.Now.Pod.Name)

	deletePod(t, k, pods[0])
	deletePod(t, k, pods[2])
	empty := whisperNamed(t, k, ns, name, reason(v1alpha1.ReasonNoPods))
	isSame(empty)
	require.Equal(t, v1alpha1.SeverityUnknown, empty.Status.Now.Severity)
	require.Equal(t, metav1.ConditionUnknown, empty.Status.Conditions[0].Status)
	r.stop(t)

	r = start(t, c.Config, in(ns), short)
	back := makePod(t, k, ns, "web-5d5f-d", ofRevision(set, "5d5f"))
	require.Eventually(t, func() bool { // the cache has it
		return r.send(t, recordsUntil(time.Now().Add(time.Minute), ns, back.Name, string(back.UID), 3, 0)...).Accepted == 3
	}, 20*time.Second, 50*time.Millisecond)
	isSame(whisperNamed(t, k, ns, name, severity(v1alpha1.SeverityNone)))
}

// The object is about what has the template, whatever is between that and the pod.
func TestEachPodHasTheObjectOfItsWorkload(t *testing.T) {
	t.Parallel()
	c, ns := cluster(t), "workloads"
	k := admin(t, c)
	labels := podTemplate("web")
	stateful := create(t, k, &appsv1.StatefulSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "web"},
		Spec:       appsv1.StatefulSetSpec{Selector: selectorOf("web"), Template: labels},
	})
	daemons := create(t, k, &appsv1.DaemonSet{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "agent"},
		Spec:       appsv1.DaemonSetSpec{Selector: selectorOf("web"), Template: labels},
	})
	once := podTemplate("nightly")
	once.Spec.RestartPolicy = corev1.RestartPolicyNever
	cron := create(t, k, &batchv1.CronJob{
		ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "nightly"},
		Spec: batchv1.CronJobSpec{
			Schedule: "0 0 * * *", JobTemplate: batchv1.JobTemplateSpec{Spec: batchv1.JobSpec{Template: once}},
		},
	})
	job := create(t, k, &batchv1.Job{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: ns, Name: "nightly-1",
			OwnerReferences: []metav1.OwnerReference{controllerRef("batch/v1", "CronJob", cron)},
		},
		Spec: batchv1.JobSpec{Template: once},
	})
	web := makeDeployment(t, k, ns, "web")
	replicas := makeReplicaSet(t, k, ns, "web-1", controllerRef("apps/v1", "Deployment", web))
	rollout := metav1.OwnerReference{
		APIVersion: "argoproj.io/v1alpha1", Kind: "Rollout", Name: "canary", UID: stranger, Controller: new(true),
	}
	rolled := makeReplicaSet(t, k, ns, "canary-1", rollout)
	first := makeReplicaSet(t, k, ns, "loop-1", metav1.OwnerReference{})
	second := makeReplicaSet(t, k, ns, "loop-2", controllerRef("apps/v1", "ReplicaSet", first))
	first.OwnerReferences = []metav1.OwnerReference{controllerRef("apps/v1", "ReplicaSet", second)}
	require.NoError(t, k.Update(t.Context(), first))
	const hostile = "Kind\x1b[2J\nkubectl"
	strange := metav1.OwnerReference{
		APIVersion: "example.com/v1", Kind: hostile, Name: "owner", UID: stranger, Controller: new(true),
	}
	strangers := makeReplicaSet(t, k, ns, "owner-1", strange)
	ghost := &appsv1.ReplicaSet{ObjectMeta: metav1.ObjectMeta{Name: "ghost-77f", UID: stranger}}

	named := func(group, kind, name string) string {
		return crd.Name(gossip.WorkloadSubject{
			Kind: gossip.KindCPUThrottling, Container: "app",
			Workload: gossip.Workload{Group: group, Kind: kind, Name: name},
		})
	}
	cases := map[string]struct {
		of           func(*corev1.Pod)
		want, owners string
	}{
		"web-0": {
			of: ofOwner("apps/v1", "StatefulSet", stateful), want: "statefulset.web.app.cputhrottling",
			owners: "StatefulSet web",
		},
		"web-1-a": {of: ofRevision(replicas, "1"), want: "deployment.web.app.cputhrottling", owners: "Deployment web"},
		"agent-a": {
			of: ofOwner("apps/v1", "DaemonSet", daemons), want: "daemonset.agent.app.cputhrottling",
			owners: "DaemonSet agent",
		},
		"nightly-1-a": {
			of: ofOwner("batch/v1", "Job", job), want: "cronjob.nightly.app.cputhrottling", owners: "CronJob nightly",
		},
		"canary-1-a": {
			of: ofOwner("apps/v1", "ReplicaSet", rolled), want: named("argoproj.io", "Rollout", "canary"),
			owners: "Rollout canary",
		},
		"owner-1-a": {
			of: ofOwner("apps/v1", "ReplicaSet", strangers), want: named("example.com", gossip.CleanText(hostile), "owner"),
		},
		"bare": {of: func(*corev1.Pod) {}, want: "pod.bare.app.cputhrottling", owners: "Pod bare"},
		"static-node-1": {
			of: func(pod *corev1.Pod) {
				onNode("node-1")(pod)
				pod.Annotations = map[string]string{corev1.MirrorPodAnnotationKey: "hash"}
				pod.OwnerReferences = []metav1.OwnerReference{
					{APIVersion: "v1", Kind: "Node", Name: "node-1", UID: stranger, Controller: new(true)},
				}
			},
			want: "pod.static-node-1.app.cputhrottling", owners: "Pod static-node-1",
		},
		"ghost-77f-a": {of: ofRevision(ghost, "77f"), want: "deployment.ghost.app.cputhrottling", owners: ""},
		"loop-1-a": {
			of: ofOwner("apps/v1", "ReplicaSet", first), want: "replicaset.loop-1.app.cputhrottling",
			owners: "ReplicaSet loop-1",
		},
	}
	pods := map[string]*corev1.Pod{}
	var lines []string
	for name, tc := range cases {
		pods[name] = makePod(t, k, ns, name, tc.of)
		lines = append(lines, records(ns, name, string(pods[name].UID), 3, 45)...)
	}
	r := start(t, c.Config, in(ns))
	r.post(t, lines...)
	for name, tc := range cases {
		w := whisperNamed(t, k, ns, tc.want, severity(v1alpha1.SeverityCritical))
		require.Equal(t, name, w.Status.Worst.Pod.Name)
		require.Equal(t, "1/1", w.Status.Pods.AffectedOfSeen)
		owners := ""
		for _, o := range w.OwnerReferences {
			owners += o.Kind + " " + o.Name
		}
		require.Equal(t, tc.owners, owners, name)
	}
	require.Len(t, whispersIn(t, k, ns), len(cases))

	deletePod(t, k, pods["nightly-1-a"])
	w := whisperNamed(t, k, ns, "cronjob.nightly.app.cputhrottling", reason(v1alpha1.ReasonNoPods))
	require.Equal(t, v1alpha1.SeverityCritical, w.Status.Severity)

	// A ReplicaSet adopts a pod: the object about the pod goes, and the one about the Deployment counts it.
	ofRevision(replicas, "1")(pods["bare"])
	require.NoError(t, k.Update(t.Context(), pods["bare"]))
	gone(t, k, &v1alpha1.KernelWhisper{ObjectMeta: metav1.ObjectMeta{Namespace: ns, Name: "pod.bare.app.cputhrottling"}})
	whisperNamed(t, k, ns, "deployment.web.app.cputhrottling",
		func(w *v1alpha1.KernelWhisper) bool { return w.Status.Pods.AffectedOfSeen == "2/2" })

	// The ReplicaSet becomes known: the object gets its owner, and keeps its history, though the operator has restarted.
	r.stop(t)
	r = start(t, c.Config, in(ns))
	guessed := whisperNamed(t, k, ns, "deployment.ghost.app.cputhrottling", severity(v1alpha1.SeverityCritical))
	late := makeDeployment(t, k, ns, "ghost")
	ghost = makeReplicaSet(t, k, ns, "ghost-77f", controllerRef("apps/v1", "Deployment", late))
	ofRevision(ghost, "77f")(pods["ghost-77f-a"])
	require.NoError(t, k.Update(t.Context(), pods["ghost-77f-a"]))
	owned := whisperNamed(t, k, ns, guessed.Name, func(w *v1alpha1.KernelWhisper) bool {
		r.post(t, records(ns, "ghost-77f-a", string(pods["ghost-77f-a"].UID), 1, 45)...)
		return len(w.OwnerReferences) == 1 && w.Status.Severity != ""
	})
	require.Equal(t, late.UID, owned.OwnerReferences[0].UID)
	require.Equal(t, guessed.Status.FirstSeenTime, owned.Status.FirstSeenTime)
}

// While pods of two revisions report, the object names both. What a revision showed stays after it, unless the next one
// has another limit.
func TestARolloutKeepsWhatItsLimitShowed(t *testing.T) {
	t.Parallel()
	c, ns := cluster(t), "rollout"
	k := admin(t, c)
	web := makeDeployment(t, k, ns, "web")
	short := func(o *operator.Options) { o.Analysis.Window = time.Minute }
	revision := func(hash, limit string) *corev1.Pod {
		set := makeReplicaSet(t, k, ns, "web-"+hash, controllerRef("apps/v1", "Deployment", web))
		return makePod(t, k, ns, "web-"+hash+"-x", ofRevision(set, hash), func(pod *corev1.Pod) {
			pod.Spec.Containers[0].Resources.Limits[corev1.ResourceCPU] = resource.MustParse(limit)
		})
	}
	const name = "deployment.web.app.cputhrottling"
	first, second, third := revision("aaa", "100m"), revision("bbb", "100m"), revision("ccc", "1")
	post := func(r *running, ahead time.Duration, pod *corev1.Pod, n, throttled int) {
		r.post(t, recordsUntil(time.Now().Add(ahead), ns, pod.Name, string(pod.UID), n, throttled)...)
	}
	r := start(t, c.Config, in(ns), short)
	post(r, 0, first, 6, 45)
	post(r, 5*time.Second, second, 2, 0)
	w := whisperNamed(t, k, ns, name, func(w *v1alpha1.KernelWhisper) bool { return len(w.Status.Revisions) == 2 })
	require.Equal(t, []string{"bbb", "aaa"}, w.Status.Revisions)
	require.Equal(t, "aaa", w.Status.Worst.Pod.Revision)
	require.Equal(t, "aaa", w.Status.Now.Pod.Revision, "a healthy canary hides no sick revision")
	deletePod(t, k, first)
	r.stop(t)

	r = start(t, c.Config, in(ns), short)
	post(r, 2*time.Minute, second, 24, 0)
	after := whisperNamed(t, k, ns, name, severity(v1alpha1.SeverityNone))
	require.Equal(t, v1alpha1.SeverityCritical, after.Status.Severity)
	require.Equal(t, w.Status.Worst, after.Status.Worst)
	require.Empty(t, after.Status.Revisions)

	deletePod(t, k, second)
	post(r, 4*time.Minute, third, 12, 0)
	healthy := whisperNamed(t, k, ns, name,
		func(w *v1alpha1.KernelWhisper) bool { return w.Status.Severity == v1alpha1.SeverityNone })
	require.Equal(t, w.UID, healthy.UID)
	require.Equal(t, "ccc", healthy.Status.Worst.Pod.Revision)
}

// The evidence of one pod may be evicted. The object then says what the others show, and keeps what the pod showed.
func TestAnEvictedPodLeavesTheOthersOfItsWorkload(t *testing.T) {
	t.Parallel()
	c, ns := cluster(t), "evicted-one"
	k := admin(t, c)
	set := makeStatefulSet(t, k, ns, "api", "100m")
	hot, calm := makePod(t, k, ns, "api-0", ofStatefulSet(set)), makePod(t, k, ns, "api-1", ofStatefulSet(set))
	other := makePod(t, k, ns, "other")
	r := start(t, c.Config, in(ns), func(o *operator.Options) { o.Analysis.MaxSubjects = 2 })
	r.post(t, recordsUntil(time.Now().Add(-time.Minute), ns, "api-0", string(hot.UID), 3, 45)...)
	before := whisperNamed(t, k, ns, ofSet, severity(v1alpha1.SeverityCritical))
	r.awaitWrites(t)
	r.post(t, records(ns, "api-1", string(calm.UID), 6, 0)...)
	r.awaitWrites(t)
	r.post(t, records(ns, "other", string(other.UID), 3, 0)...)
	w := whisperNamed(t, k, ns, ofSet, severity(v1alpha1.SeverityNone))
	require.Equal(t, before.UID, w.UID)
	require.Equal(t, "api-1", w.Status.Now.Pod.Name)
	require.Equal(t, v1alpha1.SeverityCritical, w.Status.Severity)
	require.Equal(t, "api-0", w.Status.Worst.Pod.Name)
	require.InDelta(t, 1, r.gauge(t, "kernelgossip_known_pods_evicted_total"), 0)
}

// Of a workload with many pods, the ten newest certificates of those that were in time stay, and the twenty newest of
// the others.
func TestOnlyTheNewestCertificatesOfAWorkloadStay(t *testing.T) {
	t.Parallel()
	c, ns := cluster(t), "many-births"
	k := admin(t, c)
	set := makeStatefulSet(t, k, ns, "api", "100m")
	const pods, inTime = 40, 15
	began := time.Now().Add(-time.Hour)
	var lines, want []string
	for i := range pods {
		name := fmt.Sprintf("api-%02d", i)
		pod := makePod(t, k, ns, name, ofStatefulSet(set))
		line := birth(ns, name, string(pod.UID), began.Add(time.Duration(i)*time.Minute), 1)
		if i < inTime {
			line = strings.Replace(line, `"duration_ns":6000000000`, `"duration_ns":1000000000`, 1)
		}
		lines = append(lines, line)
		if (i >= inTime-10 && i < inTime) || i >= pods-20 {
			want = append(want, name)
		}
	}
	alone := makePod(t, k, ns, "alone")
	lines = append(lines, birth(ns, "alone", string(alone.UID), began.Add(-time.Hour), 1))
	want = append([]string{"alone"}, want...)
	stay := func() bool {
		var all v1alpha1.PodBirthCertificateList
		if err := k.List(t.Context(), &all, client.InNamespace(ns)); err != nil {
			return t.Context().Err() != nil // the test is over
		}
		var names []string
		for _, one := range all.Items {
			names = append(names, one.Name)
		}
		return slices.Equal(want, names)
	}
	r := start(t, c.Config, in(ns))
	for i := 0; i < len(lines); i += 7 {
		r.post(t, lines[i:min(i+7, len(lines))]...)
		r.awaitWrites(t)
	}
	require.Eventually(t, stay, 30*time.Second, 50*time.Millisecond)
	r.post(t, lines...) // nothing that was deleted comes back
	r.awaitWrites(t)
	require.Never(t, func() bool { return !stay() }, time.Second, 100*time.Millisecond)
}

// An object of the version that named pods says nothing about its workload. The leader deletes it when it starts, after
// the definitions were upgraded in place, and writes new ones.
func TestObjectsThatNameNoWorkloadAreDeletedAtTheStart(t *testing.T) {
	t.Parallel()
	cluster(t)
	assets, err := kubeassets.Find()
	require.NoError(t, err)
	c, err := testcluster.StartBareControlPlane(assets)
	require.NoError(t, err)
	t.Cleanup(func() { must(t, c.Stop()) })
	k := admin(t, c)
	text, err := os.ReadFile("testdata/kernelwhispers-of-pods.yaml")
	require.NoError(t, err)
	var before apiextensionsv1.CustomResourceDefinition
	require.NoError(t, yaml.Unmarshal(text, &before))
	_, err = envtest.InstallCRDs(c.Config,
		envtest.CRDInstallOptions{CRDs: []*apiextensionsv1.CustomResourceDefinition{&before}})
	require.NoError(t, err)
	pod := makePod(t, k, "upgraded", "api-0")
	old := &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "kernel.gossip.io/v1alpha1", "kind": "KernelWhisper",
		"metadata": map[string]any{"namespace": "upgraded", "name": "api-0.app.cputhrottling"},
		"spec": map[string]any{
			"kind": "CPUThrottling", "container": "app", "pod": map[string]any{"name": "api-0", "uid": string(pod.UID)},
		},
	}}
	require.NoError(t, k.Create(t.Context(), old))
	require.NoError(t, c.InstallCRDs())

	r := start(t, c.Config, in("upgraded"))
	gone(t, k, old)
	r.post(t, records("upgraded", "api-0", string(pod.UID), 3, 45)...)
	whisper(t, k, "upgraded", "api-0", severity(v1alpha1.SeverityCritical))
	require.Equal(t, []string{"pod.api-0.app.cputhrottling"}, whispersIn(t, k, "upgraded"))
	require.Contains(t, r.Log.String(), `"deletedOfOldVersion":1`)
}
