package kube_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
)

// resourceList returns a ResourceList of CPU and memory. An empty string leaves one out.
func resourceList(cpu, memory string) corev1.ResourceList {
	l := corev1.ResourceList{}
	if cpu != "" {
		l[corev1.ResourceCPU] = resource.MustParse(cpu)
	}
	if memory != "" {
		l[corev1.ResourceMemory] = resource.MustParse(memory)
	}
	return l
}

func resourcesWith(requests, limits corev1.ResourceList) corev1.ResourceRequirements {
	return corev1.ResourceRequirements{Requests: requests, Limits: limits}
}

func TestResourcesInForceAreReadFirst(t *testing.T) {
	applied := func(r corev1.ResourceRequirements) *corev1.ResourceRequirements { return &r }
	for what, test := range map[string]struct {
		spec    corev1.ResourceRequirements
		applied *corev1.ResourceRequirements
		pod     *corev1.ResourceRequirements
		want    gossip.Container
	}{
		"nothing set": {},
		"all set": {
			spec: resourcesWith(resourceList("0.1", "1Ki"), resourceList("1", "1M")),
			want: gossip.Container{
				CPURequest: gossip.Some(0.1), CPULimit: gossip.Some(1.0), MemoryRequest: gossip.Some[int64](1024),
				MemoryLimit: gossip.Some[int64](1e6),
			},
		},
		"limits only": {spec: resourcesWith(nil, resourceList("100m", "1k")), want: guaranteedContainer("", 0.1, 1000)},
		"zero request is none": {
			spec: resourcesWith(resourceList("0", ""), resourceList("100m", "")),
			want: gossip.Container{CPULimit: gossip.Some(0.1)},
		},
		"zero and negative limits": {spec: resourcesWith(resourceList("-1", "-1Gi"), resourceList("0", "-5"))},
		"resize under way": {
			spec:    resourcesWith(resourceList("1", "2k"), resourceList("1", "2k")),
			applied: applied(resourcesWith(resourceList("100m", "1k"), resourceList("100m", "1k"))),
			want:    guaranteedContainer("", 0.1, 1000),
		},
		"an empty status tells nothing": { // koordinator-sh/koordinator#489
			spec:    resourcesWith(resourceList("4", ""), resourceList("4", "")),
			applied: applied(resourcesWith(nil, nil)),
			want:    gossip.Container{CPURequest: gossip.Some(4.0), CPULimit: gossip.Some(4.0)},
		},
		"no request from an applied limit": {
			applied: applied(resourcesWith(resourceList("1m", ""), resourceList("", "1k"))),
			want:    gossip.Container{CPURequest: gossip.Some(0.001), MemoryLimit: gossip.Some[int64](1000)},
		},
		"limits of the pod are not the container's": {
			spec: resourcesWith(nil, resourceList("100m", "")),
			pod:  applied(resourcesWith(resourceList("1", "2k"), resourceList("1", "2k"))),
			want: gossip.Container{CPURequest: gossip.Some(0.1), CPULimit: gossip.Some(0.1)},
		},
	} {
		p := &corev1.Pod{}
		p.Spec.Resources = test.pod
		p.Spec.Containers = []corev1.Container{{Name: "c", Resources: test.spec}}
		p.Status.ContainerStatuses = []corev1.ContainerStatus{{Name: "gone"}, {Name: "c", Resources: test.applied}}
		test.want.Name = "c"
		require.Empty(t, cmp.Diff([]gossip.Container{test.want}, kube.Pod(p, kube.Objects{}).Containers), what)
	}
}

