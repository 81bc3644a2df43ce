package webhook_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/kernel-gossip/kernel-gossip/pixie/webhook"
)

// A sender decides by the meaning of what went wrong.
func ExampleClient_Post() {
	operator := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprintln(w, `{"accepted":0,"ignored":0,"rejected":0,"error":"sender may not post /v1/events"}`)
	}))
	defer operator.Close()

	client, err := webhook.New(webhook.Options{URL: operator.URL, Attempts: 8})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer client.CloseIdleConnections()
	answer, err := client.Post(context.Background(), []byte(`{"type":"cpu_throttle"}`))
	failure, isFinal := errors.AsType[*webhook.Error](err)
	switch {
	case err == nil:
		fmt.Println(answer.Accepted, "accepted,", answer.Rejected, "rejected")
	case isFinal && failure.Meaning == webhook.Unusable:
		fmt.Println("drop these records and go on")
	case isFinal:
		fmt.Println(failure.Meaning, failure.Code)
	default:
		fmt.Println("stopped:", err)
	}
	// Output: refused 403
}
