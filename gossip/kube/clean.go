package kube

import (
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// maxText is the greatest length of a text that is kept, in bytes. Kubernetes' names have 253 at most; annotations and
// messages may have 256 KiB.
const maxText = 1024

// cleanText returns a text that is safe to show, with "…" at its end if it was longer than maxText.
func cleanText(s string) string {
	if len(s) > maxText {
		const ellipsis = "…"
		s = strings.ToValidUTF8(s[:maxText-len(ellipsis)], "") + ellipsis
	}
	return gossip.CleanText(s)
}

// cleanPod cleans every text of a pod: the API server checks names, but neither the kind of an owner nor annotations
// nor messages, and a file may have anything.
func cleanPod(p *gossip.Pod) {
	for _, s := range []*string{
		&p.Namespace, &p.Name, &p.UID, &p.Node, (*string)(&p.QoS), &p.Revision, &p.Autoscaler, &p.MemoryAutoscaler,
		&p.UnreadAutoscaler,
	} {
		*s = cleanText(*s)
	}
	cleanWorkload(&p.Workload)
	cleanContainers(p.Containers)
	if p.Template != nil {
		p.Template.Maker = cleanText(p.Template.Maker)
		cleanContainers(p.Template.Containers)
	}
	if p.Resize != nil {
		p.Resize.State, p.Resize.Message = cleanText(p.Resize.State), cleanText(p.Resize.Message)
	}
	for i := range p.LimitRanges {
		p.LimitRanges[i].Name = cleanText(p.LimitRanges[i].Name)
	}
	for i := range p.Quotas {
		p.Quotas[i].Name = cleanText(p.Quotas[i].Name)
	}
}

func cleanWorkload(w *gossip.Workload) {
	for _, s := range []*string{&w.Group, &w.Version, &w.Kind, &w.Name, &w.UID} {
		*s = cleanText(*s)
	}
}

func cleanContainers(list []gossip.Container) {
	for i := range list {
		c := &list[i]
		for _, s := range []*string{
			&c.Name, &c.Image, &c.ID, &c.LastID, &c.Injector, &c.CPUSetter.Name, &c.CPUSetter.Most, &c.MemorySetter.Name,
			&c.MemorySetter.Most,
		} {
			*s = cleanText(*s)
		}
	}
}
