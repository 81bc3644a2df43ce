package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOurRuleAnswersBeforeTheDefaultRules(t *testing.T) {
	for batchNamespace, want := range map[string]string{
		"busy-loop": "leave-batch-alone: Leave",
		"other":     "cpu-limit-step: Raise",
	} {
		capture, err := os.Open("../captures/busy-loop.ndjson")
		require.NoError(t, err)
		defer capture.Close()
		var out bytes.Buffer
		require.NoError(t, printAdvice(capture, &out, batchNamespace))
		require.Contains(t, out.String(), want)
	}
}
