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

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/pixie"
	"github.com/kernel-gossip/kernel-gossip/pixie/otlp"
)

// lookAhead is how much of a text is looked at to know its format.
const lookAhead = 4096

// unpacked is the text of a file.
type unpacked struct {
	*bufio.Reader
	io.Closer
}

// open unpacks a file, and returns how it begins. The error says what it is, where no record can be found in such a
// file.
func open(in io.Reader) (text *unpacked, head []byte, err error) {
	plain, err := pixie.Unpack(in)
	if err != nil {
		return nil, nil, err
	}
	text = &unpacked{bufio.NewReaderSize(plain, lookAhead), plain}
	begin, _ := text.Peek(lookAhead) // an error comes again when it is read
	if what := packedKind(begin); what != "" {
		return nil, nil, errors.Join(errors.New("looks like "+what), text.Close())
	}
	return text, bytes.Clone(begin), nil
}

// inDirectories puts the captures of a directory, by their names, in its place.
func inDirectories(names []string) ([]string, error) {
	var all []string
	var trouble []error
	for _, name := range names {
		info, err := os.Stat(name)
		if name == "-" || err != nil || !info.IsDir() { // an error comes again when it is opened
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

// isCapture says whether a file of a directory is a capture by its name. Files for --pods lie beside captures.
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

// batches reads a text in the format that it is in: OTLP, or records of package pixie, which tell their own formats. A batch is valid until
// the next one.
func batches(text *bufio.Reader) iter.Seq2[*pixie.Batch, error] {
	if head, _ := text.Peek(lookAhead); !otlp.Is(head) { // an error comes again when it is read
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
				b.Others = []gossip.Event{record.Event}
			}
			if !yield(b, nil) {
				return
			}
		}
	}
}
