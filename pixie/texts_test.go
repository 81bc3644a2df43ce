package pixie

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// What is remembered is a text, and its letters in a value of another type are not it.
func TestAKnownTextIsNoOtherValue(t *testing.T) {
	with := func(node string) string { return strings.Replace(rec("a"), "{", `{"node":`+node+",", 1) }
	for _, text := range []string{"23", "ru"} {
		for _, other := range []string{"1234", "true"} {
			_, errs := pairs(t, Options{}, strings.NewReader(with(`"`+text+`"`)+with(other)))
			require.Len(t, errs, 1)
			require.ErrorContains(t, errs[0], "node: string expected")
		}
	}
}

// More names than are remembered, between others that come again.
func TestMoreTextsThanAreKeptAreRead(t *testing.T) {
	const many = 1<<14 + 10 // an interner keeps 1<<14
	var text strings.Builder
	for i := range many {
		fmt.Fprintln(&text, strings.Replace(rec("a"), "shop", fmt.Sprintf("shop-%d", i), 1))
	}
	events, errs := pairs(t, Options{}, strings.NewReader(text.String()))
	require.Empty(t, errs)
	require.Len(t, events, many)
	for i, event := range events {
		require.Equal(t, fmt.Sprintf("shop-%d", i), event.From().Namespace)
		require.Equal(t, "a", event.From().Pod)
		require.Equal(t, "app", event.From().Container)
	}
}
