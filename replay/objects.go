package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"

	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/recommend"
)

// blockSize is how many objects are encoded at a time: enough that the exchange between goroutines costs little.
const blockSize = 64

// printJSON writes one object a line, in the order of subjects. It encodes a few objects at a time, because all at
// once would need much memory.
func printJSON(out io.Writer, measurements []measurement, pods catalogs) error {
	var used sync.Pool // buffers that are written
	rules := recommend.Default()
	encode := func(measurements []measurement) encodedBlock {
		text, ok := used.Get().(*bytes.Buffer)
		if !ok {
			text = &bytes.Buffer{}
		}
		text.Reset()
		return encodedBlock{text, encode(text, measurements, pods, rules)}
	}
	for lines := range mapParallel(slices.Chunk(measurements, blockSize), encode) {
		if _, err := lines.text.WriteTo(out); err != nil {
			return err
		}
		if lines.err != nil {
			return lines.err
		}
		used.Put(lines.text)
	}
	return nil
}

// encodedBlock is a block of objects as text.
type encodedBlock struct {
	text *bytes.Buffer
	err  error
}

// encode appends the objects of measurements to a text, one a line.
func encode(text *bytes.Buffer, measurements []measurement, pods catalogs, rules recommend.Rules) error {
	encoder := json.NewEncoder(text)
	encoder.SetEscapeHTML(false)
	for i := range measurements {
		v := pods.makeVerdict(measurements[i], rules)
		if v.object == nil {
			continue
		}
		if err := encoder.Encode(v.object); err != nil {
			return err
		}
	}
	return nil
}

// noObjects is the YAML output for no objects. An empty file is not a result that diff accepts.
const noObjects = "# no objects\n"

// printYAML writes one document per object, in the order of subjects.
func printYAML(out io.Writer, verdicts []verdict) error {
	separator := ""
	for _, v := range verdicts {
		if v.object == nil {
			continue
		}
		text, err := yaml.Marshal(v.object)
		if err != nil {
			return err
		}
		if _, err := fmt.Fprintf(out, "%s%s", separator, text); err != nil {
			return err
		}
		separator = "---\n"
	}
	if separator == "" {
		_, err := io.WriteString(out, noObjects)
		return err
	}
	return nil
}
