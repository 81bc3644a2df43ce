package gossip

import (
	"cmp"
	"time"
)

// BirthObjective is how long a birth may take: the community's pod start-up latency objective (sig-scalability: 99 % of stateless
// pods). It leaves out image pull and init containers.
const BirthObjective = 5 * time.Second

// promptBirth is a birth that is nothing to talk about.
const promptBirth = 2 * time.Second

// birth is the first birth of a pod's UID.
type birth struct {
	creation PodCreation
	print    fingerprint
	known    bool
}

// observe keeps the first birth of the UID: of two, the earlier; of two at one time, the one whose fingerprint is smaller, so that
// the order of arrival does not matter. A container that restarts is not born again.
func (b *birth) observe(c PodCreation, digest fingerprint) outcome {
	if b.known {
		if digest == b.print {
			return repeated
		}
		if cmp.Or(c.Time.Compare(b.creation.Time), cmp.Compare(digest, b.print)) > 0 {
			return counted
		}
	}
	b.creation, b.print, b.known = c, digest, true
	return counted
}

// finding judges the birth.
func (b *birth) finding() PodBirth {
	c := b.creation
	f := PodBirth{Creation: c, Own: max(0, c.Duration-c.ImagePull.Or(0)-c.Init.Or(0)), Longest: longestStage(c)}
	f.Covered = Coverage{Window: c.Duration, Samples: 1, Expected: 1, Epochs: 1, Confidence: ConfidenceHigh, Source: c.Source}
	if !c.ImagePull.Known {
		f.Covered.Missing = append(f.Covered.Missing, "image_pull_ns")
	}
	if !c.Init.Known {
		f.Covered.Missing = append(f.Covered.Missing, "init_ns")
	}
	f.Level, f.Reason = judgeBirth(f.Own, len(f.Covered.Missing) == 0)
	return f
}

// judgeBirth: where pull or init are not known, a slow birth may owe its time to either. It is then worth an Info at most, and
// whether the objective was met has not been measured.
func judgeBirth(own time.Duration, exact bool) (Severity, Reason) {
	switch {
	case own <= promptBirth:
		return SeverityNone, ReasonWithinObjective
	case own <= BirthObjective:
		return SeverityInfo, ReasonWithinObjective
	case !exact:
		return SeverityInfo, ReasonNotMeasured
	default:
		return SeverityWarning, ReasonObjectiveMissed
	}
}

// longestStage finds where the time went: the image pull, the init containers, or the stretch between two steps of the timeline.
func longestStage(c PodCreation) Stage {
	var longest Stage
	consider := func(name string, d time.Duration) {
		if d > longest.Duration {
			longest = Stage{Name: name, Duration: d}
		}
	}
	consider("image pull", c.ImagePull.Or(0))
	consider("init containers", c.Init.Or(0))
	for i, s := range c.Timeline {
		switch {
		case i+1 < len(c.Timeline):
			consider(s.Action+" → "+c.Timeline[i+1].Action, c.Timeline[i+1].Offset-s.Offset)
		default:
			consider("after "+s.Action, c.Duration-s.Offset)
		}
	}
	return longest
}
