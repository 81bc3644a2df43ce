package ingest_test

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
)

// BenchmarkHandler posts without a network; the bare handler only reads the body.
func BenchmarkHandler(b *testing.B) {
	bare := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		w.WriteHeader(http.StatusOK)
	})
	for name, n := range map[string]int{"one": 1, "thousand": 1000} {
		body := []byte(strings.Repeat(record()+"\n", n))
		for who, h := range map[string]http.Handler{
			"bare":   bare,
			"ingest": ingest.New(ingest.Options{Take: newSink().take}).Events(),
		} {
			b.Run(name+"/"+who, func(b *testing.B) {
				b.SetBytes(int64(len(body)))
				b.ReportAllocs()
				for b.Loop() {
					response := httptest.NewRecorder()
					h.ServeHTTP(response, httptest.NewRequest(http.MethodPost, "/v1/events", bytes.NewReader(body)))
				}
			})
		}
	}
}
