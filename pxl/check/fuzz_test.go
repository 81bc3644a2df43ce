package check_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/pxl/check"
)

// FuzzScript gives the checker texts that are no scripts. For every text it ends, reports the same problems twice and
// not too many, and names places that are in the text.
func FuzzScript(f *testing.F) {
	names, err := filepath.Glob("testdata/*.txtar")
	require.NoError(f, err)
	for _, name := range names {
		archive, err := txtar.ParseFile(name)
		require.NoError(f, err)
		for _, s := range archive.Files {
			f.Add(string(s.Data))
		}
	}
	f.Fuzz(func(t *testing.T, source string) {
		report := check.Script(source)
		require.Equal(t, report, check.Script(source))
		require.LessOrEqual(t, len(report.Problems), 100)
		lines := strings.Count(source, "\n") + 1
		for i, p := range report.Problems {
			require.NotEmpty(t, p.Message)
			require.NotContains(t, p.Message, "\n")
			require.Positive(t, p.Column)
			require.True(t, 1 <= p.Line && p.Line <= lines, "line %d of %d", p.Line, lines)
			require.True(t, i == 0 || report.Problems[i-1].Line <= p.Line)
		}
	})
}

// These scripts could make the checker work without end.
func TestWorkIsBoundedWhateverTheScriptCalls(t *testing.T) {
	const (
		processStats = "import px\nd = px.DataFrame('process_stats')\n"
		connStats    = "import px\nd = px.DataFrame('conn_stats')\n"
		mergeByUPID  = "d = d.merge(d, how='inner', left_on='upid', right_on='upid')\n"
	)
	doubling := "import px\ndef f0():\n  return 1\n"
	for i := 1; i < 40; i++ {
		n := string(rune('0'+i/10)) + string(rune('0'+i%10))
		before := string(rune('0'+(i-1)/10)) + string(rune('0'+(i-1)%10))
		doubling += "def f" + n + "():\n  f" + before + "()\n  return f" + before + "()\n"
	}
	for name, source := range map[string]string{
		"too long":          strings.Repeat("#", check.MaxBytes+1),
		"brackets":          "x = " + strings.Repeat("[", 100_000),
		"sum":               "x = 1" + strings.Repeat("+1", 50_000),
		"attributes":        "x = a" + strings.Repeat(".b", 50_000),
		"nots":              "x = " + strings.Repeat("not ", 30_000) + "1",
		"minuses":           "x = " + strings.Repeat("-", 100_000) + "1",
		"blocks":            nestedFunctions(300),
		"calls":             doubling,
		"problems":          strings.Repeat("x\n", 10_000),
		"texts that double": "import px\nx = 'abc'\n" + strings.Repeat("x = x + x\n", 100),
		"wide frames": processStats + strings.Repeat(mergeByUPID, 5) +
			strings.Repeat("e = d.merge(d, how='inner', left_on='upid_x', right_on='upid_x')\n", 3500),
		"one program many times": "import pxtrace\np = r'''" +
			strings.Repeat("kprobe:x { printf(\"a:%d\", 1); }\n", 40) + "'''\ndef f():\n" +
			strings.Repeat("  pxtrace.UpsertTracepoint('a', 'a', p, pxtrace.kprobe(), '1m')\n", 3000) + "f()\n",
		"columns that double": processStats + "x = d.rss_bytes / d.vsize_bytes\n" +
			strings.Repeat("x = x + x\n", 10_000) + "d.x = x\nd.y = d.nothing\npx.display(d)\n",
		"a long sum many times": processStats + "x = d.rss_bytes\n" + strings.Repeat("x = x + 1\nd.x = x\n", 9_000),
		"late functions": connStats + "d.r = px.ip_to_pod_id(d.remote_addr)\nd = d[d.r == '']\n" +
			strings.Repeat("d.p = d.ctx['pod']\nd = d.append(d)\nd.p = d.ctx['pod']\n", 3_000) + "px.display(d)\n",
		"lists with missing columns": connStats +
			strings.Repeat("d = d[['a', 'b', 'c', 'd', 'e', 'f']]\nd.a = 1\n", 5_000),
		"declarations": deployOf(strings.Repeat("struct a {};", 20_000)),
		"late declarations": deployOf("kprobe:x { printf(\"a:%d\", 1); }" +
			strings.Repeat("struct a {};", 20_000)),
		"merges that grow": processStats + strings.Repeat(mergeByUPID, 4000),
	} {
		t.Run(name, func(t *testing.T) { require.True(t, check.Script(source).Refused()) })
	}
}

// deployOf returns a script that deploys a program.
func deployOf(program string) string {
	return "import pxtrace\npxtrace.UpsertTracepoint('a', 'a', r'''" + program + "''', pxtrace.kprobe(), '1m')\n"
}

// nestedFunctions returns n functions, each inside of the one before.
func nestedFunctions(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(strings.Repeat(" ", i) + "def f():\n")
	}
	return b.String() + strings.Repeat(" ", n) + "return 1\n"
}
