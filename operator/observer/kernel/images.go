package kernel

import (
	"regexp"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// Event is what is needed of a v1 Event of the kubelet, as its JSON has it.
type Event struct {
	Reason         string `json:"reason"`
	Message        string `json:"message"`
	InvolvedObject struct {
		UID       string `json:"uid"`
		FieldPath string `json:"fieldPath"`
	} `json:"involvedObject"`
}

// pulledText is the kubelet's message for an image that it pulled. The time includes the wait for other pulls.
var pulledText = regexp.MustCompile(`^Successfully pulled image .* \(([0-9hmsµun.]+) including waiting\)`)

// PullTime is how long the images of a pod were pulled, from the kubelet's events; an image that was present took no
// time. It is absent if the events do not cover every container.
func PullTime(p *Pod, events []Event) gossip.Optional[time.Duration] {
	took := map[string]time.Duration{} // by field path
	for _, e := range events {
		if e.Reason != "Pulled" || e.InvolvedObject.UID != p.Metadata.UID {
			continue
		}
		if m := pulledText.FindStringSubmatch(e.Message); m != nil {
			if d, err := time.ParseDuration(m[1]); err == nil {
				took[e.InvolvedObject.FieldPath] = d
			}
		} else if strings.Contains(e.Message, "already present on machine") {
			took[e.InvolvedObject.FieldPath] += 0
		}
	}
	var sum time.Duration
	lists := map[string][]ContainerSpec{
		"spec.containers": p.Spec.Containers, "spec.initContainers": p.Spec.InitContainers,
	}
	for path, list := range lists {
		for _, c := range list {
			d, known := took[path+"{"+c.Name+"}"]
			if !known {
				return gossip.Optional[time.Duration]{}
			}
			sum += d
		}
	}
	return gossip.Some(max(0, sum))
}
