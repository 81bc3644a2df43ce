package pixie

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// schema is as much of JSON Schema as payload.schema.json uses: readSchema refuses any other word.
type schema struct {
	Schema               string             `json:"$schema"`
	Title                string             `json:"title"`
	Description          string             `json:"description"`
	Format               string             `json:"format"`
	Ref                  string             `json:"$ref"`
	Defs                 map[string]*schema `json:"$defs"`
	Type                 any                `json:"type"`
	Const                any                `json:"const"`
	Enum                 []any              `json:"enum"`
	AnyOf                []*schema          `json:"anyOf"`
	OneOf                []*schema          `json:"oneOf"`
	Required             []string           `json:"required"`
	Properties           map[string]*schema `json:"properties"`
	PropertyNames        *schema            `json:"propertyNames"`
	AdditionalProperties *schema            `json:"additionalProperties"`
	Items                *schema            `json:"items"`
	Minimum              *float64           `json:"minimum"`
	Maximum              *float64           `json:"maximum"`
	ExclusiveMinimum     *float64           `json:"exclusiveMinimum"`
	MinLength            int                `json:"minLength"`
	MaxLength            int                `json:"maxLength"`
	MaxItems             int                `json:"maxItems"`
	MaxProperties        int                `json:"maxProperties"`
	Pattern              string             `json:"pattern"`
}

func readSchema(t testing.TB) *schema {
	t.Helper()
	file, err := os.Open("payload.schema.json")
	require.NoError(t, err)
	defer file.Close()
	decoder := json.NewDecoder(file)
	decoder.DisallowUnknownFields()
	var s schema
	require.NoError(t, decoder.Decode(&s))
	return &s
}

// valid says whether the schema takes the value.
func (s *schema) valid(root *schema, v any) bool {
	if s == nil {
		return true
	}
	if s.Ref != "" && !root.Defs[strings.TrimPrefix(s.Ref, "#/$defs/")].valid(root, v) {
		return false
	}
	fits := func(sub *schema) bool { return sub.valid(root, v) }
	if s.AnyOf != nil && !slices.ContainsFunc(s.AnyOf, fits) || s.OneOf != nil && count(s.OneOf, fits) != 1 {
		return false
	}
	if s.Const != nil && s.Const != v || s.Enum != nil && !slices.Contains(s.Enum, v) || s.Type != nil && !s.ofType(v) {
		return false
	}
	switch v := v.(type) {
	case float64:
		return !(s.Minimum != nil && v < *s.Minimum || s.Maximum != nil && v > *s.Maximum ||
			s.ExclusiveMinimum != nil && v <= *s.ExclusiveMinimum)
	case string:
		n := utf8.RuneCountInString(v)
		return n >= s.MinLength && (s.MaxLength == 0 || n <= s.MaxLength) && regexp.MustCompile(s.Pattern).MatchString(v)
	case []any:
		return (s.MaxItems == 0 || len(v) <= s.MaxItems) && count(v, func(item any) bool {
			return s.Items.valid(root, item)
		}) == len(v)
	case map[string]any:
		return s.validObject(root, v)
	}
	return true
}

func (s *schema) validObject(root *schema, v map[string]any) bool {
	for _, name := range s.Required {
		if _, present := v[name]; !present {
			return false
		}
	}
	for name, value := range v {
		property, listed := s.Properties[name]
		if !listed {
			property = s.AdditionalProperties
		}
		if !s.PropertyNames.valid(root, name) || !property.valid(root, value) {
			return false
		}
	}
	return s.MaxProperties == 0 || len(v) <= s.MaxProperties
}

func (s *schema) ofType(v any) bool {
	types, several := s.Type.([]any)
	if !several {
		types = []any{s.Type}
	}
	x, isNumber := v.(float64)
	switch v.(type) {
	case nil:
		return slices.Contains(types, any("null"))
	case string:
		return slices.Contains(types, any("string"))
	case []any:
		return slices.Contains(types, any("array"))
	case map[string]any:
		return slices.Contains(types, any("object"))
	}
	return isNumber && (slices.Contains(types,
		any("number")) || slices.Contains(types, any("integer")) && x == math.Trunc(x))
}

func count[T any](all []T, is func(T) bool) (n int) {
	for _, one := range all {
		if is(one) {
			n++
		}
	}
	return n
}

// properties returns the properties of one type, with the common ones.
func (s *schema) properties(kind string) map[string]*schema {
	all := maps.Clone(s.Properties)
	for name, property := range s.Defs[kind].Properties {
		if name != "type" && name != "container_name" { // which the type only narrows
			all[name] = property
		}
	}
	return all
}

