package crd_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// throttlingOf returns the subject of throttling in container app of a workload.
func throttlingOf(group, kind, name string) gossip.WorkloadSubject {
	return gossip.WorkloadSubject{
		Kind: gossip.KindCPUThrottling, Namespace: "shop", Container: "app",
		Workload: gossip.Workload{Group: group, Kind: kind, Name: name},
	}
}

func TestNamesSayWhatAWhisperIsAbout(t *testing.T) {
	long := strings.Repeat("a.", 120) // 240 characters: too long with kind and container
	const end = ".app.cputhrottling-HASH"
	w := func(n int) string { return strings.Repeat("w", n) }
	without := throttlingOf("apps", "StatefulSet", "db")
	without.Kind, without.Container = gossip.KindNetworkIssue, ""
	for name, tc := range map[string]struct {
		about gossip.WorkloadSubject
		want  string
	}{
		"a Deployment":         {about: throttlingOf("apps", "Deployment", "web"), want: "deployment.web.app.cputhrottling"},
		"a CronJob":            {about: throttlingOf("batch", "CronJob", "report"), want: "cronjob.report.app.cputhrottling"},
		"a pod":                {about: throttlingOf("", "Pod", "api-0"), want: "pod.api-0.app.cputhrottling"},
		"pods as a whole":      {about: without, want: "statefulset.db.networkissue"},
		"a certificate":        {about: crd.CertificateOf("shop", "api.v2-0"), want: "api.v2-0"},
		"a kind of a user":     {about: throttlingOf("argoproj.io", "Rollout", "web"), want: "rollout.web" + end},
		"another group":        {about: throttlingOf("extensions", "Deployment", "web"), want: "deployment.web" + end},
		"a dot":                {about: throttlingOf("apps", "Deployment", "web.v2"), want: "deployment.web.v2" + end},
		"a kind not known":     {about: throttlingOf("", "", "web"), want: "web.app.cputhrottling-HASH"},
		"the longest name":     {about: throttlingOf("apps", "Deployment", w(253)), want: "deployment." + w(231) + "-HASH"},
		"a cut before a dot":   {about: throttlingOf("apps", "Job", long+"b"), want: "job." + long[:237] + "-HASH"},
		"a longest that fits":  {about: throttlingOf("batch", "Job", w(231)), want: "job." + w(231) + ".app.cputhrottling"},
		"one longer than that": {about: throttlingOf("batch", "Job", w(232)), want: "job." + w(232) + ".app.c-HASH"},
	} {
		got := crd.Name(tc.about)
		head, hash, hashed := strings.Cut(tc.want, "HASH")
		require.Empty(t, hash)
		require.True(t, got == tc.want || hashed && strings.HasPrefix(got, head), "%s: %s, want %s", name, got, tc.want)
		if hashed {
			require.Regexp(t, `^[0-9a-f]{10}$`, strings.TrimPrefix(got, head), name)
		}
		require.Empty(t, validation.IsDNS1123Subdomain(got), name)
	}
	rollout := throttlingOf("argoproj.io", "Rollout", "web")
	require.Equal(t, "rollout.web.app.cputhrottling-fe560f97b4", crd.Name(rollout), "a name never changes")
}

// Two workloads of one name have two whispers, whatever their kinds, groups and containers are.
func TestNamesOfDifferentSubjectsDiffer(t *testing.T) {
	seen := map[string]gossip.WorkloadSubject{}
	for _, name := range []string{
		"web", "web.app", "app", "web.app.cputhrottling", strings.Repeat("w", 253), strings.Repeat("w", 252),
		strings.Repeat("w", 240) + ".app",
	} {
		for _, kind := range []string{"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", ""} {
			for _, group := range []string{"apps", "argoproj.io", "argoproj.com", "extensions"} {
				for _, container := range []string{"", "app", "other", "cputhrottling"} {
					for _, trouble := range []gossip.Kind{
						gossip.KindCPUThrottling, gossip.KindMemoryPressure, gossip.KindOOMKill, gossip.KindNetworkIssue,
					} {
						about := throttlingOf(group, kind, name)
						about.Container, about.Kind = container, trouble
						got := crd.Name(about)
						require.Empty(t, validation.IsDNS1123Subdomain(got))
						had, taken := seen[got]
						require.False(t, taken, "%s is of %v and of %v", got, had, about)
						seen[got] = about
					}
				}
			}
		}
	}
}

