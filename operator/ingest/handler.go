package ingest

import (
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// handler serves one way to send over HTTP.
type handler struct {
	door  *Door
	paths []string
	where string // they are, for those who post elsewhere
	unfit func(http.Header) string
	read  func(b *body, r *http.Request) error
	write func(w http.ResponseWriter, r *http.Request, a Answer)
}

// Events serves /v1/events and /webhook/pixie, where records are posted.
func (d *Door) Events() http.Handler {
	return &handler{
		door: d, paths: []string{"/v1/events", "/webhook/pixie"}, where: "records are posted to /v1/events or /webhook/pixie",
		unfit: notJSON,
		read: func(b *body, r *http.Request) error {
			for event, err := range (pixie.Options{MaxBytes: d.options.MaxBody}).Decode(r.Body) {
				if err := b.note(event, 0, err); err != nil {
					return err
				}
			}
			return nil
		},
		write: func(w http.ResponseWriter, _ *http.Request, a Answer) { a.write(w) },
	}
}

// ServeHTTP answers one request.
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	begin := time.Now()
	a := h.serve(w, r)
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	h.write(w, r, a)
	h.door.options.Answered(a.Code, time.Since(begin))
}

func (h *handler) serve(w http.ResponseWriter, r *http.Request) Answer {
	d := h.door
	switch {
	case !slices.Contains(h.paths, r.URL.Path):
		return refusal(http.StatusNotFound, h.where)
	case r.Method != http.MethodPost:
		return refusal(http.StatusMethodNotAllowed, h.where).with("Allow", http.MethodPost)
	}
	if a, welcome := d.admit(r); !welcome {
		return a
	}
	if why := h.unfit(r.Header); why != "" {
		return d.refuse("unsupported", refusal(http.StatusUnsupportedMediaType, why).with("Accept-Encoding", "gzip, zstd"))
	}
	if r.ContentLength > d.options.MaxBody {
		return d.tooLarge()
	}
	r.Body = http.MaxBytesReader(w, r.Body, d.options.MaxBody)
	a := d.work(r.Context(), func(b *body) error { return h.read(b, r) })
	if a.Code == http.StatusTooManyRequests {
		return a.with("Connection", "close") // its body is not read
	}
	return a
}

// notJSON says why a body is not one of ours by what its sender says of it; empty when it may be. What it is packed in shows in its
// first bytes anyway, so the header need only not name something else.
func notJSON(header http.Header) string {
	switch kind := contentType(header); kind {
	case "", "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl", "application/jsonlines",
		"application/octet-stream", "text/plain":
	default:
		if !strings.HasSuffix(kind, "+json") {
			return "Content-Type " + kind + ": send application/json or application/x-ndjson"
		}
	}
	return wronglyPacked(header)
}

// contentType is the media type without parameters.
func contentType(header http.Header) string {
	kind, _, _ := strings.Cut(strings.ToLower(header.Get("Content-Type")), ";")
	return strings.TrimSpace(kind)
}

// wronglyPacked says why a body cannot be unpacked; empty when it may be.
func wronglyPacked(header http.Header) string {
	switch packing := strings.ToLower(strings.TrimSpace(header.Get("Content-Encoding"))); packing {
	case "", "identity", "gzip", "x-gzip", "zstd":
		return ""
	default:
		return "Content-Encoding " + packing + ": send gzip, zstd, or plain"
	}
}
