package main

import (
	"bytes"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestDecode(t *testing.T) {
	capture, err := os.Open("../captures/hidden-throttling.ndjson")
	require.NoError(t, err)
	defer capture.Close()
	var out, errs bytes.Buffer
	decode(capture, &out, &errs)
	require.Regexp(t, `^CPUThrottling hidden-throttling/api-\S+/app Critical\n  Raise the CPU limit of container app from 100m to \S+\.\n$`, out.String())
	require.Empty(t, errs.String())
}
