package pxl_test

import (
	"bytes"
	"flag"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/pxl"
	"github.com/kernel-gossip/kernel-gossip/pxl/check"
)

var update = flag.Bool("update", false, "write the shared programs into the scripts")

func TestEveryScriptOfTheFolderIsListed(t *testing.T) {
	entries, err := os.ReadDir(".")
	require.NoError(t, err)
	var files []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".pxl"); ok {
			files = append(files, name)
		}
	}
	require.Equal(t, files, pxl.Names())
	for _, name := range pxl.Names() {
		require.NotEmpty(t, pxl.Tables(name), name)
	}
	_, err = pxl.Script("nothing")
	require.ErrorContains(t, err, `"nothing"`)
	_, err = pxl.Render("nothing", pxl.Export, pxl.Params{})
	require.Error(t, err)
	_, err = pxl.Programs("nothing")
	require.Error(t, err)
	require.Nil(t, pxl.Tables("nothing"))
}

// Programs that other readers of the kernel use too are the same in the scripts.
func TestScriptsContainTheSharedPrograms(t *testing.T) {
	for file, script := range map[string]string{"oom_kill.bt": "memory_pressure_monitor.pxl"} {
		program, err := os.ReadFile(file)
		require.NoError(t, err)
		text, err := os.ReadFile(script)
		require.NoError(t, err)
		block := regexp.MustCompile(`(?s)KILLS = r'''.*?'''`)
		want := block.ReplaceAllLiteral(text, []byte("KILLS = r'''"+string(program)+"'''"))
		if *update {
			require.NoError(t, os.WriteFile(script, want, 0o644))
			continue
		}
		require.True(t, bytes.Equal(want, text), "%s has another %s: go test ./pxl -update", script, file)
	}
}

// Pixie would refuse nothing in both forms, and nothing can go wrong. They show their tables and no others, and contain
// their programs.
func TestBothFormsOfEveryScriptPassTheChecker(t *testing.T) {
	for _, name := range pxl.Names() {
		t.Run(name, func(t *testing.T) {
			display, err := pxl.Render(name, pxl.Display, pxl.Params{})
			require.NoError(t, err)
			script, err := pxl.Script(name)
			require.NoError(t, err)
			require.Equal(t, script, display, "the display form without parameters is the file")

			report := check.Script(display)
			require.Empty(t, report.Problems)
			require.Empty(t, report.Exports)
			var want []check.Table
			for _, table := range pxl.Tables(name) {
				want = append(want, joinColumns(table))
			}
			if diff := cmp.Diff(want, report.Displays); diff != "" {
				t.Errorf("tables (-want +got)\n%s", diff)
			}

			programs, err := pxl.Programs(name)
			require.NoError(t, err)
			require.Len(t, programs, len(report.Probes))
			var filled []check.Table
			for i, p := range report.Probes {
				require.Equal(t, pxl.Program{Tracepoint: p.Name, Table: p.Table.Name, Text: p.Program}, programs[i])
				require.Regexp(t, `^kg_\w+_v[1-9]$`, p.Table.Name)
				require.Equal(t, "10m", p.TTL)
				filled = append(filled, p.Table)
			}

			export, err := pxl.Render(name, pxl.Export, pxl.Params{})
			require.NoError(t, err)
			require.NotContains(t, export, "pxtrace")
			require.NotContains(t, export, "px.display")
			require.True(t, check.Script(export).Refused(), "alone it reads tables that no probe fills")
			report = check.Script(export, filled...)
			require.Empty(t, report.Problems)
			require.Empty(t, report.Probes)
			require.Empty(t, report.Displays)
			for i := range want {
				want[i].Name = ""
			}
			if diff := cmp.Diff(want, report.Exports); diff != "" {
				t.Errorf("exported (-want +got)\n%s", diff)
			}
		})
	}
}

func joinColumns(t pxl.Table) check.Table {
	out := check.Table{Name: t.Name}
	for _, c := range t.Columns {
		out.Columns = append(out.Columns, check.Column{Name: c.Name, Type: c.Type})
	}
	return out
}

