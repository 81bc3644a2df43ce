package crd

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// newCertificate returns the certificate of a birth. The pod gives the UID where the event has none, and its workload.
func newCertificate(
	f gossip.PodBirth, p gossip.Pod, advice []recommend.Recommendation,
) *v1alpha1.PodBirthCertificate {
	pod := podReference(f.Report, p)
	about := CertificateOf(f.About.Namespace, pod.Name)
	about.Workload.UID, about.Workload.Version = pod.UID, "v1"
	meta := newMeta(about)
	if p.Workload.Known() {
		about.Workload = p.Workload
	}
	meta.Labels = newLabels(about)
	list, omitted, _ := fitRecommendations(advice, certificateRoom)
	steps, left := newTimeline(f)
	return &v1alpha1.PodBirthCertificate{
		TypeMeta:   typeMeta(v1alpha1.KindPodBirthCertificate),
		ObjectMeta: meta,
		Spec:       v1alpha1.PodBirthCertificateSpec{Pod: pod},
		Status: v1alpha1.PodBirthCertificateStatus{
			Conditions: []metav1.Condition{
				newCondition(v1alpha1.ConditionBornInTime, birthStatus(f.Reason), f.Report, birthMessage(f)),
			},
			Severity:        apiSeverity(f.Level),
			BornTime:        eventSeconds(f.Creation.Time),
			Took:            formatDuration(f.Creation.Duration),
			KernelSays:      clipText(birthSays(f), maxBirth),
			KernelStats:     newKernelStats(f.Creation),
			Timeline:        steps,
			TimelineOmitted: left,
			Coverage:        newCoverage(f.Covered),
			Advice:          shortAdvice(advice),
			Recommendations: list, RecommendationsOmitted: omitted,
		},
	}
}

// birthStatus returns the status of the condition. It follows the reason and not the severity: a birth of three seconds
// has severity Info and is in time.
func birthStatus(r gossip.Reason) metav1.ConditionStatus {
	switch r {
	case gossip.ReasonWithinObjective:
		return metav1.ConditionTrue
	case gossip.ReasonObjectiveMissed:
		return metav1.ConditionFalse
	default:
		return metav1.ConditionUnknown
	}
}

func newKernelStats(c gossip.PodCreation) v1alpha1.KernelStats {
	return v1alpha1.KernelStats{
		TotalSyscalls:         countPointer(c.TotalSyscalls),
		NamespacesCreated:     countPointer(c.NamespaceOps),
		CgroupWrites:          countPointer(c.CgroupWrites),
		Execs:                 countPointer(c.Execs),
		ProcessesCreated:      countPointer(c.Processes),
		Mounts:                countPointer(c.Mounts),
		IPTablesRules:         countPointer(c.IPTablesRules),
		ImagePullMilliseconds: roundMilliseconds(c.ImagePull),
		InitMilliseconds:      roundMilliseconds(c.Init),
		DurationMilliseconds:  roundMilliseconds(gossip.Some(c.Duration)),
	}
}

// birthSays returns the kernel's side in a few words: how much work it had, as far as that was counted, and which stage
// took longest.
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
		says = append(says, fmt.Sprintf("longest: %s (%s)", clipText(f.Longest.Name, 56), formatDuration(f.Longest.Duration)))
	}
	return strings.Join(says, ", ")
}

// birthMessage returns the message of the condition, in whole sentences.
func birthMessage(f gossip.PodBirth) string {
	const objective = gossip.BirthObjective
	c := f.Creation
	message := "Bringing the pod up took " + formatDuration(c.Duration)
	if f.Own != c.Duration {
		message += "; " + formatDuration(f.Own) + " of that count: " + describeLeftOut(c) + " are left out"
	}
	switch f.Reason {
	case gossip.ReasonWithinObjective:
		message += fmt.Sprintf(". That is within the start-up objective of %s.", objective)
	case gossip.ReasonObjectiveMissed:
		message += fmt.Sprintf(". The start-up objective of %s was missed.", objective)
	default:
		message += fmt.Sprintf(
			". Whether that is within the start-up objective of %s is not known: not everything was measured%s.", objective,
			missingNote(f.Covered),
		)
	}
	if f.Longest.Name != "" {
		message += fmt.Sprintf(
			" The longest stage was %s (%s).", clipText(f.Longest.Name, maxSentence), formatDuration(f.Longest.Duration),
		)
	}
	return message
}

// describeLeftOut names the parts of a birth that the objective leaves out, with their lengths.
func describeLeftOut(c gossip.PodCreation) string {
	var parts []string
	if d, ok := c.ImagePull.Get(); ok {
		parts = append(parts, formatDuration(d)+" of image pull")
	}
	if d, ok := c.Init.Get(); ok {
		parts = append(parts, formatDuration(d)+" of init containers")
	}
	return strings.Join(parts, " and ")
}
