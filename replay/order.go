package replay

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// inOrder returns captures in the order of their first records, whatever order a shell names them in: records that come
// long after later ones are left out as too late. What is not a plain file, such as standard input, keeps its place,
// and so does a file without a record at its beginning. Another order than the given one is noted.
func inOrder(names []string, note io.Writer) []string {
	if len(names) < 2 {
		return names
	}
	type dated struct {
		name  string
		first time.Time
	}
	var places []int
	var captures []dated
	for i, name := range names {
		if first, ok := firstTime(name); ok {
			places = append(places, i)
			captures = append(captures, dated{name, first})
		}
	}
	slices.SortStableFunc(captures, func(a, b dated) int { return a.first.Compare(b.first) })
	sorted := slices.Clone(names)
	for i, place := range places {
		sorted[place] = captures[i].name
	}
	if !slices.Equal(sorted, names) {
		fmt.Fprintf(note, "gossip-replay: read in the order of their first records: %s\n", strings.Join(sorted, ", "))
	}
	return sorted
}

// firstTime is the time of a file's first good record, if there is one near its beginning. What cannot be read is
// reported later.
func firstTime(name string) (time.Time, bool) {
	const most = 1 << 20 // bytes that are looked at
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return time.Time{}, false
	}
	f, err := os.Open(name)
	if err != nil {
		return time.Time{}, false
	}
	defer f.Close()
	text, err := pixie.Unpack(f)
	if err != nil {
		return time.Time{}, false
	}
	defer func() { _ = text.Close() }()
	return firstOf(bufio.NewReaderSize(io.LimitReader(text, most), lookAhead))
}

// firstOf is the oldest time among the first records of a text.
func firstOf(text *bufio.Reader) (first time.Time, ok bool) {
	for batch, err := range batches(text) {
		if err != nil {
			return first, ok
		}
		for event := range eventsOf(batch) {
			if at := event.From().Time; !ok || at.Before(first) {
				first, ok = at, true
			}
		}
		if ok {
			return first, true
		}
	}
	return first, ok
}

func eventsOf(batch *pixie.Batch) iter.Seq[gossip.Event] {
	return func(yield func(gossip.Event) bool) {
		for i := range batch.CPU {
			if !yield(batch.CPU[i]) {
				return
			}
		}
		for i := range batch.Births {
			if !yield(batch.Births[i]) {
				return
			}
		}
		for _, e := range batch.Others {
			if !yield(e) {
				return
			}
		}
	}
}
