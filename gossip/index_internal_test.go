package gossip

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A removed subject is not kept in memory by the one that was observed before it.
func TestRemovedSubjectsAreNotKept(t *testing.T) {
	a := New(Options{})
	observe := func(i int) Subject {
		s := CPUSample{
			Origin: Origin{Time: time.Unix(int64(i), 0), Namespace: "shop", Pod: fmt.Sprintf("api-%d", i), Container: "app"},
		}
		a.Observe(s)
		return s.Subject()
	}
	stays := observe(0)
	for i := range 100 {
		a.Drop(observe(i + 1))
	}
	reached := 0
	for s := a.subjects.entries[stays].next; s != nil; s = s.next {
		require.Nil(t, s.streams)
		reached++
	}
	require.LessOrEqual(t, reached, 1)
	require.Equal(t, 1, a.Stats().Subjects)
}

// A subject is found at any place in the order of records.
func TestSubjectsAreFoundInAnyOrder(t *testing.T) {
	a := New(Options{})
	for round := range 6 {
		for i := range 20 {
			pod := i
			if round%2 == 1 {
				pod = 19 - i
			}
			if (pod+round)%3 == 0 {
				continue
			}
			a.Observe(CPUSample{
				Origin: Origin{
					Time: time.Unix(int64(round), 0), Namespace: "shop", Pod: fmt.Sprintf("api-%d", pod), Container: "app",
				},
			})
		}
	}
	require.Equal(t, 20, a.subjects.len())
	for about, s := range a.subjects.all() {
		require.Equal(t, about, s.about)
		f, ok := a.Finding(about)
		require.True(t, ok)
		require.Equal(t, 4, f.Coverage().Samples)
	}
}
