package gossip_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// clock is the time of the program in these tests; events are named by their time before or after it.
var clock = time.Date(2026, 11, 28, 6, 0, 0, 0, time.UTC)

// eventOf returns an event of a pod in a namespace, some time after clock.
func eventOf(namespace, pod string, after time.Duration) gossip.CPUSample {
	return sample(0, 1, func(s *gossip.CPUSample) {
		s.Namespace, s.Pod, s.Time, s.PodUID = namespace, pod, clock.Add(after), ""
	})
}

// podsLeft lists the pods of all findings.
func podsLeft(a *gossip.Analyzer) (left []string) {
	for f := range a.Findings() {
		left = append(left, f.Subject().Pod)
	}
	return left
}

// A flood of records about pods that do not exist, stamped ten minutes ahead, evicts none that exists.
func TestSubjectsWithAPodOutlastThoseWithout(t *testing.T) {
	var lost int
	a := gossip.New(gossip.Options{MaxSubjects: 100, Evicted: func(_ gossip.Subject, podExists bool) {
		if podExists {
			lost++
		}
	}})
	exists := gossip.Provenance{Sender: "observer", PodExists: true, Now: clock}
	fake := gossip.Provenance{Sender: "observer", Now: clock}
	for i := range 60 {
		a.ObserveFrom(eventOf("shop", fmt.Sprintf("real-%02d", i), -time.Minute), exists)
	}
	for i := range 20_000 {
		a.ObserveFrom(eventOf("shop", fmt.Sprintf("fake-%d", i), 598*time.Second), fake)
	}
	for i := range 40 {
		a.ObserveFrom(eventOf("shop", fmt.Sprintf("late-%02d", i), -time.Minute), exists)
	}
	left := podsLeft(a)
	require.Len(t, left, 100)
	require.NotContains(t, strings.Join(left, " "), "fake")
	require.Zero(t, lost)
}

// A subject gets and loses its pod with its newest record.
func TestAPodThatComesProtectsItsSubject(t *testing.T) {
	a := gossip.New(gossip.Options{MaxSubjects: 2})
	without, with := gossip.Provenance{Now: clock}, gossip.Provenance{Now: clock, PodExists: true}
	a.ObserveFrom(eventOf("shop", "a", 0), without)
	a.ObserveFrom(eventOf("shop", "b", time.Second), without)
	a.ObserveFrom(eventOf("shop", "a", 0), with)
	a.ObserveFrom(eventOf("shop", "c", time.Second), without)
	require.Equal(t, []string{"a", "c"}, podsLeft(a))
	a.ObserveFrom(eventOf("shop", "a", 0), without)
	a.ObserveFrom(eventOf("shop", "d", time.Second), with)
	require.Equal(t, []string{"c", "d"}, podsLeft(a))
}

// A clock that is ahead is worth no more than this one's present.
func TestRecordsOfTheFutureRankAsOfNow(t *testing.T) {
	a := gossip.New(gossip.Options{MaxSubjects: 2})
	a.ObserveFrom(eventOf("shop", "ahead", 9*time.Minute), gossip.Provenance{Now: clock})
	a.ObserveFrom(eventOf("shop", "old", -time.Minute), gossip.Provenance{Now: clock})
	later := gossip.Provenance{Now: clock.Add(time.Minute)}
	a.ObserveFrom(eventOf("shop", "old", 50*time.Second), later)
	a.ObserveFrom(eventOf("shop", "new", 55*time.Second), later)
	require.Equal(t, []string{"new", "old"}, podsLeft(a))
}

