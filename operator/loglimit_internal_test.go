package operator

import (
	"bytes"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-logr/logr"
	"github.com/stretchr/testify/require"

	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
)

// lines returns the lines of a log in JSON.
func lines(t *testing.T, log *bytes.Buffer) []map[string]any {
	t.Helper()
	var out []map[string]any
	for line := range strings.Lines(log.String()) {
		var one map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &one))
		out = append(out, one)
	}
	return out
}

func newLimitedLog(level slog.Level) (logr.Logger, *bytes.Buffer) {
	var out bytes.Buffer
	return logr.FromSlogHandler(newLimitedHandler(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: level}))), &out
}

// What repeats itself is logged twenty times a minute, and the next line has the number of those between.
func TestRepeatedLinesAreLeftOutAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, out := newLimitedLog(slog.LevelInfo)
		for i := range 10_000 {
			log.WithValues("subject", i).WithName("controller").Error(errors.New("forbidden"), "Reconciler error")
		}
		log.Info("Another")
		require.Len(t, lines(t, out), maxLines+1)
		time.Sleep(time.Minute)
		log.Error(nil, "Reconciler error")
		log.Error(nil, "Reconciler error")
		said := lines(t, out)[maxLines+1:]
		require.Len(t, said, 2)
		require.InDelta(t, 10_000-maxLines, said[0]["leftOut"], 0)
		require.NotContains(t, said[1], "leftOut")
	})
}

// Messages that a sender chooses do not make more lines, and the operator's are logged again afterwards.
func TestDifferentMessagesAreLimitedTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		log, out := newLimitedLog(slog.LevelInfo)
		for i := range 100_000 {
			log.Info(fmt.Sprint("message ", i))
		}
		require.Len(t, lines(t, out), maxMessages+maxLines)
		time.Sleep(time.Minute)
		out.Reset()
		log.Info("Stopped")
		require.Len(t, lines(t, out), 1)
	})
}

// Who asks for each line gets each.
func TestDebugLinesAreNotLimited(t *testing.T) {
	log, out := newLimitedLog(slog.LevelDebug)
	for range 1000 {
		log.V(1).Info("First record")
	}
	require.Len(t, lines(t, out), 1000)
}

// Strangers that fail the handshake do not fill the log.
func TestFailedHandshakesAreLoggedSeldom(t *testing.T) {
	log, out := newLimitedLog(slog.LevelInfo)
	secure, err := newSelfSignedConfig()
	require.NoError(t, err)
	l, err := ingest.NewConnections(0, nil).Listen("127.0.0.1:0", secure)
	require.NoError(t, err)
	server := ingest.NewServer(http.NotFoundHandler())
	server.ErrorLog = newServerLog(log, "metrics")
	var done sync.WaitGroup
	done.Go(func() { _ = server.Serve(l) })
	for i := range 200 {
		if i%2 == 0 {
			_, err = tls.Dial("tcp", l.Addr().String(), &tls.Config{MaxVersion: tls.VersionTLS11})
			require.Error(t, err)
			continue
		}
		c, err := net.Dial("tcp", l.Addr().String())
		require.NoError(t, err)
		_, err = c.Write([]byte("GET / HTTP/1.1\r\n\r\n"))
		require.NoError(t, err)
		_, err = c.Read(make([]byte, 1)) // HTTP is answered
		require.NoError(t, err)
		require.NoError(t, c.Close())
	}
	require.NoError(t, server.Close())
	done.Wait()
	said := lines(t, out)
	require.Len(t, said, maxLines)
	require.Equal(t, "A connection failed", said[0]["msg"])
	require.Contains(t, said[0]["why"], "TLS handshake error from 127.0.0.1")
}
