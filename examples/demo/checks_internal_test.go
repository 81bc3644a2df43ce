package demo

import (
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"

	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
)

func TestWithoutAClusterNothingOfItIsSaidToBeOK(t *testing.T) {
	s := &Site{Kubectl: testcluster.Kubectl{Program: "/no/such/kubectl"}, Trouble: errors.New("no kubeconfig")}
	for _, l := range Preflight(t.Context(), io.Discard, s.Checks()) {
		switch l.Name {
		case "go", "docker": // of this machine
		case "kubectl":
			require.Equal(t, Fail, l.Verdict)
		default:
			require.Equal(t, NotChecked, l.Verdict, l.Name)
		}
	}
	require.Equal(t, reportFailure("make demo   # makes the cluster", "no kubeconfig"), s.checkCluster(t.Context()))
}

func TestClocksMayBeTwoSecondsApart(t *testing.T) {
	for apart, want := range map[time.Duration]string{
		0:                        "",
		2400 * time.Millisecond:  "",
		-2400 * time.Millisecond: "",
		3 * time.Second:          "this machine is 3s ahead of the API server",
		-time.Hour:               "this machine is 1h0m0s behind the API server",
	} {
		r := judgeClock(apart)
		if want == "" {
			require.Equal(t, OK, r.Verdict, apart)
			continue
		}
		require.Empty(t, cmp.Diff(Result{Fail, want, "sudo timedatectl set-ntp true"}, r))
	}
}

func TestShortNamesOfImagesMeanDockersRegistry(t *testing.T) {
	have := []string{"localhost/burst:e2e", "docker.io/library/alpine:3", "docker.io/someone/tool:1"}
	for wanted, isThere := range map[string]bool{
		"localhost/burst:e2e": true, "localhost/burst:dev": false, "alpine:3": true, "alpine": false, "someone/tool:1": true,
		"ghcr.io/someone/tool:1": false,
	} {
		require.Equal(t, isThere, len(missingImages([]string{wanted}, have)) == 0, wanted)
	}
}

func TestAKilledContainerIsNoCrash(t *testing.T) {
	waiting := func(reason, last string) corev1.Pod {
		c := corev1.ContainerStatus{State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{Reason: reason}}}
		if last != "" {
			c.LastTerminationState.Terminated = &corev1.ContainerStateTerminated{Reason: last}
		}
		return corev1.Pod{Status: corev1.PodStatus{ContainerStatuses: []corev1.ContainerStatus{c}}}
	}
	condition := func(kind corev1.PodConditionType, status corev1.ConditionStatus, reason string) corev1.Pod {
		all := []corev1.PodCondition{{Type: kind, Status: status, Reason: reason}}
		return corev1.Pod{Status: corev1.PodStatus{Conditions: all}}
	}
	for name, tc := range map[string]struct {
		pod     corev1.Pod
		waits   string
		crashed bool
	}{
		"ready":                          {condition(corev1.PodReady, corev1.ConditionTrue, ""), "", false},
		"placed from a recording":        {condition(corev1.PodScheduled, corev1.ConditionFalse, "Gated"), "Gated", false},
		"starting":                       {waiting("ContainerCreating", ""), "ContainerCreating", false},
		"no image":                       {waiting("ImagePullBackOff", ""), "ImagePullBackOff", true},
		"no configuration":               {waiting("CreateContainerConfigError", ""), "CreateContainerConfigError", true},
		"crashes":                        {waiting("CrashLoopBackOff", "Error"), "CrashLoopBackOff", true},
		"is killed, as a scenario wants": {waiting("CrashLoopBackOff", "OOMKilled"), "CrashLoopBackOff", false},
		"failed":                         {corev1.Pod{Status: corev1.PodStatus{Phase: corev1.PodFailed}}, "not ready", true},
	} {
		require.Equal(t, tc.waits, waitingFor(tc.pod), name)
		require.Equal(t, tc.crashed, isCrashed(tc.pod), name)
	}
}
