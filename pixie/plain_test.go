package pixie

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
)

// What is taken for plain, and what is left to the strict way.
func TestPlain(t *testing.T) {
	tests := map[string]struct {
		text  string
		plain bool
	}{
		"counters":             {rec("a"), true},
		"more behind it":       {rec("a") + "\n{", true},
		"usual white space":    {"{ \"a\": 1,\n\t\"b\": [ 1, {} ] }", true},
		"literals":             {`{"a":null,"b":true,"c":false,"d":[null]}`, true},
		"not a literal":        {`{"a":nulL}`, false},
		"decimals":             {`{"a":0,"b":0.50,"c":12.0}`, true},
		"many digits":          {`{"a":12345678,"b":123456789012345678,"c":1234567890123456789012345,"d":0.12345678901234567890}`, true},
		"leading zero":         {`{"a":01}`, false},
		"many with a zero":     {`{"a":01234567890123456789012345}`, false},
		"sign":                 {`{"a":-1}`, false},
		"exponent":             {`{"a":1e3}`, false},
		"point at the end":     {`{"a":1.}`, false},
		"letters":              {`{"a":1x}`, false},
		"NaN":                  {`{"a":NaN}`, false},
		"escape":               {`{"a":"\n"}`, false},
		"escape in a name":     {`{"\u0061":1}`, false},
		"long strings":         {`{"a":"` + strings.Repeat("0123456789", 9) + `"}`, true},
		"control":              {"{\"a\":\"0123456\x1f\"}", false},
		"UTF-8":                {`{"ä":"0123456789€"}`, true},
		"not UTF-8":            {"{\"a\":\"0123456789\xff\"}", false},
		"surrogate":            {"{\"a\":\"\xed\xa0\x80\"}", false},
		"twice":                {`{"node":"a","node":"b"}`, false},
		"twice, once null":     {`{"node":null,"node":"b"}`, false},
		"twice, not ours":      {`{"x":1,"y":2,"x":3}`, false},
		"twice inside":         {`{"x":{"y":1,"y":2}}`, false},
		"not ours":             {`{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1}`, true},
		"many not ours":        {`{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1,"g":1,"h":1,"i":1}`, false},
		"empty":                {`{}`, false},
		"comma behind":         {`{"a":1,}`, false},
		"no comma":             {`{"a":1 "b":2}`, false},
		"no colon":             {`{"a" 1}`, false},
		"other bracket":        {`{"a":1]`, false},
		"other bracket inside": {`{"a":[{]]}`, false},
		"deep":                 {`{"a":` + strings.Repeat("[", 62) + strings.Repeat("]", 62) + `}`, true},
		"too deep":             {`{"a":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`, false},
		"scalar":               {`1`, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var r record
			n := r.plain([]byte(test.text))
			require.Equal(t, test.plain, n > 0)
			samePlain(t, []byte(test.text))
			for i := range len(test.text) { // nothing that goes on is plain
				if n == 0 || i < n {
					require.Zero(t, r.plain([]byte(test.text[:i])), "%q", test.text[:i])
				}
			}
		})
	}
}

// What is plain is read as the strict way reads it, whatever came before.
func FuzzPlain(f *testing.F) {
	seed(f)
	for _, archive := range corpus(f) {
		for line := range bytes.Lines(archive.Files[0].Data) {
			f.Add(line)
		}
	}
	f.Fuzz(samePlain)
}

func samePlain(t *testing.T, text []byte) {
	t.Helper()
	var quick, strict record
	for range 2 { // the second time it is remembered
		n := quick.plain(text)
		if n == 0 {
			return
		}
		var got, want Batch
		err := quick.event(&got)

		s := newScanner(bytes.NewReader(text), len(text), &workspace{buf: make([]byte, 2*chunk)})
		s.keep = 0
		require.NoError(t, s.value())
		require.Equal(t, n, s.pos)
		value, jsonErr := jsontext.NewDecoder(bytes.NewReader(text[:n])).ReadValue()
		require.NoError(t, jsonErr)
		require.Len(t, value, n)

		strict.begin()
		require.NoError(t, strict.split(text[:n]))
		require.Equal(t, strict.event(&want), err)
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("(-strict +plain)\n%s", d)
		}
		for f := range numFields {
			require.Equal(t, string(strict.of(f)), string(quick.of(f)))
		}
	}
}

// Numbers that are read by hand are those that strconv reads.
func FuzzPlainNumber(f *testing.F) {
	for _, text := range []string{"0", "12", "0.1", "0.30000000000000004", "123456789012345", "12345678901234.5", "1234567890123456", "999999999999999.9", "0.000000000000001", "123456789012345678", "9007199254740993", "90071992547.40993", "1234567890123456789"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !isNumber([]byte(text)) {
			return
		}
		for _, behind := range []string{"", ",", "}       ", "/9999999"} {
			end, d := plainNumber([]byte(text+behind), 0)
			if strings.ContainsAny(text, "-eE") {
				require.NotEqual(t, len(text), end)
				continue
			}
			require.Equal(t, len(text), end)
			if d == unread {
				require.Greater(t, len(text), maxDigits)
				continue
			}
			if x, ok := d.float(); ok {
				want, err := strconv.ParseFloat(text, 64)
				require.NoError(t, err)
				require.Equal(t, math.Float64bits(want), math.Float64bits(x))
			}
			if d.places == 0 {
				want, err := strconv.ParseInt(text, 10, 64)
				require.NoError(t, err)
				require.Equal(t, want, d.n)
			}
		}
	})
}