// Who holds most loses first: a sender, and of its namespaces one.
func TestTheLargestHolderLosesFirst(t *testing.T) {
	for name, tc := range map[string]struct{ sender, namespace func(i int) string }{
		"another sender, one namespace":   {sender: constant("greedy"), namespace: constant("shop")},
		"another sender, many namespaces": {sender: constant("greedy"), namespace: numbered("ns")},
		"the same sender, a namespace":    {sender: constant("observer"), namespace: constant("greedy")},
	} {
		t.Run(name, func(t *testing.T) {
			a := gossip.New(gossip.Options{MaxSubjects: 100})
			for i := range 40 {
				a.ObserveFrom(eventOf("shop", fmt.Sprintf("a-%02d", i), -10*time.Minute),
					gossip.Provenance{Sender: "observer", PodExists: true, Now: clock})
			}
			for i := range 5000 {
				a.ObserveFrom(eventOf(tc.namespace(i), fmt.Sprintf("greedy-%04d", i), 0),
					gossip.Provenance{Sender: tc.sender(i), PodExists: true, Now: clock})
			}
			left := podsLeft(a)
			require.Len(t, left, 100)
			require.Len(t, slices.DeleteFunc(left, func(pod string) bool { return strings.HasPrefix(pod, "greedy") }), 40)
		})
	}
}

func constant(name string) func(int) string { return func(int) string { return name } }
func numbered(name string) func(int) string {
	return func(i int) string { return fmt.Sprintf("%s-%d", name, i) }
}

// Which subjects are left depends neither on the machine nor on how the map of subjects is ordered.
func TestTheSameRecordsLeaveTheSameSubjects(t *testing.T) {
	var first []string
	for range 3 {
		a := gossip.New(gossip.Options{MaxSubjects: 50, MaxBytes: 40_000})
		for i := range 2000 {
			p := gossip.Provenance{Sender: fmt.Sprint(i % 3), PodExists: i%5 > 0, Now: clock}
			a.ObserveFrom(eventOf(fmt.Sprintf("ns-%d", i%7), fmt.Sprintf("pod-%d", i*31%200), time.Duration(i%11)), p)
			if i%97 == 0 {
				a.Drop(eventOf("ns-0", fmt.Sprintf("pod-%d", i%200), 0).Subject())
			}
		}
		left := podsLeft(a)
		require.NotEmpty(t, left)
		if first == nil {
			first = left
		}
		require.Equal(t, first, left)
	}
}

// The estimate of what subjects take is near what they take, whatever they are about.
func TestMemoryIsEstimatedWell(t *testing.T) {
	const subjects = 100
	long := longBirth("")
	for name, observe := range map[string]func(a *gossip.Analyzer, pod string, i int){
		"CPU": func(a *gossip.Analyzer, pod string, i int) {
			a.Observe(eventOf("shop", pod, time.Duration(i)*10*time.Second))
		},
		"CPU at one instant": func(a *gossip.Analyzer, pod string, i int) {
			e := eventOf("shop", pod, 0)
			e.UsageUsec = gossip.Some(int64(i))
			a.Observe(e)
		},
		"memory": func(a *gossip.Analyzer, pod string, i int) {
			a.Observe(gossip.MemorySample{
				Origin: eventOf("shop", pod, time.Duration(i)*10*time.Second).Origin, WorkingSet: gossip.Some(int64(i)),
			})
		},
		"memory without periods": func(a *gossip.Analyzer, pod string, i int) {
			e := gossip.MemorySample{
				Origin: eventOf("shop", pod, time.Duration(i)*10*time.Second).Origin, MajorFaults: gossip.Some(int64(i)),
			}
			e.Period = 0
			a.Observe(e)
		},
		"network": func(a *gossip.Analyzer, pod string, i int) {
			a.Observe(gossip.NetworkSample{
				Origin: eventOf("shop", pod, time.Duration(i)*10*time.Second).Origin, DropShare: gossip.Some(0.1),
			})
		},
		"kills": func(a *gossip.Analyzer, pod string, i int) {
			e := gossip.OOMKill{
				Origin:     eventOf("shop", pod, time.Duration(i)*10*time.Second).Origin,
				VictimComm: strings.Repeat("x", 200) + fmt.Sprint(i),
			}
			a.Observe(e)
		},
		"births": func(a *gossip.Analyzer, pod string, i int) {
			if i > 0 {
				return
			}
			b := long
			b.Pod = pod
			a.Observe(b)
		},
		"pending births": func(a *gossip.Analyzer, pod string, i int) {
			if i < 10 {
				b := long
				b.Pod, b.Timeline = pod, long.Timeline[:40]
				b.Execs = gossip.Some(int64(i))
				a.Observe(b)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := gossip.New(gossip.Options{MaxBytes: 1 << 30})
			before := liveHeap()
			for i := range 100 {
				for pod := range subjects {
					observe(a, fmt.Sprintf("pod-%d", pod), i)
				}
			}
			took := liveHeap() - before
			estimate := a.Stats().Bytes
			t.Logf("%d bytes a subject, estimated %d", took/subjects, estimate/subjects)
			require.InEpsilon(t, took, estimate, 0.25)
			require.Equal(t, subjects, a.Stats().Subjects)
		})
	}
}

