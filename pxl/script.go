package pxl

import (
	"embed"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"time"
)

//go:embed *.pxl
var scripts embed.FS

// Form is the purpose of a script.
type Form int

const (
	// Display deploys the probes, or keeps them, and shows rows: for px run and for Pixie's API. The files have this form.
	Display Form = iota
	// Export reads the rows of probes that are deployed already, and sends them by OpenTelemetry: for Pixie's scheduled
	// scripts, which cannot deploy probes. The schedule says where to.
	Export
)

// Params are the parameters of a script. The zero value of a field keeps the script's own value; a script ignores
// parameters that it does not have.
type Params struct {
	Window     time.Duration // the time that a row sums up
	Lookback   time.Duration // how far a run looks back
	Settle     time.Duration // a birth is over when no container was started for this time
	Namespaces string        // a regular expression (RE2) for whole names
	Rows       int           // most rows
	TTL        time.Duration // how long the probes stay unless the script runs again
}

// minWindow is twice the time between two rows of a probe.
const minWindow = 10 * time.Second

// Names returns the scripts in alphabetical order.
func Names() []string {
	return []string{"cpu_throttle_detector", "memory_pressure_monitor", "network_issue_finder", "pod_creation_trace"}
}

// Script returns a script as it is in its file: in its display form, with its own parameters.
func Script(name string) (string, error) {
	text, err := scripts.ReadFile(name + ".pxl")
	if err != nil {
		return "", fmt.Errorf("script %q: not one of %s", name, strings.Join(Names(), ", "))
	}
	return string(text), nil
}

// Render returns a script in one of its forms, with parameters.
func Render(name string, form Form, p Params) (string, error) {
	text, err := Script(name)
	if err != nil {
		return "", err
	}
	values, err := p.renderValues()
	if err != nil {
		return "", fmt.Errorf("script %s: %w", name, err)
	}
	for parameter, value := range values {
		text = parameterLine(parameter).ReplaceAllLiteralString(text, parameter+" = "+value)
	}
	if form == Export {
		return renderExport(name, text), nil
	}
	return text, nil
}

func parameterLine(parameter string) *regexp.Regexp {
	return regexp.MustCompile(`(?m)^` + parameter + ` = .*$`)
}

// renderValues returns the parameters that are set, as PxL writes them.
func (p Params) renderValues() (map[string]string, error) {
	values := map[string]string{}
	durations := map[string]time.Duration{"WINDOW": p.Window, "LOOKBACK": p.Lookback, "SETTLE": p.Settle, "TTL": p.TTL}
	for parameter, d := range durations {
		seconds := strconv.FormatInt(int64(d/time.Second), 10)
		switch {
		case d < 0 || d%time.Second != 0:
			return nil, fmt.Errorf("%s: %v: not a whole number of seconds above 0", parameter, d)
		case parameter == "WINDOW" && d != 0 && d < minWindow:
			return nil, fmt.Errorf("%s: %v: below %v", parameter, d, minWindow)
		case d == 0:
		case parameter == "TTL":
			values[parameter] = "'" + seconds + "s'"
		default:
			values[parameter] = "px.seconds(" + seconds + ")"
		}
	}
	if p.Namespaces != "" {
		if _, err := regexp.Compile(p.Namespaces); err != nil {
			return nil, fmt.Errorf("NAMESPACES: %w", err)
		}
		if strings.ContainsFunc(p.Namespaces, func(r rune) bool { return r < ' ' || r > '~' }) {
			return nil, fmt.Errorf("NAMESPACES: %q: not printable ASCII", p.Namespaces)
		}
		values["NAMESPACES"] = "'" + strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(p.Namespaces) + "'"
	}
	if p.Rows < 0 {
		return nil, fmt.Errorf("ROWS: %d: negative", p.Rows)
	}
	if p.Rows > 0 {
		values["ROWS"] = strconv.Itoa(p.Rows)
	}
	return values, nil
}

// Program is a bpftrace program that a script deploys.
type Program struct {
	Tracepoint string // its name in Pixie
	Table      string // the table of its rows; versioned, since a table keeps its columns until Pixie's agent restarts
	Text       string
}

var (
	upsertLine   = regexp.MustCompile(`(?m)^pxtrace\.UpsertTracepoint\('(\w+)', '(\w+)', (\w+), .*\n`)
	programBlock = regexp.MustCompile(`(?ms)^([A-Z]+) = r'''(.*?)'''\n`)
)

// Programs returns the bpftrace programs in a script.
func Programs(name string) ([]Program, error) {
	script, err := Script(name)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, m := range programBlock.FindAllStringSubmatch(script, -1) {
		texts[m[1]] = m[2]
	}
	var programs []Program
	for _, m := range upsertLine.FindAllStringSubmatch(script, -1) {
		programs = append(programs, Program{Tracepoint: m[1], Table: m[2], Text: texts[m[3]]})
	}
	return programs, nil
}
