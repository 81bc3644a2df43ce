package gossip

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// PodCreation is what the kernel did to bring one pod up, from its first cgroup directory to the exec of its last
// container. Figures that the source does not count are absent: a birth that is known from logs has few of them.
type PodCreation struct {
	Origin
	TotalSyscalls Optional[int64]
	NamespaceOps  Optional[int64] // namespaces made, and joined where the source counts that
	CgroupWrites  Optional[int64]
	Duration      time.Duration
	Execs         Optional[int64]
	Processes     Optional[int64]
	Mounts        Optional[int64]
	IPTablesRules Optional[int64]
	ImagePull     Optional[time.Duration] // part of Duration spent pulling images
	Init          Optional[time.Duration] // part of Duration spent in init containers
	Syscalls      map[string]int64        // calls by name; nil when not measured
	Timeline      []Step                  // in order of offset
}

// Step is one entry of a birth's timeline.
type Step struct {
	Offset  time.Duration // from the birth's start
	Actor   Actor
	Action  string
	Details string
}

// Actor is the component that did a step of a birth.
type Actor string

// The four actors of a birth, as the API spells them.
const (
	ActorScheduler Actor = "Scheduler"
	ActorKubelet   Actor = "Kubelet"
	ActorRuntime   Actor = "Runtime"
	ActorKernel    Actor = "Kernel"
)

// Subject returns the pod, under KindPodBirth: a birth has no container, whatever the record has.
func (c PodCreation) Subject() Subject {
	return c.podSubject(KindPodBirth)
}

func (PodCreation) isEvent() {}

// isPossible reports whether the figures can be true.
func (c *PodCreation) isPossible() bool {
	return c.Duration >= 0 && c.ImagePull.Value >= 0 && c.Init.Value >= 0
}

// PodBirth is the finding about what the kernel did to bring a pod up, and whether it was in time.
type PodBirth struct {
	Report
	// Creation is the first birth of this UID: a container that restarts later does not replace it.
	Creation PodCreation
	// Own is Creation.Duration less image pull and init containers, which the start-up objective leaves out. Where one of
	// the two is not known, nothing is taken off for it, and Coverage.Missing names it. Where both together exceed
	// Duration, nothing is taken off.
	Own time.Duration
	// Longest is the longest stage; its Name is empty when the record has no stages.
	Longest Stage
	// Omitted is the number of steps of the record's timeline that are not in Creation.Timeline. It keeps the first step,
	// the last one, and those on both sides of the longest gaps.
	Omitted int
}

func (PodBirth) isFinding() {}

// Stage is one stretch of a birth.
type Stage struct {
	Name     string
	Duration time.Duration
	// LeftOut reports that the objective leaves the stage out: it is the image pull or the init containers.
	LeftOut bool
}

// BirthObjective is the longest that a birth should take: the community's pod start-up latency objective
// (sig-scalability: 99 % of stateless pods). It leaves out image pull and init containers.
const BirthObjective = 5 * time.Second

// promptBirth is the longest birth with severity None.
const promptBirth = 2 * time.Second

// observeBirth keeps the first birth of the UID: of two, the earlier; of two at one time, the one with the smaller
// fingerprint, so that the order of arrival does not matter. A container that restarts is not another birth.
func (s *state) observeBirth(birth *record) outcome {
	first := s.birth
	if first != nil && birth.end > first.end {
		return counted
	}
	birth.detach()
	if first != nil {
		if birth.digest == first.digest {
			return repeated
		}
		if cmp.Or(cmp.Compare(birth.end, first.end), cmp.Compare(birth.digest, first.digest)) > 0 {
			return counted
		}
	}
	kept := *birth
	s.birth = &kept
	return counted
}

// birthFinding judges a birth. A birth happens once, so its history is its own moment.
func birthFinding(birth *record) PodBirth {
	c, _ := birth.event.(*PodCreation)
	f := PodBirth{
		Creation: *c, Own: max(0, c.Duration-c.ImagePull.Or(0)-c.Init.Or(0)), Longest: birth.longest,
		Omitted: birth.omitted,
	}
	f.Covered = Coverage{
		Window: c.Duration, Samples: 1, Expected: 1, Epochs: 1, Confidence: ConfidenceHigh, Source: c.Source,
	}
	if !c.ImagePull.Known {
		f.Covered.Missing = append(f.Covered.Missing, "image_pull_ns")
	}
	if !c.Init.Known {
		f.Covered.Missing = append(f.Covered.Missing, "init_ns")
	}
	exact := c.ImagePull.Known && c.Init.Known
	if c.ImagePull.Or(0)+c.Init.Or(0) > c.Duration { // impossible
		f.Own, exact = c.Duration, false
	}
	f.Level, f.Reason = judgeBirth(f.Own, exact)
	f.History = History{Worst: f.Level, Transition: c.Time}
	if f.Level >= SeverityInfo {
		f.History.First, f.History.Last = c.Time, c.Time
	}
	return f
}

