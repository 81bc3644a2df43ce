package ingest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Answer is what a sender gets, in the words of HTTP and JSON. A door of another protocol translates it.
type Answer struct {
	// Code is the HTTP status.
	Code int `json:"-"`
	// RetryAfter is how long a sender should wait before it sends the request again; 0 means that it need not.
	RetryAfter time.Duration `json:"-"`
	// Points is the number of OTLP data points in the rejected records.
	Points int `json:"-"`

	header map[string]string // of HTTP

	// Accepted, Ignored, Unknown and Rejected count records; together they are all of the request. See Outcome.
	Accepted int `json:"accepted"`
	Ignored  int `json:"ignored"`
	Unknown  int `json:"unknown,omitempty"`
	Rejected int `json:"rejected"`
	// Error is about the whole request, Errors about its first bad records, Warning about the unknown ones.
	Error   string   `json:"error,omitempty"`
	Errors  []string `json:"errors,omitempty"`
	Warning string   `json:"warning,omitempty"`
}

func refusal(code int, why string) Answer { return Answer{Code: code, Error: why} }

// later is for senders that should come again after so many seconds.
func later(code, seconds int, why string) Answer {
	a := refusal(code, why).with("Retry-After", strconv.Itoa(seconds))
	a.RetryAfter = time.Duration(seconds) * time.Second
	return a
}

func tooLarge(most int64) Answer {
	return refusal(http.StatusRequestEntityTooLarge, fmt.Sprintf("a body is at most %d bytes, unpacked: send less at a time", most))
}

// refused makes an answer about records one about the whole request.
func (a Answer) refused(code int, why string) Answer {
	a.Code, a.Error = code, why
	return a
}

// with adds a header.
func (a Answer) with(name, value string) Answer {
	header := map[string]string{name: value}
	maps.Copy(header, a.header)
	a.header = header
	return a
}

// Message returns what went wrong, in one valid UTF-8 text.
func (a Answer) Message() string {
	parts := a.Errors
	if a.Error != "" {
		parts = append([]string{a.Error}, parts...)
	}
	if a.Warning != "" {
		parts = append(slices.Clip(parts), a.Warning)
	}
	return strings.ToValidUTF8(strings.Join(parts, "; "), "�")
}

// write writes the answer as JSON.
func (a Answer) write(w http.ResponseWriter) {
	text, err := json.Marshal(a)
	if err != nil { // numbers and strings: cannot be
		text = []byte("{}")
	}
	respond(w, a.Code, "application/json", append(text, '\n'))
}

func respond(w http.ResponseWriter, code int, kind string, text []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(code)
	_, _ = w.Write(text) // a sender that has gone does not want to know
}
