package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"
)

// quoteText returns a text as JSON.
func quoteText(text string) string {
	out, err := json.Marshal(text)
	if err != nil {
		panic(err) // a string is always JSON
	}
	return string(out)
}

// findHostile returns the first place where a text would do something to a terminal or a shell: a character that cannot
// be seen, or the marker at the beginning of a line. Tabs and line ends are allowed.
func findHostile(text string) error {
	for line := range strings.Lines(text) {
		if strings.HasPrefix(strings.TrimSpace(line), marker) {
			return fmt.Errorf("a line that is a command of the attacker: %q", line)
		}
		for _, r := range strings.TrimSuffix(line, "\n") {
			if r != '\t' && (unicode.IsControl(r) || unicode.Is(unicode.Cf, r)) {
				return fmt.Errorf("the character %U in %q", r, line)
			}
		}
	}
	return nil
}

// findHostileJSON looks at each text in a value that can be JSON.
func findHostileJSON(value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return err
	}
	var tree any
	if err := json.Unmarshal(text, &tree); err != nil {
		return err
	}
	return walkTexts(tree, findHostile)
}

// walkTexts calls check with each text of a JSON value, until it returns an error.
func walkTexts(tree any, check func(string) error) error {
	switch tree := tree.(type) {
	case string:
		return check(tree)
	case []any:
		for _, element := range tree {
			if err := walkTexts(element, check); err != nil {
				return err
			}
		}
	case map[string]any:
		for name, element := range tree {
			if err := check(name); err != nil {
				return err
			}
			if err := walkTexts(element, check); err != nil {
				return err
			}
		}
	}
	return nil
}
