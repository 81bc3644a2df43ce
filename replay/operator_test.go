package replay_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// fakeOperator answers like an operator, or as a script says. The tests of package operator send to the real one.
type fakeOperator struct {
	mu      sync.Mutex
	answers []string // CODE or CODE:RETRY-AFTER, one a request; afterwards it answers like an operator
	token   string
	log     []string
}

func (f *fakeOperator) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	body, _ := io.ReadAll(r.Body)
	f.log = append(f.log, fmt.Sprintf("%s %s %s, %d lines",
		r.Method, r.URL.Path, r.Header.Get("Content-Type"), bytes.Count(body, []byte("\n"))))
	if f.token != "" && r.Header.Get("Authorization") != "Bearer "+f.token {
		w.WriteHeader(http.StatusUnauthorized)
		_, _ = io.WriteString(w, `{"accepted":0,"error":"a bearer token is needed, and it has to be a good one"}`)
		return
	}
	if len(f.answers) > 0 {
		code, after, again := strings.Cut(f.answers[0], ":")
		f.answers = f.answers[1:]
		if again {
			w.Header().Set("Retry-After", after)
		}
		n, _ := strconv.Atoi(code)
		w.WriteHeader(n)
		_, _ = io.WriteString(w, `{"accepted":0,"error":"because"}`)
		return
	}
	code, a := f.judge(body)
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(a)
}

// judge ignores the namespace elsewhere, and rejects pods called rejected.
func (f *fakeOperator) judge(body []byte) (code int, answer any) {
	var a struct {
		Accepted int      `json:"accepted"`
		Ignored  int      `json:"ignored"`
		Rejected int      `json:"rejected"`
		Unknown  int      `json:"unknown,omitempty"`
		Warning  string   `json:"warning,omitempty"`
		Errors   []string `json:"errors"`
	}
	for raw, err := range (pixie.Options{}).Split(bytes.NewReader(body)) {
		if err != nil {
			return http.StatusInternalServerError, err.Error()
		}
		event, err := raw.Event()
		switch {
		case err == nil && event.From().Pod == "rejected":
			why := fmt.Errorf("cpu_throttle: refused at %s", event.From().Time.Format(time.RFC3339))
			err = &pixie.RecordError{Line: raw.Line, Err: why}
			fallthrough
		case err != nil:
			if a.Rejected++; a.Rejected <= 2 {
				a.Errors = append(a.Errors, err.Error())
			}
		case event.From().Namespace == "elsewhere":
			a.Ignored++
		case event.From().PodUID == "stranger":
			a.Unknown, a.Warning = a.Unknown+1, "this cluster has no pod "+event.From().Pod+" with the UID stranger"
		default:
			a.Accepted++
			f.log = append(f.log, "  "+event.Subject().String()+" at "+event.From().Time.Format(time.RFC3339Nano))
		}
	}
	if a.Accepted+a.Ignored+a.Unknown == 0 {
		return http.StatusBadRequest, a
	}
	return http.StatusOK, a
}

// operatorCommand is: operator [-token TOKEN] [ANSWER...]. It starts an operator and sets $URL.
func operatorCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg {
		ts.Fatalf("usage: operator [-token TOKEN] [ANSWER...]")
	}
	f := &fakeOperator{}
	if len(args) > 1 && args[0] == "-token" {
		f.token, args = args[1], args[2:]
	}
	f.answers = args
	server := httptest.NewServer(f)
	ts.Defer(server.Close)
	ts.Setenv("URL", server.URL)
	ts.Value("operator").(map[string]*fakeOperator)["it"] = f
}

// requestsCommand is: requests FILE. It writes the requests that the operator got since the last time.
func requestsCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: requests FILE")
	}
	f := ts.Value("operator").(map[string]*fakeOperator)["it"]
	f.mu.Lock()
	defer f.mu.Unlock()
	text := strings.Join(append(f.log, ""), "\n")
	f.log = nil
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(text), 0o600))
}