// judgeBirth returns the verdict on a birth. It is not exact where image pull or init containers are not known, or are
// together longer than the birth: either may be the reason for a slow birth. The verdict is then Info at most, because
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

// longestStage returns the stage that took most of the time: the image pull, the init containers, or the stretch
// between two steps of the timeline.
func longestStage(c *PodCreation) Stage {
	var longest Stage
	consider := func(s Stage) {
		if s.Duration > longest.Duration {
			longest = s
		}
	}
	consider(Stage{"image pull", c.ImagePull.Or(0), true})
	consider(Stage{"init containers", c.Init.Or(0), true})
	for i, s := range c.Timeline {
		if i+1 < len(c.Timeline) {
			consider(Stage{s.Action + " → " + c.Timeline[i+1].Action, c.Timeline[i+1].Offset - s.Offset, false})
		} else {
			consider(Stage{"after " + s.Action, c.Duration - s.Offset, false})
		}
	}
	return longest
}

// What is kept of a birth. An object shows at most 96 bytes of a text.
const (
	maxSteps    = 32  // of a timeline
	maxSyscalls = 32  // names of system calls
	maxStepText = 256 // bytes of an action, and of its details
)

// clipSteps returns the steps with texts that are not too long. With cloning it copies all texts, so that the steps
// hold no longer text in memory. The list that it is given is the caller's and stays as it is.
func clipSteps(steps []Step, cloning bool) []Step {
	isLong := func(s Step) bool { return len(s.Action) > maxStepText || len(s.Details) > maxStepText }
	if !cloning && !slices.ContainsFunc(steps, isLong) {
		return steps
	}
	clipped := slices.Clone(steps)
	for i := range clipped {
		s := &clipped[i]
		s.Action, s.Details = clipText(s.Action, maxStepText), clipText(s.Details, maxStepText)
		if cloning {
			s.Action, s.Details = strings.Clone(s.Action), strings.Clone(s.Details)
		}
	}
	return clipped
}

// clipText returns at most the given number of bytes of a text, up to the end of a character.
func clipText(text string, most int) string {
	if len(text) <= most {
		return text
	}
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return strings.Clone(text[:most])
}

// frequentSyscalls returns at most the given number of system calls: those with the most calls, and of equal ones the
// first by name.
func frequentSyscalls(calls map[string]int64, most int) map[string]int64 {
	if len(calls) <= most {
		return calls
	}
	names := slices.SortedFunc(maps.Keys(calls), func(a, b string) int {
		return cmp.Or(cmp.Compare(calls[b], calls[a]), cmp.Compare(a, b))
	})
	kept := make(map[string]int64, most)
	for _, name := range names[:most] {
		kept[strings.Clone(name)] = calls[name]
	}
	return kept
}

// informativeSteps returns at most the given number of steps, in their order: the first, the last, and those on both
// sides of the longest gaps, which show where the time went.
func informativeSteps(steps []Step, most int) []Step {
	if len(steps) <= most {
		return steps
	}
	gaps := make([]int, len(steps)-1) // gap i is between steps i and i+1
	for i := range gaps {
		gaps[i] = i
	}
	length := func(i int) int64 { return int64(steps[i+1].Offset - steps[i].Offset) }
	slices.SortStableFunc(gaps, func(i, j int) int { return cmp.Compare(length(j), length(i)) })

	keep := []int{0, len(steps) - 1}
	for _, i := range gaps {
		for _, step := range []int{i, i + 1} {
			if len(keep) < most && !slices.Contains(keep, step) {
				keep = append(keep, step)
			}
		}
		if len(keep) == most {
			break
		}
	}
	slices.Sort(keep)
	kept := make([]Step, len(keep))
	for i, step := range keep {
		kept[i] = steps[step]
	}
	return kept
}
