package replay

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/otlp"
)

// lookAhead is how many bytes of a text are examined to detect its format.
const lookAhead = 4096

// unpackedText is the text of a file, without gzip or zstd.
type unpackedText struct {
	*bufio.Reader
	io.Closer
}

// openText unpacks a file, and also returns how its text begins. If the file is of a kind in which no record can be
// found, the error names that kind.
func openText(in io.Reader) (text *unpackedText, head []byte, err error) {
	plain, err := pixie.Unpack(in)
	if err != nil {
		return nil, nil, err
	}
	text = &unpackedText{bufio.NewReaderSize(plain, lookAhead), plain}
	begin, _ := text.Peek(lookAhead) // the next read returns the error again
	if what := describePackedKind(begin); what != "" {
		return nil, nil, errors.Join(errors.New("looks like "+what), text.Close())
	}
	return text, bytes.Clone(begin), nil
}

// expandDirectories replaces each directory by the captures in it, sorted by name.
func expandDirectories(names []string) ([]string, error) {
	var all []string
	var trouble []error
	for _, name := range names {
		info, err := os.Stat(name)
		if name == "-" || err != nil || !info.IsDir() { // opening the file returns the error again
			all = append(all, name)
			continue
		}
		entries, err := os.ReadDir(name)
		found := len(all)
		for _, e := range entries {
			if !e.IsDir() && isCapture(e.Name()) {
				all = append(all, filepath.Join(name, e.Name()))
			}
		}
		if err == nil && found == len(all) {
			err = fmt.Errorf("%s: no capture in this directory: none of its files ends in .%s", name,
				strings.Join(captureFiles, ", ."))
		}
		trouble = append(trouble, err)
	}
	return all, errors.Join(trouble...)
}

// isCapture reports whether a file in a directory is a capture, by its name. Files for --pods are kept beside captures.
func isCapture(name string) bool {
	plain := strings.TrimSuffix(strings.TrimSuffix(name, ".gz"), ".zst")
	ending := strings.TrimPrefix(filepath.Ext(name), ".")
	switch {
	case strings.HasPrefix(name, "."), plain == "pods.json", strings.HasSuffix(plain, ".pods.json"):
		return false
	case slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(plain)):
		return false
	}
	return slices.Contains(captureFiles, ending)
}

// readBatches reads a text in its own format: OTLP, or one of the formats of package pixie. A batch is valid until the
// next one.
func readBatches(text *bufio.Reader) iter.Seq2[*pixie.Batch, error] {
	if head, _ := text.Peek(lookAhead); !otlp.Is(head) { // the next read returns the error again
		return pixie.Options{Workers: runtime.GOMAXPROCS(0)}.Batches(text)
	}
	return func(yield func(*pixie.Batch, error) bool) {
		for record, err := range (otlp.Options{}).Decode(text) {
			b := &pixie.Batch{}
			switch bad := (*pixie.RecordError)(nil); {
			case errors.As(err, &bad):
				b.Refused = []*pixie.RecordError{bad}
			case err != nil:
				yield(nil, err)
				return
			default:
				b.Add(record.Event)
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}
