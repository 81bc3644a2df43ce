package pixie

import (
	"bytes"
	"errors"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/gossip"
)

func TestPackedInputsAreRead(t *testing.T) {
	a, b := rec("a"), rec("b")
	skippable := []byte{0x53, 0x2a, 0x4d, 0x18, 3, 0, 0, 0, 'x', 'y', 'z'}
	tests := map[string][]byte{
		"gzip":                 gzipped(t, a+"\n"+b),
		"gzip of two members":  gzipped(t, a, b),
		"gzip, cut in a word":  gzipped(t, a[:20], a[20:]+b),
		"zstd":                 zstded(t, a+"\n"+b),
		"zstd of two frames":   append(zstded(t, a), zstded(t, b)...),
		"zstd behind skipped":  append(skippable, zstded(t, a+b)...),
		"zstd at level 19":     zstded(t, a+b, zstd.WithEncoderLevel(zstd.SpeedBestCompression)),
		"byte order mark":      gzipped(t, "\ufeff"+a+b),
		"zstd, biggest window": zstded(t, a+b, zstd.WithWindowSize(maxZstdWindow), zstd.WithSingleSegment(false)),
	}
	for name, input := range tests {
		events, errs := pairs(t, Options{MaxBytes: 1000}, bytes.NewReader(input))
		require.Empty(t, errs, name)
		require.Len(t, events, 2, name)
	}
}

// One place decides how an input is packed, for Decode and for Unpack.
func TestWhatIsPackedTwiceIsRefused(t *testing.T) {
	for want, input := range map[string][]byte{
		"gzip stream: packed twice: its text is gzip or zstd again": gzipped(t, string(gzipped(t, rec("a")))),
		"zstd stream: packed twice: its text is gzip or zstd again": zstded(t, string(gzipped(t, rec("a")))),
	} {
		_, errs := pairs(t, Options{}, bytes.NewReader(input))
		require.Len(t, errs, 1)
		require.EqualError(t, errs[0], want)
		_, err := Unpack(bytes.NewReader(input))
		require.EqualError(t, err, want)
	}
	text, err := Unpack(bytes.NewReader(gzipped(t, rec("a"))))
	require.NoError(t, err)
	defer text.Close()
	events, errs := pairs(t, Options{}, text) // a text that is unpacked passes
	require.Empty(t, errs)
	require.Len(t, events, 1)
}

// Good records before a failure stand, and the failure says what it is.
func TestRecordsBeforeAFailureCount(t *testing.T) {
	lines := strings.Repeat(rec("a")+"\n", 1000)
	packed := gzipped(t, lines)
	broken := bytes.Clone(packed)
	broken[len(broken)-6] ^= 1 // the checksum
	zpacked := zstded(t, lines)
	var odd []byte
	for _, unit := range utf16.Encode([]rune(rec("a"))) {
		odd = append(odd, byte(unit), byte(unit>>8))
	}
	failure := errors.New("line is down")
	tests := map[string]struct {
		input io.Reader
		least int
		want  string
	}{
		"truncated gzip": {
			bytes.NewReader(packed[:len(packed)-20]), 1, "read: gzip stream is truncated: unexpected EOF",
		},
		"truncated gzip header": {bytes.NewReader(packed[:5]), 0, "gzip stream is truncated: unexpected EOF"},
		"checksum":              {bytes.NewReader(broken), 1000, "read: gzip stream: gzip: invalid checksum"},
		"behind gzip": {
			io.MultiReader(bytes.NewReader(packed), strings.NewReader("hello, world")),
			1000,
			"read: gzip stream: gzip: invalid header",
		},
		"truncated zstd": {
			bytes.NewReader(zpacked[:len(zpacked)-5]), 0, "read: zstd stream is truncated: unexpected EOF",
		},
		"window of zstd": {
			bytes.NewReader(zstded(t, lines+strings.Repeat(" ", 100), zstd.WithWindowSize(2*maxZstdWindow))), 0,
			"read: zstd stream: window size exceeded: at most 8 MiB are supported, which level 19 keeps to",
		},
		"reader":            {io.MultiReader(strings.NewReader(lines), failing{failure}), 1000, "read: line is down"},
		"reader in record":  {io.MultiReader(strings.NewReader(lines+"{\"x"), failing{failure}), 1000, "read: line is down"},
		"reader in array":   {io.MultiReader(strings.NewReader("["+rec("a")+","), failing{failure}), 1, "read: line is down"},
		"reader at once":    {failing{failure}, 0, "read: line is down"},
		"reader that idles": {idle{}, 0, "read: multiple Read calls return no data or error"},
		"UTF-16 with mark": {
			bytes.NewReader(append([]byte{0xff, 0xfe}, odd...)), 0, "UTF-8 text expected, found UTF-16 or binary data",
		},
		"UTF-16": {bytes.NewReader(odd), 0, "UTF-8 text expected, found UTF-16 or binary data"},
		"UTF-16, other end": {
			bytes.NewReader(append([]byte{0xfe, 0xff, 0}, odd...)), 0, "UTF-8 text expected, found UTF-16 or binary data",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			events, errs := pairs(t, Options{}, test.input)
			require.GreaterOrEqual(t, len(events), test.least)
			require.Len(t, errs, 1)
			require.EqualError(t, errs[0], test.want)
		})
	}
	_, errs := pairs(t, Options{}, failing{failure})
	require.ErrorIs(t, errs[0], failure)
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

