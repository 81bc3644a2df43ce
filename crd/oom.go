package crd

import (
	"fmt"
	"time"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// noKill is the kernel's side of a window without a kill.
const noKill = "no kill for a whole window"

func newKillTruth(f gossip.OOMKilled) v1alpha1.MemoryTruth {
	t := v1alpha1.MemoryTruth{
		PeakBytes:    countPointer(f.Peak),
		LimitBytes:   countPointer(f.Limit),
		OOMKills:     countPointer(gossip.Some(f.Kills)),
		LastKillTime: eventSeconds(f.LastKill),
		Victim:       clipText(f.VictimComm, maxField),
		VictimPID:    countPointer(f.VictimPID),
		UsageBytes:   countPointer(f.Usage),
		Scope:        apiScope(f.Scope),
		ContainerID:  clipText(f.ContainerID, maxUID),
	}
	fillLeak(&t, f.Leak)
	return t
}

// parseKills is the inverse of newKillTruth.
func parseKills(r gossip.Report, t v1alpha1.MemoryTruth) gossip.OOMKilled {
	return gossip.OOMKilled{
		Report:      r,
		Kills:       optionalOf(t.OOMKills).Value,
		LastKill:    eventTime(t.LastKillTime),
		VictimPID:   optionalOf(t.VictimPID),
		VictimComm:  t.Victim,
		Scope:       gossip.Scope(t.Scope),
		ContainerID: t.ContainerID,
		Usage:       optionalOf(t.UsageBytes),
		Peak:        optionalOf(t.PeakBytes),
		Limit:       optionalOf(t.LimitBytes),
		Leak:        parseLeak(t),
	}
}

// apiScope returns one of the API's two scopes; empty for any other.
func apiScope(s gossip.Scope) v1alpha1.KillScope {
	switch s {
	case gossip.ScopeMemcg, gossip.ScopeGlobal:
		return v1alpha1.KillScope(s)
	}
	return ""
}

// shownKill returns what Kubernetes shows of the kills; empty without one.
func shownKill(f gossip.OOMKilled, p gossip.Pod) string {
	if f.Kills == 0 {
		return ""
	}
	return kubernetesSide(f.About, f.ContainerID, p)
}

// Kubernetes' side of a kill. The kubelet learns only of the end of a container's first process.
const (
	kubernetesShowsNone = "Kubernetes shows no OOM kill"
	kubernetesShowsKill = "Kubernetes shows an OOM kill"
	firstProcessOnly    = " Kubernetes shows no OOM kill: it hears only of the end of a container's first process."
)

// kubernetesSide returns what kubectl shows of a kill in a container; empty when that is not known, or is about another
// container of that name.
func kubernetesSide(about gossip.Subject, id string, p gossip.Pod) string {
	c, ok := p.Container(about.Container)
	shown, known := c.ShowsOOMKill.Get()
	switch {
	case !ok || !known || p.Replaced:
		return ""
	case shown:
		return kubernetesShowsKill
	case id == "" || c.Was(id):
		return kubernetesShowsNone
	default:
		return ""
	}
}

// oomSays returns the kernel's side in a few words.
func oomSays(f gossip.OOMKilled) string {
	if f.Kills == 0 {
		return noKill
	}
	says := "killed " + formatCount(f.Kills, "process")
	if f.VictimComm != "" {
		says += victimIntro(f) + clipText(f.VictimComm, 24)
	}
	return says
}

// victimIntro returns the words before the name of the process that was killed last, so that the name is not mistaken
// for part of the sentence.
func victimIntro(f gossip.OOMKilled) string {
	words := ", "
	if f.Kills > 1 {
		words += "the last "
	}
	if f.VictimComm != "" {
		words += "called "
	}
	return words
}

// formatVictim returns the process that was killed last, as far as it is known.
func formatVictim(f gossip.OOMKilled, most int) string {
	pid := ""
	if f.VictimPID.Known {
		pid = fmt.Sprintf("pid %d", f.VictimPID.Value)
	}
	switch {
	case f.VictimComm == "":
		return pid
	case pid == "":
		return clipText(f.VictimComm, most)
	}
	return clipText(f.VictimComm, most-len(pid)-3) + " (" + pid + ")"
}

// oomMessage returns the message of the condition, in whole sentences.
func oomMessage(f gossip.OOMKilled, shown string) string {
	if f.Kills == 0 {
		return "The kernel has killed nothing here for a whole window. The last kill was at " +
			f.LastKill.UTC().Format(time.RFC3339) + "."
	}
	message := "The kernel killed " + formatCount(f.Kills, "process") + " here"
	if v := formatVictim(f, maxField); v != "" {
		message += victimIntro(f) + v + ","
	}
	message += " because memory ran out"
	if f.Usage.Known {
		message += ", while " + formatMebibytes(f.Usage) + " were in use"
		if f.Limit.Value > 0 {
			message += " of a limit of " + formatMebibytes(f.Limit)
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
	if shown == kubernetesShowsNone {
		message += firstProcessOnly
	}
	if f.Standing {
		message += " These figures are from before its limit, request or image changed."
	}
	return message
}
