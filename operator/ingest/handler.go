package ingest

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/kernel-gossip/kernel-gossip/pixie"
)

// handler serves one way to send over HTTP.
type handler struct {
	door     *Door
	paths    []string
	pathHelp string // for those who post to another path
	// whyUnfit returns why a body cannot be read, by the headers of its request; empty if it may be readable.
	whyUnfit func(http.Header) string
	decode   func(b *body, request *http.Request, text io.Reader) error
	write    func(w http.ResponseWriter, request *http.Request, r Reply)
	slowCode int // for a body that does not arrive in time: one after which senders try again
}

// Events serves /v1/events and /webhook/pixie, where records are posted.
func (d *Door) Events() http.Handler {
	return &handler{
		door: d, paths: []string{"/v1/events", "/webhook/pixie"},
		pathHelp: "records are posted to /v1/events or /webhook/pixie",
		whyUnfit: whyNotJSON,
		decode: func(b *body, _ *http.Request, text io.Reader) error {
			for event, err := range (pixie.Options{MaxBytes: d.options.MaxBody}).Decode(text) {
				if err := b.add(event, 0, err); err != nil {
					return err
				}
			}
			return nil
		},
		write: writeJSON, slowCode: http.StatusRequestTimeout,
	}
}

// ServeHTTP answers one request.
func (h *handler) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	begin := time.Now()
	r := h.replyTo(w, request)
	for name, value := range r.header {
		w.Header().Set(name, value)
	}
	if r.closesConnection() {
		w.Header().Set("Connection", "close")
	}
	h.write(w, request, r)
	h.door.options.Answered(r.Code, time.Since(begin))
}

func (h *handler) replyTo(w http.ResponseWriter, request *http.Request) Reply {
	d := h.door
	switch {
	case !slices.Contains(h.paths, request.URL.Path):
		return newRefusal(http.StatusNotFound, h.pathHelp)
	case request.Method != http.MethodPost:
		return newRefusal(http.StatusMethodNotAllowed, h.pathHelp).withHeader("Allow", http.MethodPost)
	}
	ctx, r, admitted := d.admitSender(request)
	if !admitted {
		return r
	}
	if why := h.whyUnfit(request.Header); why != "" {
		r := newRefusal(http.StatusUnsupportedMediaType, why).withHeader("Accept-Encoding", "gzip, zstd")
		return d.countRefusal("unsupported", r)
	}
	if request.ContentLength > d.options.MaxBody {
		return d.refuseTooLarge()
	}
	receive := func(held *reservation) (content, error) {
		return receiveBody(http.MaxBytesReader(w, request.Body, d.options.MaxBody), request.ContentLength, held)
	}
	r = d.processBody(ctx, receive, func(b *body, text io.Reader) error { return h.decode(b, request, text) })
	if r.Code == http.StatusRequestTimeout {
		r.Code = h.slowCode
	}
	return r
}

// whyNotJSON returns why a body holds no records, by the headers of its request; empty if it may hold some. Its first
// bytes show how it is packed, so the header only must not name another format.
func whyNotJSON(header http.Header) string {
	switch media := mediaType(header); media {
	case "", "application/json", "application/x-ndjson", "application/ndjson", "application/jsonl",
		"application/jsonlines", "application/octet-stream", "text/plain":
	default:
		if !strings.HasSuffix(media, "+json") {
			return "Content-Type " + media + ": send application/json or application/x-ndjson"
		}
	}
	return whyNotUnpacked(header)
}

// mediaType is the Content-Type without parameters.
func mediaType(header http.Header) string {
	media, _, _ := strings.Cut(strings.ToLower(header.Get("Content-Type")), ";")
	return strings.TrimSpace(media)
}

// whyNotUnpacked returns why a body cannot be unpacked, by its Content-Encoding; empty if it may be.
func whyNotUnpacked(header http.Header) string {
	switch encoding := strings.ToLower(strings.TrimSpace(header.Get("Content-Encoding"))); encoding {
	case "", "identity", "gzip", "x-gzip", "zstd":
		return ""
	default:
		return "Content-Encoding " + encoding + ": send gzip, zstd, or plain"
	}
}
