package pixie

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// What becomes of a stream: every good record counts, and what is lost is said.
func TestGoodRecordsCountAndLossesAreReported(t *testing.T) {
	a, b, c := rec("a"), rec("b"), rec("c")
	pretty := "{\n  \"type\": \"cpu_throttle\",\n  \"x\": [\n    {\n      \"y\": 1\n    }\n  ],\n" +
		strings.TrimPrefix(rec("p"),
			`{"type":"cpu_throttle",`)
	indented := "  " + strings.ReplaceAll(pretty, "\n", "\n  ")
	const noObject = "invalid JSON: object or array expected, found "
	const restOfLine = "; the rest of the line is skipped"
	const lost = "; the rest of the array is lost"
	const noBracket = "invalid JSON: comma or closing bracket expected, found "
	tests := map[string]struct {
		input string
		want  []string
	}{
		"nothing":              {"", nil},
		"white space":          {" \r\n\t\n", nil},
		"byte order mark only": {"\ufeff", nil},
		"one object":           {a, []string{"a"}},
		"one a line":           {a + "\n" + b + "\n", []string{"a", "b"}},
		"CRLF and blank lines": {a + "\r\n\r\n" + b + "\r\n\n\n", []string{"a", "b"}},
		"byte order mark":      {"\ufeff" + a + "\n" + b, []string{"a", "b"}},
		"one after another":    {a + b + " " + c, []string{"a", "b", "c"}},
		"pretty-printed":       {pretty + "\n" + pretty, []string{"p", "p"}},
		"array":                {"[" + a + "," + b + "]", []string{"a", "b"}},
		"pretty array":         {"[\n" + indented + ",\n" + indented + "\n]\n", []string{"p", "p"}},
		"empty array":          {"[ ]", nil},
		"arrays and objects":   {"[" + a + "]\n" + b + "\n[\n" + c + "]", []string{"a", "b", "c"}},

		"garbage line": {a + "\nhello {\n" + b, []string{"a", "line 2: " + noObject + "'h'" + restOfLine, "b"}},
		"log prefix": {
			"2026-01-02 INFO " + a + "\n" + b, []string{"line 1: " + noObject + "'2'" + restOfLine, "b"},
		},
		"garbage behind":  {a + ",\n" + b, []string{"a", "line 1: " + noObject + "','" + restOfLine, "b"}},
		"closing bracket": {"]" + a + "\n" + b, []string{"line 1: " + noObject + "']'" + restOfLine, "b"}},
		"binary line":     {"\x01\x02\xff\n" + b, []string{"line 1: " + noObject + "byte 0x01" + restOfLine, "b"}},
		"scalar":          {"12", []string{"line 1: " + noObject + "'1'" + restOfLine}},
		"second mark":     {a + "\n\ufeff" + b, []string{"a", "line 2: " + noObject + "byte 0xef" + restOfLine}},
		"syntax error in a line": {
			a + "\n{\"a\":NaN}\n" + b,
			[]string{"a", `line 2: invalid JSON at "/a": invalid character 'N' at start of value`, "b"},
		},

		"unclosed object": {
			a + "\n{\"x\":{\"y\":1}\n" + b + "\n" + c, []string{"a", "line 2: " + noBracket + "'{'", "b", "c"},
		},
		"unclosed and waiting":  {"{\"x\":\n" + b + "\n" + c, []string{"line 1: " + noBracket + "'{'", "b", "c"}},
		"unclosed array inside": {"{\"x\":[\n" + b + "\n" + c, []string{"line 1: " + noBracket + "'{'", "b", "c"}},
		"unclosed string":       {"{\"x\":\"y\n" + b, []string{"line 1: " + string(errLineInString), "b"}},
		"escaped end of line":   {"{\"x\":\"y\\\n" + b, []string{"line 1: " + string(errLineInString), "b"}},
		"unclosed at the end":   {a + "\n{\"x\":{}", []string{"a", "line 2: " + string(errNotClosed)}},
		"open string at end":    {a + "\n{\"x", []string{"a", "line 2: " + string(errOpenString)}},
		"unclosed, then fine": {
			"{\"x\":[{},\n" + b + ",\n" + c,
			[]string{"line 1: " + string(errNotClosed), "b", "line 2: " + noObject + "','" + restOfLine, "c"},
		},
		"wrong bracket":    {"{\"x\":]}\n" + b, []string{"line 1: invalid JSON: value expected, found ']'", "b"}},
		"bracket too many": {a + "}\n" + b, []string{"a", "line 1: " + noObject + "'}'" + restOfLine, "b"}},
		"too deep": {
			`{"x":` + strings.Repeat("[", 64) + "\n" + b, []string{"line 1: " + string(errTooDeep), "b"},
		},
		"broken pretty": {
			strings.Replace(pretty, "[", "]", 1) + "\n" + pretty,
			[]string{"line 1: invalid JSON: value expected, found ']'; skipped to line 9", "p"},
		},

		"bad element": {
			"[" + a + `,{"x":NaN},` + b + "]",
			[]string{"a", `line 1: invalid JSON at "/x": invalid character 'N' at start of value`, "b"},
		},
		"elements of other type": {
			"[1,\"a,]\",null,[{}]," + b + "]",
			[]string{
				"line 1: object expected, found number",
				"line 1: object expected, found string",
				"line 1: object expected, found null",
				"line 1: object expected, found array",
				"b",
			},
		},
		"missing comma": {"[" + a + " " + b + "]", []string{"a", "line 1: " + string(errNoComma), "b"}},
		"comma too many": {
			"[," + a + ",," + b + ",]",
			[]string{
				"line 1: " + string(errExtraComma),
				"a",
				"line 1: " + string(errExtraComma),
				"b",
				"line 1: " + string(errLastComma),
			},
		},
		"brace too many": {
			"[" + a + "}," + b + "]", []string{"a", "line 1: invalid JSON: array element expected, found '}'", "b"},
		},
		"array not closed": {a + "\n[" + b + ",\n" + c, []string{"a", "b", "c", "line 2: " + string(errOpenArray)}},
		"broken in an array": {
			"[\n" + a + ",\n{\"x\":\"y},\n" + b + "\n]", []string{"a", "line 3: " + string(errLineInString), "b"},
		},
		"broken pretty array": {
			"[\n" + strings.Replace(indented, "}", "]", 1) + ",\n" + indented + "\n]\n" + a,
			[]string{"line 2: " + noBracket + "']'; skipped to line 10", "p", "a"},
		},
		"broken last": {
			"[" + a + ",\n{\"x\":\"y}\n]\n" + b, []string{"a", "line 2: " + string(errLineInString), "b"},
		},
		"rest of the array": {`[{"x":"y},` + b + "]", []string{"line 1: " + noBracket + "'t'" + lost}},
		"rest of the line":  {`{"x":"y}` + b + "\n" + c, []string{"line 1: " + noBracket + "'t'", "c"}},
		"rest of the input": {`{"x":"y}` + b, []string{"line 1: " + noBracket + "'t'; skipped to the end of the input"}},
		"names without quotes": {
			"[{x:1}," + b + "]", []string{"line 1: invalid JSON: invalid character 'x' at start of value", "b"},
		},
		"wrong comma in element": {
			`[{"x":1,},` + b + "]", []string{"line 1: invalid JSON: invalid character ',' at start of value", "b"},
		},
		"duplicate name": {
			"[" + `{"a":{"b":1,"\u0062":1}},` + b + "]",
			[]string{`line 1: invalid JSON at "/a/b": duplicate object member name`, "b"},
		},
		"a name that is not UTF-8":          {"[{\"\xff\":1}," + b + "]", []string{"line 1: type: required", "b"}},
		"a text with half a surrogate pair": {`{"a":"\ud800"}` + b, []string{"line 1: type: required", "b"}},
		"place in the record": {
			"\n\n{\n\"a\":\n01}",
			[]string{
				`line 3: invalid JSON on line 3 of the record: invalid character '1' after object value (expecting ',' or '}')`,
			},
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(test.want, sameOutcome(t, Options{}, test.input)); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
			pairs(t, Options{}, strings.NewReader(test.input))
		})
	}
}

