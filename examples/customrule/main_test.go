package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAdvise(t *testing.T) {
	for batch, want := range map[string]string{"busy-loop": "leave-batch-alone: Leave", "other": "cpu-limit-step: Raise"} {
		capture, err := os.Open("../captures/busy-loop.ndjson")
		require.NoError(t, err)
		defer capture.Close()
		var out bytes.Buffer
		require.NoError(t, advise(capture, &out, batch))
		require.Contains(t, out.String(), want)
	}
}
