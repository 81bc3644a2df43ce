package kube_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
)

const mebi = 1 << 20

var utc = time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)

// kubectl 1.37 printed the files in testdata on a kind cluster of Kubernetes 1.37.2 on 2026-11-22.
func readFile(t *testing.T, file string) kube.Pods {
	t.Helper()
	f, err := os.Open(filepath.Join("testdata", file))
	require.NoError(t, err)
	defer f.Close()
	pods, err := kube.Read(f)
	require.NoError(t, err)
	return pods
}

// The name of web's ReplicaSet and pod, and the UIDs, come from the cluster.
const webPodName = "web-8447b89fc-l6mv9"

// pauseImage is what all their containers run.
const pauseImage = "registry.k8s.io/pause:3.10"

var identity = cmp.Options{
	cmpopts.IgnoreFields(gossip.Pod{}, "UID"), cmpopts.IgnoreFields(gossip.Workload{}, "UID"), cmpopts.IgnoreFields(gossip.Container{}, "ID", "ShowsOOMKill"),
}

func webPod() gossip.Pod {
	return gossip.Pod{
		Namespace: "kube-helper", Name: webPodName, Node: "kg-rec-control-plane", QoS: gossip.QoSBurstable,
		Started:  utc.Add(23*time.Hour + 8*time.Minute + 38*time.Second),
		Workload: gossip.Workload{Group: "apps", Version: "v1", Kind: "Deployment", Name: "web"},
		Revision: "8447b89fc",
		Containers: []gossip.Container{
			{
				Name: "app", Image: pauseImage, CPURequest: gossip.Some(0.01), CPULimit: gossip.Some(0.1),
				MemoryRequest: gossip.Some[int64](16 * mebi), MemoryLimit: gossip.Some[int64](32 * mebi),
			},
			{
				Name: "setup", Role: gossip.RoleInit, Image: pauseImage,
				Started:    utc.Add(23*time.Hour + 8*time.Minute + 41*time.Second),
				CPURequest: gossip.Some(0.005), CPULimit: gossip.Some(0.05), MemoryRequest: gossip.Some[int64](16 * mebi),
				MemoryLimit: gossip.Some[int64](16 * mebi),
			},
			{
				Name: "proxy", Role: gossip.RoleSidecar, Image: pauseImage,
				CPURequest: gossip.Some(0.005), CPULimit: gossip.Some(0.05),
				MemoryRequest: gossip.Some[int64](8 * mebi), MemoryLimit: gossip.Some[int64](16 * mebi),
			},
		},
		Autoscaler:  "web",
		LimitRanges: webLimitRanges(),
	}
}

func webLimitRanges() []gossip.LimitRange {
	return []gossip.LimitRange{{Name: "bounds", Max: gossip.Some(2.0), MaxRatio: gossip.Some(10.0)}}
}

func TestOutputOfKubectlIsRead(t *testing.T) {
	pods := readFile(t, "all.yaml")
	require.Equal(t, 3, pods.Len())
	made := webPod()
	made.Template = &gossip.Template{Containers: webPod().Containers}
	for i := range made.Template.Containers {
		c := &made.Template.Containers[i]
		c.Image, c.Started, c.Ready = "", time.Time{}, time.Time{}
	}
	made.Template.Containers[1].MemoryRequest = gossip.Optional[int64]{} // the API server defaulted the pod's
	for _, want := range []gossip.Pod{
		made,
		{ // scaled by an average value: the autoscaler does not count
			Namespace: "kube-helper", Name: "api-0", Node: "kg-rec-control-plane", QoS: gossip.QoSGuaranteed,
			Started:  utc.Add(23*time.Hour + 8*time.Minute + 38*time.Second),
			Workload: gossip.Workload{Group: "apps", Version: "v1", Kind: "StatefulSet", Name: "api"},
			Revision: "api-78664547d6",
			Template: &gossip.Template{Containers: []gossip.Container{
				{Name: "app", CPULimit: gossip.Some(0.1), MemoryLimit: gossip.Some[int64](32 * mebi)},
			}},
			Containers:  []gossip.Container{runningContainer(guaranteedContainer("app", 0.1, 32*mebi))},
			LimitRanges: webLimitRanges(),
		},
		{ // not scheduled; its limits are LimitRange defaults
			Namespace: "kube-helper", Name: "report-now-jdd4d", QoS: gossip.QoSBurstable,
			Workload: gossip.Workload{Group: "batch", Version: "v1", Kind: "CronJob", Name: "report"},
			Revision: "report-now",
			Containers: []gossip.Container{
				{Name: "job", Image: pauseImage, CPURequest: gossip.Some(2.0), CPULimit: gossip.Some(2.0)},
			},
			LimitRanges: webLimitRanges(),
		},
	} {
		got, ok := pods.Pod(want.Namespace, want.Name, "")
		require.True(t, ok, want.Name)
		require.NotEmpty(t, got.UID)
		require.Empty(t, cmp.Diff(want, got, identity))
	}
}

func guaranteedContainer(name string, cores float64, memory int64) gossip.Container {
	return gossip.Container{
		Name: name, CPURequest: gossip.Some(cores), CPULimit: gossip.Some(cores),
		MemoryRequest: gossip.Some(memory), MemoryLimit: gossip.Some(memory),
	}
}

