package webhook

import (
	"encoding/json"
	"slices"
	"strings"
)

// Answer is what an operator answers to posted records, as JSON.
type Answer struct {
	// Accepted, Ignored, Unknown and Rejected count records; together they are all records of the request.
	Accepted int `json:"accepted"`
	// Ignored is the number of records about namespaces that the operator does not watch.
	Ignored int `json:"ignored"`
	// Unknown is the number of records about pods or containers that the operator's cluster does not have, or not yet.
	Unknown int `json:"unknown,omitempty"`
	// Rejected is the number of bad records.
	Rejected int `json:"rejected"`
	// Error is about the whole request.
	Error string `json:"error,omitempty"`
	// Errors are about the first rejected records, each with its line.
	Errors []string `json:"errors,omitempty"`
	// Warning is about the unknown records.
	Warning string `json:"warning,omitempty"`
}

// Message returns everything that went wrong as one valid UTF-8 text; empty if nothing did.
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

// parseAnswer reads an answer, and reports whether it is an operator's: those always have the number of accepted
// records.
func parseAnswer(text []byte) (Answer, bool) {
	var a struct {
		Answer
		Accepted *int `json:"accepted"`
	}
	if json.Unmarshal(text, &a) != nil || a.Accepted == nil {
		return Answer{Error: a.Error}, false
	}
	a.Answer.Accepted = *a.Accepted
	return a.Answer, true
}
