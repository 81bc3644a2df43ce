package replay

import (
	"fmt"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// explanations explain the rows in their order, for those who do not know the kernel's words: what was measured, in
// whole sentences, what that means, and what to do and why. All figures are measured, or follow from the limit.
func (l layout) explanations(rows []story) string {
	parts := make([]string, len(rows))
	for i, s := range rows {
		about := s.finding.Subject()
		heading := about.Namespace + "/" + about.Pod
		if about.Container != "" {
			heading += " " + about.Container
		}
		heading += fmt.Sprintf(" (%s, %s)", about.Kind, s.finding.Severity())
		parts[i] = heading + "\n" + l.indented(s.explanation())
	}
	return strings.Join(parts, "\n\n")
}

func (l layout) indented(paragraphs []string) string {
	const indent = "  "
	text := wrap(strings.Join(paragraphs, "\n"), max(20, l.width-len(indent)))
	return indent + strings.ReplaceAll(text, "\n", "\n"+indent)
}

// explanation is a paragraph each for what was measured, for what it means, and for each piece of advice.
func (s story) explanation() []string {
	paragraphs := []string{message(s.verdict)}
	if s.memory != nil && !s.sameCount() {
		paragraphs = append(paragraphs, message(*s.memory))
	}
	if text := meaning(s.finding); text != "" {
		paragraphs = append(paragraphs, text)
	}
	for _, r := range s.recommended() {
		paragraphs = append(paragraphs, strings.TrimSpace(r.Action+" "+r.Reason))
	}
	return paragraphs
}

// message is what the object's condition says in whole sentences.
func message(v verdict) string {
	var conditions []metav1.Condition
	switch o := v.object.(type) {
	case *v1alpha1.KernelWhisper:
		conditions = o.Status.Conditions
	case *v1alpha1.PodBirthCertificate:
		conditions = o.Status.Conditions
	}
	if len(conditions) == 0 {
		return ""
	}
	return conditions[0].Message
}

// meaning is what a verdict means to the programs in the pod.
func meaning(f gossip.Finding) string {
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

// cpuMeaning turns the limit into milliseconds: what a period allows, and how long work takes that needs five times as
// much.
func cpuMeaning(f gossip.CPUThrottling) string {
	limit, known := f.Limit.Get()
	if !known || limit <= 0 || f.Throttled.Or(0) <= 0 {
		return ""
	}
	const quotas, most = 5, 1e6 // no machine has so many cores
	quota := time.Duration(min(limit, most) * float64(f.CFSPeriod))
	text := fmt.Sprintf("A period lasts %s. A limit of %s allows %s of CPU time in each; once that is used up, "+
		"nothing in the container runs until the next period begins. ",
		milliseconds(f.CFSPeriod), coresOf(limit), milliseconds(quota))
	work, waits := milliseconds(quotas*quota), (quotas-1)*f.CFSPeriod
	if limit < 1 { // one thread can use it up
		return text + fmt.Sprintf("A request that needs %s of CPU takes about %s, even if nothing else runs.",
			work, milliseconds(waits+quota))
	}
	return text + fmt.Sprintf("Several threads at once use it up sooner: work that needs %s of CPU takes more than %s, "+
		"however many threads share it.", work, milliseconds(waits))
}

// milliseconds is a duration with as many digits as are worth reading: 3.3ms, 410ms, 1.64s.
func milliseconds(d time.Duration) string {
	switch {
	case d < 10*time.Millisecond:
		return d.Round(100 * time.Microsecond).String()
	case d < time.Second:
		return d.Round(time.Millisecond).String()
	}
	return d.Round(10 * time.Millisecond).String()
}

// coresOf is an amount of CPU with its unit: 100m, 1 core, 2.5 cores.
func coresOf(n float64) string {
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
			"So many of them mean that the kernel throws out what is needed again at once."
	case gossip.ReasonLimitHit:
		text = "At the limit the kernel first throws out pages of files, which may have to be read again. " +
			"When there are none left, it kills a process."
	case gossip.ReasonNearLimit:
		text = "The working set is what is in use, less the pages of files that have not been used lately. " +
			"At the limit the kernel throws out pages; when there are none left, it kills a process."
	case gossip.ReasonOOMKilled:
		text = killed
	default: // nothing is short
	}
	if f.Leak.Known {
		text = strings.TrimSpace(text +
			" Memory that only ever climbs reaches any limit: a higher one is reached later.")
	}
	return text
}

const killed = "The kernel kills a process when memory is needed and it can free none. " +
	"Other processes of the container go on, unless it was the first one: then the container ends."

func killMeaning(f gossip.OOMKilled) string {
	switch {
	case f.Kills == 0:
		return ""
	case f.Scope == gossip.ScopeGlobal:
		return killed + " The node itself had none left, so the limit of the container is not the cause."
	case f.Outside():
		return killed + " The limit of the container was not reached, so it is not the cause."
	}
	return killed
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