// longBirth is a birth with the most and the longest that a payload may have.
func longBirth(pod string) gossip.PodCreation {
	b := gossip.PodCreation{Origin: eventOf("shop", pod, 0).Origin, Duration: time.Minute, Syscalls: map[string]int64{}}
	text := strings.Repeat("x", 2048)
	for i := range 1000 {
		b.Timeline = append(b.Timeline, gossip.Step{
			Offset: time.Duration(i) * time.Millisecond, Action: text[i:][:1000], Details: text[i:][:1000],
		})
		b.Syscalls[fmt.Sprintf("call_%04d", i)] = int64(i)
	}
	return b
}

func liveHeap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What is kept stays within MaxBytes, and gossip of pods that exist is lost last.
func TestKeptMemoryStaysWithinItsBound(t *testing.T) {
	const most = 8 << 20
	evicted := map[bool]int{}
	count := func(_ gossip.Subject, podExists bool) { evicted[podExists]++ }
	a := gossip.New(gossip.Options{MaxBytes: most, Evicted: count})
	before := liveHeap()
	for i := range 50 {
		for pod := range 100 {
			a.ObserveFrom(eventOf("shop", fmt.Sprintf("real-%d", pod), time.Duration(i-50)*10*time.Second),
				gossip.Provenance{Sender: "observer", PodExists: true, Now: clock})
		}
	}
	birth := longBirth("")
	birth.Timeline = birth.Timeline[:32]
	for i := range 2750 {
		birth.Pod = fmt.Sprintf("fake-%d", i)
		a.ObserveFrom(birth, gossip.Provenance{Sender: "observer", Now: clock})
	}
	took := liveHeap() - before
	require.LessOrEqual(t, a.Stats().Bytes, int64(most))
	require.Less(t, took, int64(most*5/4))
	require.Positive(t, evicted[false])
	require.Zero(t, evicted[true])
	require.Equal(t, a.Stats().Evicted, int64(evicted[false]))
}

// A birth keeps what an object can show, and no more.
func TestKeptBirthsAreClipped(t *testing.T) {
	a := gossip.New(gossip.Options{})
	long := longBirth("api-0")
	long.Timeline[0].Action = strings.Repeat("é", 300)
	a.Observe(long)
	f, ok := a.Finding(long.Subject())
	require.True(t, ok)
	b := f.(gossip.PodBirth)
	require.Len(t, b.Creation.Timeline, 32)
	require.Equal(t, strings.Repeat("é", 128), b.Creation.Timeline[0].Action)
	for _, s := range b.Creation.Timeline {
		require.LessOrEqual(t, len(s.Action), 256)
		require.LessOrEqual(t, len(s.Details), 256)
	}
	require.Len(t, b.Creation.Syscalls, 32)
	require.Contains(t, b.Creation.Syscalls, "call_0999")
	require.LessOrEqual(t, len(b.Longest.Name), 512)
	require.Less(t, gossip.SizeOf(b.Creation), int64(24<<10))
	require.Len(t, long.Timeline, 1000, "the caller's event stays as it was")
	require.Len(t, long.Timeline[999].Details, 1000)

	again := longBirth("api-0")
	again.Timeline[0].Action = strings.Repeat("é", 300)
	a.Observe(again)
	a.Finding(long.Subject())
	require.Equal(t, int64(1), a.Stats().Repeated, "it is recognised by all of its texts")
}
