package kernel

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// counterBits is the size of the kernel's numbers: larger ones are no counters.
const counterBits = 63

// readNumber reads a file with one integer; a negative one (-1: no limit) is 0.
func readNumber(file string) (int64, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, fmt.Errorf("read a counter: %w", err)
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", file, err)
	}
	return max(n, 0), nil
}

// readCounters reads "name value" lines: those with the given names, or all if none is given. Lines that are not in the
// file are absent.
func readCounters(file string, names ...string) (map[string]gossip.Optional[int64], error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read counters: %w", err)
	}
	values := map[string]gossip.Optional[int64]{}
	for line := range bytes.Lines(text) {
		name, value, ok := bytes.Cut(bytes.TrimSpace(line), []byte{' '})
		if !ok || len(names) > 0 && !slices.Contains(names, string(name)) {
			continue
		}
		n, err := strconv.ParseUint(string(value), 10, counterBits)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", file, name, err)
		}
		values[string(name)] = gossip.Some(int64(n))
	}
	return values, nil
}

// ifExists is err, unless it is that a file does not exist.
func ifExists(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// readMemoryLimit reads a limit in bytes, 0 for none. The file has "max" for none, or on cgroup v1 the largest number
// of whole pages.
func readMemoryLimit(file string) (gossip.Optional[int64], error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return gossip.Optional[int64]{}, nil
	}
	if err != nil {
		return gossip.Optional[int64]{}, fmt.Errorf("read the limit: %w", err)
	}
	number := strings.TrimSpace(string(text))
	if number == "max" {
		return gossip.Some[int64](0), nil
	}
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil {
		return gossip.Optional[int64]{}, fmt.Errorf("%s: %w", file, err)
	}
	return gossip.Some(limitBytes(n)), nil
}

// limitBytes is a limit in bytes, 0 if it is none. The kernel's number for none depends on the size of a page, which is
// 64 KiB at most.
func limitBytes(limit uint64) int64 {
	if limit > math.MaxInt64-64<<10 {
		return 0
	}
	return int64(limit)
}

// pressure is one line of memory.pressure: the share 0–1 of time in which some or all tasks waited for memory.
type pressure struct{ avg10, avg60 gossip.Optional[float64] }

// readPressure reads memory.pressure: "some avg10=0.00 avg60=0.00 avg300=0.00 total=0" in percent, and the same for
// "full". Where PSI is switched off, the file exists, but cannot be read: pressure is absent then.
func readPressure(file string) (some, full pressure, err error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return some, full, nil //nolint:nilerr // it does not exist, or EOPNOTSUPP: not measured
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		var avg10, avg60 float64
		var tasks string
		if _, err := fmt.Sscanf(lines.Text(), "%s avg10=%g avg60=%g", &tasks, &avg10, &avg60); err != nil {
			return some, full, fmt.Errorf("%s: %w", file, err)
		}
		p := pressure{gossip.Some(avg10 / 100), gossip.Some(avg60 / 100)}
		switch tasks {
		case "some":
			some = p
		case "full":
			full = p
		}
	}
	return some, full, nil
}
