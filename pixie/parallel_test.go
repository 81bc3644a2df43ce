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

// whole tells all of a text: events of each kind of list, errors with their place.
func whole(r io.Reader, workers, size int) map[string][]string {
	told := map[string][]string{}
	s := newScanner(r, 4096, newWorkspace())
	err := s.scanBatches(workers, size, func(b *Batch, _ error) bool {
		for event := range b.All() {
			kind := fmt.Sprintf("%T", event)
			told[kind] = append(told[kind], show(event))
		}
		for _, bad := range b.Refused {
			told["refused"] = append(told["refused"], fmt.Sprintf("%d+%d: %v", bad.Line, bad.Offset, bad))
		}
		return true
	})
	told["end"] = []string{err.Error()}
	return told
}

// singly tells the same by Decode.
func singly(r io.Reader) map[string][]string {
	told := map[string][]string{}
	end := io.EOF
	for event, err := range (Options{MaxRecord: 4096}).Decode(r) {
		var bad *RecordError
		switch {
		case errors.As(err, &bad):
			told["refused"] = append(told["refused"], fmt.Sprintf("%d+%d: %v", bad.Line, bad.Offset, err))
			continue
		case err != nil:
			end = err
			continue
		}
		list := fmt.Sprintf("%T", event)
		told[list] = append(told[list], show(event))
	}
	told["end"] = []string{end.Error()}
	return told
}

// The same comes out however the text is cut into pieces, and whoever decodes them.
func TestAhead(t *testing.T) {
	texts := map[string]string{
		"nothing":      "",
		"mark":         "\ufeff" + rec("a") + "\n" + rec("b"),
		"one line":     rec("a") + rec("b") + rec("c"),
		"blank lines":  "\n\n" + rec("a") + "\r\n\r\n  " + rec("b") + "\n \n",
		"empty arrays": "[]\n" + rec("a") + "\n[ \n] \n" + rec("b") + "\n[]",
		"array":        rec("a") + "\n[" + rec("b") + ",\n" + rec("c") + "\n" + rec("d") + "]\n" + rec("e"),
		"broken":       rec("a") + "\n{\"x\":[\n" + rec("b") + "\n{\"x\":\"y\n" + rec("c") + "\nz y\n" + rec("d") + "\n{\"x\":{}",
		"too long":     rec("a") + "\n" + `{"x":"` + strings.Repeat("long", 5000) + `"}` + rec("b") + "\n",
		"UTF-16":       "{\x00\"\x00",
		"many":         strings.Repeat(rec("a")+"\n"+strings.Replace(rec("b"), "80", `"8\u0030"`, 1)+"\n{}\n", 2000),
	}
	for name, archive := range corpus(t) {
		texts[name] = string(archive.Files[0].Data)
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			for _, end := range []error{io.EOF, errors.New("broken pipe")} {
				input := func() io.Reader { return io.MultiReader(strings.NewReader(text), iotest.ErrReader(end)) }
				want := singly(input())
				require.Equal(t, want, whole(input(), 0, 0))
				for _, size := range []int{1, 2, 7, 61, 250, 1000, 5000, pieceSize} {
					for _, cpus := range []int{1, 2, 8} {
						runtime.GOMAXPROCS(cpus)
						if d := cmp.Diff(want, whole(input(), 1+cpus, size)); d != "" {
							t.Fatalf("in pieces of %d bytes on %d CPUs (-want +got)\n%s", size, cpus, d)
						}
					}
				}
			}
		})
	}
}

func FuzzAhead(f *testing.F) {
	seed(f)
	f.Fuzz(func(t *testing.T, input []byte) {
		if isPacked(input) {
			return
		}
		want := singly(bytes.NewReader(input))
		require.Equal(t, want, whole(bytes.NewReader(input), 0, 0))
		for _, size := range []int{1 + len(input)%13, 1 + len(input)%131, 1 + len(input)%1031} {
			require.Equal(t, want, whole(bytes.NewReader(input), 2, size), "in pieces of %d bytes", size)
		}
	})
}

// Whoever stops early leaves no goroutine behind, and what is read ahead is bounded.
func TestAheadStops(t *testing.T) {
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
