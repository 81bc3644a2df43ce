// Package quote shows pieces of a script in messages.
package quote

import (
	"strconv"
	"strings"
)

// Text quotes a text, and cuts it if it is longer than 60 bytes.
func Text(s string) string {
	if len(s) > 60 {
		s = strings.ToValidUTF8(s[:57], "") + "..."
	}
	return strconv.Quote(s)
}
