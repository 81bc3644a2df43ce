package pixie

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/stretchr/testify/require"
)

// What is taken for plain, and what is left to the strict way.
func TestOnlyPlainRecordsAreSplitFast(t *testing.T) {
	tests := map[string]struct {
		text  string
		plain bool
	}{
		"counters":          {rec("a"), true},
		"more behind it":    {rec("a") + "\n{", true},
		"usual white space": {"{ \"a\": 1,\n\t\"b\": [ 1, {} ] }", true},
		"literals":          {`{"a":null,"b":true,"c":false,"d":[null]}`, true},
		"not a literal":     {`{"a":nulL}`, false},
		"decimals":          {`{"a":0,"b":0.50,"c":12.0}`, true},
		"many digits": {
			`{"a":12345678,"b":123456789012345678,"c":1234567890123456789012345,"d":0.12345678901234567890}`, true,
		},
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
			r := newRecord()
			n, plain := r.splitPlain([]byte(test.text))
			require.Equal(t, test.plain, plain)
			samePlain(t, []byte(test.text))
			for i := range len(test.text) { // nothing that goes on is plain
				if !plain || i < n {
					_, plain := r.splitPlain([]byte(test.text[:i]))
					require.False(t, plain, "%q", test.text[:i])
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
	quick, strict := newRecord(), newRecord()
	for range 2 { // the second time, texts are known
		n, plain := quick.splitPlain(text)
		if !plain {
			return
		}
		var got, want Batch
		err := quick.addEvent(&got)

		s := newScanner(bytes.NewReader(text), len(text), newWorkspace())
		s.keep = 0
		require.NoError(t, s.skipValue())
		require.Equal(t, n, s.pos)
		value, jsonErr := jsontext.NewDecoder(bytes.NewReader(text[:n])).ReadValue()
		require.NoError(t, jsonErr)
		require.Len(t, value, n)

		strict.beginRecord()
		require.NoError(t, strict.splitStrictly(text[:n]))
		require.Equal(t, strict.addEvent(&want), err)
		if d := cmp.Diff(want, got, cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("(-strict +plain)\n%s", d)
		}
		for f := range numFields {
			require.Equal(t, string(strict.valueOf(f)), string(quick.valueOf(f)))
		}
	}
}