func TestErrorsSayWhereTheRecordIs(t *testing.T) {
	input := "\ufeff" + rec("a") + "\r\n\n  {}\n[1,\n 2]"
	_, errs := pairs(t, Options{}, strings.NewReader(input))
	var got [][2]int64
	for _, err := range errs {
		var bad *RecordError
		require.ErrorAs(t, err, &bad)
		got = append(got, [2]int64{int64(bad.Line), bad.Offset})
		require.Equal(t, err, fmt.Errorf("%w", err).(interface{ Unwrap() error }).Unwrap())
		require.ErrorIs(t, err, bad.Err)
	}
	want := [][2]int64{
		{3, int64(strings.Index(input, "{}"))},
		{4, int64(strings.Index(input, "1,"))},
		{5, int64(strings.Index(input, "2]"))},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// A record that is longer than what is read ahead.
func TestARecordMayBeLongerThanTheReadAhead(t *testing.T) {
	long := strings.Replace(rec("long"), `"type"`, `"note":"`+strings.Repeat(`\\\"`, 70_000)+`","type"`, 1)
	input := "[" + rec("a") + ",\n{\"x\":\"y\n" + rec("b") + "," + long + "] " + rec("c") + "\nfoo\n" + long + "\n" +
		rec("d")
	require.Equal(t, []string{
		"a", "line 2: " + string(errLineInString), "b", "long", "c",
		"line 4: invalid JSON: object or array expected, found 'f'; the rest of the line is skipped", "long", "d",
	}, sameOutcome(t, Options{}, input))
}
