package ingest

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
)

// answer is what a sender gets, in whatever words his protocol has for it.
type answer struct {
	code   int               // of HTTP
	after  int               // seconds after which to come again
	header map[string]string // of HTTP
	points int               // data points rejected, in OTLP

	Accepted int      `json:"accepted"`
	Ignored  int      `json:"ignored"`
	Rejected int      `json:"rejected"`
	Error    string   `json:"error,omitempty"`  // of the request
	Errors   []string `json:"errors,omitempty"` // of its first bad records
}

func refusal(code int, why string) answer { return answer{code: code, Error: why} }

// later is for senders that should come again after so many seconds.
func later(code, seconds int, why string) answer {
	a := refusal(code, why).with("Retry-After", strconv.Itoa(seconds))
	a.after = seconds
	return a
}

func tooLarge(most int64) answer {
	return refusal(http.StatusRequestEntityTooLarge, fmt.Sprintf("a body is at most %d bytes, unpacked: send less at a time", most))
}

// refused makes an answer about records one about the whole request.
func (a answer) refused(code int, why string) answer {
	a.code, a.Error = code, why
	return a
}

// with adds a header.
func (a answer) with(name, value string) answer {
	header := map[string]string{name: value}
	maps.Copy(header, a.header)
	a.header = header
	return a
}

// message is what went wrong, in one text.
func (a answer) message() string {
	parts := a.Errors
	if a.Error != "" {
		parts = append([]string{a.Error}, parts...)
	}
	return strings.ToValidUTF8(strings.Join(parts, "; "), "�")
}

// write writes the answer as JSON.
func (a answer) write(w http.ResponseWriter) {
	text, err := json.Marshal(a)
	if err != nil { // numbers and strings: cannot be
		text = []byte("{}")
	}
	respond(w, a.code, "application/json", append(text, '\n'))
}

func respond(w http.ResponseWriter, code int, kind string, text []byte) {
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(code)
	_, _ = w.Write(text) // a sender that has gone does not want to know
}
