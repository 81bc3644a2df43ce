package kube

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// For any input, Read does not panic, there are no pods with an error, and each pod is found by its name. The seeds are
// small, because a mutation of twenty kilobytes seldom changes anything of interest.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"kind":"Pod","metadata":{"name":"a"},` +
		`"spec":{"containers":[{"name":"c","resources":{"limits":{"cpu":"-1e9"}}}]}}`))
	f.Add([]byte("kind: PodList\nitems: [{metadata: {name: a, ownerReferences: [{kind: Job, controller: true}]}}, null]"))
	f.Add([]byte("apiVersion: autoscaling/v1\nkind: HorizontalPodAutoscaler\nmetadata: {name: h}\n" +
		"spec: {targetCPUUtilizationPercentage: 1}"))
	f.Add([]byte("kind: LimitRange\nmetadata: {name: l}\nspec: {limits: [{type: Container, max: {cpu: 2}}]}\n---\n" +
		"kind: Pod\nmetadata: {name: a, uid: b}"))
	f.Fuzz(func(t *testing.T, input []byte) {
		pods, err := Read(strings.NewReader(string(input)))
		if err != nil {
			require.Zero(t, pods)
			return
		}
		n := 0
		for at, same := range pods.byName {
			for _, want := range same {
				got, ok := pods.Pod(at.namespace, at.name, want.UID)
				require.True(t, ok)
				if want.UID != "" {
					require.Equal(t, want, got)
				}
				n++
			}
		}
		require.Equal(t, n, pods.Len())
	})
}

func TestInputAboveTheBoundIsAnError(t *testing.T) {
	const pod = `{"kind":"Pod","metadata":{"name":"a"}}`
	_, err := readBounded(strings.NewReader(pod), int64(len(pod)))
	require.NoError(t, err)
	pods, err := readBounded(strings.NewReader(pod+pod), int64(len(pod)+1))
	require.ErrorContains(t, err, "input is larger than 39 bytes")
	require.Zero(t, pods)
}
