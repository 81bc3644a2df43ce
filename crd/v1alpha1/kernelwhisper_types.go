package v1alpha1

import (
	"k8s.io/apimachinery/pkg/api/resource"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

// WhisperKind is the kind of trouble that a whisper is about.
// +kubebuilder:validation:Enum=CPUThrottling;MemoryPressure;OOMKill;NetworkIssue
type WhisperKind string

// The four kinds.
const (
	// WhisperCPUThrottling is about the CFS bandwidth controller: periods in which the kernel refused to run a container.
	WhisperCPUThrottling WhisperKind = "CPUThrottling"
	// WhisperMemoryPressure is about memory that gets short, of a container or of the whole pod.
	WhisperMemoryPressure WhisperKind = "MemoryPressure"
	// WhisperOOMKill is about processes that the kernel killed because memory ran out.
	WhisperOOMKill WhisperKind = "OOMKill"
	// WhisperNetworkIssue is about packets that were lost and connects that failed. It is about the whole pod.
	WhisperNetworkIssue WhisperKind = "NetworkIssue"
)

// ConditionThrottled is the condition of a whisper of kind CPUThrottling: the kernel refuses to run the container in at
// least 10 % of its enforcement periods, because its CPU quota is used up.
//
// Possible reasons for it to be true:
//
//   - ThrottledWhileCPULow
//   - Throttled
//
// Possible reasons for it to be false:
//
//   - BelowThreshold
//   - NoLimit
//
// Possible reasons for it to be unknown:
//
//   - TooFewPeriods
//   - NotMeasured
//   - NoRecentSamples
//   - NoPods
//   - Evicted
const ConditionThrottled = "Throttled"

// ConditionMemoryPressured is the condition of a whisper of kind MemoryPressure: the container, or the pod, is short of
// memory.
//
// Possible reasons for it to be true:
//
//   - OOMKilled
//   - Stalled
//   - Thrashing
//   - LimitHit
//   - NearLimit
//   - MemoryLeak
//
// Possible reasons for it to be false:
//
//   - BelowThreshold
//
// Possible reasons for it to be unknown:
//
//   - NotMeasured
//   - NoRecentSamples
//   - NoPods
//   - Evicted
const ConditionMemoryPressured = "MemoryPressured"

// ConditionOOMKilled is the condition of a whisper of kind OOMKill: the kernel killed a process of the container
// because memory ran out.
//
// Possible reasons for it to be true:
//
//   - OOMKilled
//
// Possible reasons for it to be false:
//
//   - NoKillInWindow
//
// Possible reasons for it to be unknown:
//
//   - NoPods
//   - Evicted
const ConditionOOMKilled = "OOMKilled"

// ConditionNetworkDegraded is the condition of a whisper of kind NetworkIssue: packets of the pod are lost, or its
// connects fail.
//
// Possible reasons for it to be true:
//
//   - Retransmits
//   - Drops
//   - FailedConnects
//
// Possible reasons for it to be false:
//
//   - BelowThreshold
//
// Possible reasons for it to be unknown:
//
//   - TooLittleTraffic
//   - NotMeasured
//   - NoRecentSamples
//   - NoPods
//   - Evicted
const ConditionNetworkDegraded = "NetworkDegraded"

// Reasons of the conditions MemoryPressured, OOMKilled and NetworkDegraded; those that they share with Throttled are
// below.
const (
	// ReasonOOMKilled (True) is at least one process that the kernel killed in the window because memory ran out.
	ReasonOOMKilled = "OOMKilled"
	// ReasonNoKillInWindow (False) is a whole window without such a kill, after one.
	ReasonNoKillInWindow = "NoKillInWindow"
	// ReasonStalled (True) is tasks that wait for memory (PSI).
	ReasonStalled = "Stalled"
	// ReasonThrashing (True) is at least 90 % of the limit in use, and major faults at ten times the usual rate.
	ReasonThrashing = "Thrashing"
	// ReasonLimitHit (True) is at least 90 % of the limit in use, and usage was about to go over it; or the latter alone,
	// where no limit is shown.
	ReasonLimitHit = "LimitHit"
	// ReasonNearLimit (True) is at least 80 % of the limit in use, and no sign yet that it hurts.
	ReasonNearLimit = "NearLimit"
	// ReasonMemoryLeak (True) is a working set that climbs steadily, and will be at the limit within a day.
	ReasonMemoryLeak = "MemoryLeak"
	// ReasonRetransmits (True) is at least 0.5 % of TCP segments sent again.
	ReasonRetransmits = "Retransmits"
	// ReasonDrops (True) is at least 0.1 % of packets dropped.
	ReasonDrops = "Drops"
	// ReasonFailedConnects (True) is at least ten failed TCP connects in the window, and one a minute.
	ReasonFailedConnects = "FailedConnects"
	// ReasonTooLittleTraffic (Unknown) is fewer than 1000 segments or packets: no verdict yet.
	ReasonTooLittleTraffic = "TooLittleTraffic"
)

// Reasons of the condition Throttled.
const (
	// ReasonThrottledWhileCPULow (True) is hidden throttling: at least 25 % of periods throttled while the container used
	// less than 80 % of its limit. Averaged metrics call such a container healthy.
	ReasonThrottledWhileCPULow = "ThrottledWhileCPULow"
	// ReasonThrottled (True) is throttling that the usage explains, or that has no known usage.
	ReasonThrottled = "Throttled"
	// ReasonBelowThreshold (False) is a measured value below the threshold.
	ReasonBelowThreshold = "BelowThreshold"
	// ReasonNoLimit (False) is a container without a CPU limit, which was not throttled: the kernel has nothing to
	// enforce.
	ReasonNoLimit = "NoLimit"
	// ReasonTooFewPeriods (Unknown) is fewer enforcement periods than a verdict needs.
	ReasonTooFewPeriods = "TooFewPeriods"
	// ReasonNotMeasured (Unknown) is no figure at all: no verdict, and not "healthy".
	ReasonNotMeasured = "NotMeasured"
	// ReasonNoRecentSamples (Unknown) is no sample for one whole window of wall-clock time. Only the operator sets it.
	ReasonNoRecentSamples = "NoRecentSamples"
	// ReasonNoPods (Unknown) is a workload that has no pods: scaled to zero, or between two runs of a CronJob. Only the
	// operator sets it.
	ReasonNoPods = "NoPods"
	// ReasonEvicted (Unknown) is samples that the operator had to forget because it may not keep more. Only the operator
	// sets it.
	ReasonEvicted = "Evicted"
)

// KernelWhisper says what the kernel does to one container of a workload's pods, or to these pods as a whole, and what
// the metrics say about it.
//
// +kubebuilder:object:root=true
// +kubebuilder:subresource:status
// +kubebuilder:resource:scope=Namespaced,shortName=kw,categories=kernel-gossip
// +kubebuilder:printcolumn:name="Workload",type=string,JSONPath=`.spec.workload.name`
// +kubebuilder:printcolumn:name="Pods",type=string,JSONPath=`.status.pods.affectedOfSeen`
// +kubebuilder:printcolumn:name="Severity",type=string,JSONPath=`.status.severity`
// +kubebuilder:printcolumn:name="Kernel",type=string,JSONPath=`.status.kernelSays`
// +kubebuilder:printcolumn:name="Metrics",type=string,JSONPath=`.status.metricsSay`
// +kubebuilder:printcolumn:name="Advice",type=string,JSONPath=`.status.advice`
// +kubebuilder:printcolumn:name="When",type=date,JSONPath=`.status.worst.endTime`
// +kubebuilder:printcolumn:name="Age",type=date,JSONPath=`.metadata.creationTimestamp`
// +kubebuilder:printcolumn:name="Now",type=string,priority=1,JSONPath=`.status.now.severity`
// +kubebuilder:printcolumn:name="Worst Pod",type=string,priority=1,JSONPath=`.status.worst.pod.name`
// +kubebuilder:printcolumn:name="Container",type=string,priority=1,JSONPath=`.spec.container`
// +kubebuilder:printcolumn:name="Kind",type=string,priority=1,JSONPath=`.spec.kind`
// +kubebuilder:printcolumn:name="Confidence",type=string,priority=1,JSONPath=`.status.coverage.confidence`
// +kubebuilder:printcolumn:name="Seen",type=date,priority=1,JSONPath=`.status.lastSeenTime`
type KernelWhisper struct {
	metav1.TypeMeta `json:",inline"`

	// metadata is standard. The workload owns the object, so that it outlives pods and goes when the workload goes. Labels
	// name the workload (kernel.gossip.io/workload-kind, workload-name) and the kind.
	// +optional
	metav1.ObjectMeta `json:"metadata,omitzero"`

	// spec names what the whisper is about. It cannot change.
	// +required
	Spec KernelWhisperSpec `json:"spec,omitzero"`

	// status is what was seen.
	// +optional
	Status KernelWhisperStatus `json:"status,omitzero"`
}

// KernelWhisperList is a list of whispers.
//
// +kubebuilder:object:root=true
type KernelWhisperList struct {
	metav1.TypeMeta `json:",inline"`
	metav1.ListMeta `json:"metadata,omitzero"`
	Items           []KernelWhisper `json:"items"`
}

// KernelWhisperSpec names what a whisper is about.
//
// +kubebuilder:validation:XValidation:rule="self == oldSelf",message="spec is immutable: another subject is another object"
// +kubebuilder:validation:XValidation:rule="self.kind != 'NetworkIssue' || !has(self.container)",message="a NetworkIssue is about whole pods: no container"
type KernelWhisperSpec struct {
	// kind is what the whisper is about.
	// +required
	Kind WhisperKind `json:"kind,omitempty"`

	// workload that the whisper is about, in the object's namespace: what makes the pods from its template.
	// +required
	Workload WorkloadReference `json:"workload,omitzero"`

	// container of the pods. NetworkIssue has none. Without one, CPUThrottling and MemoryPressure are about the pods as a
	// whole, and the container of an OOMKill is not known.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Container string `json:"container,omitempty"`
}

// KernelWhisperStatus is what was seen of a whisper's subject. Severity, sentences, figures, coverage and
// recommendations are of the worst window within the horizon of the worst pod; the condition and now are of the present
// one.
//
// +kubebuilder:validation:MinProperties=1
type KernelWhisperStatus struct {
	// conditions hold one condition. Its type follows from spec.kind: Throttled for CPUThrottling, MemoryPressured for
	// MemoryPressure, OOMKilled for OOMKill, NetworkDegraded for NetworkIssue.
	// +optional
	// +listType=map
	// +listMapKey=type
	// +kubebuilder:validation:MaxItems=8
	// +kubebuilder:validation:XValidation:rule="self.all(c, size(c.message) <= 1024)",message="a message is at most 1024 characters long"
	Conditions []metav1.Condition `json:"conditions,omitempty"`

	// severity is how bad the worst window was. It stays when the trouble is over, until the window is older than the
	// horizon.
	// +optional
	Severity Severity `json:"severity,omitempty"`

	// worst says when the worst window was, names its pod, and says why it has its severity.
	// +optional
	Worst WorstWindow `json:"worst,omitzero"`

	// pods says how many pods the worst window is about. Its numbers stay as they were in the time of that window.
	// +optional
	Pods PodCounts `json:"pods,omitzero"`

	// revisions are the revisions of the pods that report now, the newest first. Absent while there is one only.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=4
	// +kubebuilder:validation:items:MinLength=1
	// +kubebuilder:validation:items:MaxLength=63
	Revisions []string `json:"revisions,omitempty"`

	// now is the verdict on the present window of the pod that is worst now.
	// +optional
	Now Verdict `json:"now,omitzero"`

	// firstSeenTime is when the trouble was first measured: event time, not the time of the write.
	// +optional
	FirstSeenTime *metav1.Time `json:"firstSeenTime,omitempty"`

	// lastSeenTime is when the trouble was last measured: event time, not the time of the write.
	// +optional
	LastSeenTime *metav1.Time `json:"lastSeenTime,omitempty"`

	// kernelSays is the kernel's side of the worst window in a few words, for print columns.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	KernelSays string `json:"kernelSays,omitempty"`

	// metricsSay is what a dashboard shows for the worst window, in a few words.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	MetricsSay string `json:"metricsSay,omitempty"`

	// advice is what to set or to do, in a few words, or why there is no number. The recommendations say it in full.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Advice string `json:"advice,omitempty"`

	// kernelTruth holds the kernel's figures of the worst window.
	// +optional
	KernelTruth KernelTruth `json:"kernelTruth,omitzero"`

	// metricsLie holds what the metrics said over the worst window.
	// +optional
	MetricsLie MetricsLie `json:"metricsLie,omitzero"`

	// coverage says what the figures are based on.
	// +optional
	Coverage Coverage `json:"coverage,omitzero"`

	// lastChange says what the newest change of the limit, the request or the image did, by our advice or not. Absent when
	// none was seen within the horizon.
	// +optional
	LastChange LastChange `json:"lastChange,omitzero"`

	// recommendations say what to do about the worst window, the most useful first.
	// +optional
	// +listType=map
	// +listMapKey=rule
	// +kubebuilder:validation:MaxItems=8
	Recommendations []Recommendation `json:"recommendations,omitempty"`

	// recommendationsOmitted is how many recommendations had no room: an object stays below 16 KiB. Absent when none was
	// left out.
	// +optional
	// +kubebuilder:validation:Minimum=1
	RecommendationsOmitted int64 `json:"recommendationsOmitted,omitempty"`

	// numberWindow is the window that the recommended number comes from: of the pod that needs most. Absent where that is
	// the worst window, or where there is no number.
	// +optional
	NumberWindow Window `json:"numberWindow,omitzero"`

	// otherWindows are further windows in trouble, the oldest first: the worst one of each seventh of the horizon. One of
	// them becomes the worst when that is older than the horizon. Absent when there are none.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	OtherWindows []Window `json:"otherWindows,omitempty"`
}

// PodNeeds says how the needs of pods compare.
// +kubebuilder:validation:Enum=Skewed
type PodNeeds string

// PodNeedsSkewed is one pod that needs far more than most.
const PodNeedsSkewed PodNeeds = "Skewed"

// PodCounts says how many pods a window is about.
//
// +kubebuilder:validation:MinProperties=1
type PodCounts struct {
	// affectedOfSeen is affected and seen as print columns have them: 3/40.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=40
	AffectedOfSeen string `json:"affectedOfSeen,omitempty"`

	// seen is the number of pods that were measured in the time of the window.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Seen *int64 `json:"seen,omitempty"`

	// affected is the number of those in trouble: at that time, or in the worst window of the same seventh of the horizon.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Affected *int64 `json:"affected,omitempty"`

	// largestTarget is the largest number that a pod needs. It is the one that is recommended.
	// +optional
	LargestTarget *resource.Quantity `json:"largestTarget,omitempty"`

	// medianTarget is the median of what the pods need, where a pod without trouble needs what it has.
	// +optional
	MedianTarget *resource.Quantity `json:"medianTarget,omitempty"`

	// needs is Skewed if one of at least ten pods needs more than twice the median: its traffic or its node is the cause
	// more likely than the limit. Absent where that is not so.
	// +optional
	Needs PodNeeds `json:"needs,omitempty"`

	// shareBasisPoints is the share of all pods together, in hundredths of a percent: of periods that were throttled, of
	// segments that were sent again, or of packets that were dropped. It comes from summed counters.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	ShareBasisPoints *int32 `json:"shareBasisPoints,omitempty"`

	// oomKills is the number of processes that were killed in all pods together. Absent where it was none.
	// +optional
	// +kubebuilder:validation:Minimum=0
	OOMKills *int64 `json:"oomKills,omitempty"`

	// list has the pods in trouble, the worst first, five at most.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=5
	List []AffectedPod `json:"list,omitempty"`
}

// MeasuredPod is a pod of the workload as it was when it was measured.
//
// +kubebuilder:validation:MinProperties=1
type MeasuredPod struct {
	// name of the pod.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Name string `json:"name,omitempty"`

	// uid of the pod. Absent when it is not known.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	UID string `json:"uid,omitempty"`

	// node that the pod ran on. Absent when it is not known.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=253
	Node string `json:"node,omitempty"`

	// revision of the workload's template that the pod was made from: the hash that Kubernetes has in the names or labels
	// of pods, or the run of a CronJob. Absent when it is not known.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Revision string `json:"revision,omitempty"`
}

// AffectedPod is a pod in trouble.
type AffectedPod struct {
	MeasuredPod `json:",inline"`

	// severity is how bad it was for the pod.
	// +required
	Severity Severity `json:"severity,omitempty"`
}

// WorstWindow says when the worst window was, names its pod, and says why it has its severity.
//
// +kubebuilder:validation:MinProperties=1
type WorstWindow struct {
	// startTime is where the oldest sample of the window begins, by the time of the samples.
	// +optional
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// endTime is where the newest sample of the window ends, by the time of the samples.
	// +optional
	EndTime *metav1.Time `json:"endTime,omitempty"`

	// reason is the reason that the condition had then.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Reason string `json:"reason,omitempty"`

	// pod that is worst.
	// +optional
	Pod MeasuredPod `json:"pod,omitzero"`
}

// LastChange says what a change of the limit, the request or the image did.
type LastChange struct {
	// time is when the first pod had the new setting, by the time of the samples.
	// +required
	Time *metav1.Time `json:"time,omitempty"`

	// what was changed: "cpu limit 100m → 1 core".
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	What string `json:"what,omitempty"`

	// before is the kernel's side of the last window before the change, of all pods that changed together.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	Before string `json:"before,omitempty"`

	// after is the same of the first full window after the change. It ends in "so far" until that is over, and in "no
	// comparable load" where a difference in usage may explain it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	After string `json:"after,omitempty"`

	// pods is how many of the pods have the new setting: "3 of 40".
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=48
	Pods string `json:"pods,omitempty"`
}

// Verdict is a severity and what the kernel says.
//
// +kubebuilder:validation:MinProperties=1
type Verdict struct {
	// severity is how bad it is. Unknown without samples, and while there are too few for a verdict.
	// +optional
	Severity Severity `json:"severity,omitempty"`

	// kernelSays is the kernel's side in a few words.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	KernelSays string `json:"kernelSays,omitempty"`

	// pod that the verdict is about: the worst one. Absent where nothing is known.
	// +optional
	Pod MeasuredPod `json:"pod,omitzero"`
}

// Window is one window of a pod with its figures.
type Window struct {
	// startTime is where the oldest sample of the window begins, by the time of the samples.
	// +required
	StartTime *metav1.Time `json:"startTime,omitempty"`

	// endTime is where the newest sample of the window ends, by the time of the samples.
	// +required
	EndTime *metav1.Time `json:"endTime,omitempty"`

	// severity is how bad it was.
	// +required
	Severity Severity `json:"severity,omitempty"`

	// reason is the reason that the condition had then.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Reason string `json:"reason,omitempty"`

	// pod that was measured.
	// +optional
	Pod MeasuredPod `json:"pod,omitzero"`

	// seen is the number of the workload's pods that were measured in the time of the window.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Seen *int64 `json:"seen,omitempty"`

	// affected is the number of those in trouble.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Affected *int64 `json:"affected,omitempty"`

	// kernelTruth holds the kernel's figures.
	// +optional
	KernelTruth KernelTruth `json:"kernelTruth,omitzero"`

	// metricsLie holds what the metrics said.
	// +optional
	MetricsLie MetricsLie `json:"metricsLie,omitzero"`

	// coverage says what the figures are based on.
	// +optional
	Coverage Coverage `json:"coverage,omitzero"`
}

// KernelTruth holds the kernel's figures. Only the member for spec.kind is set.
//
// +kubebuilder:validation:MinProperties=1
type KernelTruth struct {
	// cpu is set for CPUThrottling.
	// +optional
	CPU CPUTruth `json:"cpu,omitzero"`

	// memory is set for MemoryPressure and OOMKill.
	// +optional
	Memory MemoryTruth `json:"memory,omitzero"`

	// network is set for NetworkIssue.
	// +optional
	Network NetworkTruth `json:"network,omitzero"`
}

// CPUTruth holds what the CFS bandwidth controller counted over the window (cpu.stat of the container's cgroup).
//
// +kubebuilder:validation:MinProperties=1
type CPUTruth struct {
	// throttledPercent is the share of enforcement periods in which the quota ran out. Percentages are rounded; verdicts
	// use the unrounded ones.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	ThrottledPercent *int32 `json:"throttledPercent,omitempty"`

	// periods is the number of enforcement periods in which the container was active (nr_periods). Absent when the source
	// had percentages only.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Periods *int64 `json:"periods,omitempty"`

	// throttledPeriods is the number of periods in which the quota ran out (nr_throttled).
	// +optional
	// +kubebuilder:validation:Minimum=0
	ThrottledPeriods *int64 `json:"throttledPeriods,omitempty"`

	// throttledMilliseconds is the throttled time (throttled_usec). It is summed over CPU run queues, so it may exceed the
	// window: it is not a share of time.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ThrottledMilliseconds *int64 `json:"throttledMilliseconds,omitempty"`

	// activePercent is the share of the window in which the container was active at all. throttledPercent is about this
	// part only.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	ActivePercent *int32 `json:"activePercent,omitempty"`

	// meanWaitMilliseconds is the throttled time per throttled period.
	// +optional
	// +kubebuilder:validation:Minimum=0
	MeanWaitMilliseconds *int64 `json:"meanWaitMilliseconds,omitempty"`

	// usageMilliseconds is the CPU time used (usage_usec).
	// +optional
	// +kubebuilder:validation:Minimum=0
	UsageMilliseconds *int64 `json:"usageMilliseconds,omitempty"`

	// periodMicroseconds is the length of an enforcement period. Absent when it is the kernel's default of 100 ms.
	// +optional
	// +kubebuilder:validation:Minimum=0
	PeriodMicroseconds *int64 `json:"periodMicroseconds,omitempty"`

	// threads is the number of threads in the container, the most that were seen.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Threads *int64 `json:"threads,omitempty"`

	// nodeCPUs is the number of CPUs of the node.
	// +optional
	// +kubebuilder:validation:Minimum=0
	NodeCPUs *int64 `json:"nodeCPUs,omitempty"`

	// firstThrottledTime is the end of the oldest throttled sample, as precise as a sixtieth of the window.
	// +optional
	FirstThrottledTime *metav1.Time `json:"firstThrottledTime,omitempty"`

	// lastThrottledTime is the end of the newest throttled sample.
	// +optional
	LastThrottledTime *metav1.Time `json:"lastThrottledTime,omitempty"`

	// calmSeconds is the measured time after lastThrottledTime.
	// +optional
	// +kubebuilder:validation:Minimum=0
	CalmSeconds *int64 `json:"calmSeconds,omitempty"`

	// longestPauseSeconds is the longest time between two throttled samples.
	// +optional
	// +kubebuilder:validation:Minimum=0
	LongestPauseSeconds *int64 `json:"longestPauseSeconds,omitempty"`
}

// MemoryTruth holds what the kernel counted of memory over the window. Gauges are the largest in the window.
//
// +kubebuilder:validation:MinProperties=1
type MemoryTruth struct {
	// workingSetBytes is the newest working set: usage less inactive file cache.
	// +optional
	// +kubebuilder:validation:Minimum=0
	WorkingSetBytes *int64 `json:"workingSetBytes,omitempty"`

	// peakBytes is the largest working set in the window; for OOMKill the largest usage at a kill.
	// +optional
	// +kubebuilder:validation:Minimum=0
	PeakBytes *int64 `json:"peakBytes,omitempty"`

	// limitBytes is the memory limit. 0 is "no limit", absent is "not known".
	// +optional
	// +kubebuilder:validation:Minimum=0
	LimitBytes *int64 `json:"limitBytes,omitempty"`

	// someAvg60Percent is the share of a minute in which some task waited for memory (PSI).
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	SomeAvg60Percent *int32 `json:"someAvg60Percent,omitempty"`

	// fullAvg10Percent is the share of 10 seconds in which all tasks that were not idle waited for memory (PSI).
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	FullAvg10Percent *int32 `json:"fullAvg10Percent,omitempty"`

	// majorFaults is the number of page faults that waited for a disk.
	// +optional
	// +kubebuilder:validation:Minimum=0
	MajorFaults *int64 `json:"majorFaults,omitempty"`

	// limitHits is how often usage was about to go over the limit (memory.events max, memory.failcnt).
	// +optional
	// +kubebuilder:validation:Minimum=0
	LimitHits *int64 `json:"limitHits,omitempty"`

	// oomKills is the number of processes that the kernel killed.
	// +optional
	// +kubebuilder:validation:Minimum=0
	OOMKills *int64 `json:"oomKills,omitempty"`

	// majorFaultsPerSecond is the highest rate of major faults of a sample.
	// +optional
	// +kubebuilder:validation:Minimum=0
	MajorFaultsPerSecond *int64 `json:"majorFaultsPerSecond,omitempty"`

	// usualMajorFaultsPerSecond is the rate that majorFaultsPerSecond is compared with: of the window's first sample, and
	// at least 10.
	// +optional
	// +kubebuilder:validation:Minimum=0
	UsualMajorFaultsPerSecond *int64 `json:"usualMajorFaultsPerSecond,omitempty"`

	// reclaims is the number of reclaimed pages, or of runs of reclaim, as the source counts them.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Reclaims *int64 `json:"reclaims,omitempty"`

	// leakBytesPerSecond is how fast the working set climbs. This and the next two are present only if it climbs steadily
	// towards the limit.
	// +optional
	// +kubebuilder:validation:Minimum=0
	LeakBytesPerSecond *int64 `json:"leakBytesPerSecond,omitempty"`

	// leakFitPercent is how near the climb is to a straight line (R²).
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=100
	LeakFitPercent *int32 `json:"leakFitPercent,omitempty"`

	// leakSecondsToLimit is the time from the end of the window until the working set is at the limit.
	// +optional
	// +kubebuilder:validation:Minimum=0
	LeakSecondsToLimit *int64 `json:"leakSecondsToLimit,omitempty"`

	// lastKillTime is when a process was killed last. This and the next five are set for OOMKill only.
	// +optional
	LastKillTime *metav1.Time `json:"lastKillTime,omitempty"`

	// victim is the name of the process that was killed last.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=48
	Victim string `json:"victim,omitempty"`

	// victimPID is the number of that process on the node.
	// +optional
	// +kubebuilder:validation:Minimum=0
	VictimPID *int64 `json:"victimPID,omitempty"`

	// usageBytes is the usage of the container at that kill.
	// +optional
	// +kubebuilder:validation:Minimum=0
	UsageBytes *int64 `json:"usageBytes,omitempty"`

	// scope is what had no memory left.
	// +optional
	Scope KillScope `json:"scope,omitempty"`

	// containerID is the ID of the container, as the node numbers it.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=128
	ContainerID string `json:"containerID,omitempty"`
}

// KillScope is what had no memory left when a process was killed, as the kernel's log calls it.
// +kubebuilder:validation:Enum=memcg;global
type KillScope string

// The two scopes.
const (
	KillScopeMemcg  KillScope = "memcg"  // a cgroup was at its limit: the container's, or one above it
	KillScopeGlobal KillScope = "global" // the node had no memory left
)

// NetworkTruth holds what the kernel counted of the pod's network over the window. Basis points are hundredths of a
// percent.
//
// +kubebuilder:validation:MinProperties=1
type NetworkTruth struct {
	// retransmits is the number of TCP segments that were sent again.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Retransmits *int64 `json:"retransmits,omitempty"`

	// segments is the number of TCP segments that were sent.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Segments *int64 `json:"segments,omitempty"`

	// retransmitBasisPoints is the share of segments that were sent again. Absent below 1000 segments.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	RetransmitBasisPoints *int32 `json:"retransmitBasisPoints,omitempty"`

	// drops is the number of packets that were dropped, both ways.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Drops *int64 `json:"drops,omitempty"`

	// packets is the number of packets, both ways.
	// +optional
	// +kubebuilder:validation:Minimum=0
	Packets *int64 `json:"packets,omitempty"`

	// dropBasisPoints is the share of packets that were dropped. Absent below 1000 packets.
	// +optional
	// +kubebuilder:validation:Minimum=0
	// +kubebuilder:validation:Maximum=10000
	DropBasisPoints *int32 `json:"dropBasisPoints,omitempty"`

	// connectFailures is the number of TCP connects that were refused or timed out.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ConnectFailures *int64 `json:"connectFailures,omitempty"`

	// connectFailuresPerHour is their rate over the samples that have both their number and their length.
	// +optional
	// +kubebuilder:validation:Minimum=0
	ConnectFailuresPerHour *int64 `json:"connectFailuresPerHour,omitempty"`

	// deviceErrors is the number of errors of the network device, both ways.
	// +optional
	// +kubebuilder:validation:Minimum=0
	DeviceErrors *int64 `json:"deviceErrors,omitempty"`
}

// MetricsLie holds what the metrics said. Only the member for spec.kind is set; OOMKill has none.
//
// +kubebuilder:validation:MinProperties=1
type MetricsLie struct {
	// cpu is set for CPUThrottling.
	// +optional
	CPU CPULie `json:"cpu,omitzero"`

	// memory is set for MemoryPressure.
	// +optional
	Memory MemoryLie `json:"memory,omitzero"`

	// network is set for NetworkIssue.
	// +optional
	Network NetworkLie `json:"network,omitzero"`
}

// CPULie holds the averages that dashboards show.
//
// +kubebuilder:validation:MinProperties=1
type CPULie struct {
	// usage is the average use over the window, in cores.
	// +optional
	Usage *resource.Quantity `json:"usage,omitempty"`

	// limit is the CPU limit, in cores. 0 is "no limit", absent is "not known".
	// +optional
	Limit *resource.Quantity `json:"limit,omitempty"`

	// percentOfLimit is usage as a share of the limit. It may exceed 100.
	// +optional
	// +kubebuilder:validation:Minimum=0
	PercentOfLimit *int32 `json:"percentOfLimit,omitempty"`
}

// MemoryLie holds what dashboards show.
//
// +kubebuilder:validation:MinProperties=1
type MemoryLie struct {
	// usedBytes is the memory in use as the metrics show it. It may include page cache.
	// +optional
	// +kubebuilder:validation:Minimum=0
	UsedBytes *int64 `json:"usedBytes,omitempty"`

	// percentOfLimit is the largest working set as a share of the limit, or the share that the source reported. It may
	// exceed 100.
	// +optional
	// +kubebuilder:validation:Minimum=0
	PercentOfLimit *int32 `json:"percentOfLimit,omitempty"`
}

// NetworkLie holds the latencies that dashboards show.
//
// +kubebuilder:validation:MinProperties=1
type NetworkLie struct {
	// latencyMicroseconds is the average, as the source computes it.
	// +optional
	// +kubebuilder:validation:Minimum=0
	LatencyMicroseconds *int64 `json:"latencyMicroseconds,omitempty"`

	// medianLatencyMicroseconds is the largest median in the window.
	// +optional
	// +kubebuilder:validation:Minimum=0
	MedianLatencyMicroseconds *int64 `json:"medianLatencyMicroseconds,omitempty"`

	// p99LatencyMicroseconds is the largest 99th percentile in the window.
	// +optional
	// +kubebuilder:validation:Minimum=0
	P99LatencyMicroseconds *int64 `json:"p99LatencyMicroseconds,omitempty"`
}
