package plain

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// longName is above the length that is compared at once.
const longName = "a_name_that_is_longer_than_three_words"

// The numbers of the names in a newTestSplitter.
const (
	alpha = 0
	beta  = 1
	long  = 2
)

func newTestSplitter() *Splitter {
	return NewSplitter(NewNames([]string{alpha: "alpha", beta: "beta", long: longName}), json.Valid)
}

// fieldValues are the fields that an object has, as JSON, by their numbers.
type fieldValues map[int]string

// values returns the fields of an object that is plain.
func values(t *testing.T, s *Splitter, into *Fields, text string) fieldValues {
	t.Helper()
	n, ok := s.Split([]byte(text+" {"), into)
	require.True(t, ok, "%s", text)
	require.Equal(t, len(text), n)
	got := fieldValues{}
	for f := range Field(3) {
		if into.Has(f) {
			got[int(f)] = string(into.Value(f))
		}
	}
	return got
}

func TestSplitFindsTheValuesOfAllNames(t *testing.T) {
	s, into := newTestSplitter(), new(Fields)
	for range 3 { // the second time, names are predicted
		require.Equal(t, fieldValues{alpha: "1", beta: `"x"`, long: `{"y":[2]}`},
			values(t, s, into, `{"alpha":1,"beta" : "x", "unknown":true,"`+longName+`":{"y":[2]}}`))
		require.Equal(t, Decimal{N: 1}, into.Number(alpha))
		require.Equal(t, Unread, into.Number(beta))
		require.Equal(t, fieldValues{long: "12.50"}, values(t, s, into, `{"`+longName+`":12.50,"alpha":null}`))
		require.Equal(t, Decimal{N: 1250, Places: 2}, into.Number(long))
	}
}

func TestSplitRefusesNamesThatOccurTwice(t *testing.T) {
	s, into := newTestSplitter(), new(Fields)
	for range 2 {
		for _, text := range []string{
			`{"alpha":1,"alpha":1}`,
			`{"alpha":null,"alpha":1}`,
			`{"x":1,"x":1}`,
			`{"` + longName + `":1,"` + longName + `":1}`,
		} {
			_, ok := s.Split([]byte(text), into)
			require.False(t, ok, text)
		}
	}
}

// A list of names may be as long as MaxNames, and a name may have any length.
func TestNamesOfAnyLengthAreFound(t *testing.T) {
	var list []string
	var text strings.Builder
	for i := range MaxNames {
		list = append(list, strings.Repeat("n", i))
		fmt.Fprintf(&text, `,"%s":%d`, list[i], i)
	}
	s, into := NewSplitter(NewNames(list), json.Valid), new(Fields)
	for range 2 {
		_, ok := s.Split([]byte("{"+text.String()[1:]+"}"), into)
		require.True(t, ok)
		for i := range MaxNames {
			require.Equal(t, Decimal{N: int64(i)}, into.Number(Field(i)))
		}
	}
}

// What is nested is left to the function of the caller, and brackets in strings do not count.
func TestNestedValuesAreValidatedByTheCaller(t *testing.T) {
	s, into := newTestSplitter(), new(Fields)
	require.Equal(t, fieldValues{alpha: `["}",{"a":"]"}]`}, values(t, s, into, `{"alpha":["}",{"a":"]"}]}`))
	for _, text := range []string{
		`{"alpha":[}`,
		`{"alpha":[1}}`,
		`{"alpha":[01]}`,
		`{"alpha":[`,
		`{"alpha":` + strings.Repeat("[", 64) + strings.Repeat("]", 64) + `}`,
	} {
		_, ok := s.Split([]byte(text), into)
		require.False(t, ok, text)
	}
}

// After 2³² objects the generations start again, and no state of an earlier object is taken for a new one.
func TestGenerationsMayWrapAround(t *testing.T) {
	s, into := newTestSplitter(), new(Fields)
	require.Equal(t, fieldValues{alpha: "1", beta: "2"}, values(t, s, into, `{"alpha":1,"beta":2}`))
	into.before = math.MaxUint32 - 3 // as after as many objects
	for range 6 {
		require.Equal(t, fieldValues{alpha: "3"}, values(t, s, into, `{"alpha":3,"beta":null}`))
		require.Empty(t, values(t, s, into, `{"x":3}`))
	}
}

func TestFieldsThatAreSetOrDroppedCount(t *testing.T) {
	into := new(Fields)
	require.False(t, into.Has(alpha), "the zero value has no fields")
	into.Put(alpha, []byte("12"))
	into.Put(beta, []byte("34"))
	into.Drop(alpha)
	require.False(t, into.Has(alpha))
	require.Nil(t, into.Value(alpha))
	require.Equal(t, "34", string(into.Value(beta)))
	require.Equal(t, Unread, into.Number(beta))
	into.Begin()
	require.False(t, into.Has(beta))
}

func TestTextsAreInternedAndRepeated(t *testing.T) {
	s, into := newTestSplitter(), new(Fields)
	var in Interner
	var repeat Repeat
	s.Intern(alpha, &in)
	s.Expect(beta, &repeat)
	text := `{"alpha":"one","beta":"two"}`
	values(t, s, into, text)
	require.Empty(t, into.InternedText(alpha))
	require.False(t, into.IsRepeated(beta))
	require.Equal(t, "one", in.Add(alpha, into.Value(alpha), "one"))
	repeat.Set(into.Value(beta))
	values(t, s, into, text)
	require.Equal(t, "one", into.InternedText(alpha))
	require.True(t, into.IsRepeated(beta))
	values(t, s, into, `{"alpha":"on","beta":"tw"}`)
	require.Empty(t, into.InternedText(alpha))
	require.False(t, into.IsRepeated(beta))
}
