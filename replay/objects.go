package replay

import (
	"encoding/json"
	"fmt"
	"io"

	"sigs.k8s.io/yaml"
)

// printJSON writes one object per line, in the order of subjects.
func printJSON(out io.Writer, verdicts []verdict) error {
	encoder := json.NewEncoder(out)
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
