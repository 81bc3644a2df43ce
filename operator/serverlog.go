package operator

import (
	"log"
	"strings"

	"github.com/go-logr/logr"
)

// newServerLog returns the log of an HTTP server. It logs handshakes that fail, which any stranger can cause, and
// panics.
func newServerLog(to logr.Logger, name string) *log.Logger { //nolint:forbidigo // what http.Server writes to
	return log.New(serverLog{to.WithValues("name", name)}, "", 0) //nolint:forbidigo // as above
}

type serverLog struct{ to logr.Logger }

// Write logs one line. The text has the sender's address, so it is a value: lines with the same message are limited
// together.
func (s serverLog) Write(line []byte) (int, error) {
	text := strings.TrimSpace(string(line))
	if strings.HasPrefix(text, "http: panic") {
		s.to.Error(nil, "A request ended in a panic", "why", text)
	} else {
		s.to.Info("A connection failed", "why", text)
	}
	return len(line), nil
}
