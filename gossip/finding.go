package gossip

import "time"

// Finding is the result of the events about one subject: CPUThrottling, MemoryPressure, OOMKilled, NetworkIssue or
// PodBirth. Figures are unrounded, and a figure that was not measured is an absent Optional. In JSON that is null,
// severity and confidence are words, and durations are texts.
//
// The set is closed: no other package can add a type. To say more about a finding, write a rule (recommend.RuleFor).
// For tests, make a finding as a value of its type, with the Report that it embeds.
//
//sumtype:decl
type Finding interface {
	// Subject returns what the finding is about.
	Subject() Subject
	// Severity returns how bad it is now.
	Severity() Severity
	// Coverage returns what the finding is based on.
	Coverage() Coverage
	// Seen returns the part that outlives the window: first and last time, worst severity, last transition.
	Seen() History
	// UID returns the pod's UID; empty when no event has it.
	UID() string
	// Time returns the time of the subject's newest record, where the window ends.
	Time() time.Time
	isFinding()
}

// Report is the part that every finding has; the kinds embed it.
//
// Each fact has a field and a method. Use the methods where a finding may be of any kind: they are what the Finding
// interface has. Use the fields to make a finding, for a test say, and where its type is known.
type Report struct {
	About   Subject
	PodUID  string    // empty when no event has it
	At      time.Time // the subject's newest record: the window ends here
	Level   Severity
	Reason  Reason
	History History
	Covered Coverage
}

// Subject returns About.
func (r Report) Subject() Subject { return r.About }

// Severity returns Level: how bad it is now. History.Worst is how bad it has been.
func (r Report) Severity() Severity { return r.Level }

// Coverage returns Covered.
func (r Report) Coverage() Coverage { return r.Covered }

// Seen returns History.
func (r Report) Seen() History { return r.History }

// UID returns PodUID.
func (r Report) UID() string { return r.PodUID }

// Time returns At.
func (r Report) Time() time.Time { return r.At }

// wholeReport returns the report of a finding of any kind.
func (r Report) wholeReport() Report { return r }
