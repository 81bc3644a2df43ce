package gossip

import "time"

// History is the part of a finding that outlives its window. All times are event times.
type History struct {
	First      time.Time // first time at Info or above; zero if never
	Last       time.Time // last time at Info or above; zero if never
	Worst      Severity
	Transition time.Time // when it last changed between "trouble", "no trouble" and "not known"
	// Restored reports that the rest is from before a restart (Analyzer.Restore), that too little has been measured since, and
	// that less than a window has passed: the verdict from before still holds.
	Restored bool
}