func TestLabelsSelectTheObjectsOfAWorkload(t *testing.T) {
	labelsOf := func(w gossip.Workload) map[string]string {
		pod := gossip.PodFinding{Now: hiddenThrottling(), Workload: w}
		return crd.New(crd.Report{Finding: rollPods([]gossip.PodFinding{pod})}).GetLabels()
	}
	require.Equal(t, map[string]string{
		"kernel.gossip.io/workload-kind": "Deployment", "kernel.gossip.io/workload-name": "web",
		"kernel.gossip.io/kind": "CPUThrottling",
	}, labelsOf(web))
	require.Equal(t, map[string]string{
		"kernel.gossip.io/workload-kind": "Pod", "kernel.gossip.io/workload-name": "api-0",
		"kernel.gossip.io/kind": "CPUThrottling",
	}, labelsOf(gossip.Workload{}))
	require.NotContains(t, labelsOf(gossip.Workload{Name: "web", Guessed: true}), "kernel.gossip.io/workload-kind")

	fits, long := strings.Repeat("w", 63), strings.Repeat("w", 54)+"-.long"+strings.Repeat("w", 20)
	for name, tc := range map[string]struct{ workload, want string }{
		"63 characters":             {workload: fits, want: fits},
		"64 characters":             {workload: fits + "x", want: fits[:55] + "-[0-9a-f]{6}"},
		"a dash where it is cut":    {workload: long, want: long[:54] + "-[0-9a-f]{6}"},
		"no label of Kubernetes":    {workload: "web app", want: ""},
		"a long one that is none":   {workload: strings.Repeat("w ", 40), want: ""},
		"nothing before the cut":    {workload: strings.Repeat("-", 70), want: ""},
		"not ASCII, and cut inside": {workload: strings.Repeat("→", 30), want: ""},
	} {
		got := labelsOf(gossip.Workload{Group: "apps", Version: "v1", Kind: "Deployment", Name: tc.workload})
		require.Regexp(t, "^"+tc.want+"$", got["kernel.gossip.io/workload-name"], name)
		require.Equal(t, "Deployment", got["kernel.gossip.io/workload-kind"], name)
		for _, value := range got {
			require.Empty(t, validation.IsValidLabelValue(value), name)
			require.NotEmpty(t, value, name)
		}
	}
	a := labelsOf(gossip.Workload{Name: fits + "a"})["kernel.gossip.io/workload-name"]
	b := labelsOf(gossip.Workload{Name: fits + "b"})["kernel.gossip.io/workload-name"]
	require.NotEqual(t, a, b, "the hash is of the whole name")
}

// A certificate is found by the workload of its pod, although its name and its owner are the pod's.
func TestCertificatesHaveLabelsOfTheWorkload(t *testing.T) {
	labels := func(workload, kind string) map[string]string {
		return map[string]string{
			"kernel.gossip.io/workload-kind": kind, "kernel.gossip.io/workload-name": workload,
			"kernel.gossip.io/kind": "PodBirth",
		}
	}
	certificate := crd.New(reportOf(podBirth()))
	require.Equal(t, "api-0", certificate.GetName())
	require.Equal(t, labels("api-0", "Pod"), certificate.GetLabels())

	r := reportOf(podBirth())
	r.PodOf = func(e gossip.PodEvidence) gossip.Pod {
		require.Equal(t, "api-0", e.Pod)
		return gossip.Pod{Name: "api-0", Workload: web}
	}
	certificate = crd.New(r)
	require.Equal(t, "api-0", certificate.GetName())
	require.Equal(t, labels("web", "Deployment"), certificate.GetLabels())
	require.Len(t, certificate.GetOwnerReferences(), 1)
	require.Equal(t, "Pod", certificate.GetOwnerReferences()[0].Kind)
	require.Equal(t, podUID, string(certificate.GetOwnerReferences()[0].UID))
}

// The workload owns its whispers. The garbage collector deletes what has an owner that does not exist, so there is no
// owner where one was guessed, where Kubernetes would not accept its kind or name, or where its version or UID is not
// known.
func TestWhispersAreOwnedByTheirWorkload(t *testing.T) {
	byReplicaSet := gossip.Workload{Group: "apps", Version: "v1", Kind: "Deployment", Name: "web", Guessed: true}
	for name, tc := range map[string]struct {
		workload gossip.Workload
		want     string
	}{
		"a Deployment": {workload: web, want: "apps/v1 Deployment web " + web.UID},
		"a kind of a user": {
			workload: gossip.Workload{Group: "argoproj.io", Version: "v1alpha1", Kind: "Rollout", Name: "web", UID: "r"},
			want:     "argoproj.io/v1alpha1 Rollout web r",
		},
		"the pod itself":       {want: "v1 Pod api-0 " + podUID},
		"guessed by names":     {workload: gossip.Workload{Group: "apps", Kind: "Deployment", Name: "web", Guessed: true}},
		"by a ReplicaSet":      {workload: byReplicaSet},
		"without a known kind": {workload: gossip.Workload{Name: "web", Guessed: true, UID: "u"}},
		"a kind that is none": {
			workload: gossip.Workload{Group: "x.io", Version: "v1", Kind: "Kind; kubectl", Name: "web", UID: "u"},
		},
		"a name that is none": {
			workload: gossip.Workload{Group: "x.io", Version: "v1", Kind: "Kind", Name: "web; kubectl", UID: "u"},
		},
		"without a version": {workload: gossip.Workload{Group: "apps", Kind: "Deployment", Name: "web", UID: "u"}},
	} {
		pod := gossip.PodFinding{Now: hiddenThrottling(), Workload: tc.workload}
		owners := crd.New(crd.Report{Finding: rollPods([]gossip.PodFinding{pod})}).GetOwnerReferences()
		if tc.want == "" {
			require.Empty(t, owners, name)
			continue
		}
		require.Len(t, owners, 1, name)
		o := owners[0]
		require.Equal(t, tc.want, strings.Join([]string{o.APIVersion, o.Kind, o.Name, string(o.UID)}, " "), name)
		require.Nil(t, o.Controller, name)
		require.Nil(t, o.BlockOwnerDeletion, name)
	}
}
