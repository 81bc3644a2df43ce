package main

import (
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

var goVersion = regexp.MustCompile(`go1[.0-9a-z]+( X:[a-z0-9,]+)?`)

func TestProvenanceIsYAML(t *testing.T) {
	p := provenance{
		options: options{
			mode: "network", duration: time.Minute, every: 5 * time.Second, namespaces: []string{"shop", "batch"},
			out: "examples/captures/shop.ndjson", note: `a "quoted" note: with a colon`,
		},
		Started: time.Date(
			2026,
			11,
			22,
			13,
			14,
			15,
			0,
			time.FixedZone("", 3600),
		),
		Lasted:      61*time.Second + 300*time.Millisecond,
		Kernel:      "6.18.0",
		Cgroup:      "v1",
		Kubernetes:  "v1.37.0",
		Containers:  "containerd://2.2.0",
		NodeCPUs:    2,
		LoadBefore:  "0.10 0.20 0.30",
		LoadAfter:   "1.00 0.50 0.30",
		Bpftrace:    "v0.17.0",
		Records:     map[string]int{"network_issue": 12},
		Retransmits: 34,
	}
	want := `capture: "shop.ndjson"
what: "a \"quoted\" note: with a colon"
recorded: "2026-11-22T12:14:15Z"
lasted: "1m1s"
command: "go run ./hack/record network --for 1m0s --every 5s --namespace shop,batch --out examples/captures/shop.ndjson"
tool: "hack/record, GO"
bpftrace: "v0.17.0"
kernel: "6.18.0"
cgroup: "v1"
kubernetes: "v1.37.0"
containerRuntime: "containerd://2.2.0"
nodeCPUs: 2
loadAverageBefore: "0.10 0.20 0.30"
loadAverageAfter: "1.00 0.50 0.30"
records: {network_issue: 12}
retransmitsSeenByTracepoint: 34
lost: "nothing"
`
	if diff := cmp.Diff(want, goVersion.ReplaceAllString(string(p.formatYAML()), "GO")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestEachLossIsASentenceOfTheProvenance(t *testing.T) {
	for want, p := range map[string]provenance{
		"nothing": {},
		"intervals left out because a counter fell or the limit changed in them: 2":             {LeftOut: 2},
		"events lost by bpftrace, so no birth was written, and kills may be missing: 3":         {LostRows: 3},
		"kills in containers that no pod of these namespaces named, not written: 4":             {KillsLost: 4},
		"births not written because they were not complete after ten minutes: 5":                {BirthsGivenUp: 5},
		"births not written because they were seen in part: shop/a (2 shims), shop/b (no exec)": {Incomplete: []string{"shop/a (2 shims)", "shop/b (no exec)"}},
		"kills in containers that no pod of these namespaces named, not written: 1; births not written because they were seen in part: shop/a": {
			KillsLost: 1, Incomplete: []string{"shop/a"},
		},
	} {
		require.Equal(t, want, p.describeLost())
	}
}

// Births are not read at an interval, so the command has none.
func TestCommandOfBirthsHasNoInterval(t *testing.T) {
	p := provenance{
		options: options{
			mode:       "birth",
			duration:   time.Minute,
			every:      time.Second,
			namespaces: []string{"shop"},
			out:        "/elsewhere/x.ndjson",
		},
	}
	require.Equal(t, "go run ./hack/record birth --for 1m0s --namespace shop --out x.ndjson", p.formatCommand())
}
