package plain

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func quote(text string) []byte { return []byte(`"` + text + `"`) }

func TestTextsAreFoundByTheirHash(t *testing.T) {
	var in Interner
	texts := []string{"a", "ab", "abc", "abcd", "abcdefgh", "abcdefghi", strings.Repeat("x", maxInterned)}
	for _, text := range texts {
		_, known := in.Find(0, quote(text))
		require.False(t, known)
		require.Equal(t, text, in.Add(0, quote(text), text))
	}
	for _, text := range texts {
		known, ok := in.Find(0, quote(text))
		require.True(t, ok, text)
		require.Equal(t, text, known)
	}
}

func TestTheNextTextIsPredicted(t *testing.T) {
	var in Interner
	for _, text := range []string{"a", "b", "c"} {
		in.Add(0, quote(text), text)
	}
	in.Find(0, quote("a"))
	for _, text := range []string{"a", "a", "b", "c", "c"} {
		known, end := in.Predict(0, []byte(`:"`+text+`",`), 1)
		require.Equal(t, text, known)
		require.Equal(t, 4, end)
	}
	known, _ := in.Predict(0, []byte(`:"a",`), 1)
	require.Empty(t, known, "another order")
	known, _ = in.Predict(0, []byte(`:"c`), 1)
	require.Empty(t, known, "the end of the text")
}

func TestOnlyShortTextsWithoutEscapesAreKept(t *testing.T) {
	var in Interner
	long := strings.Repeat("x", maxInterned+1)
	for quoted, text := range map[string]string{`""`: "", `"\n"`: "\n", `"` + long + `"`: long, `7`: "7", `123`: "2"} {
		require.Equal(t, text, in.Add(0, []byte(quoted), text))
		_, known := in.Find(0, []byte(quoted))
		require.False(t, known, quoted)
	}
}

// A full interner starts again; texts that it returned before stay as they are.
func TestAFullInternerStartsAgain(t *testing.T) {
	var in Interner
	var kept []string
	for i := range maxTexts + 10 {
		text := fmt.Sprint("text-", i)
		kept = append(kept, in.Add(0, quote(text), text))
	}
	require.Len(t, in.texts, 10)
	for i, text := range kept {
		require.Equal(t, fmt.Sprint("text-", i), text)
	}
	_, known := in.Find(0, quote("text-1"))
	require.False(t, known)
	_, known = in.Find(0, quote(fmt.Sprint("text-", maxTexts+9)))
	require.True(t, known)
}
