package kube_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
)

func TestTextsOfObjectsAreCleanedAndBounded(t *testing.T) {
	long := strings.Repeat("a", 10<<10)
	list := `{"apiVersion":"v1","kind":"Pod","metadata":{"name":"api-0","namespace":"shop","uid":"u\u202e",
		"ownerReferences":[{"apiVersion":"x/v1","kind":"Foo\nkubectl delete","name":"a\u001b[2J","controller":true,"uid":"o"}]},
		"spec":{"containers":[{"name":"app\u200b"}]},
		"status":{"conditions":[{"type":"PodResizePending","status":"True","reason":"Deferred","message":"` + long + `"}]}}`
	pods, err := kube.Read(strings.NewReader(list))
	require.NoError(t, err)
	p, ok := pods.Pod("shop", "api-0", "")
	require.True(t, ok)
	require.Equal(t, "u�", p.UID)
	require.Equal(t, "Foo�kubectl delete", p.Workload.Kind)
	require.Equal(t, "a�[2J", p.Workload.Name)
	require.Equal(t, "app�", p.Containers[0].Name)
	require.Equal(t, long[:1021]+"…", p.Resize.Message)
	_, err = kube.Read(strings.NewReader(`{"apiVersion":"v1","kind":"Pod","metadata":{"name":"a\nb","uid":7}}`))
	require.ErrorContains(t, err, "Pod default/a�b")
}
