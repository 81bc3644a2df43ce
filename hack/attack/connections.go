package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// newDialer returns a dialer of the attacker: from an address of loopback that is not the honest sender's.
func newDialer() *net.Dialer {
	return &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}, Timeout: 5 * time.Second}
}

// newAttackClient returns a client of the attacker.
func newAttackClient(connections int) *http.Client {
	return &http.Client{Timeout: 30 * time.Second, Transport: &http.Transport{
		DialContext: newDialer().DialContext, MaxIdleConnsPerHost: connections,
	}}
}

// postStolen posts a body with a stolen token, and returns the text of the answer.
func (s *scene) postStolen(ctx context.Context, body []byte) (answer string, err error) {
	client := newAttackClient(1)
	defer client.CloseIdleConnections()
	_, answer, err = s.postWith(ctx, client, body)
	return answer, err
}

func (s *scene) postWith(ctx context.Context, client *http.Client, body []byte) (code int, answer string, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+s.operator.records+"/v1/events",
		bytes.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/x-ndjson")
	request.Header.Set("Authorization", "Bearer "+s.stolen)
	response, err := client.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	return response.StatusCode, string(text), err
}

// floodWith has a number of senders post the bodies 0, 1 and so on, until a body is nil or the context ends. A body
// that is to come again comes again. It returns an error if a body is refused for what it is: that is no attack.
func (s *scene) floodWith(ctx context.Context, senders int, body func(int) []byte) error {
	client := newAttackClient(senders)
	defer client.CloseIdleConnections()
	var next atomic.Int64
	var refused atomic.Value
	var all sync.WaitGroup
	for range senders {
		all.Go(func() {
			for ctx.Err() == nil {
				b := body(int(next.Add(1)) - 1)
				if b == nil {
					return
				}
				for ctx.Err() == nil {
					code, answer, err := s.postWith(ctx, client, b)
					if err == nil && isFinal(code) {
						if code != http.StatusOK {
							refused.Store(fmt.Errorf("the attack is answered %d %s", code, answer))
						}
						break
					}
					_ = waitFor(ctx, 50*time.Millisecond)
				}
			}
		})
	}
	all.Wait()
	err, _ := refused.Load().(error)
	return err
}

// isFinal reports whether an answer does not ask to come again.
func isFinal(code int) bool {
	return code != http.StatusTooManyRequests && code != http.StatusServiceUnavailable && code != http.StatusRequestTimeout
}

// sendLongHeaders opens TLS connections at the port of the metrics, each with a header of a megabyte, again and again.
// Meanwhile Prometheus has to get the metrics.
func sendLongHeaders(ctx context.Context, s *scene) error {
	ctx, cancel := context.WithTimeout(ctx, s.times.flood)
	defer cancel()
	var all sync.WaitGroup
	for range 253 {
		all.Go(func() {
			for ctx.Err() == nil {
				s.sendLongHeader(ctx)
				_ = waitFor(ctx, 50*time.Millisecond)
			}
		})
	}
	good, bad, last := 0, 0, errors.New("there was no time")
	for waitFor(ctx, 200*time.Millisecond) == nil {
		if err := s.scrapeMetrics(); err != nil {
			bad, last = bad+1, err
		} else {
			good++
		}
	}
	all.Wait()
	if good <= bad {
		return fmt.Errorf("the metrics reach Prometheus %d times of %d: %w", good, good+bad, last)
	}
	return nil
}

// sendLongHeader sends one header, and holds the connection until the operator closes it.
func (s *scene) sendLongHeader(ctx context.Context) {
	plain, err := newDialer().DialContext(ctx, "tcp", s.operator.metrics)
	if err != nil {
		return
	}
	defer context.AfterFunc(ctx, func() { _ = plain.Close() })()
	defer plain.Close()
	c := tls.Client(plain, &tls.Config{InsecureSkipVerify: true}) // self-signed, and on loopback
	if _, err := io.WriteString(c, "GET /metrics HTTP/1.1\r\nHost: x\r\nX-Long: "); err != nil {
		return
	}
	part := strings.Repeat("x", 16<<10)
	for range 1<<20/len(part) - 1 {
		if _, err := io.WriteString(c, part); err != nil {
			return
		}
	}
	_, _ = io.Copy(io.Discard, c)
}

// scrapeMetrics gets the metrics as Prometheus does.
func (s *scene) scrapeMetrics() error {
	client := &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		TLSClientConfig:   &tls.Config{InsecureSkipVerify: true}, // self-signed, and on loopback
	}}
	request, err := http.NewRequest(http.MethodGet, "https://"+s.operator.metrics+"/metrics", http.NoBody)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+s.scraper)
	response, err := client.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if _, err := io.Copy(io.Discard, response.Body); err != nil {
		return err
	}
	if response.StatusCode != http.StatusOK {
		return errors.New(response.Status)
	}
	return nil
}

// holdConnections keeps 4,096 connections open that have no token and send nothing, and opens those again that the
// operator closes. The honest sender has to get through when they are open.
func holdConnections(ctx context.Context, s *scene) error {
	ctx, cancel := context.WithTimeout(ctx, 2*s.times.flood)
	defer cancel()
	var all sync.WaitGroup
	for range 4096 {
		all.Go(func() {
			for ctx.Err() == nil {
				if c, err := newDialer().DialContext(ctx, "tcp", s.operator.records); err == nil {
					end := context.AfterFunc(ctx, func() { _ = c.Close() })
					_, _ = io.Copy(io.Discard, c)
					end()
					_ = c.Close()
				}
				_ = waitFor(ctx, time.Second)
			}
		})
	}
	_ = waitFor(ctx, s.times.flood)
	before := s.acknowledged.Load()
	<-ctx.Done()
	after := s.acknowledged.Load()
	all.Wait()
	if after == before {
		return fmt.Errorf("the honest sender got no connection for %s", s.times.flood)
	}
	return nil
}

// sendSlowBodies sends bodies that take longer than the operator waits. Its answers must say that they may be sent
// again.
func sendSlowBodies(ctx context.Context, s *scene) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	const each = 8
	failures := make([]error, 2*each)
	var all sync.WaitGroup
	for i := range each {
		all.Go(func() { failures[i] = s.sendSlowBody(ctx, s.operator.records, "/v1/events", "application/x-ndjson") })
		all.Go(func() {
			failures[each+i] = s.sendSlowBody(ctx, s.operator.overHTTP, "/v1/metrics", "application/x-protobuf")
		})
	}
	all.Wait()
	for _, err := range failures {
		if err != nil {
			return err // the others are the same
		}
	}
	return nil
}

// sendSlowBody sends a byte of a body every half second.
func (s *scene) sendSlowBody(ctx context.Context, address, path, form string) error {
	c, err := newDialer().DialContext(ctx, "tcp", address)
	if err != nil {
		return err
	}
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	defer c.Close()
	if _, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\n"+
		"Content-Length: 1000000\r\n\r\n", path, address, s.stolen, form); err != nil {
		return err
	}
	answered, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		for waitFor(answered, 500*time.Millisecond) == nil {
			if _, err := io.WriteString(c, " "); err != nil {
				return
			}
		}
	}()
	response, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		return fmt.Errorf("a slow body has no answer: %w", err)
	}
	defer response.Body.Close()
	if code := response.StatusCode; code != http.StatusRequestTimeout && code != http.StatusServiceUnavailable {
		return fmt.Errorf("a slow body is answered %s", response.Status)
	}
	return nil
}