// A container starts later than its pod: kubernetes-sigs/scheduler-plugins#350. It counts as ready since the pod's
// containers are ready.
func TestAContainersStartIsNotThePods(t *testing.T) {
	at := func(second int) metav1.Time { return metav1.Date(2022, 3, 3, 10, 0, second, 0, time.Local) }
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{StartedAt: at(20)}}
	ended := func(second int) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{StartedAt: at(second)}}
	}
	condition := func(kind corev1.PodConditionType, status corev1.ConditionStatus, second int) corev1.PodCondition {
		return corev1.PodCondition{Type: kind, Status: status, LastTransitionTime: at(second)}
	}
	both := []corev1.PodCondition{
		condition(corev1.PodReady, corev1.ConditionTrue, 50), condition(corev1.ContainersReady, corev1.ConditionTrue, 40),
		condition(corev1.PodScheduled, corev1.ConditionTrue, 30),
	}
	for what, test := range map[string]struct {
		status         corev1.ContainerStatus
		conditions     []corev1.PodCondition
		started, ready int // second; 0 is unknown
	}{
		"runs": {status: corev1.ContainerStatus{State: running}, started: 20},
		"runs again": {
			status: corev1.ContainerStatus{State: running, LastTerminationState: ended(10)}, started: 20,
		},
		"waits to run again": {status: corev1.ContainerStatus{LastTerminationState: ended(10)}, started: 10},
		"has ended": {
			status: corev1.ContainerStatus{State: ended(15), LastTerminationState: ended(10)}, started: 15,
		},
		"never ran": {},
		"ready": {
			status: corev1.ContainerStatus{State: running, Ready: true}, conditions: both, started: 20, ready: 40,
		},
		"ready, with one condition": {
			status: corev1.ContainerStatus{State: running, Ready: true}, conditions: both[:1], started: 20, ready: 50,
		},
		"not ready": {status: corev1.ContainerStatus{State: running}, conditions: both, started: 20},
		"ready, and another is not": {
			status:     corev1.ContainerStatus{State: running, Ready: true},
			conditions: []corev1.PodCondition{condition(corev1.PodReady, corev1.ConditionFalse, 50)}, started: 20,
		},
		"ready before it ran again": {
			status:     corev1.ContainerStatus{State: running, Ready: true},
			conditions: []corev1.PodCondition{condition(corev1.PodReady, corev1.ConditionTrue, 19)}, started: 20,
		},
		"the time of a state is empty": {
			status: corev1.ContainerStatus{State: corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}},
		},
	} {
		test.status.Name = "c"
		p := &corev1.Pod{}
		p.Spec.Containers = []corev1.Container{{Name: "c"}}
		p.Status.ContainerStatuses, p.Status.Conditions = []corev1.ContainerStatus{test.status}, test.conditions
		got := kube.Pod(p, kube.Objects{}).Containers[0]
		inUTC := func(second int) time.Time {
			if second == 0 {
				return time.Time{}
			}
			return at(second).UTC()
		}
		require.Equal(t, []time.Time{inUTC(test.started), inUTC(test.ready)}, []time.Time{got.Started, got.Ready}, what)
	}
}

func TestEphemeralContainersHaveNoResources(t *testing.T) {
	p := &corev1.Pod{}
	p.Spec.Containers = []corev1.Container{{Name: "app", Resources: resourcesWith(nil, resourceList("1", "1Gi"))}}
	p.Spec.EphemeralContainers = []corev1.EphemeralContainer{
		{EphemeralContainerCommon: corev1.EphemeralContainerCommon{Name: "debugger-x", Image: "busybox"}},
	}
	p.Status.EphemeralContainerStatuses = []corev1.ContainerStatus{{Name: "debugger-x", ContainerID: "containerd://d"}}
	got := kube.Pod(p, kube.Objects{})
	require.Len(t, got.Containers, 2)
	debugger := gossip.Container{
		Name: "debugger-x", ID: "containerd://d", Role: gossip.RoleEphemeral, Image: "busybox",
		ShowsOOMKill: gossip.Some(false),
	}
	require.Empty(t, cmp.Diff(debugger, got.Containers[1]))
	require.Equal(t, gossip.QoSGuaranteed, got.QoS, "it has no say in the class")
}

// The status may have another name of the same image, or only its digest.
func TestAnImageIsNamedAsInTheSpec(t *testing.T) {
	p := &corev1.Pod{}
	p.Spec.Containers = []corev1.Container{{Name: "app", Image: "shop/api:1.4"}}
	p.Status.ContainerStatuses = []corev1.ContainerStatus{
		{Name: "app", Image: "docker.io/shop/api:1.4", ImageID: "docker.io/shop/api@sha256:1"},
	}
	require.Equal(t, "shop/api:1.4", kube.Pod(p, kube.Objects{}).Containers[0].Image)
}

func TestResizePolicySaysWhatRestarts(t *testing.T) {
	p := &corev1.Pod{}
	p.Spec.Containers = []corev1.Container{
		{
			Name: "a",
			ResizePolicy: []corev1.ContainerResizePolicy{
				{ResourceName: corev1.ResourceCPU, RestartPolicy: corev1.RestartContainer},
			},
		},
		{
			Name: "b",
			ResizePolicy: []corev1.ContainerResizePolicy{
				{ResourceName: corev1.ResourceMemory, RestartPolicy: corev1.RestartContainer},
			},
		},
	}
	got := kube.Pod(p, kube.Objects{})
	require.True(t, got.Containers[0].ResizeRestarts)
	require.False(t, got.Containers[1].ResizeRestarts)
	require.False(t, got.Containers[0].MemoryResizeRestarts)
	require.True(t, got.Containers[1].MemoryResizeRestarts)
}