var least = map[string]func() raw{
	"cpu_throttle": leastCPU, "memory_pressure": leastMemory, "oom_kill": leastKill, "network_issue": leastNetwork,
	"pod_creation": leastBirth,
}

// The decoder reads the fields that the schema lists for a type, and no others: false is a fault in every field that is
// read.
func TestTheSchemaListsTheFieldsThatAreRead(t *testing.T) {
	s := readSchema(t)
	for kind, record := range least {
		listed := s.properties(kind)
		for _, spec := range fields {
			name := spec.name
			if name == "_tableName_" {
				continue // makes a row of the record, which is another format
			}
			_, err := one(t, record().with(raw{name: "false"}))
			require.Equal(t, listed[name] != nil, err != nil, "%s: %s: %v", kind, name, err)
		}
		for name := range listed {
			_, known := names.Find(name)
			require.True(t, known, name)
		}
	}
	step := raw{
		"timestamp_ms": "1", "timestamp": `"2026-01-02T03:04:05Z"`, "actor": `"kernel"`, "action": `"a"`, "details": `"b"`,
	}
	require.Equal(t, slices.Sorted(maps.Keys(step)), slices.Sorted(maps.Keys(s.Defs["entry"].Properties)))
	for name := range step {
		_, err := one(t, leastBirth().with(raw{"timeline": "[" + step.with(raw{name: "false"}) + "]"}))
		require.ErrorContains(t, err, "timeline: entry 1: "+name+": ")
	}
}

// A number at its bound passes and the next one beyond is refused, as a number and as a string.
func TestTheSchemaHasTheBoundsOfNumbers(t *testing.T) {
	s := readSchema(t)
	bounds := 0
	for kind, record := range least {
		for name, property := range s.properties(kind) {
			if property.AnyOf == nil {
				continue
			}
			number := property.AnyOf[0]
			require.NotNil(t, number.Maximum, name)
			beyond := map[float64]float64{*number.Maximum: step(*number.Maximum, 1, number)}
			if number.Minimum != nil {
				beyond[*number.Minimum] = step(*number.Minimum, -1, number)
			} else {
				beyond[1e-9] = *number.ExclusiveMinimum
			}
			for in, out := range beyond {
				bounds++
				for _, quote := range []string{"", `"`} {
					_, err := one(t, record().with(raw{name: quote + strconv.FormatFloat(in, 'f', -1, 64) + quote}))
					require.NoError(t, err)
					_, err = one(t, record().with(raw{name: quote + strconv.FormatFloat(out, 'f', -1, 64) + quote}))
					require.ErrorContains(t, err, name+": ")
				}
			}
		}
	}
	require.Equal(t, 2*(13+15+4+16+11), bounds)
}

// step is the next number that the schema could take if it were not for the bound.
func step(x, way float64, s *schema) float64 {
	if strings.Contains(jsonOf(s.Type), "integer") {
		if x >= 1<<53 {
			return math.Nextafter(x, way*math.Inf(1))
		}
		return x + way
	}
	return x + way/1024
}

func jsonOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	return string(text)
}

// A text of the greatest length passes, and one byte more is refused.
func TestTheSchemaHasTheLengthsOfTexts(t *testing.T) {
	s := readSchema(t)
	for kind, record := range least {
		for name, property := range s.properties(kind) {
			if property.MaxLength == 0 || name == "timestamp" {
				continue
			}
			_, err := one(t, record().with(raw{name: `"` + strings.Repeat("a", property.MaxLength) + `"`}))
			require.NoError(t, err, name)
			_, err = one(t, record().with(raw{name: `"` + strings.Repeat("a", property.MaxLength+1) + `"`}))
			require.ErrorContains(t, err, name+": longer than")
		}
	}
}

// checkSchema requires that what the decoder takes, the schema takes too.
func checkSchema(t testing.TB, s *schema, record []byte) {
	t.Helper()
	var v any
	if json.Unmarshal(record, &v) != nil {
		return // a number beyond float64, in a field that is not ours
	}
	require.True(t, s.valid(s, v), "%s", record)
}

// The page names every field that the schema has, and its examples are records.
func TestThePageNamesEveryFieldOfTheSchema(t *testing.T) {
	page, err := os.ReadFile("payload.md")
	require.NoError(t, err)
	s := readSchema(t)
	for _, part := range slices.Collect(maps.Values(s.Defs)) {
		for name := range part.Properties {
			require.Contains(t, string(page), "`"+name+"`")
		}
	}
	examples := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(page, -1)
	require.Len(t, examples, len(least))
	for _, example := range examples {
		_, err := one(t, string(example[1]))
		require.NoError(t, err)
		checkSchema(t, s, example[1])
	}
}
