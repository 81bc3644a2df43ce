package pixie

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is remembered is a text, and its letters in a value of another type are not it.
func TestRememberedText(t *testing.T) {
	with := func(node string) string { return strings.Replace(rec("a"), "{", `{"node":`+node+",", 1) }
	for _, text := range []string{"23", "ru"} {
		for _, other := range []string{"1234", "true"} {
			_, errs := pairs(t, Options{}, strings.NewReader(with(`"`+text+`"`)+with(other)))
			require.Len(t, errs, 1)
			require.ErrorContains(t, errs[0], "node: string expected")
		}
	}
}
