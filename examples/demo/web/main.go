// Command web is the web server of the scenario birth: it answers, and does nothing else.
package main

import (
	"fmt"
	"net/http"
	"os"
	"time"
)

func main() {
	server := &http.Server{
		Addr:              os.Args[len(os.Args)-1],
		ReadHeaderTimeout: 5 * time.Second,
		Handler:           http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "hello") }),
	}
	fmt.Fprintln(os.Stderr, "web:", server.ListenAndServe())
	os.Exit(1)
}
