package recording_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/examples/demo"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/recording"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/replay"
)

// Each scenario has a capture whose pods live in the demo's namespace, which tells when and where it was recorded, and which says something.
func TestEachScenarioHasACapture(t *testing.T) {
	t.Parallel()
	for _, scenario := range demo.Scenarios() {
		c, err := recording.Read(scenario.Name)
		require.NoError(t, err)
		require.Regexp(t, `^RECORDED 20\d\d-\d\d-\d\d on Linux \d+\.\d+\S* \(cgroup v[12], Kubernetes v1\.\d+\.\d+\), replayed now\.$`, c.Origin())
		spaces, err := testcluster.ListedNamespaces(c.Pods)
		require.NoError(t, err)
		require.Equal(t, []string{demo.Namespace}, spaces, scenario.Name)

		pods := filepath.Join(t.TempDir(), "pods.yaml")
		require.NoError(t, os.WriteFile(pods, c.Pods, 0o600))
		var out, errs bytes.Buffer
		code := replay.Run([]string{"-o", "yaml", "--pods", pods, "-"}, bytes.NewReader(c.Records), &out, &errs)
		require.Less(t, code, 2, errs.String())
		require.Empty(t, errs.String())
		require.NotEmpty(t, out.String(), scenario.Name)
	}
	_, err := recording.Read("nothing")
	require.Error(t, err)
}

func TestPod(t *testing.T) {
	t.Parallel()
	c, err := recording.Read("throttle")
	require.NoError(t, err)
	pod, err := c.Pod("worker")
	require.NoError(t, err)
	require.Equal(t, demo.Namespace, pod.Namespace)
	require.NotEmpty(t, pod.Status.ContainerStatuses)
	none, err := c.Pod("nobody")
	require.NoError(t, err)
	require.Nil(t, none)
}

// What the scenarios say of their workloads is true of the recorded ones: the pods had the arguments and the memory that the manifests give them
// (a CPU limit may have been raised in between).
func TestCapturesAreOfTheManifests(t *testing.T) {
	t.Parallel()
	for _, scenario := range demo.Scenarios() {
		manifest, err := demo.Manifests.ReadFile("manifests/" + scenario.Name + ".yaml")
		require.NoError(t, err)
		c, err := recording.Read(scenario.Name)
		require.NoError(t, err)
		pods := 0
		for text := range bytes.SplitSeq(manifest, []byte("\n---\n")) {
			var wanted corev1.Pod
			require.NoError(t, yaml.Unmarshal(text, &wanted))
			if wanted.Kind != "Pod" {
				continue
			}
			pods++
			recorded, err := c.Pod(wanted.Name)
			require.NoError(t, err)
			require.NotNil(t, recorded, "%s has no pod %s: record it again (record.sh)", scenario.Name, wanted.Name)
			for i, container := range wanted.Spec.Containers {
				was := recorded.Spec.Containers[i]
				require.Empty(t, cmp.Diff(container.Args, was.Args), "%s %s: record it again (record.sh)", scenario.Name, container.Name)
				require.True(t, container.Resources.Limits.Memory().Equal(*was.Resources.Limits.Memory()), "%s %s: record it again (record.sh)", scenario.Name, container.Name)
			}
		}
		require.Positive(t, pods)
	}
}

// The list of throttle was recorded after its limit had been raised: with that, the first act has no number to follow.
func TestPodsBeginWithTheLimitsOfTheFirstRecords(t *testing.T) {
	c, err := recording.Read("throttle")
	require.NoError(t, err)
	before, err := kube.Read(bytes.NewReader(c.Pods))
	require.NoError(t, err)
	pod, ok := before.Pod(demo.Namespace, "worker", "")
	require.True(t, ok)
	container, _ := pod.Container("app")
	require.Equal(t, gossip.Some(0.1), container.CPULimit)
	after, err := c.Pod("worker")
	require.NoError(t, err)
	require.Equal(t, "600m", after.Spec.Containers[0].Resources.Limits.Cpu().String(), "as it was recorded")
}