// An unclosed record is reported even if the input fails after it, when it would have hidden others.
func TestABrokenRecordIsReportedBeforeAFailure(t *testing.T) {
	input := io.MultiReader(strings.NewReader("{\"x\":[\n"+rec("a")+",\n"+rec("b")+"\n"), failing{io.ErrClosedPipe})
	events, errs := pairs(t, Options{}, input)
	require.Len(t, events, 2)
	require.Len(t, errs, 3) // the record, the comma, the failure
	require.ErrorIs(t, errs[2], io.ErrClosedPipe)
}

func TestADirectoryIsAnError(t *testing.T) {
	dir, err := os.Open(t.TempDir())
	require.NoError(t, err)
	defer dir.Close()
	_, errs := pairs(t, Options{}, dir)
	require.Len(t, errs, 1)
	require.ErrorContains(t, errs[0], "directory")
}

func TestMaxBytesBoundsTheText(t *testing.T) {
	text := rec("a") + "\n" + rec("b")
	for _, input := range [][]byte{[]byte(text), gzipped(t, text), zstded(t, text)} {
		events, errs := pairs(t, Options{MaxBytes: int64(len(text))}, bytes.NewReader(input))
		require.Empty(t, errs)
		require.Len(t, events, 2)

		events, errs = pairs(t, Options{MaxBytes: int64(len(text)) - 1}, bytes.NewReader(input))
		require.Len(t, errs, 1)
		require.ErrorIs(t, errs[0], ErrTooLarge)
		require.Len(t, events, 1)
	}
	events, errs := pairs(t, Options{MaxBytes: math.MaxInt64, MaxRecord: math.MaxInt}, strings.NewReader(text))
	require.Empty(t, errs)
	require.Len(t, events, 2)
}

func TestRecordsAboveMaxRecordAreRefused(t *testing.T) {
	a, b := rec("a"), rec("b")
	pad := func(n int) string { return strings.Replace(a, "{", `{"x":"`+strings.Repeat("x", n)+`",`, 1) }
	const tooLong = "record longer than 200000 bytes"
	exact := 200_000 - len(pad(0))
	lines := strings.Repeat("\"x\":\"y\",\n", 30_000)
	tests := map[string]struct {
		input string
		want  []string
	}{
		"just fits":      {pad(exact) + b, []string{"a", "b"}},
		"one more":       {pad(exact+1) + b, []string{"line 1: " + tooLong, "b"}},
		"much longer":    {"[" + pad(900_000) + "," + b + "]", []string{"line 1: " + tooLong, "b"}},
		"endless string": {`{"x":"` + strings.Repeat("x", 900_000) + "\n" + b, []string{"line 1: " + tooLong, "b"}},
		"endless number": {`[` + strings.Repeat("1", 900_000) + "," + b + "]", []string{"line 1: " + tooLong, "b"}},
		"endless garbage": {
			strings.Repeat("x", 900_000) + "\n" + b,
			[]string{"line 1: invalid JSON: object or array expected, found 'x'; the rest of the line is skipped", "b"},
		},
		"endless space":    {strings.Repeat(" ", 900_000) + b, []string{"b"}},
		"space in record":  {"{" + strings.Repeat(" ", 900_000) + "}\n" + b, []string{"line 1: " + tooLong, "b"}},
		"pretty, not read": {"{\n" + lines + "\"z\":1}\n" + b, []string{"line 1: " + tooLong, "b"}},
		"never closed": {
			"{\"x\":[\n" + lines + b,
			[]string{"line 1: invalid JSON: comma or closing bracket expected, found ':'; skipped to line 30002", "b"},
		},
		"swallows others": {
			"{\"x\":[\n" + strings.Repeat(b+",\n", 1) + "\"" + strings.Repeat("x", 900_000) + "\"\n" + b,
			[]string{
				"line 1: " + tooLong, "b",
				"line 2: invalid JSON: object or array expected, found ','; the rest of the line is skipped",
				"line 3: invalid JSON: object or array expected, found '\"'; the rest of the line is skipped", "b",
			},
		},
		"long at the end": {`{"x":"` + strings.Repeat("x", 900_000), []string{"line 1: " + tooLong}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, test.want, sameOutcome(t, Options{MaxRecord: 200_000}, test.input))
		})
	}
	require.Equal(t, []string{"line 1: record longer than 20 bytes", "line 2: type: required"},
		sameOutcome(t, Options{MaxRecord: 20}, a+"\n{}"))
}

