package recording_test

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	corev1 "k8s.io/api/core/v1"
	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/recording"
	"github.com/kernel-gossip/kernel-gossip/examples/demo/scenarios"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
	"github.com/kernel-gossip/kernel-gossip/hack/testcluster"
	"github.com/kernel-gossip/kernel-gossip/replay"
)

func TestEachScenarioHasACapture(t *testing.T) {
	for _, scenario := range scenarios.Scenarios() {
		c, err := recording.Read(scenario.Name)
		require.NoError(t, err)
		require.Regexp(t, `^RECORDED 20\S+ on Linux \S+ \(cgroup v[12], Kubernetes v1\.\S+\), replayed now\.$`, c.Origin())
		spaces, err := testcluster.ListedNamespaces(c.Pods)
		require.NoError(t, err)
		require.Equal(t, []string{scenarios.Namespace}, spaces, scenario.Name)

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

// What the scenarios say about their workloads is true of the recorded ones, too. A CPU limit may have been raised in
// between.
func TestCapturesAreOfTheManifests(t *testing.T) {
	for _, scenario := range scenarios.Scenarios() {
		manifest, err := scenarios.Manifests.ReadFile("manifests/" + scenario.Name + ".yaml")
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
			recorded := c.Pod(wanted.Name)
			require.NotNil(t, recorded, "%s has no pod %s: record it again (record.sh)", scenario.Name, wanted.Name)
			for i, container := range wanted.Spec.Containers {
				was := recorded.Spec.Containers[i]
				require.Equal(t, container.Args, was.Args, "%s: run record.sh", container.Name)
				require.Zero(t, container.Resources.Limits.Memory().Cmp(*was.Resources.Limits.Memory()), container.Name)
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
	pod, ok := before.Pod(scenarios.Namespace, "worker", "")
	require.True(t, ok)
	container, _ := pod.Container("app")
	require.Equal(t, gossip.Some(0.1), container.CPULimit)
	require.False(t, pod.Fixed, "it can be resized")
	require.Equal(t, "600m", c.Pod("worker").Spec.Containers[0].Resources.Limits.Cpu().String(), "as it was recorded")
}
