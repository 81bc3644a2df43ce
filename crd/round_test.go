package crd

import (
	"encoding/json"
	"math"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"k8s.io/apimachinery/pkg/api/resource"

	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/gossip"
)

func TestPercentagesRoundHalfAway(t *testing.T) {
	for name, tc := range map[string]struct {
		share gossip.Optional[float64]
		want  *int32
	}{
		"absent is absent":          {gossip.Optional[float64]{}, nil},
		"absent with a value":       {gossip.Optional[float64]{Value: 0.5}, nil},
		"zero is zero":              {gossip.Some(0.0), new(int32(0))},
		"below half":                {gossip.Some(0.0049), new(int32(0))},
		"half goes up":              {gossip.Some(0.005), new(int32(1))},
		"half in binary":            {gossip.Some(0.145), new(int32(15))},
		"29 of 200":                 {gossip.Some(29.0 / 200), new(int32(15))},
		"just below half":           {gossip.Some(0.14499), new(int32(14))},
		"above the most":            {gossip.Some(3.0), new(int32(100))},
		"negative":                  {gossip.Some(-3.0), new(int32(0))},
		"not a number":              {gossip.Some(math.NaN()), nil},
		"infinite":                  {gossip.Some(math.Inf(1)), new(int32(100))},
		"infinite, the other way":   {gossip.Some(math.Inf(-1)), new(int32(0))},
		"the largest number":        {gossip.Some(math.MaxFloat64), new(int32(100))},
		"the smallest number above": {gossip.Some(math.SmallestNonzeroFloat64), new(int32(0))},
	} {
		if diff := cmp.Diff(tc.want, roundPercent(tc.share, 100)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestMillisecondsRoundHalfAway(t *testing.T) {
	for _, tc := range []struct {
		d    time.Duration
		want int64
	}{
		{0, 0},
		{499 * time.Microsecond, 0},
		{500 * time.Microsecond, 1},
		{1499 * time.Microsecond, 1},
		{-time.Second, 0},
		{math.MaxInt64, math.MaxInt64 / int64(time.Millisecond)},
	} {
		if got := *roundMilliseconds(gossip.Some(tc.d)); got != tc.want {
			t.Errorf("milliseconds(%d) = %d, want %d", tc.d, got, tc.want)
		}
	}
	if got := roundMilliseconds(gossip.Optional[time.Duration]{}); got != nil {
		t.Errorf("absent became %d", *got)
	}
}

func TestCoresRoundToMillicores(t *testing.T) {
	for c, want := range map[float64]string{
		0: "0", 0.0335: "34m", 0.1: "100m", 1: "1", 1.5: "1500m", 64: "64", 0.0004: "0", -1: "0", math.Inf(1): "1G",
	} {
		if got := coresQuantity(gossip.Some(c)).String(); got != want {
			t.Errorf("cores(%v) = %s, want %s", c, got, want)
		}
	}
	if got := coresQuantity(gossip.Some(math.NaN())); got != nil {
		t.Errorf("NaN became %s", got)
	}
}

func TestDurationsAreForPeople(t *testing.T) {
	for _, tc := range []struct {
		d    time.Duration
		want string
	}{
		{0, "0s"},
		{2345 * time.Microsecond, "2.3ms"},
		{73_333 * time.Microsecond, "73ms"},
		{1_234_567 * time.Microsecond, "1.235s"},
		{62_500 * time.Millisecond, "1m2.5s"},
	} {
		if got := formatDuration(tc.d); got != tc.want {
			t.Errorf("about(%d) = %s, want %s", tc.d, got, tc.want)
		}
	}
}

func TestClippedTextsFitInJSON(t *testing.T) {
	for name, tc := range map[string]struct {
		text string
		most int
		want string
	}{
		"fits":                    {"kernel", 6, "kernel"},
		"cut":                     {"kernel gossip", 12, "kernel go…"},
		"never inside a rune":     {"→→→→→", 11, "→→…"},
		"JSON counts":             {`""""""`, 9, `"""…`},
		"no space before the cut": {"kernel gossip", 10, "kernel…"},
		"controls and edges":      {" a\x1b[31m\nb ", 20, "a�[31m�b"},
		"not UTF-8":               {"a\xffb", 20, "a\uFFFDb"},
		"empty":                   {"", 5, ""},
	} {
		got := clipText(tc.text, tc.most)
		if got != tc.want {
			t.Errorf("%s: clip(%q, %d) = %q, want %q", name, tc.text, tc.most, got, tc.want)
		}
		if jsonSize(got) > tc.most || !utf8.ValidString(got) {
			t.Errorf("%s: %q is %d bytes of JSON, or no UTF-8", name, got, jsonSize(got))
		}
	}
}

func TestACommandIsWholeOrAbsent(t *testing.T) {
	long := strings.Repeat("x", maxCommand)
	for in, want := range map[string]string{
		"kubectl get kw": "kubectl get kw", long: long, long + "x": "", "kubectl\nrm": "", "a\xff": "",
	} {
		if got := wholeCommand(in); got != want {
			t.Errorf("command(%.20q…) = %.20q…, want %.20q…", in, got, want)
		}
	}
}

// The size of every field is its length in the output of encoding/json.
func TestTheSizeIsTheSizeOfTheJSON(t *testing.T) {
	for name, text := range map[string]string{"plain": "kernel", "escaped": `"<a> & \`, "not ASCII": "→\u2028\u2029é"} {
		var r v1alpha1.Recommendation
		for _, field := range reflect.ValueOf(&r).Elem().Fields() {
			switch field.Kind() {
			case reflect.String:
				field.SetString(text)
			case reflect.Slice:
				field.Set(reflect.ValueOf([]string{text, "kubectl"}))
			default:
				field.Set(reflect.ValueOf(resource.NewMilliQuantity(1500, resource.DecimalSI)))
			}
		}
		want, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		if got := recommendationSize(&r); got != len(want)+len(",") {
			t.Errorf("%s: sizeOf = %d, want %d for %s", name, got, len(want)+len(","), want)
		}
	}
}
