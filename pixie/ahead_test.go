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

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// whole tells all of a text, with the place of each error.
func whole(r io.Reader, workers, size int) []string {
	var told []string
	newScanner(r, 4096, &workspace{buf: make([]byte, 2*chunk)}).pairs(workers, size, func(event gossip.Event, err error) bool {
		switch bad := (*RecordError)(nil); {
		case errors.As(err, &bad):
			told = append(told, fmt.Sprintf("%d+%d: %v", bad.Line, bad.Offset, err))
		case err != nil:
			told = append(told, err.Error())
		default:
			told = append(told, show(event))
		}
		return true
	})
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
		"broken":       rec("a") + "\n{\"x\":[\n" + rec("b") + "\n{\"x\":\"y\n" + rec("c") + "\nz z\n" + rec("d") + "\n{\"x\":{}",
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
				want := whole(input(), 0, 0)
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
		want := whole(bytes.NewReader(input), 0, 0)
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
		for _, err := range (Options{Workers: 3}).Decode(endless) {
			require.NoError(t, err)
			if n++; n == at {
				break
			}
		}
		require.Equal(t, at, n)
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