func TestAnOOMKillShowsInTheStates(t *testing.T) {
	ended := func(reason string) corev1.ContainerState {
		return corev1.ContainerState{Terminated: &corev1.ContainerStateTerminated{Reason: reason, ContainerID: "last"}}
	}
	running := corev1.ContainerState{Running: &corev1.ContainerStateRunning{}}
	for what, test := range map[string]struct {
		status corev1.ContainerStatus
		want   gossip.Optional[bool]
	}{
		"no state": {},
		"runs":     {corev1.ContainerStatus{ContainerID: "c", State: running}, gossip.Some(false)},
		"was killed before": {
			corev1.ContainerStatus{ContainerID: "c", State: running, LastTerminationState: ended("OOMKilled")},
			gossip.Some(true),
		},
		"is killed": {corev1.ContainerStatus{ContainerID: "c", State: ended("OOMKilled")}, gossip.Some(true)},
		"ended another way": {
			corev1.ContainerStatus{ContainerID: "c", State: ended("Error"), LastTerminationState: ended("Completed")},
			gossip.Some(false),
		},
		"waits after a kill": {
			corev1.ContainerStatus{
				ContainerID: "c", State: corev1.ContainerState{Waiting: &corev1.ContainerStateWaiting{}},
				LastTerminationState: ended("OOMKilled"),
			},
			gossip.Some(true),
		},
	} {
		p := &corev1.Pod{Spec: corev1.PodSpec{Containers: []corev1.Container{{Name: "app"}}}}
		test.status.Name = "app"
		p.Status.ContainerStatuses = []corev1.ContainerStatus{test.status}
		got := kube.Pod(p, kube.Objects{}).Containers[0]
		require.Equal(t, test.want, got.ShowsOOMKill, what)
		require.Equal(t, test.status.ContainerID, got.ID, what)
		require.Equal(t, test.status.LastTerminationState.Terminated != nil, got.LastID == "last", what)
	}
}

func TestQoSFollowsFromStatusOrResources(t *testing.T) {
	full := resourcesWith(resourceList("1", "1Gi"), resourceList("1", "1Gi"))
	for what, test := range map[string]struct {
		containers []corev1.ResourceRequirements
		init       []corev1.ResourceRequirements
		want       gossip.QoS
	}{
		"no container": {},
		"nothing set":  {containers: make([]corev1.ResourceRequirements, 2), want: gossip.QoSBestEffort},
		"all equal":    {containers: []corev1.ResourceRequirements{full, full}, want: gossip.QoSGuaranteed},
		"limits only": {
			containers: []corev1.ResourceRequirements{resourcesWith(nil, resourceList("1", "1Gi"))}, want: gossip.QoSGuaranteed,
		},
		"no memory": {
			containers: []corev1.ResourceRequirements{resourcesWith(nil, resourceList("1", ""))}, want: gossip.QoSBurstable,
		},
		"smaller request": {
			containers: []corev1.ResourceRequirements{resourcesWith(resourceList("500m", ""), resourceList("1", "1Gi"))},
			want:       gossip.QoSBurstable,
		},
		"one without": {containers: []corev1.ResourceRequirements{full, {}}, want: gossip.QoSBurstable},
		"init without": {
			containers: []corev1.ResourceRequirements{full}, init: []corev1.ResourceRequirements{{}}, want: gossip.QoSBurstable,
		},
		"init with a request": {
			containers: make([]corev1.ResourceRequirements, 1),
			init:       []corev1.ResourceRequirements{resourcesWith(resourceList("1", ""), nil)}, want: gossip.QoSBurstable,
		},
	} {
		p := &corev1.Pod{}
		for _, r := range test.containers {
			p.Spec.Containers = append(p.Spec.Containers, corev1.Container{Resources: r})
		}
		for _, r := range test.init {
			p.Spec.InitContainers = append(p.Spec.InitContainers, corev1.Container{Resources: r})
		}
		require.Equal(t, test.want, kube.Pod(p, kube.Objects{}).QoS, what)
		p.Spec.Resources = &full
		require.Empty(t, kube.Pod(p, kube.Objects{}).QoS, "%s: the pod's own resources decide", what)
		p.Status.QOSClass = corev1.PodQOSGuaranteed
		require.Equal(t, gossip.QoSGuaranteed, kube.Pod(p, kube.Objects{}).QoS, "%s: the status decides", what)
	}
}

// What events need of a pod is the same, whichever function reads it.
func TestEventsLearnTheSameFromLess(t *testing.T) {
	files, err := filepath.Glob("../../examples/captures/*.pods.yaml")
	require.NoError(t, err)
	more, err := filepath.Glob("testdata/*.yaml")
	require.NoError(t, err)
	less := cmp.Options{
		cmpopts.IgnoreFields(
			gossip.Container{}, "Ready", "Asked", "Injector", "CPUSetter", "MemorySetter",
		),
	}
	pods := 0
	for _, file := range append(files, more...) {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		var list corev1.PodList // other kinds in it read as pods without containers
		require.NoError(t, yaml.Unmarshal(content, &list))
		for i := range list.Items {
			pods++
			whole, got := kube.Pod(&list.Items[i], kube.Objects{}), kube.PodForEvents(&list.Items[i])
			want := gossip.Pod{
				Namespace: whole.Namespace, Name: whole.Name, UID: whole.UID, StaticUID: whole.StaticUID,
				Containers: whole.Containers, CPULimit: whole.CPULimit, MemoryLimit: whole.MemoryLimit,
			}
			require.Empty(t, cmp.Diff(want, got, less, cmpopts.EquateEmpty()), "%s: %s", file, want.Name)
		}
	}
	require.Greater(t, pods, 20)
}
