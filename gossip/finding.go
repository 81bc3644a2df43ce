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
