// Command pixie-export makes the ConfigMaps in this folder. Each has the export form of a script of package pxl, its
// schedule and the address to send to, in the format of Pixie's query broker (label purpose=cron-script). README.md
// says how they are installed.
package main

//go:generate go run .

import (
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/pxl"
)

// schedule is how often a script runs, and how far a run looks back. Pixie does not try again, and does not make up for
// a missed run. So each run also sends what two or three runs before it sent: duplicates count once.
type schedule struct{ every, lookback time.Duration }

func scheduleOf(script string) schedule {
	if script == "pod_creation_trace" { // a run must read a whole birth, from its first cgroup directory to its end
		return schedule{every: time.Minute, lookback: 10 * time.Minute}
	}
	return schedule{every: 30 * time.Second, lookback: 2 * time.Minute}
}

// configMap is the text that the query broker parses. The user who installs it replaces the token.
const configMap = `# Made from pxl/%[1]s.pxl by go generate: do not edit.
apiVersion: v1
kind: ConfigMap
metadata:
  name: kernel-gossip-%[2]s
  namespace: pl
  labels: {app.kubernetes.io/part-of: kernel-gossip, purpose: cron-script}
data:
  cron.yaml: |
    frequency_s: %[3]d
  configs.yaml: |
    otelEndpointConfig:
      url: kernel-gossip.kernel-gossip.svc:4317
      insecure: true
      headers:
        authorization: Bearer THE-TOKEN
  script.pxl: |
%[4]s`

func main() {
	for _, name := range pxl.Names() {
		when := scheduleOf(name)
		script, err := pxl.Render(name, pxl.Export, pxl.Params{Lookback: when.lookback})
		if err == nil {
			hyphenated := strings.ReplaceAll(name, "_", "-")
			text := fmt.Sprintf(configMap, name, hyphenated, int64(when.every.Seconds()), indentLines(script))
			err = os.WriteFile(hyphenated+".yaml", []byte(text), 0o644) //nolint:gosec // it is for everybody to read
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, "pixie-export:", err)
			os.Exit(1)
		}
	}
}

// indentLines indents the lines of a script under their key; empty lines stay empty.
func indentLines(script string) string {
	var b strings.Builder
	for line := range strings.Lines(script) {
		if line != "\n" {
			b.WriteString("    ")
		}
		b.WriteString(line)
	}
	return b.String()
}
