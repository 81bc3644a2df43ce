package kube_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
)

// knownObjects returns a lookup of ReplicaSets and Jobs by name, each with what controls it.
func knownObjects(all map[string]metav1.ObjectMeta) kube.Objects {
	return kube.Objects{Metadata: func(_ string, ref metav1.OwnerReference) *metav1.PartialObjectMetadata {
		m, ok := all[ref.Kind+" "+ref.Name]
		if !ok {
			return nil
		}
		return &metav1.PartialObjectMetadata{ObjectMeta: m}
	}}
}

func TestTheWorkloadIsTheControllerWithTheTemplate(t *testing.T) {
	long := strings.Repeat("a", 253)
	rollout := controlledBy("argoproj.io/v1alpha1", "Rollout", "api")
	job := gossip.Workload{Group: "batch", Version: "v1", Kind: "Job", Name: "report-5f", UID: "u"}
	replicas := gossip.Workload{Group: "apps", Version: "v1", Kind: "ReplicaSet", Name: "api-5f", UID: "u"}
	bare := gossip.Workload{Version: "v1", Kind: "Pod", Name: "p"}
	guessed := gossip.Workload{Group: "apps", Version: "v1", Kind: "Deployment", Name: "api", Guessed: true}
	for what, test := range map[string]struct {
		pod   metav1.ObjectMeta
		hash  string
		known map[string]metav1.ObjectMeta
		want  gossip.Workload
	}{
		"bare pod": {pod: metav1.ObjectMeta{Name: "p"}, want: bare},
		"no controller": {
			pod: metav1.ObjectMeta{Name: "p", OwnerReferences: []metav1.OwnerReference{{Kind: "Job", Name: "j"}}}, want: bare,
		},
		"static pod":                 {pod: controlledBy("v1", "Node", "n1"), want: bare},
		"a reference without a name": {pod: controlledBy("batch/v1", "Job", ""), want: bare},
		"a reference without a kind": {pod: controlledBy("batch/v1", "", "j"), want: bare},
		"a Node of another group": {
			pod:  controlledBy("example.com/v1", "Node", "n1"),
			want: gossip.Workload{Group: "example.com", Version: "v1", Kind: "Node", Name: "n1", UID: "u"},
		},
		"StatefulSet, and not what makes it": {
			pod:   controlledBy("apps/v1", "StatefulSet", "db"),
			known: map[string]metav1.ObjectMeta{"StatefulSet db": controlledBy("example.com/v1", "Prometheus", "k8s")},
			want:  gossip.Workload{Group: "apps", Version: "v1", Kind: "StatefulSet", Name: "db", UID: "u"},
		},
		"DaemonSet": {
			pod:  controlledBy("apps/v1", "DaemonSet", "agent"),
			want: gossip.Workload{Group: "apps", Version: "v1", Kind: "DaemonSet", Name: "agent", UID: "u"},
		},
		"a kind of its own": {
			pod:  controlledBy("batch.volcano.sh/v1alpha1", "Job", "train"),
			want: gossip.Workload{Group: "batch.volcano.sh", Version: "v1alpha1", Kind: "Job", Name: "train", UID: "u"},
		},
		"a controller of the core group": {
			pod:  controlledBy("v1", "ReplicationController", "web-3"),
			want: gossip.Workload{Version: "v1", Kind: "ReplicationController", Name: "web-3", UID: "u"},
		},
		"the Deployment of a ReplicaSet": {
			pod: controlledBy("apps/v1", "ReplicaSet", "api-5f"), hash: "5f",
			known: map[string]metav1.ObjectMeta{"ReplicaSet api-5f": controlledBy("apps/v1", "Deployment", "other")},
			want:  gossip.Workload{Group: "apps", Version: "v1", Kind: "Deployment", Name: "other", UID: "u"},
		},
		"the Rollout of a ReplicaSet": {
			pod: controlledBy("apps/v1", "ReplicaSet", "api-5f"), hash: "5f",
			known: map[string]metav1.ObjectMeta{"ReplicaSet api-5f": rollout},
			want:  gossip.Workload{Group: "argoproj.io", Version: "v1alpha1", Kind: "Rollout", Name: "api", UID: "u"},
		},
		"a ReplicaSet on its own": {
			pod: controlledBy("apps/v1", "ReplicaSet", "api-5f"), hash: "5f",
			known: map[string]metav1.ObjectMeta{"ReplicaSet api-5f": {}}, want: replicas,
		},
		"a ReplicaSet of another UID": {
			pod: controlledBy("apps/v1", "ReplicaSet", "api-5f"), hash: "5f",
			known: map[string]metav1.ObjectMeta{"ReplicaSet api-5f": {UID: "v", OwnerReferences: rollout.OwnerReferences}},
			want:  guessed,
		},
		"an unknown ReplicaSet": {pod: controlledBy("apps/v1", "ReplicaSet", "api-5f"), hash: "5f", want: guessed},
		"an unknown ReplicaSet with a long name": {
			pod: controlledBy("apps/v1", "ReplicaSet", long+"-5f"), hash: "5f",
			want: gossip.Workload{Group: "apps", Version: "v1", Kind: "Deployment", Name: long, Guessed: true},
		},
		"an unknown ReplicaSet, no hash":      {pod: controlledBy("apps/v1", "ReplicaSet", "api-5f"), want: replicas},
		"an unknown ReplicaSet, another hash": {pod: controlledBy("apps/v1", "ReplicaSet", "api-5f"), hash: "f", want: replicas},
		"an unknown ReplicaSet, only a hash": {
			pod: controlledBy("apps/v1", "ReplicaSet", "-5f"), hash: "5f",
			want: gossip.Workload{Group: "apps", Version: "v1", Kind: "ReplicaSet", Name: "-5f", UID: "u"},
		},
		"a ReplicaSet of another group": {
			pod: controlledBy("apps.kruise.io/v1", "ReplicaSet", "api-5f"), hash: "5f",
			known: map[string]metav1.ObjectMeta{"ReplicaSet api-5f": rollout},
			want:  gossip.Workload{Group: "apps.kruise.io", Version: "v1", Kind: "ReplicaSet", Name: "api-5f", UID: "u"},
		},
		"an unknown Job": {pod: controlledBy("batch/v1", "Job", "report-5f"), hash: "5f", want: job},
		"a Job on its own": {
			pod:   controlledBy("batch/v1", "Job", "report-5f"),
			known: map[string]metav1.ObjectMeta{"Job report-5f": {}}, want: job,
		},
		"the CronJob of a Job": {
			pod:   controlledBy("batch/v1", "Job", "report-5f"),
			known: map[string]metav1.ObjectMeta{"Job report-5f": controlledBy("batch/v1", "CronJob", "report")},
			want:  gossip.Workload{Group: "batch", Version: "v1", Kind: "CronJob", Name: "report", UID: "u"},
		},
		"the JobSet of a Job": {
			pod:   controlledBy("batch/v1", "Job", "train-0"),
			known: map[string]metav1.ObjectMeta{"Job train-0": controlledBy("jobset.x-k8s.io/v1", "JobSet", "train")},
			want:  gossip.Workload{Group: "jobset.x-k8s.io", Version: "v1", Kind: "JobSet", Name: "train", UID: "u"},
		},
		"a ReplicaSet that controls itself": {
			pod:   controlledBy("apps/v1", "ReplicaSet", "api-5f"),
			known: map[string]metav1.ObjectMeta{"ReplicaSet api-5f": controlledBy("apps/v1", "ReplicaSet", "api-5f")},
			want:  replicas,
		},
		"two that control each other": {
			pod: controlledBy("apps/v1", "ReplicaSet", "api-5f"),
			known: map[string]metav1.ObjectMeta{
				"ReplicaSet api-5f": controlledBy("batch/v1", "Job", "report"),
				"Job report":        controlledBy("apps/v1", "ReplicaSet", "api-5f"),
			},
			want: replicas,
		},
		"a pod that controls itself": {
			pod: controlledBy("v1", "Pod", "p"), want: gossip.Workload{Version: "v1", Kind: "Pod", Name: "p", UID: "u"},
		},
	} {
		test.pod.Labels = map[string]string{"pod-template-hash": test.hash}
		require.Equal(t, test.want, kube.Pod(&corev1.Pod{ObjectMeta: test.pod}, knownObjects(test.known)).Workload, what)
	}
}

