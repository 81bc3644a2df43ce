package crd

import (
	"fmt"
	"time"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// noKill is what the kernel says of a window without a kill.
const noKill = "no kill for a whole window"

// oomWhisper is the whisper about OOM kills.
func oomWhisper(f gossip.OOMKilled, p gossip.Pod, advice []recommend.Recommendation) *v1alpha1.KernelWhisper {
	shown := ""
	if f.Kills > 0 {
		shown = kubernetesShows(f.About, f.ContainerID, p)
	}
	w := newWhisper(f.Report, p, advice, oomMessage(f, shown))
	w.Status.KernelSays, w.Status.MetricsSay = clip(oomSays(f), maxSays), shown
	w.Status.KernelTruth.Memory = v1alpha1.MemoryTruth{
		PeakBytes:  count(f.Peak),
		LimitBytes: count(f.Limit),
		OOMKills:   count(gossip.Some(f.Kills)),
		Victim:     victim(f, maxField),
	}
	return w
}

// Kubernetes' side of a kill: the kubelet hears only of the end of a container's first process.
const (
	showsNone = "Kubernetes shows no OOM kill"
	showsOne  = "Kubernetes shows an OOM kill"
	firstOnly = " Kubernetes shows no OOM kill: it hears only of the end of a container's first process."
)

// kubernetesShows is what kubectl says of a kill in a container; empty when that is not known, or about another container of that name.
func kubernetesShows(about gossip.Subject, id string, p gossip.Pod) string {
	c, ok := p.Container(about.Container)
	shown, known := c.ShowsOOMKill.Get()
	switch {
	case !ok || !known || p.Replaced:
		return ""
	case shown:
		return showsOne
	case id == "" || c.Was(id):
		return showsNone
	default:
		return ""
	}
}

// oomSays is the kernel's side in a few words.
func oomSays(f gossip.OOMKilled) string {
	if f.Kills == 0 {
		return noKill
	}
	says := "killed " + plural(f.Kills, "process")
	if f.VictimComm != "" {
		says += last(f) + clip(f.VictimComm, 24)
	}
	return says
}

// last leads to the process that was killed last, so that its name is not taken for anything else.
func last(f gossip.OOMKilled) string {
	words := ", "
	if f.Kills > 1 {
		words += "the last "
	}
	if f.VictimComm != "" {
		words += "called "
	}
	return words
}

// victim is the process that was killed last, as far as it is known.
func victim(f gossip.OOMKilled, most int) string {
	pid := ""
	if f.VictimPID.Known {
		pid = fmt.Sprintf("pid %d", f.VictimPID.Value)
	}
	switch {
	case f.VictimComm == "":
		return pid
	case pid == "":
		return clip(f.VictimComm, most)
	}
	return clip(f.VictimComm, most-len(pid)-3) + " (" + pid + ")"
}

// oomMessage is the condition's message: whole sentences for whoever is on call.
func oomMessage(f gossip.OOMKilled, shown string) string {
	if f.Kills == 0 {
		return "The kernel has killed nothing here for a whole window. The last kill was at " + f.LastKill.UTC().Format(time.RFC3339) + "."
	}
	message := "The kernel killed " + plural(f.Kills, "process") + " here"
	if v := victim(f, maxField); v != "" {
		message += last(f) + v + ","
	}
	message += " because memory ran out"
	if f.Usage.Known {
		message += ", while " + bytes(f.Usage) + " were in use"
		if f.Limit.Value > 0 {
			message += " of a limit of " + bytes(f.Limit)
		}
	}
	message += "."
	switch {
	case f.Scope == gossip.ScopeGlobal:
		message += " It was the node that had no memory left."
	case f.Outside() && f.Scope == gossip.ScopeMemcg && f.Limit.Value == 0:
		message += " A limit was reached, although none is shown for the container."
	case f.Outside() && f.Scope == gossip.ScopeMemcg:
		message += " That is not its own limit: one above it was reached."
	case f.Outside():
		message += " That is not its own limit: one above it was reached, or the node had no memory left."
	}
	if f.Leak.Known {
		message += " Its working set had climbed steadily before."
	}
	if shown == showsNone {
		message += firstOnly
	}
	if f.Standing {
		message += " These figures are from before its limit changed."
	}
	return message
}
