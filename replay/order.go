package replay

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// sortByFirstRecord returns captures in the order of their first records, because records that arrive long after later
// ones are left out as too late, and a shell names files in another order. An input that is not a plain file, such as
// standard input, keeps its place, and so does a file without a record near its beginning. A note says when the order
// is not the given one.
func sortByFirstRecord(names []string, note io.Writer) []string {
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
		if first, ok := firstTimeOfFile(name); ok {
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
		fmt.Fprintf(note, "gossip-replay: read in the order of their first records: %s\n",
			gossip.CleanText(strings.Join(sorted, ", ")))
	}
	return sorted
}

// firstTimeOfFile returns the time of a file's first good record, if there is one near its beginning. A file that
// cannot be read is reported later.
func firstTimeOfFile(name string) (time.Time, bool) {
	const maxBytes = 1 << 20 // how far to look
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
	return firstTimeOfText(bufio.NewReaderSize(io.LimitReader(text, maxBytes), lookAhead))
}

// firstTimeOfText returns the oldest time among the first records of a text.
func firstTimeOfText(text *bufio.Reader) (first time.Time, ok bool) {
	for batch, err := range readBatches(text) {
		if err != nil {
			return first, ok
		}
		for event := range batch.All() {
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