func TestRevisionsAreTheHashOfTheTemplateOrTheRun(t *testing.T) {
	known := knownObjects(map[string]metav1.ObjectMeta{
		"ReplicaSet api-5f":    controlledBy("apps/v1", "Deployment", "api"),
		"Job report-29812345":  controlledBy("batch/v1", "CronJob", "report"),
		"Job train-workers-0":  controlledBy("jobset.x-k8s.io/v1", "JobSet", "train"),
		"ReplicaSet canary-5f": controlledBy("argoproj.io/v1alpha1", "Rollout", "canary"),
	})
	for what, test := range map[string]struct {
		pod    metav1.ObjectMeta
		labels map[string]string
		want   string
	}{
		"Deployment": {
			pod:    controlledBy("apps/v1", "ReplicaSet", "api-5f"),
			labels: map[string]string{"pod-template-hash": "5f", "controller-revision-hash": "x"}, want: "5f",
		},
		"Rollout": {
			pod:    controlledBy("apps/v1", "ReplicaSet", "canary-5f"),
			labels: map[string]string{"rollouts-pod-template-hash": "5f"}, want: "5f",
		},
		"StatefulSet": {
			pod:    controlledBy("apps/v1", "StatefulSet", "db"),
			labels: map[string]string{"pod-template-hash": "5f", "controller-revision-hash": "db-7d"}, want: "db-7d",
		},
		"DaemonSet": {
			pod:    controlledBy("apps/v1", "DaemonSet", "agent"),
			labels: map[string]string{"controller-revision-hash": "7d"}, want: "7d",
		},
		"CronJob":             {pod: controlledBy("batch/v1", "Job", "report-29812345"), want: "report-29812345"},
		"Job":                 {pod: controlledBy("batch/v1", "Job", "once")},
		"JobSet":              {pod: controlledBy("batch/v1", "Job", "train-workers-0")},
		"unknown":             {pod: controlledBy("apps/v1", "ReplicaSet", "api-5f")},
		"bare pod":            {labels: map[string]string{"pod-template-hash": "5f", "controller-revision-hash": "7d"}},
		"a kind of its own":   {pod: controlledBy("apps.kruise.io/v1", "CloneSet", "c"), labels: map[string]string{"controller-revision-hash": "7d"}, want: "7d"},
		"a ReplicaSet alone":  {pod: controlledBy("apps/v1", "ReplicaSet", "alone")},
		"static pod's mirror": {pod: controlledBy("v1", "Node", "n"), labels: map[string]string{"controller-revision-hash": "7d"}},
	} {
		test.pod.Labels = test.labels
		require.Equal(t, test.want, kube.Pod(&corev1.Pod{ObjectMeta: test.pod}, known).Revision, what)
	}
}

