package operator_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Each line of the threat model names what shows it, and all that it names exists.
func TestEachThreatHasItsTest(t *testing.T) {
	page, err := os.ReadFile("threats.md")
	require.NoError(t, err)
	attacks, err := os.ReadFile("../hack/attack/attacks.go")
	require.NoError(t, err)
	functions := testFunctions(t, "..")
	test := regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`")
	attack := regexp.MustCompile(`"([^"]+)"`)
	rows := 0
	for line := range strings.Lines(string(page)) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || strings.HasPrefix(line, "|---") || strings.Contains(line, "shown by |") {
			continue
		}
		rows++
		shown := cells[len(cells)-2]
		tests := test.FindAllStringSubmatch(shown, -1)
		require.NotEmpty(t, tests, line)
		for _, match := range tests {
			require.True(t, functions[match[1]], "no test %s: %s", match[1], line)
		}
		for _, match := range attack.FindAllStringSubmatch(shown, -1) {
			require.True(t, bytes.Contains(attacks, []byte(`name: "`+match[1]+`"`)), "no attack %q: %s", match[1], line)
		}
	}
	require.Greater(t, rows, 30)
	for _, match := range regexp.MustCompile(`name: +"([^"]+)"`).FindAllStringSubmatch(string(attacks), -1) {
		require.True(t, bytes.Contains(page, []byte(`"`+match[1]+`"`)), "no threat for the attack %q", match[1])
	}
}

// testFunctions returns the names of all tests below a folder.
func testFunctions(t *testing.T, root string) map[string]bool {
	t.Helper()
	function := regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	out := map[string]bool{}
	require.NoError(t, filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, match := range function.FindAllSubmatch(text, -1) {
			out[string(match[1])] = true
		}
		return err
	}))
	return out
}
