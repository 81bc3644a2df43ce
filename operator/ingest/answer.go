package ingest

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
)

// answer is what a sender gets.
type answer struct {
	code       int
	retryAfter string // seconds

	Accepted int      `json:"accepted"`
	Ignored  int      `json:"ignored"`
	Rejected int      `json:"rejected"`
	Error    string   `json:"error,omitempty"`  // of the request
	Errors   []string `json:"errors,omitempty"` // of its first bad records
}

func refusal(code int, why string) answer { return answer{code: code, Error: why} }

func later(code int, seconds, why string) answer {
	return answer{code: code, retryAfter: seconds, Error: why}
}

func tooLarge(most int64) answer {
	return refusal(http.StatusRequestEntityTooLarge, fmt.Sprintf("a body is at most %d bytes, unpacked: send less at a time", most))
}

// refused makes an answer about records one about the whole request.
func (a answer) refused(code int, why string) answer {
	a.code, a.Error = code, why
	return a
}

func (a answer) write(w http.ResponseWriter) {
	text, err := json.Marshal(a)
	if err != nil { // numbers and strings: cannot be
		text = []byte("{}")
	}
	header := w.Header()
	header.Set("Content-Type", "application/json")
	header.Set("Content-Length", strconv.Itoa(len(text)+1))
	if a.retryAfter != "" {
		header.Set("Retry-After", a.retryAfter)
	}
	w.WriteHeader(a.code)
	_, _ = w.Write(append(text, '\n')) // a sender that has gone does not want to know
}
