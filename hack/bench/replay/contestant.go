package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"time"

	"github.com/kernel-gossip/kernel-gossip/hack/bench/load"
)

// contestant is a program that reads the records.
type contestant struct {
	what    string
	input   input
	command []string
	env     []string
	missing func() string // why it cannot run; empty if it can
}

// jqProgram is the least that an analysis with jq would have to do: read every record and add up a figure.
const jqProgram = `reduce inputs as $r (0; . + ($r.nr_throttled // $r.throttle_percentage // 0))`

func listContestants(program string, whole, part input, shape load.Shape) []contestant {
	script := filepath.Join("hack", "bench", "replay", "duckdb.cjs")
	modules := "NODE_PATH=" + filepath.Join("bin", "node_modules")
	return []contestant{
		{
			what:    "gossip-replay -o json",
			input:   whole,
			command: []string{program, "-o", "json", whole.name},
			missing: findProgram(program, "go build -o bin/ ./replay/gossip-replay"),
		},
		{
			what: "DuckDB: read_json and an aggregate", input: whole, env: []string{modules},
			command: []string{"node", script, whole.name, strconv.Itoa(runtime.GOMAXPROCS(0)), string(shape)},
			missing: func() string {
				if why := findProgram("node", "Node.js")(); why != "" {
					return why
				}
				check := exec.Command("node", "-e", `require.resolve("@duckdb/node-api")`)
				check.Env = append(os.Environ(), modules)
				if check.Run() != nil {
					return "@duckdb/node-api is not there (npm install --prefix bin @duckdb/node-api)"
				}
				return ""
			},
		},
		{
			what:    "jq: one sum, of a twentieth",
			input:   part,
			command: []string{"jq", "-n", jqProgram, part.name},
			missing: findProgram("jq", "apt-get install jq"),
		},
	}
}

func findProgram(program, how string) func() string {
	return func() string {
		if _, err := exec.LookPath(program); err != nil {
			return fmt.Sprintf("%s is not there (%s)", program, how)
		}
		return ""
	}
}

// measured is one run.
type measured struct {
	wall, cpu time.Duration
	memory    int64 // bytes, the most at any time
}

// measureRuns runs each program this number of times and returns the median run of each. The programs take turns, so
// that a slow phase of the machine affects all of them.
func measureRuns(all []contestant, runs int) ([]measured, error) {
	took := make([][]measured, len(all))
	for range max(1, runs) {
		for i, c := range all {
			m, err := c.run()
			if err != nil {
				return nil, fmt.Errorf("%s: %w", c.what, err)
			}
			took[i] = append(took[i], m)
		}
	}
	middle := make([]measured, len(all))
	for i, runs := range took {
		slices.SortFunc(runs, func(a, b measured) int { return int(a.wall - b.wall) })
		middle[i] = runs[len(runs)/2]
	}
	return middle, nil
}

func (c contestant) run() (measured, error) {
	var errs bytes.Buffer
	cmd := exec.Command(c.command[0], c.command[1:]...)
	cmd.Env = append(os.Environ(), c.env...)
	cmd.Stderr = &errs
	begin := time.Now()
	err := cmd.Run()
	wall := time.Since(begin)
	var exit *exec.ExitError
	if err != nil && !(errors.As(err, &exit) && exit.ExitCode() == 1) { // gossip-replay found something
		return measured{}, fmt.Errorf("%w: %s", err, errs.String())
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return measured{}, errors.New("the system does not tell how much memory a process took")
	}
	return measured{wall, cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), usage.Maxrss * 1024}, nil
}