// A guessed Deployment that is in the list has its UID, as the owner of an object needs it.
func TestGuessedDeploymentsGetTheirUID(t *testing.T) {
	pod := ownedPod("apps/v1", "ReplicaSet", "web-5f")
	deployment := "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web, uid: d}"
	require.Equal(t, gossip.Workload{
		Group: "apps", Version: "v1", Kind: "Deployment", Name: "web", UID: "d", Guessed: true,
	}, readPod(t, pod, deployment).Workload)
	require.Empty(t, readPod(t, pod).Workload.UID)
}

func TestWorkloadsOfOneNameDifferInKindAndGroup(t *testing.T) {
	seen := map[gossip.Workload]bool{}
	for _, of := range []struct{ version, kind string }{
		{version: "apps/v1", kind: "StatefulSet"},
		{version: "apps/v1", kind: "DaemonSet"},
		{version: "apps.kruise.io/v1", kind: "StatefulSet"},
		{version: "batch/v1", kind: "Job"},
		{version: "batch.volcano.sh/v1alpha1", kind: "Job"},
	} {
		pod := readPod(t, ownedPod(of.version, of.kind, "web"),
			"apiVersion: apps/v1\nkind: StatefulSet\nmetadata: {name: web}\nspec: {"+templateWith("500")+"}")
		require.Equal(t, of.version, pod.Workload.APIVersion())
		require.Equal(t, of.version == "apps/v1" && of.kind == "StatefulSet", pod.Template != nil, of)
		seen[pod.Workload.Identity()] = true
	}
	require.Len(t, seen, 5)
}

// A pod is released and adopted by another controller: the newest object counts.
func TestPodsThatChangeTheirOwnerHaveTheNewOne(t *testing.T) {
	pod := readPod(t, ownedPod("apps/v1", "StatefulSet", "old"), ownedPod("apps/v1", "StatefulSet", "new"))
	require.Equal(t, "new", pod.Workload.Name)
	pod = readPod(t, ownedPod("apps/v1", "StatefulSet", "old"), "kind: Pod\nmetadata: {name: p}")
	require.True(t, pod.Workload.IsPod())
}
