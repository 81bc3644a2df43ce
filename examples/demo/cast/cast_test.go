package cast_test

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/examples/demo/cast"
)

var update = flag.Bool("update", false, "rewrite testdata")

// stream is what a program writes, and when.
var stream = []struct {
	after time.Duration
	text  string
}{
	{0, "\x1b[1mBIRTH\x1b[0m · what a start costs the kernel\n\n"},
	{1500 * time.Millisecond, "$ kubectl get pods \x1b[2m# <3 & more\x1b[0m\r\n"},
	{200 * time.Millisecond, "\x1b[3"},
	{10 * time.Millisecond, "1mcgroup writes\x1b[39m  518\x1b[0;38;5;208m █\xe2\x96"}, // a sequence, and then a character, in two writes
	{10 * time.Millisecond, "\x88\x1b[48;2;0;40;80;97m hot \x1b[m\r"},
	{30 * time.Second, "\n\x1b[7mreversed\x1b[27m \x1b[7;33mby\x1b[0m \x1b]0;a title\x07\x1b[?25l\x1b[?25hdone\n"},
}

// recorded is the stream as a cast.
func recorded(t *testing.T) []byte {
	t.Helper()
	clock := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var out bytes.Buffer
	w, err := cast.NewWriter(&out, cast.Header{
		Width: 60, Height: 8, Title: "A birth", Command: "go run ./examples/demo <birth>", IdleTimeLimit: 2, Env: map[string]string{"TERM": "xterm-256color"},
	}, func() time.Time { return clock })
	require.NoError(t, err)
	for _, s := range stream {
		clock = clock.Add(s.after)
		n, err := w.Write([]byte(s.text))
		require.NoError(t, err)
		require.Len(t, s.text, n)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile("testdata/"+name, got, 0o644))
	}
	want, err := os.ReadFile("testdata/" + name)
	require.NoError(t, err)
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got; if it is meant: go test ./examples/demo/cast -update)\n%s", name, diff)
	}
}

// A fixed stream by a fixed clock gives these files.
func TestGolden(t *testing.T) {
	file := recorded(t)
	golden(t, "stream.cast", file)
	c, err := cast.Read(bytes.NewReader(file))
	require.NoError(t, err)
	var page bytes.Buffer
	require.NoError(t, cast.Page(&page, c))
	golden(t, "stream.html", page.Bytes())
	require.NotRegexp(t, `(https?:)?//[a-z]|@import|url\(`, page.String(), "it needs no network")
}

// What was written is read: a terminal's line ends, whole characters, the times.
func TestWriter(t *testing.T) {
	c, err := cast.Read(bytes.NewReader(recorded(t)))
	require.NoError(t, err)
	require.Equal(t, int64(1767323045), c.Header.Timestamp)
	var all strings.Builder
	for _, e := range c.Events {
		require.Equal(t, cast.Output, e.Code)
		all.WriteString(e.Data)
	}
	var want strings.Builder
	for _, s := range stream {
		want.WriteString(s.text)
	}
	text := strings.ReplaceAll(strings.ReplaceAll(want.String(), "\r\n", "\n"), "\n", "\r\n")
	require.Equal(t, text, all.String())
	require.Equal(t, 31720*time.Millisecond, c.Events[len(c.Events)-1].Time)

	var again bytes.Buffer
	require.NoError(t, c.Write(&again))
	require.Equal(t, string(recorded(t)), again.String())

	now := func() time.Time { return time.Time{} }
	_, err = cast.NewWriter(&again, cast.Header{Width: 80}, now)
	require.EqualError(t, err, "height: 0: not from 1 to 1000")
	again.Reset()
	w, err := cast.NewWriter(&again, cast.Header{Width: 80, Height: 24, Timestamp: 1}, now)
	require.NoError(t, err)
	_, err = w.Write([]byte("caf\xc3"))
	require.NoError(t, err)
	require.NoError(t, w.Close())
	require.Equal(t, "{\"version\":2,\"width\":80,\"height\":24,\"timestamp\":1}\n[0.000000,\"o\",\"caf\"]\n[0.000000,\"o\",\"\\ufffd\"]\n", again.String())
}

