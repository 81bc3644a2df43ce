package ingest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/kernel-gossip/kernel-gossip/pixie/webhook"
)

// Reply is the answer to a request with what HTTP needs beside it. Other protocols translate it.
type Reply struct {
	webhook.Answer

	// Code is the HTTP status.
	Code int
	// RetryAfter is how long a sender should wait before it sends the request again; 0 means that it need not send it.
	RetryAfter time.Duration
	// Points is the number of OTLP data points in the rejected records.
	Points int

	header map[string]string // of HTTP
}

// newRefusal returns a reply about a whole request.
func newRefusal(code int, why string) Reply {
	return Reply{Code: code, Answer: webhook.Answer{Error: why}}
}

// retryLater returns a reply to a sender that should send the request again after a number of seconds.
func retryLater(code, seconds int, why string) Reply {
	r := newRefusal(code, why).withHeader("Retry-After", strconv.Itoa(seconds))
	r.RetryAfter = time.Duration(seconds) * time.Second
	return r
}

func refuseTooLarge(limit int64) Reply {
	return newRefusal(http.StatusRequestEntityTooLarge,
		fmt.Sprintf("a body is at most %d bytes, unpacked: send less at a time", limit))
}

// withError makes a reply about records one about the whole request, too.
func (r Reply) withError(code int, why string) Reply {
	r.Code, r.Error = code, why
	return r
}

// withHeader adds an HTTP header.
func (r Reply) withHeader(name, value string) Reply {
	header := map[string]string{name: value}
	maps.Copy(header, r.header)
	r.header = header
	return r
}

// closesConnection reports whether the connection ends with the answer: strangers keep none, and a body that was not
// read is not waited for.
func (r Reply) closesConnection() bool {
	switch r.Code {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound, http.StatusMethodNotAllowed,
		http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return true
	}
	return false
}

// writeJSON writes the answer as JSON.
func writeJSON(w http.ResponseWriter, _ *http.Request, r Reply) {
	text, err := json.Marshal(r.Answer)
	if err != nil { // impossible for numbers and strings
		text = []byte("{}")
	}
	writeResponse(w, r.Code, "application/json", append(text, '\n'))
}

func writeResponse(w http.ResponseWriter, code int, contentType string, text []byte) {
	w.Header().Set("Content-Type", contentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(code)
	_, _ = w.Write(text) // an error means that the sender has gone
}
