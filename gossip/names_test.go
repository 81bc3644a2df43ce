package gossip_test

import (
	"testing"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

func TestNamesAreWhatKubernetesAccepts(t *testing.T) {
	for name, test := range map[string]struct{ label, object bool }{
		"api-0":      {label: true, object: true},
		"7":          {label: true, object: true},
		"a--b":       {label: true, object: true},
		"api.shop":   {object: true},
		"":           {},
		"-a":         {},
		"a-":         {},
		"A":          {},
		"a_b":        {},
		"ä":          {},
		".a":         {},
		"a.":         {},
		"a..b":       {},
		"a.-b":       {},
		"a;rm -rf /": {},
	} {
		label, object := gossip.IsLabelName(name), gossip.IsObjectName(name)
		if label != test.label || object != test.object {
			t.Errorf("%q: IsLabelName %v, IsObjectName %v, want %+v", name, label, object, test)
		}
	}
}
