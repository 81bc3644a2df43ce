package preflight

import (
	"errors"
	"io"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/install"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
)

func TestSkewOfVersions(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		client, server string
		want           Verdict
	}{
		{"v1.37.2", "v1.37.0", OK},
		{"v1.36.9", "v1.37.2", OK},
		{"v1.38.0-rc.1", "v1.37.2", OK},
		{"v1.35.0", "v1.37.2", Warn},
		{"v1.39.0", "v1.37.2-gke.100", Warn},
		{"v2.37.0", "v1.37.2", Warn},
		{"unknown", "v1.37.2", Warn},
		{"v1.37.2", "", Warn},
	} {
		require.Equal(t, tc.want, skew(tc.client, tc.server).Verdict, "%s and %s", tc.client, tc.server)
	}
}

func TestAtLeast(t *testing.T) {
	t.Parallel()
	for have, want := range map[string]bool{
		"1.26.0": true, "1.26.8": true, "1.27": true, "1.100.0": true, "2.0.0": true,
		"1.25.9": false, "1.9.0": false, "": false, "devel": false,
	} {
		require.Equal(t, want, atLeast(have, "1.26.0"), have)
	}
}

func TestNeededGoIsThatOfTheModule(t *testing.T) {
	t.Parallel()
	module, err := os.ReadFile("../../../go.mod")
	require.NoError(t, err)
	require.Contains(t, string(module), "\ngo "+neededGo+"\n")
}

// Without a kubeconfig what can be checked is checked, and nothing else is said to be ok.
func TestWithoutACluster(t *testing.T) {
	t.Parallel()
	s := &install.Site{Kubectl: testcluster.Kubectl{Program: "/no/such/kubectl"}, Trouble: errors.New("no kubeconfig"), Recover: "recover"}
	for _, l := range Run(t.Context(), io.Discard, Checks(s)) {
		switch l.Name {
		case "go", "docker": // of this machine
		case "kubectl":
			require.Equal(t, Fail, l.Verdict)
		case "cluster":
			require.Empty(t, cmp.Diff(Line{"cluster", Result{Fail, "no kubeconfig", "make demo   # makes the cluster"}}, l))
		default:
			require.Equal(t, NotChecked, l.Verdict, l.Name)
		}
	}
}

func TestSkewOfClocks(t *testing.T) {
	t.Parallel()
	for apart, want := range map[time.Duration]string{
		0:                        "",
		2400 * time.Millisecond:  "",
		-2400 * time.Millisecond: "",
		3 * time.Second:          "this machine is 3s ahead of the API server",
		-time.Hour:               "this machine is 1h0m0s behind the API server",
	} {
		r := judgeSkew("this machine is", apart, "set the clock")
		if want == "" {
			require.Equal(t, OK, r.Verdict, apart)
			continue
		}
		require.Empty(t, cmp.Diff(Result{Fail, want, "set the clock"}, r))
	}
}

func TestLacking(t *testing.T) {
	t.Parallel()
	have := []string{"localhost/burst:e2e", "docker.io/library/alpine:3", "docker.io/someone/tool:1", "registry.k8s.io/pause:3.10"}
	for wanted, there := range map[string]bool{
		"localhost/burst:e2e": true, "localhost/burst:dev": false, "alpine:3": true, "alpine": false, "someone/tool:1": true,
		"registry.k8s.io/pause:3.10": true, "ghcr.io/someone/tool:1": false,
	} {
		require.Equal(t, there, len(lacking([]string{wanted}, have)) == 0, wanted)
	}
}

func TestCrashed(t *testing.T) {
	t.Parallel()
	waiting := func(reason, last string) corev1.Pod {
		c := corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}}
		if last != "" {
			c.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{Reason: last}
		}
		return corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{c}}}
	}
	ready := corev1.Pod{Status: corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodReady, Status: corev1.ConditionTrue}}}}
	gated := corev1.Pod{Status: corev1.PodStatus{Conditions: []corev1.PodCondition{{Type: corev1.PodScheduled, Status: corev1.ConditionFalse, Reason: "SchedulingGated"}}}}
	for name, tc := range map[string]struct {
		pod   corev1.Pod
		waits string
		want  bool
	}{
		"ready":                          {ready, "", false},
		"placed from a recording":        {gated, "SchedulingGated", false},
		"starting":                       {waiting("ContainerCreating", ""), "ContainerCreating", false},
		"no image":                       {waiting("ImagePullBackOff", ""), "ImagePullBackOff", true},
		"no configuration":               {waiting("CreateContainerConfigError", ""), "CreateContainerConfigError", true},
		"crashes":                        {waiting("CrashLoopBackOff", "Error"), "CrashLoopBackOff", true},
		"is killed, as a scenario wants": {waiting("CrashLoopBackOff", "OOMKilled"), "CrashLoopBackOff", false},
		"failed":                         {corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodFailed}}, "not ready", true},
	} {
		require.Equal(t, tc.waits, Waits(tc.pod), name)
		require.Equal(t, tc.want, Crashed(tc.pod), name)
	}
}
