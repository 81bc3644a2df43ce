package pixie

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

// collectBatches returns the events of each kind in the text, and the errors with their places.
func collectBatches(r io.Reader, workers, size int) map[string][]string {
	got := map[string][]string{}
	s := newScanner(r, 4096, newWorkspace())
	err := s.scanBatches(workers, size, func(b *Batch, _ error) bool {
		for event := range b.All() {
			kind := fmt.Sprintf("%T", event)
			got[kind] = append(got[kind], show(event))
		}
		for _, bad := range b.Refused {
			got["refused"] = append(got["refused"], fmt.Sprintf("%d+%d: %v", bad.Line, bad.Offset, bad))
		}
		return true
	})
	got["end"] = []string{err.Error()}
	return got
}

// collectSingly returns the same by Decode.
func collectSingly(r io.Reader) map[string][]string {
	got := map[string][]string{}
	end := io.EOF
	for event, err := range (Options{MaxRecord: 4096}).Decode(r) {
		var bad *RecordError
		switch {
		case errors.As(err, &bad):
			got["refused"] = append(got["refused"], fmt.Sprintf("%d+%d: %v", bad.Line, bad.Offset, err))
			continue
		case err != nil:
			end = err
			continue
		}
		list := fmt.Sprintf("%T", event)
		got[list] = append(got[list], show(event))
	}
	got["end"] = []string{end.Error()}
	return got
}

// The result depends neither on the pieces nor on the worker that decodes one.
func TestPiecesGiveTheSameAsTheWholeText(t *testing.T) {
	texts := map[string]string{
		"nothing":      "",
		"mark":         "\ufeff" + rec("a") + "\n" + rec("b"),
		"one line":     rec("a") + rec("b") + rec("c"),
		"blank lines":  "\n\n" + rec("a") + "\r\n\r\n  " + rec("b") + "\n \n",
		"empty arrays": "[]\n" + rec("a") + "\n[ \n] \n" + rec("b") + "\n[]",
		"array":        rec("a") + "\n[" + rec("b") + ",\n" + rec("c") + "\n" + rec("d") + "]\n" + rec("e"),
		"broken": rec("a") + "\n{\"x\":[\n" + rec("b") + "\n{\"x\":\"y\n" + rec("c") + "\nz y\n" + rec("d") +
			"\n{\"x\":{}",
		"too long": rec("a") + "\n" + `{"x":"` + strings.Repeat("long", 5000) + `"}` + rec("b") + "\n",
		"UTF-16":   "{\x00\"\x00",
		"many":     strings.Repeat(rec("a")+"\n"+strings.Replace(rec("b"), "80", `"8\u0030"`, 1)+"\n{}\n", 2000),
	}
	for name, archive := range corpus(t) {
		texts[name] = string(archive.Files[0].Data)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			for _, end := range []error{io.EOF, errors.New("broken pipe")} {
				input := func() io.Reader { return io.MultiReader(strings.NewReader(text), iotest.ErrReader(end)) }
				want := collectSingly(input())
				require.Equal(t, want, collectBatches(input(), 0, 0))
				for _, size := range []int{1, 2, 7, 61, 250, 1000, 5000, pieceSize} {
					for _, cpus := range []int{1, 2, 8} {
						runtime.GOMAXPROCS(cpus)
						if d := cmp.Diff(want, collectBatches(input(), 1+cpus, size)); d != "" {
							t.Fatalf("in pieces of %d bytes on %d CPUs (-want +got)\n%s", size, cpus, d)
						}
					}
				}
			}
		})
	}
}

func FuzzParallel(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, input []byte) {
		if isPacked(input) {
			return
		}
		want := collectSingly(bytes.NewReader(input))
		require.Equal(t, want, collectBatches(bytes.NewReader(input), 0, 0))
		for _, size := range []int{1 + len(input)%13, 1 + len(input)%131, 1 + len(input)%1031} {
			require.Equal(t, want, collectBatches(bytes.NewReader(input), 2, size), "in pieces of %d bytes", size)
		}
	})
}

// What is read ahead is bounded too.
func TestACallerThatStopsLeavesNoWorkers(t *testing.T) {
	defer goleak.VerifyNone(t)
	record := rec("a") + "\n"
	for _, at := range []int{1, 2, 5000} {
		endless := &counting{r: io.MultiReader(strings.NewReader(strings.Repeat(record, at)), forever(record))}
		n := 0
		for b, err := range (Options{Workers: 3}).Batches(endless) {
			require.NoError(t, err)
			if n += len(b.CPU); n >= at {
				break
			}
		}
		require.Less(t, endless.n, at*len(record)+6*pieceSize)
	}
}

// forever repeats a text.
type forever string

func (f forever) Read(b []byte) (int, error) {
	n := 0
	for n+len(f) <= len(b) {
		n += copy(b[n:], f)
	}
	return n, nil
}

// counting counts what is read.
type counting struct {
	r io.Reader
	n int
}

func (c *counting) Read(b []byte) (int, error) {
	n, err := c.r.Read(b)
	c.n += n
	return n, err
}