func TestRead(t *testing.T) {
	const header = `{"version": 2, "width": 80, "height": 24, "theme": {"fg": "#fff"}}` + "\n"
	c, err := cast.Read(strings.NewReader(header + "\n[0.248848, \"o\", \"a\"]\r\n[1e1, \"m\", \"\"]"))
	require.NoError(t, err)
	want := &cast.Cast{Header: cast.Header{Width: 80, Height: 24}, Events: []cast.Event{{248848 * time.Microsecond, "o", "a"}, {10 * time.Second, "m", ""}}}
	if diff := cmp.Diff(want, c); diff != "" {
		t.Errorf("cast (-want +got)\n%s", diff)
	}
	for text, want := range map[string]string{
		"":     "line 1: no header",
		"\n\n": "line 3: no header",
		"[]":   "line 1: not a header: json: cannot unmarshal array",
		"{}":   "line 1: version 0: not 2",
		`{"version":3,"term":{"cols":80,"rows":24}}`:              "line 1: version 3: not 2",
		`{"version":2,"width":80}`:                                "line 1: height: 0: not from 1 to 1000",
		`{"version":2,"width":1001,"height":1}`:                   "line 1: width: 1001: not from 1 to 1000",
		`{"version":2,"width":1,"height":1,"idle_time_limit":-1}`: "line 1: idle_time_limit: negative: -1",
		header + "hello":                                          "line 2: not an event: invalid character 'h'",
		header + `[1, "o"]`:                                       "line 2: not an event: 2 parts, not 3",
		header + `["1", "o", ""]`:                                 "line 2: part 1 of the event: json: cannot unmarshal string",
		header + `[1, "o", null]`:                                 "line 2: a part of the event is null",
		header + `[-1, "o", ""]`:                                  "line 2: the event is at -1 seconds",
		header + `[1e99, "o", ""]`:                                "line 2: the event is at 1e+99 seconds",
		header + "[2, \"o\", \"\"]\n[1, \"o\", \"\"]":             "line 3: the event is at 1s, before the one before it at 2s",
		header + `[1, "o", "` + strings.Repeat("x", 1<<20) + `"]`: "line 2: longer than 1048576 bytes",
	} {
		c, err := cast.Read(strings.NewReader(text))
		require.Nil(t, c)
		var at *cast.LineError
		require.ErrorAs(t, err, &at)
		require.ErrorContains(t, err, want)
		require.Error(t, errors.Unwrap(err))
	}
	broken := errors.New("the disk is gone")
	_, err = cast.Read(iotest.ErrReader(broken))
	require.Equal(t, broken, err)
}

// What would need a terminal is refused with its time, and nothing else is.
func TestPageRefuses(t *testing.T) {
	for data, want := range map[string]string{
		"\x1b[2J":                            `at 1s: the sequence "\x1b[2J": neither a colour nor a mode: it needs a player with a terminal`,
		"\x1b[1A":                            `the sequence "\x1b[1A"`,
		"\x1b[38;5;256m":                     `the colour "38;5;256"`,
		"\x1b[38;9m":                         `the colour "38;9"`,
		"\x1b[99999m":                        `the colour "99999"`,
		"\x1b[?1m":                           `the sequence "\x1b[?1m"`,
		"\x1b7":                              `the sequence "\x1b7"`,
		"10%\r20%":                           `a line that is overwritten: "\r20%"`,
		"a\bb":                               `the control character '\b'`,
		"\x1b]" + strings.Repeat("x", 2000):  "neither a colour nor a mode",
		"\x1b[1;31mred\x1b[0m\a\t\r\r\n":     "",
		"\x1b]0;title\x1b\\\x1b[?2004h\x1b[": "",
		"\x1b[4;9;3;2;21;99m x":              "",
	} {
		c := &cast.Cast{Header: cast.Header{Width: 80, Height: 24}, Events: []cast.Event{{time.Second, "o", data}, {2 * time.Second, "r", "90x30"}}}
		var out bytes.Buffer
		err := cast.Page(&out, c)
		if want == "" {
			require.NoError(t, err, "%q", data)
			continue
		}
		require.ErrorContains(t, err, want, "%q", data)
		require.Empty(t, out.String())
	}
}

// FuzzRead: what is read is written and read again as the same, and makes a page or an error; never half of one.
func FuzzRead(f *testing.F) {
	file, err := os.ReadFile("testdata/stream.cast")
	require.NoError(f, err)
	f.Add(file)
	for _, event := range []string{`[1,"o","\u001b[2J"]`, `[1,"o","a\rb"]`, `[0.1,"i","x"]`, `[1,"o","\u001b["]`, `[2,"r","80x24"]`} {
		f.Add([]byte(`{"version":2,"width":80,"height":24}` + "\n" + event))
	}
	f.Fuzz(func(t *testing.T, file []byte) {
		c, err := cast.Read(bytes.NewReader(file))
		require.Equal(t, err == nil, c != nil)
		if err != nil {
			return
		}
		var written bytes.Buffer
		require.NoError(t, c.Write(&written))
		again, err := cast.Read(&written)
		require.NoError(t, err)
		if diff := cmp.Diff(c, again); diff != "" {
			t.Fatalf("written and read again (-want +got)\n%s", diff)
		}
		var page bytes.Buffer
		err = cast.Page(&page, c)
		require.Equal(t, err != nil, page.Len() == 0)
	})
}
