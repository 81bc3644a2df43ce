package gossip

import "time"

// Finding is what the events about one subject say: CPUThrottling, MemoryPressure, OOMKilled, NetworkIssue or PodBirth.
// Figures are unrounded, and a figure that was not measured is an absent Optional. In JSON that is null, severity and
// confidence are words, and durations are texts.
//
// The set is closed: no other package can add a type. To say more about a finding, write a rule (recommend.RuleFor).
// For tests, make a finding as a value of its type, with the Report that it embeds.
//
//sumtype:decl
type Finding interface {
	Subject() Subject
	Severity() Severity
	Coverage() Coverage
	// Seen is what outlives the window: first and last time, worst severity, last transition.
	Seen() History
	// UID is the pod's, as the events told it; empty when they did not.
	UID() string
	// Time is that of the subject's newest record, where the window ends.
	Time() time.Time
	isFinding()
}

// Report is what every finding has; the kinds embed it.
type Report struct {
	About   Subject
	PodUID  string    // as the events told it; may be empty
	At      time.Time // the subject's newest record: the window ends here
	Level   Severity
	Reason  Reason
	History History
	Covered Coverage
}

// Subject is what the finding is about.
func (r Report) Subject() Subject { return r.About }

// Severity is how bad it is now; History.Worst is how bad it has been.
func (r Report) Severity() Severity { return r.Level }

// Coverage is how much of what should have been measured was measured.
func (r Report) Coverage() Coverage { return r.Covered }

// Seen is what outlives the window.
func (r Report) Seen() History { return r.History }

// UID is the pod's, as the events told it.
func (r Report) UID() string { return r.PodUID }

// Time is that of the newest record.
func (r Report) Time() time.Time { return r.At }

// wholeReport is the whole of it, for those who hold a finding of any kind.
func (r Report) wholeReport() Report { return r }

// History is the part of a finding that outlives its window. All times are event times.
type History struct {
	First      time.Time // first time at Info or above; zero if never
	Last       time.Time // last time at Info or above; zero if never
	Worst      Severity
	Transition time.Time // when it last changed between "trouble", "no trouble" and "not known"
	// Restored says that the rest is from before a restart (Analyzer.Restore), too little has been measured since, and less than a
	// window has passed: the verdict of that time stands.
	Restored bool
}

// Coverage says what a finding stands on. It is part of every finding, because a verdict without it is a rumour.
type Coverage struct {
	Window     time.Duration // from the start of the oldest sample to the end of the newest
	Samples    int
	Expected   int // Window divided by the median period, rounded
	Gaps       int // holes between samples, longer than half a period
	Epochs     int // 1, and one more for each new container or changed limit
	Dropped    int // records that came too late, or were of an earlier pod or container
	Confidence Confidence
	Missing    []string // fields that were not measured, by their name in the payload
	Source     string   // who measured; empty when the records did not say
	Ignored    []string // other sources of the same subject, whose records did not count
}

// CPUThrottling says how often the kernel refused to run a container because its CPU quota was used up.
type CPUThrottling struct {
	Report
	// Periods and ThrottledPeriods are sums of the kernel's counters over the window; absent when only percentages were reported.
	Periods          Optional[int64]
	ThrottledPeriods Optional[int64]
	// Throttled is the share 0–1 of enforcement periods in which the quota ran out.
	Throttled Optional[float64]
	// ThrottledTime is summed over CPU run queues and may exceed wall time: never show it as a share of time.
	ThrottledTime Optional[time.Duration]
	// MeanWait is ThrottledTime per throttled period.
	MeanWait Optional[time.Duration]
	// Active is the share 0–1 of the window in which the group was active at all: what the ratio talks about.
	Active Optional[float64]
	// UsageTime is the CPU time used in the window: Σusage_usec.
	UsageTime Optional[time.Duration]
	// Usage is in cores; UsedOfLimit is Usage as a share of the limit (1 is the limit): what dashboards show.
	Usage       Optional[float64]
	UsedOfLimit Optional[float64]
	// Limit is in cores; 0 is "no limit".
	Limit     Optional[float64]
	CFSPeriod time.Duration
	Threads   Optional[int64] // most that were seen in the window
	NodeCPUs  Optional[int64]
	// LastThrottled is the end of the newest sample that was throttled, FirstThrottled that of the oldest, as precise as a
	// bucket of the window (15 s by default); zero when none was.
	FirstThrottled, LastThrottled time.Time
	// Calm is how much time was measured after LastThrottled, Paused the longest time between two samples that were
	// throttled, less the length of a bucket, or of a sample where that is longer.
	Calm, Paused time.Duration
	// Standing says that a new container or a changed limit began a new epoch, which has too few periods for a verdict yet: all
	// figures here are the old epoch's, and advice must wait.
	Standing bool
}

func (CPUThrottling) isFinding()         {}
func (f CPUThrottling) isPrevious() bool { return f.Standing }

func (f CPUThrottling) withReport(r Report, standing bool) windowFinding {
	f.Report, f.Standing = r, standing
	return f
}

// PodBirth says what the kernel did to bring a pod up, and whether it was in time.
type PodBirth struct {
	Report
	// Creation is the first birth of this UID: a container that restarts later does not replace it.
	Creation PodCreation
	// Own is Creation.Duration less image pull and init containers, which the start-up objective leaves out. Where one of the two is not
	// known, nothing is taken off for it, and Coverage.Missing names it; where both together exceed Duration, nothing is taken off.
	Own time.Duration
	// Longest is the longest stage; its Name is empty when the record tells of no stages.
	Longest Stage
	// Omitted is how many steps of the record's timeline are not in Creation.Timeline, which keeps those that tell most: the first,
	// the last, and those on both sides of the longest gaps.
	Omitted int
}

func (PodBirth) isFinding() {}

// Stage is one stretch of a birth.
type Stage struct {
	Name     string
	Duration time.Duration
	// LeftOut says that the objective leaves the stage out: it is the image pull or the init containers.
	LeftOut bool
}
