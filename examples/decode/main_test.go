package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// runMain returns what main prints with a file as its standard input.
func runMain(t *testing.T, input string) string {
	t.Helper()
	in, err := os.Open(input)
	require.NoError(t, err)
	defer in.Close()
	out, err := os.Create(filepath.Join(t.TempDir(), "out"))
	require.NoError(t, err)
	defer out.Close()
	defer func(in, out *os.File) { os.Stdin, os.Stdout = in, out }(os.Stdin, os.Stdout)
	os.Stdin, os.Stdout = in, out
	main()
	text, err := os.ReadFile(out.Name())
	require.NoError(t, err)
	return string(text)
}

func TestTheTenLinesOfTheREADMERunAndPrintWhatItSays(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	require.NoError(t, err)
	program, err := os.ReadFile("main.go")
	require.NoError(t, err)
	_, body, _ := strings.Cut(string(program), "func main() {\n")
	body, _, _ = strings.Cut(body, "\n}\n")
	body = strings.ReplaceAll("\n"+body, "\n\t", "\n")
	require.Contains(t, string(readme), "```go"+body+"\n```")
	output := runMain(t, "../captures/hidden-throttling.ndjson")
	require.Contains(t, strings.ReplaceAll(string(readme), "\n", " "), strings.TrimSpace(output))
}