// Every number that has a unit is sent, with the service, the pod, and the time in which it was counted.
func TestEveryNumberWithAUnitIsExported(t *testing.T) {
	for _, name := range pxl.Names() {
		export, err := pxl.Render(name, pxl.Export, pxl.Params{})
		require.NoError(t, err)
		for _, table := range pxl.Tables(name) {
			numbers := 0
			for _, c := range table.Columns {
				gauge := "name='kernel_gossip." + table.Kind() + "." + c.Name + "'"
				if c.Unit == "" {
					require.NotContains(t, export, gauge)
					continue
				}
				numbers++
				require.Contains(t, export, gauge)
				require.Contains(t, []string{"INT64", "FLOAT64"}, c.Type)
			}
			require.Positive(t, numbers, table.Name)
		}
		require.Equal(t, len(pxl.Tables(name)), strings.Count(export, "'service.name': 'kernel-gossip'"))
		for _, table := range pxl.Tables(name) {
			for _, c := range table.Columns {
				if c.Name != "time_" { // the time of each point
					require.Regexp(t, `(: |value=)\w+\.`+c.Name+`\b`, export, "%s is not sent", c.Name)
				}
			}
		}
		require.Equal(t, strings.Count(export, "px.otel.metric.Gauge("), strings.Count(export, "unit='"))
	}
}

// Runs look back at different times, and a window in two of them must give the same record, else it counts twice. So
// everything is aggregated by window, except which container belongs to which pod.
func TestEachWindowIsAggregatedAlone(t *testing.T) {
	aggregate := regexp.MustCompile(`\.groupby\(([^)]*)\)\.agg\((\)?)`)
	for _, name := range pxl.Names() {
		script, err := pxl.Script(name)
		require.NoError(t, err)
		if !strings.Contains(script, "\nWINDOW = ") {
			continue
		}
		found := aggregate.FindAllStringSubmatch(script, -1)
		require.NotEmpty(t, found)
		for _, m := range found {
			require.True(t, m[2] == ")" || strings.Contains(m[1], "'window'"), "%s: %s", name, m[0])
		}
	}
}

// A script itself sets how many rows it may show, and stays below the number at which Pixie cuts.
func TestScriptsLimitTheirRows(t *testing.T) {
	for _, name := range pxl.Names() {
		script, err := pxl.Script(name)
		require.NoError(t, err)
		require.Contains(t, script, "\n#px:set max_output_rows_per_table=10000\n")
		require.Equal(t, len(pxl.Tables(name)), strings.Count(script, ".head(ROWS)"))
	}
}

func TestParametersAreRenderedAsPxL(t *testing.T) {
	all := pxl.Params{
		Window: time.Minute, Lookback: time.Hour, Settle: 2 * time.Minute, Namespaces: `shop-\d'+`, Rows: 5,
		TTL: 30 * time.Minute,
	}
	lines := map[string]string{
		"WINDOW": "px.seconds(60)", "LOOKBACK": "px.seconds(3600)", "SETTLE": "px.seconds(120)",
		"NAMESPACES": `'shop-\\d\'+'`, "ROWS": "5", "TTL": "'1800s'",
	}
	for _, name := range pxl.Names() {
		script, err := pxl.Script(name)
		require.NoError(t, err)
		rendered, err := pxl.Render(name, pxl.Display, all)
		require.NoError(t, err)
		require.Empty(t, check.Script(rendered).Problems)
		for parameter, value := range lines {
			has := strings.Contains(script, "\n"+parameter+" = ")
			require.Equal(t, has, strings.Contains(rendered, "\n"+parameter+" = "+value+"\n"), "%s in %s", parameter, name)
		}
	}
	for want, p := range map[string]pxl.Params{
		"WINDOW: 1s: below 10s":                    {Window: time.Second},
		"LOOKBACK: -1s":                            {Lookback: -time.Second},
		"TTL: 1.5s: not a whole number of seconds": {TTL: 1500 * time.Millisecond},
		"NAMESPACES: error parsing":                {Namespaces: "("},
		`NAMESPACES: "a\n": not printable ASCII`:   {Namespaces: "a\n"},
		"ROWS: -1: negative":                       {Rows: -1},
	} {
		_, err := pxl.Render("cpu_throttle_detector", pxl.Display, p)
		require.ErrorContains(t, err, want)
	}
}
