package bpftrace_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/pxl/check/bpftrace"
)

func TestTheFormatOfPrintfGivesTheColumns(t *testing.T) {
	report := bpftrace.Check(`kprobe:x { printf("time_:%llu pod:%s n:%d", nsecs, comm, 1); }`, true)
	require.Empty(t, report.Findings)
	require.Equal(t, []bpftrace.Column{
		{Name: "time_", Type: "TIME64NS"}, {Name: "pod", Type: "STRING"}, {Name: "n", Type: "INT64"},
	}, report.Columns)
}

func TestAFindingHasItsOffsetInTheProgram(t *testing.T) {
	const program = "// cat(\nkprobe:x { cat(\"/proc/stat\"); printf(\"a:%d\", 1); }"
	require.Equal(t, []bpftrace.Finding{{
		Offset: 19, Warning: true, Message: "what cat() does is lost: Pixie takes the rows of printf only",
	}}, bpftrace.Check(program, true).Findings)
}

func TestOnlyProgramsForProcessesAttachToThem(t *testing.T) {
	const program = `uprobe:/bin/sh:main { printf("a:%d", 1); }`
	require.Empty(t, bpftrace.Check(program, false).Findings)
	require.Len(t, bpftrace.Check(program, true).Findings, 1)
}
