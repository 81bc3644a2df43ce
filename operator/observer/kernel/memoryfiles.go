package kernel

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"strconv"
	"strings"
)

// counters reads some of the "name value" lines of a file. What is not there is nil.
func counters(file string, names ...string) (map[string]*uint64, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read counters: %w", err)
	}
	values := map[string]*uint64{}
	for _, name := range names {
		text, found := line(b, name)
		if !found {
			continue
		}
		n, err := strconv.ParseUint(string(text), 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", file, name, err)
		}
		values[name] = &n
	}
	return values, nil
}

// line finds the value of the line that begins with a name.
func line(text []byte, name string) (value []byte, found bool) {
	for line := range bytes.Lines(text) {
		if key, value, ok := bytes.Cut(bytes.TrimSpace(line), []byte{' '}); ok && string(key) == name {
			return value, true
		}
	}
	return nil, false
}

// memoryLimit reads a limit: "max", or on cgroup v1 the largest number of whole pages, is none.
func memoryLimit(file string) (*uint64, error) {
	b, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the limit: %w", err)
	}
	text := strings.TrimSpace(string(b))
	if text == "max" {
		return new(uint64), nil
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return new(limited(n)), nil
}

// limited is a limit in bytes, 0 if it is none: what the kernel gives for that depends on the size of a page, which is 64 KiB at most.
func limited(limit uint64) uint64 {
	if limit > math.MaxInt64-64<<10 {
		return 0
	}
	return limit
}

// pressure reads memory.pressure: "some avg10=0.00 avg60=0.00 avg300=0.00 total=0", and the same of "full". The kernel of a node where
// PSI is switched off has the file, but does not let it be read.
func pressure(file string) (some, full *Pressure, err error) {
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, nil, nil //nolint:nilerr // not there, or EOPNOTSUPP: not measured
	}
	lines := bufio.NewScanner(bytes.NewReader(b))
	for lines.Scan() {
		var p Pressure
		var which string
		if _, err := fmt.Sscanf(lines.Text(), "%s avg10=%g avg60=%g", &which, &p.Avg10, &p.Avg60); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", file, err)
		}
		switch which {
		case "some":
			some = &p
		case "full":
			full = &p
		}
	}
	return some, full, nil
}