// runningContainer returns the container as started, and ready at once because it has no probe.
func runningContainer(c gossip.Container) gossip.Container {
	c.Image = pauseImage
	c.Started = utc.Add(23*time.Hour + 8*time.Minute + 41*time.Second)
	c.Ready = c.Started
	return c
}

func TestPodsAloneAreRead(t *testing.T) {
	pods := readFile(t, "pods.json")
	got, _ := pods.Pod("kube-helper", webPodName, "")
	want := webPod()
	require.Equal(t, "containerd://a9704c2c5c50962e49775c24b68f765b1013bf3f1de1c144fad500bd6a6536fa", got.Containers[1].ID)
	require.Equal(t, gossip.Some(false), got.Containers[1].ShowsOOMKill)
	want.Workload.Guessed, want.Autoscaler, want.LimitRanges = true, "", nil
	require.Empty(t, cmp.Diff(want, got, identity))
	job, _ := pods.Pod("kube-helper", "report-now-jdd4d", "")
	require.Equal(t, gossip.Workload{Group: "batch", Version: "v1", Kind: "Job", Name: "report-now", UID: job.Workload.UID}, job.Workload)
	require.NotEmpty(t, job.Workload.UID)
}

func TestLimitsInForceAreRead(t *testing.T) {
	pods := readFile(t, "resize.yaml")
	// api-0 was resized to 1900m, which the node has no room for: the kubelet defers it, and the kernel goes on with 100m.
	api, _ := pods.Pod("kube-helper", "api-0", "")
	want := runningContainer(guaranteedContainer("app", 0.1, 32*mebi))
	want.Asked = &gossip.Resources{
		CPURequest: gossip.Some(1.9), CPULimit: gossip.Some(1.9), MemoryRequest: gossip.Some[int64](32 * mebi),
		MemoryLimit: gossip.Some[int64](32 * mebi),
	}
	require.Empty(t, cmp.Diff([]gossip.Container{want}, api.Containers, identity))
	require.Equal(t, "Deferred", api.Resize.State)
	require.NotEmpty(t, api.Resize.Message)
	// shared has limits as a whole (200m, 64Mi), and b one of its own.
	at := func(second int) time.Time {
		return utc.Add(23*time.Hour + 19*time.Minute + time.Duration(second)*time.Second)
	}
	shared, _ := pods.Pod("kube-helper", "shared", "")
	require.Empty(t, cmp.Diff([]gossip.Container{
		{Name: "a", Image: pauseImage, Started: at(12), Ready: at(13)},
		{
			Name: "b", Image: pauseImage, Started: at(13), Ready: at(13),
			CPURequest: gossip.Some(0.005), CPULimit: gossip.Some(0.05), MemoryLimit: gossip.Some[int64](64 * mebi),
		},
	}, shared.Containers, identity))
	require.Equal(t, gossip.Some(0.2), shared.CPULimit)
	require.Equal(t, gossip.Some[int64](64*mebi), shared.MemoryLimit)
	require.Equal(t, gossip.QoSBurstable, shared.QoS)
}

func TestStaticPodsAreTheirOwnWorkload(t *testing.T) {
	etcd, ok := readFile(t, "static.yaml").Pod("kube-system", "etcd-kg-rec-control-plane", "")
	require.True(t, ok)
	require.Equal(t, gossip.Workload{Version: "v1", Kind: "Pod", Name: etcd.Name, UID: etcd.UID}, etcd.Workload)
	require.Equal(t, "kg-rec-control-plane", etcd.Node)
	require.NotEmpty(t, etcd.StaticUID)
	byKubelet, ok := readFile(t, "static.yaml").Pod("kube-system", "etcd-kg-rec-control-plane",
		"727110dda34bb1f47c83e66ac10b239b")
	require.True(t, ok)
	require.Equal(t, etcd, byKubelet)
}

func TestPodsOfOneNameDifferInUID(t *testing.T) {
	pods, err := kube.Read(strings.NewReader(`
# a comment only
---
{apiVersion: v1, kind: Pod, metadata: {name: a, uid: one}, status: {qosClass: first}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a, uid: two, namespace: default}, status: {qosClass: second}}
---
{apiVersion: v1, kind: Pod, metadata: {name: a, uid: one}, status: {qosClass: third}}
---
{apiVersion: v1, kind: Pod, metadata: {name: by-hand, namespace: shop}, status: {qosClass: any}}
`))
	require.NoError(t, err)
	require.Equal(t, 3, pods.Len())
	for _, test := range []struct {
		namespace, name, uid string
		qos                  gossip.QoS // marks the pod that is wanted
	}{
		{name: "a", qos: "third"},
		{namespace: "default", name: "a", uid: "one", qos: "third"},
		{namespace: "default", name: "a", uid: "two", qos: "second"},
		{namespace: "default", name: "a", uid: "three"},
		{namespace: "shop", name: "a"},
		{namespace: "shop", name: "by-hand", uid: "three", qos: "any"},
		{namespace: "shop", name: "by-hand", qos: "any"},
	} {
		got, ok := pods.Pod(test.namespace, test.name, test.uid)
		require.Equal(t, test.qos != "", ok, test)
		require.Equal(t, test.qos, got.QoS, test)
	}
	_, ok := kube.Pods{}.Pod("", "a", "")
	require.False(t, ok)
}
