package gossip

import "strconv"

// Severity orders findings. Unknown is the lowest and means "not measured": it is never "fine".
type Severity int

const (
	// SeverityUnknown is the zero value: nothing was measured, or too little for a verdict.
	SeverityUnknown Severity = iota
	// SeverityNone is measured and healthy, or without a limit that could hurt.
	SeverityNone
	// SeverityInfo is worth knowing, but no reason to act.
	SeverityInfo
	// SeverityWarning is worth acting on in working hours.
	SeverityWarning
	// SeverityHigh hurts requests now.
	SeverityHigh
	// SeverityCritical means the kernel holds the subject back most of the time.
	SeverityCritical
)

var severityNames = [...]string{"Unknown", "None", "Info", "Warning", "High", "Critical"}

// String returns the API's word for the severity ("Critical"), or "Severity(7)" for a number outside the six.
func (s Severity) String() string {
	if s < 0 || int(s) >= len(severityNames) {
		return "Severity(" + strconv.Itoa(int(s)) + ")"
	}
	return severityNames[s]
}

// Confidence is the degree to which everything was measured that should have been.
type Confidence int

const (
	// ConfidenceLow is the zero value: percentages without counters, or less than half of the expected samples.
	ConfidenceLow Confidence = iota
	// ConfidenceMedium is counters and at least half of the expected samples.
	ConfidenceMedium
	// ConfidenceHigh is counters and at least nine tenths of the expected samples.
	ConfidenceHigh
)

var confidenceNames = [...]string{"Low", "Medium", "High"}

// String returns the API's word for the confidence ("High").
func (c Confidence) String() string {
	if c < 0 || int(c) >= len(confidenceNames) {
		return "Confidence(" + strconv.Itoa(int(c)) + ")"
	}
	return confidenceNames[c]
}

// Reason is the short word for why a finding has its severity: the `reason` of the object's condition.
type Reason string

const (
	// ReasonThrottledWhileCPULow is hidden throttling: at least 25 % of periods throttled while the container used less
	// than 80 % of its limit. Averaged metrics call such a container healthy.
	ReasonThrottledWhileCPULow Reason = "ThrottledWhileCPULow"
	// ReasonThrottled is throttling that the usage explains, or with an unknown usage.
	ReasonThrottled Reason = "Throttled"
	// ReasonOOMKilled is at least one process that the kernel killed in the window because memory ran out.
	ReasonOOMKilled Reason = "OOMKilled"
	// ReasonNoKillInWindow is a whole window without such a kill, after one.
	ReasonNoKillInWindow Reason = "NoKillInWindow"
	// ReasonStalled is tasks that wait for memory (PSI), some or all of them.
	ReasonStalled Reason = "Stalled"
	// ReasonThrashing is at least 90 % of the memory limit in use, and major faults at ten times the usual rate: pages are
	// discarded and read again.
	ReasonThrashing Reason = "Thrashing"
	// ReasonLimitHit is at least 90 % of the memory limit in use, and usage was about to go over it; or the latter alone
	// where no limit is shown.
	ReasonLimitHit Reason = "LimitHit"
	// ReasonNearLimit is at least 80 % of the memory limit in use, and no sign yet that it hurts.
	ReasonNearLimit Reason = "NearLimit"
	// ReasonMemoryLeak is a working set that climbs steadily and will be at the limit within a day: see Leak.
	ReasonMemoryLeak Reason = "MemoryLeak"
	// ReasonRetransmits is at least 0.5 % of TCP segments sent again.
	ReasonRetransmits Reason = "Retransmits"
	// ReasonDrops is at least 0.1 % of packets dropped.
	ReasonDrops Reason = "Drops"
	// ReasonFailedConnects is at least ten failed TCP connects in the window, and one a minute.
	ReasonFailedConnects Reason = "FailedConnects"
	// ReasonTooLittleTraffic is fewer than 1000 segments or packets: no verdict yet.
	ReasonTooLittleTraffic Reason = "TooLittleTraffic"
	// ReasonBelowThreshold is measured, and below the threshold: 10 % of periods, say.
	ReasonBelowThreshold Reason = "BelowThreshold"
	// ReasonNoLimit is a container without a CPU limit, which was not throttled: the kernel has nothing to enforce.
	ReasonNoLimit Reason = "NoLimit"
	// ReasonTooFewPeriods is fewer than 50 enforcement periods (5 s of activity): no verdict yet.
	ReasonTooFewPeriods Reason = "TooFewPeriods"
	// ReasonNotMeasured is no figure at all: no verdict, and not "healthy".
	ReasonNotMeasured Reason = "NotMeasured"
	// ReasonWithinObjective is a birth within 5 s, image pull and init containers left out.
	ReasonWithinObjective Reason = "WithinObjective"
	// ReasonObjectiveMissed is a birth that took longer than the 5 s pod start-up objective.
	ReasonObjectiveMissed Reason = "ObjectiveMissed"
)
