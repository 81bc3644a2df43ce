package replay

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"sync"

	"sigs.k8s.io/yaml"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

// blockSize is how many objects are made at a time: enough that handing them over costs nothing.
const blockSize = 64

// printJSON writes the object of each finding on a line, in their order. Objects are made a few at a time: all at once would be much memory.
func printJSON(out io.Writer, findings []gossip.Finding, pods catalogs) error {
	var used sync.Pool // of texts that are written
	encode := func(findings []gossip.Finding) lines {
		text, ok := used.Get().(*bytes.Buffer)
		if !ok {
			text = &bytes.Buffer{}
		}
		text.Reset()
		return lines{text, encode(text, pods.verdicts(findings))}
	}
	for lines := range inParallel(slices.Chunk(findings, blockSize), encode) {
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

// lines are a block of objects as text.
type lines struct {
	text *bytes.Buffer
	err  error
}

func encode(text *bytes.Buffer, verdicts []verdict) error {
	encoder := json.NewEncoder(text)
	encoder.SetEscapeHTML(false)
	for _, v := range verdicts {
		if v.object == nil {
			continue
		}
		if err := encoder.Encode(v.object); err != nil {
			return err
		}
	}
	return nil
}

// noObjects is the YAML of no objects: a file without anything is not a result to diff.
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
