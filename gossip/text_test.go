package gossip_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

func TestCleanTextReplacesWhatCannotBeSeen(t *testing.T) {
	for what, test := range map[string]struct{ text, want string }{
		"an ordinary text":            {text: "java -Xmx1g", want: "java -Xmx1g"},
		"letters, accents, symbols":   {text: "größe 大 naïve e\u0301 → 5 % 🦊", want: "größe 大 naïve e\u0301 → 5 % 🦊"},
		"an empty text":               {},
		"an escape sequence":          {text: "a\x1b[2Jb", want: "a�[2Jb"},
		"one byte that is an escape":  {text: "a\u009b2Jb", want: "a�2Jb"},
		"line ends and tabs":          {text: "a\r\nb\tc\vd\fe", want: "a��b�c�d�e"},
		"other line ends":             {text: "a\u0085b\u2028c\u2029d", want: "a�b�c�d"},
		"NUL and DEL":                 {text: "a\x00b\x7fc", want: "a�b�c"},
		"marks of direction":          {text: "\u202etxt\u2066a\u2069\u200e\u200f\u061c", want: "�txt�a����"},
		"characters without width":    {text: "a\u200bb\u200cc\u200dd\u2060e\ufefff\u00adg\u034fh", want: "a�b�c�d�e�f�g�h"},
		"letters that are not shown":  {text: "a\u3164b\u115fc\u17b4d", want: "a�b�c�d"},
		"tags":                        {text: "a\U000E0041\U000E007F", want: "a��"},
		"variation selectors":         {text: "a\ufe0f\U000E0100", want: "a��"},
		"private use and unassigned":  {text: "a\ue000\U000F0000\u0378", want: "a���"},
		"bytes that are not UTF-8":    {text: "a\xff\xfeb\xed\xa0\x80", want: "a��b���"},
		"a character that was cut":    {text: "na\xc3", want: "na�"},
		"a text that was cleaned":     {text: "a��b", want: "a��b"},
		"only what cannot be seen":    {text: "\n", want: "�"},
		"quotes and what a shell has": {text: "`a` $(b) 'c' \"d\" \\ ; | & < >", want: "`a` $(b) 'c' \"d\" \\ ; | & < >"},
	} {
		t.Run(what, func(t *testing.T) { require.Equal(t, test.want, gossip.CleanText(test.text)) })
	}
}

func TestCleanLinesKeepsLineEnds(t *testing.T) {
	require.Equal(t, "a�[2J\nb�\n", gossip.CleanLines("a\x1b[2J\nb\r\n"))
}

func FuzzCleanText(f *testing.F) {
	for _, s := range []string{"", "app", "a\x1b[2J\n", "\u202e\U000E0041\xff", "大"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		clean := gossip.CleanText(s)
		require.True(t, utf8.ValidString(clean))
		require.Equal(t, -1, strings.IndexFunc(clean, func(r rune) bool {
			return !unicode.IsGraphic(r) || unicode.In(r, unicode.Cc, unicode.Cf, unicode.Bidi_Control, unicode.Zl, unicode.Zp)
		}))
		require.Equal(t, utf8.RuneCountInString(s), utf8.RuneCountInString(clean), "each character is replaced by one")
		require.Equal(t, clean, gossip.CleanText(clean))
	})
}