// endless gives its prefix, then left bytes of filling, then its suffix.
type endless struct {
	prefix, suffix string
	filling        byte
	left           int64
}

func (e *endless) Read(p []byte) (int, error) {
	if e.prefix != "" {
		n := copy(p, e.prefix)
		e.prefix = e.prefix[n:]
		return n, nil
	}
	if e.left > 0 {
		p = p[:min(int64(len(p)), e.left)]
		for i := range p {
			p[i] = e.filling
		}
		e.left -= int64(len(p))
		return len(p), nil
	}
	n := copy(p, e.suffix)
	e.suffix = e.suffix[n:]
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

// Memory does not grow with the input. What is counted is all that is ever allocated, so the collector plays no part.
func TestMemoryDoesNotGrowWithTheInput(t *testing.T) {
	const much = 64 << 20
	var bomb bytes.Buffer
	w := gzip.NewWriter(&bomb)
	_, err := io.Copy(w, &endless{prefix: `{"x":"`, filling: 'x', left: much, suffix: "\n" + rec("a")})
	require.NoError(t, err)
	require.NoError(t, w.Close())
	var zbomb bytes.Buffer
	z, err := zstd.NewWriter(&zbomb)
	require.NoError(t, err)
	_, err = io.Copy(z, &endless{prefix: `{"x":"`, filling: 'x', left: much, suffix: "\n" + rec("a")})
	require.NoError(t, err)
	require.NoError(t, z.Close())
	tests := map[string]struct {
		input io.Reader
		errs  int
		most  uint64
	}{
		"string":    {&endless{prefix: `{"x":"`, filling: 'x', left: much, suffix: "\n" + rec("a")}, 1, 4 << 20},
		"brackets":  {&endless{prefix: `{"x":`, filling: '[', left: much, suffix: "\n" + rec("a")}, 1, 4 << 20},
		"number":    {&endless{prefix: `{"x":`, filling: '1', left: much, suffix: "\n" + rec("a")}, 1, 4 << 20},
		"commas":    {&endless{prefix: `{"x":[1`, filling: ',', left: much, suffix: "\n" + rec("a")}, 1, 4 << 20},
		"garbage":   {&endless{filling: 'x', left: much, suffix: "\n" + rec("a")}, 1, 4 << 20},
		"space":     {&endless{filling: ' ', left: much, suffix: "\n" + rec("a")}, 0, 4 << 20},
		"new lines": {&endless{filling: '\n', left: much, suffix: "\n" + rec("a")}, 0, 4 << 20},
		"gzip":      {&bomb, 1, 4 << 20},
		"zstd":      {&zbomb, 1, 32 << 20},
	}
	for name, test := range tests {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		events, errs := 0, 0
		for _, err := range Decode(test.input) {
			if err != nil {
				errs++
			} else {
				events++
			}
		}
		runtime.ReadMemStats(&after)
		require.Less(t, after.TotalAlloc-before.TotalAlloc, test.most, name)
		require.Equal(t, 1, events, name)
		require.Equal(t, test.errs, errs, name)
	}
}

// Work stays in proportion, even where each line could be the start of a record that the line before has swallowed.
func TestWorkStaysInProportion(t *testing.T) {
	for _, line := range []string{
		"{\"x\":\n", "{\"x\":[{},\n", "{\"x\":[\n", "{\"x\":{},\n", "[\n", "[{\n", "{\"\n", "}\n", "{\n",
	} {
		input := strings.Repeat(line, 512<<10/len(line))
		s := newScanner(strings.NewReader(input), DefaultMaxRecord, newWorkspace())
		steps := 0
		for {
			_, err := s.next()
			if isEnd(err) {
				break
			}
			steps++
		}
		require.LessOrEqual(t, steps, 2*len(input)/len(line)+2, "%q", line)
	}
}

// No goroutine is left, and nothing more is read.
func TestACallerThatStopsLeavesNothing(t *testing.T) {
	text := strings.Repeat(rec("a")+"\nx\n", 10_000)
	for _, input := range [][]byte{[]byte(text), gzipped(t, text), zstded(t, text)} {
		for _, at := range []int{1, 2} {
			before := runtime.NumGoroutine()
			n := 0
			for _, err := range Decode(bytes.NewReader(input)) {
				require.Equal(t, n == 1, err != nil)
				if n++; n == at {
					break
				}
			}
			require.Equal(t, at, n)
			require.LessOrEqual(t, runtime.NumGoroutine(), before)
		}
	}
	seq := Decode(strings.NewReader(rec("a")))
	for _, err := range seq {
		require.NoError(t, err)
		break
	}
	for event, err := range seq {
		require.Fail(t, "a second range", "%v %v", event, err)
	}
}

func TestNegativeZeroIsZero(t *testing.T) {
	event, err := one(t, leastCPU().with(raw{"limit_cores": "-0.0"}))
	require.NoError(t, err)
	require.False(t, math.Signbit(event.(gossip.CPUSample).LimitCores.Value))
}
