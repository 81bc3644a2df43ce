package ingest_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/grpc/codes"

	"github.com/kernel-gossip/kernel-gossip/gossip"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
)

// smallest returns a packed body of the smallest records, each about a pod of its own, and their number.
func smallest(t *testing.T, size int, sender int) (body []byte, records int) {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	now := time.Now().UTC().Format("2006-01-02T15:04:05Z")
	for left := size; ; records++ {
		line := fmt.Sprintf(`{"type":"cpu_throttle","timestamp":%q,"namespace":"n","pod_name":"%x-%x",`+
			`"container_name":"c","nr_periods":1,"nr_throttled":1}`+"\n", now, sender, records)
		if left -= len(line); left < 0 {
			break
		}
		_, err := io.WriteString(w, line)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes(), records
}

// Forty senders of the largest bodies of the smallest records, all at a time: each of them is taken sooner or later,
// and the memory stays below what the manifest allows. The senders are in another process.
func TestLargeBodiesOfSmallRecordsFitIntoTheMemory(t *testing.T) {
	if os.Getenv("INGEST_ATTACKED") == "" {
		command := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		command.Env = append(os.Environ(), "INGEST_ATTACKED=1", "GOMEMLIMIT=230MiB", "GOGC=50", "GOMAXPROCS=2")
		out, err := command.CombinedOutput()
		require.NoError(t, err, "%s", out)
		t.Logf("%s", out)
		return
	}
	const senders, rounds = 40, 2
	var bodies [][]byte
	records := 0
	for i := range senders {
		body, n := smallest(t, 4<<20, i)
		bodies, records = append(bodies, body), records+n
	}
	var mu sync.Mutex
	taken, most := 0, uint64(0)
	var largest int
	take := func(_ context.Context, events []gossip.Event) (ingest.Outcome, error) {
		mu.Lock()
		defer mu.Unlock()
		taken += len(events)
		largest = max(largest, len(events))
		return ingest.Outcome{}, nil
	}
	door := ingest.New(ingest.Options{MaxMemory: 48 << 20, Take: take})
	debug.FreeOSMemory()
	var before runtime.MemStats
	runtime.ReadMemStats(&before)
	done := make(chan struct{})
	var all, watch sync.WaitGroup
	watch.Go(func() {
		for {
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
		}
	})
	for _, body := range bodies {
		all.Go(func() {
			for range rounds {
				for {
					response := httptest.NewRecorder()
					door.Events().ServeHTTP(response, httptest.NewRequest(http.MethodPost, "/v1/events", bytes.NewReader(body)))
					if response.Code == http.StatusOK {
						break
					}
					require.Equal(t, http.StatusTooManyRequests, response.Code)
					time.Sleep(20 * time.Millisecond)
				}
			}
		})
	}
	all.Wait()
	close(done)
	watch.Wait()
	t.Logf("%d records of %d requests, heap %d MiB before and %d MiB at most", taken, senders*rounds,
		before.HeapAlloc>>20, most>>20)
	require.Equal(t, rounds*records, taken)
	require.LessOrEqual(t, largest, 1024)
	require.Less(t, most-before.HeapAlloc, uint64(64<<20))
}

// A long body is taken in pieces, and only if it can be read to its end.
func TestLongBodiesAreTakenInPieces(t *testing.T) {
	body, records := smallest(t, 1<<20, 0)
	pieces := 0
	var full bool
	door := ingest.New(ingest.Options{Take: func(_ context.Context, events []gossip.Event) (ingest.Outcome, error) {
		if pieces++; full && pieces > 2 {
			return ingest.Outcome{}, errors.New("full")
		}
		return ingest.Outcome{Ignored: 1, Unknown: 1, Warning: "no such pod"}, nil
	}})
	got := post(t, door.Events(), bytes.NewReader(body))
	require.Equal(t, 200, got.Code)
	require.Equal(t, (records+1023)/1024, pieces)
	require.Equal(t, []int{records - 2*pieces, pieces, pieces}, []int{got.Accepted, got.Ignored, got.Unknown})
	require.Equal(t, "no such pod", got.Warning)

	pieces = 0
	require.Equal(t, 400, post(t, door.Events(), bytes.NewReader(body[:len(body)-100])).Code)
	require.Zero(t, pieces, "nothing of it is kept")
	full = true
	got = post(t, door.Events(), bytes.NewReader(body))
	require.Equal(t, 503, got.Code)
	require.Zero(t, got.Accepted, "it is to be sent again")
}

// Bodies that arrive slowly take up what has arrived of them. Where that is all there is, others are asked to come
// again, over HTTP and over gRPC, before anything is read.
func TestBodiesWithoutRoomAreAskedToComeAgain(t *testing.T) {
	s := newSink()
	counted := map[string]int{}
	const maxBody = 64 << 10
	door := ingest.New(ingest.Options{
		Take: s.take, MaxBody: maxBody, MaxMemory: 1, MaxRequests: 100,
		Rejected: func(reason string, n int) { counted[reason] += n },
	})
	address := serveGRPC(t, door)
	var slow []*io.PipeWriter
	var answers []*httptest.ResponseRecorder
	var all sync.WaitGroup
	for range 2 {
		body, sender := io.Pipe()
		response := httptest.NewRecorder()
		all.Go(func() { door.Events().ServeHTTP(response, httptest.NewRequest(http.MethodPost, "/v1/events", body)) })
		_, err := io.WriteString(sender, record()+"\n"+strings.Repeat(" ", 40<<10))
		require.NoError(t, err)
		slow, answers = append(slow, sender), append(answers, response)
	}
	busy := httptest.NewRecorder()
	unread := strings.NewReader(strings.Repeat(" ", 60<<10))
	door.Events().ServeHTTP(busy, httptest.NewRequest(http.MethodPost, "/v1/events", unread))
	require.Equal(t, http.StatusTooManyRequests, busy.Code, busy.Body)
	require.Equal(t, "1", busy.Header().Get("Retry-After"))
	require.Equal(t, 60<<10, unread.Len())
	require.Equal(t, said{Code: codes.Unavailable, Retry: time.Second, Text: "too many bytes at a time"},
		overGRPC(t, address, metricsRequest(time.Now(), 50)))
	for _, sender := range slow {
		require.NoError(t, sender.Close())
	}
	all.Wait()
	for _, a := range answers {
		require.Equal(t, 200, a.Code, a.Body)
	}
	require.Equal(t, 200, post(t, door.Events(), strings.NewReader(record()+strings.Repeat(" ", 60<<10))).Code)
	require.Equal(t, said{}, overGRPC(t, address, metricsRequest(time.Now(), 50)), "the room is free again")
	require.Equal(t, map[string]int{"busy": 2}, counted)
}

// Decoders are few, and a sender that goes while it waits for one leaves nothing in memory.
func TestSendersMayGoWhileTheyWaitForADecoder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		hold, taken := make(chan struct{}), 0
		door := ingest.New(ingest.Options{MaxMemory: 1, Take: func(context.Context, []gossip.Event) (ingest.Outcome, error) {
			<-hold
			taken++
			return ingest.Outcome{}, nil
		}})
		request := func(ctx context.Context) *http.Request {
			return httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/events", strings.NewReader(record()))
		}
		var first, second httptest.ResponseRecorder
		ctx, goAway := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { door.Events().ServeHTTP(&first, request(t.Context())) })
		synctest.Wait()
		all.Go(func() { door.Events().ServeHTTP(&second, request(ctx)) })
		synctest.Wait()
		goAway()
		synctest.Wait()
		require.Equal(t, http.StatusTooManyRequests, second.Code)
		close(hold)
		all.Wait()
		require.Equal(t, http.StatusOK, first.Code)
		require.Equal(t, 1, taken)
	})
}
