package replay

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// printJSON writes one object per line, in the order of subjects.
func printJSON(out io.Writer, verdicts []verdict) error {
	for lines := range inParallel(slices.Values(verdicts), jsonLines) {
		if _, err := io.WriteString(out, lines.text); err != nil {
			return err
		}
		if lines.err != nil {
			return lines.err
		}
	}
	return nil
}

// lines are a block of objects as text.
type lines struct {
	text string
	err  error
}

func jsonLines(verdicts []verdict) lines {
	var b strings.Builder
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	for _, v := range verdicts {
		if v.object == nil {
			continue
		}
		if err := encoder.Encode(v.object); err != nil {
			return lines{b.String(), err}
		}
	}
	return lines{text: b.String()}
}

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
	return nil
}
