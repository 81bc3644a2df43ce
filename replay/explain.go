package replay

import (
	"fmt"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// explainRows explains each row for readers who do not know the kernel's words: what was measured, in whole sentences,
// what it means, and what to do and why. All figures are measured, or follow from the limit.
func (l layout) explainRows(rows []tableRow) string {
	parts := make([]string, len(rows))
	for i, s := range rows {
		heading := fmt.Sprintf("%s (%s, %s)", s.nameLine(), s.About.Kind, s.Severity())
		parts[i] = heading + "\n" + l.wrapIndented(l.explainVerdict(s))
	}
	return strings.Join(parts, "\n\n")
}

func (l layout) wrapIndented(paragraphs []string) string {
	const indent = "  "
	text := wrapText(strings.Join(paragraphs, "\n"), max(20, l.width-len(indent)))
	return indent + strings.ReplaceAll(text, "\n", "\n"+indent)
}

// explainVerdict returns one paragraph for the worst window, one for its meaning, one for each recommendation, one for
// the newest change, and one for the present window if that is another.
func (l layout) explainVerdict(s tableRow) []string {
	var paragraphs []string
	if text := s.explainPods(); text != "" {
		paragraphs = append(paragraphs, text)
	}
	paragraphs = append(paragraphs, l.explainWorst(s.verdict))
	if s.memory != nil && !s.countsSameKills() {
		paragraphs = append(paragraphs, l.explainWorst(*s.memory))
	}
	if text := meaningOf(s.finding); text != "" {
		paragraphs = append(paragraphs, text)
	}
	for _, r := range s.chosenAdvice() {
		paragraphs = append(paragraphs, strings.TrimSpace(r.Action+" "+r.Reason))
	}
	if text := l.explainChange(s.verdict); text != "" {
		paragraphs = append(paragraphs, text)
	}
	if !s.isPresent() {
		paragraphs = append(paragraphs, "Now: "+conditionMessage(s.object))
	}
	return paragraphs
}

// explainPods returns how many pods the row is about, and which is the worst; empty if it is about one pod that is
// named already.
func (s tableRow) explainPods() string {
	worst := s.Worst.Pod
	if s.Worst.Node != "" {
		worst += " on node " + s.Worst.Node
	}
	switch {
	case s.About.Workload.IsPod() || worst == "":
		return ""
	case s.Pods.Seen == 1:
		return "Measured in one pod: " + worst + "."
	}
	return fmt.Sprintf("In trouble: %d of %d pods. These figures are of the worst, %s.",
		s.Pods.Affected, s.Pods.Seen, worst)
}

// explainWorst returns when the worst window was, if that is not now, and the sentences that the condition had then.
func (l layout) explainWorst(v verdict) string {
	if v.isPresent() {
		return conditionMessage(v.object)
	}
	then := v.report
	then.Finding.Now = v.Worst
	return l.formatSpan(v.worstWindow().Start, v.worstWindow().End) + " UTC: " + conditionMessage(crd.New(then))
}

// conditionMessage returns the whole sentences of an object's condition.
func conditionMessage(o crd.Object) string {
	if c := crd.Condition(o); c != nil {
		return c.Message
	}
	return ""
}

// meaningOf returns what a verdict means for the programs in the pod.
func meaningOf(f gossip.Finding) string {
	switch f := f.(type) {
	case gossip.CPUThrottling:
		return cpuMeaning(f)
	case gossip.MemoryPressure:
		return memoryMeaning(f)
	case gossip.OOMKilled:
		return killMeaning(f)
	case gossip.NetworkIssue:
		return networkMeaning(f.Reason)
	case gossip.PodBirth:
		return "The objective for bringing up a pod is 5s, image pull and init containers left out."
	}
	return ""
}

// cpuMeaning converts the limit to milliseconds: the CPU time that a period allows, and the duration of work that needs
// five times as much.
func cpuMeaning(f gossip.CPUThrottling) string {
	limit, known := f.Limit.Get()
	if !known || limit <= 0 || f.Throttled.Or(0) <= 0 {
		return ""
	}
	const quotas, maxCores = 5, 1e6 // no machine has a million cores
	quota := time.Duration(min(limit, maxCores) * float64(f.CFSPeriod))
	text := fmt.Sprintf("A period lasts %s. A limit of %s allows %s of CPU time in each; once that is used up, "+
		"nothing in the container runs until the next period begins. ",
		formatMilliseconds(f.CFSPeriod), formatCores(limit), formatMilliseconds(quota))
	work, waits := formatMilliseconds(quotas*quota), (quotas-1)*f.CFSPeriod
	if limit < 1 { // one thread can use it up
		return text + fmt.Sprintf("A request that needs %s of CPU takes about %s, even if nothing else runs.",
			work, formatMilliseconds(waits+quota))
	}
	return text + fmt.Sprintf("Several threads at once use it up sooner: work that needs %s of CPU takes more than %s, "+
		"however many threads share it.", work, formatMilliseconds(waits))
}

// formatMilliseconds rounds a duration to the digits that are worth reading: 3.3ms, 410ms, 1.64s.
func formatMilliseconds(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

// formatCores formats an amount of CPU with its unit: 100m, 1 core, 2.5 cores.
func formatCores(n float64) string {
	switch {
	case n < 1:
		return fmt.Sprintf("%dm", gossip.Millicores(n))
	case n == 1:
		return "1 core"
	}
	return fmt.Sprintf("%g cores", float64(gossip.Millicores(n))/1000)
}

func memoryMeaning(f gossip.MemoryPressure) string {
	text := ""
	switch f.Reason {
	case gossip.ReasonStalled:
		text = "Waiting for memory (PSI) is the share of time in which some tasks, or all of them at once, " +
			"could not go on because the kernel had to free pages or read them back."
	case gossip.ReasonThrashing:
		text = "A major fault is a page that has to be read from the disk before the program goes on. " +
			"This many of them mean that the kernel throws out what is needed again at once."
	case gossip.ReasonLimitHit:
		text = "At the limit the kernel first throws out pages of files, which may have to be read again. " +
			"When there are none left, it kills a process."
	case gossip.ReasonNearLimit:
		text = "The working set is what is in use, less the pages of files that have not been used lately. " +
			"At the limit the kernel throws out pages; when there are none left, it kills a process."
	case gossip.ReasonOOMKilled:
		text = oomKillMeaning
	default: // nothing is short
	}
	if f.Leak.Known {
		text = strings.TrimSpace(text +
			" Memory that only ever climbs reaches any limit: a higher one is reached later.")
	}
	return text
}

const oomKillMeaning = "The kernel kills a process when memory is needed and it can free none. " +
	"Other processes of the container go on, unless it was the first one: then the container ends."

func killMeaning(f gossip.OOMKilled) string {
	switch {
	case f.Kills == 0:
		return ""
	case f.Scope == gossip.ScopeGlobal:
		return oomKillMeaning + " The node itself had none left, so the limit of the container is not the cause."
	case f.Outside():
		return oomKillMeaning + " The limit of the container was not reached, so it is not the cause."
	}
	return oomKillMeaning
}

func networkMeaning(reason gossip.Reason) string {
	switch reason {
	case gossip.ReasonRetransmits:
		return "TCP sends a segment again when nothing says that it arrived. " +
			"The data waits meanwhile, and everything sent after it."
	case gossip.ReasonDrops:
		return "A dropped packet was thrown away on this node, at the pod's network device: " +
			"what it carried is sent again, or is missing."
	case gossip.ReasonFailedConnects:
		return "A connect fails when the other side refuses it or never answers: " +
			"the program gets an error, or waits until it gives up."
	default:
		return ""
	}
}
