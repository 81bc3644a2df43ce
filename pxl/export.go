package pxl

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// resourceAttributes are the columns that identify the pod and container of a row, by the names that package pixie/otlp
// reads.
var resourceAttributes = []struct{ attribute, column string }{
	{"k8s.namespace.name", "namespace"},
	{"k8s.pod.name", "pod_name"},
	{"k8s.pod.uid", "pod_uid"},
	{"k8s.node.name", "node"},
	{"k8s.container.name", "container_name"},
	{"container.id", "container_id"},
	{"kernel_gossip.source", "source"},
}

// pointAttributes are other columns of a row that have no name in OpenTelemetry.
var pointAttributes = []string{"period_seconds", "victim_comm", "scope"}

var (
	traceImport = regexp.MustCompile(`(?m)^import pxtrace\n`)
	displayLine = regexp.MustCompile(`(?m)^px\.display\((\w+), '(\w+)'\)$`)
	ttlLine     = regexp.MustCompile(`(?m)^TTL = .*\n`)
	blankLines  = regexp.MustCompile(`\n{3,}`)
)

// renderExport makes the export form from the display form: without probes, and with px.export in place of px.display.
// The columns of a table decide what is sent of it.
func renderExport(name, script string) string {
	for _, probes := range []*regexp.Regexp{traceImport, programBlock, upsertLine, ttlLine} {
		script = probes.ReplaceAllLiteralString(script, "")
	}
	script = blankLines.ReplaceAllLiteralString(script, "\n\n")
	return displayLine.ReplaceAllStringFunc(script, func(line string) string {
		m := displayLine.FindStringSubmatch(line)
		frame, tables := m[1], Tables(name)
		i := slices.IndexFunc(tables, func(t Table) bool { return t.Name == m[2] })
		return exportTable(frame, tables[i])
	})
}

// exportTable sends each number of a table as a gauge. Pixie accepts only columns here, no expressions.
func exportTable(frame string, t Table) string {
	has := func(column string) bool {
		return slices.ContainsFunc(t.Columns, func(c Column) bool { return c.Name == column })
	}
	var b strings.Builder
	fmt.Fprintf(&b, "px.export(%s, px.otel.Data(\n    resource={\n        'service.name': 'kernel-gossip',\n", frame)
	for _, a := range resourceAttributes {
		if has(a.column) {
			fmt.Fprintf(&b, "        '%s': %s.%s,\n", a.attribute, frame, a.column)
		}
	}
	b.WriteString("    },\n    data=[\n")
	var pairs []string
	for _, column := range pointAttributes {
		if has(column) {
			pairs = append(pairs, fmt.Sprintf("'%s': %s.%s", column, frame, column))
		}
	}
	attributes := ""
	if len(pairs) > 0 {
		attributes = ", attributes={" + strings.Join(pairs, ", ") + "}"
	}
	for _, c := range t.Columns {
		if c.Unit != "" {
			fmt.Fprintf(&b, "        px.otel.metric.Gauge(name='kernel_gossip.%s.%s', value=%s.%s, unit='%s'%s),\n",
				t.Kind(), c.Name, frame, c.Name, c.Unit, attributes)
		}
	}
	b.WriteString("    ],\n))")
	return b.String()
}
