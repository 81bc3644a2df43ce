package operator

import (
	"math"
	"os"
	"runtime/debug"
	"strconv"
	"strings"
)

// unknownLimit is the memory limit of a process that has none: what 20,000 subjects need.
const unknownLimit = 1 << 30

// The parts of the memory limit: two fifths for the subjects, a quarter for requests. The rest is for the caches of
// pods and objects, and for garbage.
func subjectsPart(limit int64) int64 { return limit / 5 * 2 }
func requestsPart(limit int64) int64 { return limit / 4 }

// memoryLimit returns GOMEMLIMIT, or nine tenths of the container's limit if that is less, bytes.
func memoryLimit() int64 {
	limit := debug.SetMemoryLimit(-1)
	for _, file := range []string{"/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"} {
		if n, ok := readLimit(file); ok {
			limit = min(limit, n/10*9)
		}
	}
	if limit > math.MaxInt64/2 { // none; the second version of cgroups says "max", the first one a large number
		return unknownLimit
	}
	return limit
}

// readLimit reads the limit in a file of a cgroup. There is none where the file is missing or has no number.
func readLimit(file string) (int64, bool) {
	text, err := os.ReadFile(file)
	if err != nil {
		return 0, false
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	return n, err == nil && n > 0
}
