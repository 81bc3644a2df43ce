package crd

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

func newCertificate(f gossip.PodBirth, p gossip.Pod, advice []recommend.Recommendation) *v1alpha1.PodBirthCertificate {
	pod := podReference(f.Report, p)
	list, omitted := recommendations(advice, certificateRoom)
	steps, left := timeline(f)
	c := &v1alpha1.PodBirthCertificate{
		TypeMeta:   typeMeta(v1alpha1.KindPodBirthCertificate),
		ObjectMeta: objectMeta(f.Report, pod),
		Spec:       v1alpha1.PodBirthCertificateSpec{Pod: pod},
		Status: v1alpha1.PodBirthCertificateStatus{
			Conditions:      []metav1.Condition{condition(v1alpha1.ConditionBornInTime, bornInTime(f.Reason), f.Report, birthMessage(f))},
			Severity:        severity(f.Level),
			BornTime:        seconds(f.Creation.Time),
			Took:            about(f.Creation.Duration),
			KernelSays:      clip(birthSays(f), maxBirth),
			KernelStats:     kernelStats(f.Creation),
			Timeline:        steps,
			TimelineOmitted: left,
			Coverage:        coverage(f.Covered),
			Recommendations: list, RecommendationsOmitted: omitted,
		},
	}
	if len(advice) > 0 {
		c.Status.Advice = clip(clause(advice[0].Action), maxAdvice)
	}
	return c
}

// bornInTime is the status of the condition. It follows the reason and not the severity: a birth of three seconds is worth an Info
// and in time all the same.
func bornInTime(r gossip.Reason) metav1.ConditionStatus {
	switch r {
	case gossip.ReasonWithinObjective:
		return metav1.ConditionTrue
	case gossip.ReasonObjectiveMissed:
		return metav1.ConditionFalse
	default:
		return metav1.ConditionUnknown
	}
}

func kernelStats(c gossip.PodCreation) v1alpha1.KernelStats {
	return v1alpha1.KernelStats{
		TotalSyscalls:         count(c.TotalSyscalls),
		NamespacesCreated:     count(c.NamespaceOps),
		CgroupWrites:          count(c.CgroupWrites),
		Execs:                 count(c.Execs),
		ProcessesCreated:      count(c.Processes),
		Mounts:                count(c.Mounts),
		IPTablesRules:         count(c.IPTablesRules),
		ImagePullMilliseconds: milliseconds(c.ImagePull),
		InitMilliseconds:      milliseconds(c.Init),
		DurationMilliseconds:  milliseconds(gossip.Some(c.Duration)),
	}
}

// birthSays is the kernel's side in a few words: how much it had to do, as far as that was counted, and where the time
// went.
func birthSays(f gossip.PodBirth) string {
	c := f.Creation
	var says []string
	for _, work := range []struct {
		count gossip.Optional[int64]
		what  string
	}{{c.TotalSyscalls, "syscalls"}, {c.NamespaceOps, "namespace operations"}, {c.CgroupWrites, "cgroup writes"}} {
		if n, known := work.count.Get(); known {
			says = append(says, fmt.Sprintf("%d %s", n, work.what))
			break
		}
	}
	if f.Longest.Name != "" {
		says = append(says, fmt.Sprintf("longest: %s (%s)", clip(f.Longest.Name, 56), about(f.Longest.Duration)))
	}
	return strings.Join(says, ", ")
}

// birthMessage is the condition's message: whole sentences for whoever is on call.
func birthMessage(f gossip.PodBirth) string {
	const objective = gossip.BirthObjective
	c := f.Creation
	message := "Bringing the pod up took " + about(c.Duration)
	if f.Own != c.Duration {
		message += ", of which " + about(f.Own) + " count: " + leftOut(c) + " are left out"
	}
	switch f.Reason {
	case gossip.ReasonWithinObjective:
		message += fmt.Sprintf(". That is within the start-up objective of %s.", objective)
	case gossip.ReasonObjectiveMissed:
		message += fmt.Sprintf(". The start-up objective of %s was missed.", objective)
	default:
		message += fmt.Sprintf(". Whether that is within the start-up objective of %s is not known: not everything was measured%s.",
			objective, missing(f.Covered))
	}
	if f.Longest.Name != "" {
		message += fmt.Sprintf(" The longest stage was %s (%s).", clip(f.Longest.Name, maxSentence), about(f.Longest.Duration))
	}
	return message
}

// leftOut names what the objective leaves out of a birth and how long it took.
func leftOut(c gossip.PodCreation) string {
	var parts []string
	if d, ok := c.ImagePull.Get(); ok {
		parts = append(parts, about(d)+" of image pull")
	}
	if d, ok := c.Init.Get(); ok {
		parts = append(parts, about(d)+" of init containers")
	}
	return strings.Join(parts, " and ")
}
