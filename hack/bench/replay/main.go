// Command replay measures gossip-replay on a million synthetic records, as a whole process and beside others that read
// the same file.
//
//	replay                     the table; `make bench-replay` runs it
//	replay -records 10000000   the same for more of them: time grows in proportion, memory does not
//	replay -shape random       the same for records of another shape
//	replay generate            writes the records to stdout
//
// The programs take turns, several times; the table has the run of each in the middle, by wall time. DuckDB needs
// Node.js and
//
//	npm install --prefix bin @duckdb/node-api
//
// and jq its package. A program that is not installed is left out, and a line says so. Each program gets as many
// threads as there are CPUs (GOMAXPROCS), and its output is discarded.
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"slices"
	"text/tabwriter"

	"github.com/kernel-gossip/kernel-gossip/hack/bench/load"
)

func main() {
	flags := flag.NewFlagSet("bench", flag.ExitOnError)
	records := flags.Int("records", 1_000_000, "how many records")
	pods := flags.Int("pods", 5000, "about how many pods they are")
	seed := flags.Uint64("seed", 1, "makes other figures of the same kind")
	shape := flags.String("shape", string(load.Rotation), fmt.Sprintf("of the records, one of %q", load.Shapes))
	runs := flags.Int("runs", 5, "how often each program runs")
	program := flags.String("program", "bin/gossip-replay", "`FILE` of gossip-replay")
	args := os.Args[1:]
	generate := len(args) > 0 && args[0] == "generate"
	if generate {
		args = args[1:]
	}
	_ = flags.Parse(args) // exits on an error
	l := load.Load{Records: *records, Pods: *pods, Seed: *seed, Shape: load.Shape(*shape)}
	var err error
	if generate {
		err = l.Write(os.Stdout)
	} else {
		err = runBenchmark(l, *program, *runs)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench/replay:", err)
		os.Exit(1)
	}
}

// runBenchmark prints the table.
func runBenchmark(l load.Load, program string, runs int) error {
	whole, err := write(l)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(whole.name) }()
	l.Records /= 20
	part, err := write(l)
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(part.name) }()
	fmt.Printf("%d CPUs, %s\n", runtime.GOMAXPROCS(0), runtime.Version())
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	defer func() { _ = out.Flush() }()
	fmt.Fprintln(out, "what\tinput\twall\tCPU\tpeak memory\tMB/s")
	all := slices.DeleteFunc(listContestants(program, whole, part, l.Shape), func(c contestant) bool {
		why := c.missing()
		if why != "" {
			fmt.Fprintf(out, "%s\tleft out: %s\n", c.what, why)
		}
		return why != ""
	})
	middle, err := measureRuns(all, runs)
	if err != nil {
		return err
	}
	for i, c := range all {
		m := middle[i]
		fmt.Fprintf(out, "%s\t%.0f MB\t%.2f s\t%.2f s\t%.0f MB\t%.0f\n", c.what, c.input.megabyteSize(), m.wall.Seconds(),
			m.cpu.Seconds(), float64(m.memory)/1e6, c.input.megabyteSize()/m.wall.Seconds())
	}
	return nil
}

// input is a file of records.
type input struct {
	name string
	size int64
}

func (i input) megabyteSize() float64 { return float64(i.size) / 1e6 }

func write(l load.Load) (input, error) {
	f, err := os.CreateTemp("", "records-*.ndjson")
	if err != nil {
		return input{}, err
	}
	defer f.Close()
	if err := l.Write(f); err != nil {
		return input{}, err
	}
	if err := f.Sync(); err != nil { // otherwise the disk is still writing while the first program runs
		return input{}, err
	}
	info, err := f.Stat()
	if err != nil {
		return input{}, err
	}
	return input{f.Name(), info.Size()}, f.Close()
}
