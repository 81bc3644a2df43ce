package kube_test

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"k8s.io/apimachinery/pkg/util/rand"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/gossip/kube"
)

// Most names are from clusters: kind, GKE, EKS, kops and OpenShift.
func TestWorkloadsAreGuessedFromTheFormOfNames(t *testing.T) {
	long := strings.Repeat("a", 50)
	for pod, test := range map[string]struct {
		kind, name, revision string
	}{
		"web-8447b89fc-l6mv9":                       {kind: "Deployment", name: "web", revision: "8447b89fc"},
		"coredns-5d78c9869d-abcde":                  {kind: "Pod", name: "coredns-5d78c9869d-abcde"}, // no vowels in a suffix
		"coredns-5d78c9869d-8b6xz":                  {kind: "Deployment", name: "coredns", revision: "5d78c9869d"},
		"metrics-server-v0.5.2-6bf74b5d5f-7lnqm":    {kind: "Deployment", name: "metrics-server-v0.5.2", revision: "6bf74b5d5f"},
		"hello-00001-deployment-6c44f5b7c-2xvlm":    {kind: "Deployment", name: "hello-00001-deployment", revision: "6c44f5b7c"},
		"konnectivity-agent-autoscaler-bd45744c-nz": {kind: "Pod", name: "konnectivity-agent-autoscaler-bd45744c-nz"},
		"web-29812345-l6mv9":                        {kind: "CronJob", name: "web", revision: "web-29812345"},
		"web-28123456-l6mv9":                        {kind: "CronJob", name: "web", revision: "web-28123456"},
		"web-29812345-3-l6mv9":                      {kind: "CronJob", name: "web", revision: "web-29812345"},
		"job-3-l6mv9":                               {kind: "Job", name: "job"},
		"kube-proxy-x7k2p":                          {name: "kube-proxy"},
		"fluent-bit-v2x9z":                          {name: "fluent-bit"},
		"gke-metrics-agent-wlxkz":                   {name: "gke-metrics-agent"},
		"web-2":                                     {kind: "StatefulSet", name: "web"},
		"prometheus-k8s-0":                          {kind: "StatefulSet", name: "prometheus-k8s"},
		"kafka-1-0":                                 {kind: "StatefulSet", name: "kafka-1"},
		"web.v1-10":                                 {kind: "StatefulSet", name: "web.v1"},

		// names that must not be cut
		"curl":                             {kind: "Pod", name: "curl"},
		"l6mv9":                            {kind: "Pod", name: "l6mv9"},
		"redis-master":                     {kind: "Pod", name: "redis-master"},
		"api-v2":                           {kind: "Pod", name: "api-v2"},
		"web-01":                           {kind: "Pod", name: "web-01"},
		"web-20260101":                     {kind: "Pod", name: "web-20260101"},
		"my-httpd":                         {kind: "Pod", name: "my-httpd"},
		"my-mssql":                         {kind: "Pod", name: "my-mssql"},
		"etcd-kind-control-plane":          {kind: "Pod", name: "etcd-kind-control-plane"},
		"kube-proxy-ip-10-0-32-14":         {kind: "Pod", name: "kube-proxy-ip-10-0-32-14"},
		"kube-apiserver-ip-10-0-0-1.local": {kind: "Pod", name: "kube-apiserver-ip-10-0-0-1.local"},
		"etcd-minikube-m02":                {kind: "Pod", name: "etcd-minikube-m02"},
		"web-":                             {kind: "Pod", name: "web-"},
		"-l6mv9":                           {kind: "Pod", name: "-l6mv9"},
		"-8447b89fc-l6mv9":                 {name: "-8447b89fc"},
		"":                                 {kind: "Pod"},

		// names of 63 characters, cut before the random part
		long + "-8447b89" + "l6mv9":                  {kind: "Deployment", name: long, revision: "8447b89"},
		long[:47] + "-5d78c9869d" + "l6mv9":          {kind: "Deployment", name: long[:47], revision: "5d78c9869d"},
		long + "-2981234" + "l6mv9":                  {kind: "CronJob", name: long},
		long + "aaaaaaaa" + "l6mv9":                  {name: long + "aaaaaaaa"},
		long + "aaaaaaa-" + "l6mv9":                  {name: long + "aaaaaaa"},
		long + "-8447b89" + "l6mva":                  {kind: "Pod", name: long + "-8447b89l6mva"},
		strings.Repeat("a", 252) + "-" + "8447b89fc": {kind: "Pod", name: strings.Repeat("a", 252) + "-8447b89fc"},
	} {
		w, revision := kube.GuessWorkload(pod)
		require.Equal(t, test.kind, w.Kind, pod)
		require.Equal(t, test.name, w.Name, pod)
		require.Equal(t, test.revision, revision, pod)
		require.Equal(t, test.kind != "Pod", w.Guessed, pod)
		require.Empty(t, w.UID)
		if w.Guessed {
			require.Empty(t, w.APIVersion(), "it gets no command")
			require.Equal(t, "~"+test.name, w.String())
		}
	}
}

// Names are made as Kubernetes makes them: with its own encoding of hashes and its own random parts.
func TestEveryNameOfADeploymentsPodIsGuessed(t *testing.T) {
	rand.Seed(1)
	for range 2000 {
		hash := rand.SafeEncodeString(fmt.Sprint(100_000 + rand.Int63nRange(0, math.MaxUint32-100_000)))
		suffix := rand.String(5)
		w, revision := kube.GuessWorkload("shop-web-" + hash + "-" + suffix)
		require.Equal(t, "~shop-web", w.String(), hash+suffix)
		require.Equal(t, hash, revision)
	}
}

// A guess of a cut name is the same for all pods of a revision, and never empty.
func FuzzGuessWorkload(f *testing.F) {
	f.Add("web-8447b89fc-l6mv9")
	f.Add("a-10-0-0-1")
	f.Add(strings.Repeat("a", 58) + "l6mv9")
	f.Fuzz(func(t *testing.T, pod string) {
		w, revision := kube.GuessWorkload(pod)
		require.Equal(t, pod == "", w.Name == "")
		require.True(t, strings.HasPrefix(pod, w.Name))
		require.Contains(t, pod, revision)
		require.Equal(t, w.Guessed, w.Name != pod)
		if utf8.ValidString(pod) {
			require.True(t, utf8.ValidString(w.Name))
		}
		require.NotEqual(t, gossip.Workload{Guessed: true}, w)
	})
}
