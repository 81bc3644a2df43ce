// Package viziertest is a Pixie for tests: a server that speaks the API as Pixie's sources say that Pixie does, on
// loopback. Whatever it shows is made up.
//
//	s, err := viziertest.Start()
//	defer s.Close()
//	s.Answer(viziertest.Show(viziertest.Table{…}))
//	c, err := vizier.New(vizier.Options{
//		Address: s.Address, RootCAs: s.RootCAs, APIKey: viziertest.Key, ClusterID: viziertest.Cluster,
//	})
package viziertest

import (
	"context"
	"crypto/x509"
	"encoding/pem"
	"net"
	"net/http/httptest"
	"regexp"
	"sync"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/kernel-gossip/kernel-gossip/pixie/vizier/vizierpb"
)

// What a client has to say.
const (
	Key     = "px-api-0123456789abcdef"
	Cluster = "01234567-89ab-cdef-0123-456789abcdef"
)

// Answer answers a query: it sends messages, and its error ends the stream.
type Answer func(q *vizierpb.ExecuteScriptRequest, send func(*vizierpb.ExecuteScriptResponse) error) error

// Server is a Pixie with one cluster. Probes that a script with the mutation flag names are deployed the first time
// that it asks, and there from then on: until then there are no rows.
type Server struct {
	// Address is host:port.
	Address string
	// RootCAs are for the server's certificate, which Certificate is, in PEM.
	RootCAs     *x509.CertPool
	Certificate []byte

	vizierpb.UnimplementedVizierServiceServer

	grpc     *grpc.Server
	listener *listener
	done     chan struct{}

	mu       sync.Mutex
	answer   Answer
	key      string
	probes   map[string]bool
	requests []*vizierpb.ExecuteScriptRequest
}

// Start starts a server with TLS, which shows nothing.
func Start() (*Server, error) {
	h := httptest.NewTLSServer(nil) // for its certificate
	defer h.Close()
	s, err := start(grpc.Creds(credentials.NewServerTLSFromCert(&h.TLS.Certificates[0])))
	if err != nil {
		return nil, err
	}
	s.RootCAs = x509.NewCertPool()
	s.RootCAs.AddCert(h.Certificate())
	s.Certificate = pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: h.Certificate().Raw})
	return s, nil
}

// StartPlain starts a server without TLS, which shows nothing.
func StartPlain() (*Server, error) { return start() }

func start(options ...grpc.ServerOption) (*Server, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &Server{
		Address: l.Addr().String(), listener: &listener{Listener: l}, done: make(chan struct{}),
		grpc: grpc.NewServer(options...), answer: Show(), key: Key, probes: map[string]bool{},
	}
	vizierpb.RegisterVizierServiceServer(s.grpc, s)
	go func() {
		defer close(s.done)
		_ = s.grpc.Serve(s.listener)
	}()
	return s, nil
}

// Close ends the server.
func (s *Server) Close() {
	s.grpc.Stop()
	<-s.done
}

// Answer sets the answer of the server from now on.
func (s *Server) Answer(a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = a
}

// Expect sets the key that the server accepts from now on.
func (s *Server) Expect(key string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.key = key
}

// Requests returns the queries so far that had the key.
func (s *Server) Requests() []*vizierpb.ExecuteScriptRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]*vizierpb.ExecuteScriptRequest(nil), s.requests...)
}

// Cut breaks all connections, as a network does.
func (s *Server) Cut() { s.listener.closeAll() }

// ExecuteScript answers a query.
func (s *Server) ExecuteScript(
	q *vizierpb.ExecuteScriptRequest, stream grpc.ServerStreamingServer[vizierpb.ExecuteScriptResponse],
) error {
	s.mu.Lock()
	if err := s.checkCaller(stream.Context(), q); err != nil {
		s.mu.Unlock()
		return err
	}
	s.requests = append(s.requests, q)
	answer := s.answer
	if fresh := s.deployProbes(q); len(fresh) > 0 {
		answer = Deploying(fresh...)
	}
	s.mu.Unlock()
	return answer(q, stream.Send)
}

func (s *Server) checkCaller(ctx context.Context, q *vizierpb.ExecuteScriptRequest) error {
	said, _ := metadata.FromIncomingContext(ctx)
	switch {
	case len(said["pixie-api-key"]) != 1 || said["pixie-api-key"][0] != s.key:
		return status.Error(codes.Unauthenticated, "invalid auth token")
	case len(said["pixie-api-client"]) != 1 || said["pixie-api-client"][0] != "go":
		return status.Error(codes.InvalidArgument, "who is it?")
	case q.GetClusterId() != Cluster:
		return status.Error(codes.NotFound, "no such cluster")
	}
	return nil
}

var upsert = regexp.MustCompile(`(?m)^pxtrace\.UpsertTracepoint\('(\w+)'`)

// deployProbes deploys the probes of a query, and returns the ones that were not deployed before.
func (s *Server) deployProbes(q *vizierpb.ExecuteScriptRequest) (fresh []string) {
	if !q.GetMutation() {
		return nil
	}
	for _, m := range upsert.FindAllStringSubmatch(q.GetQueryStr(), -1) {
		if name := m[1]; !s.probes[name] {
			s.probes[name] = true
			fresh = append(fresh, name)
		}
	}
	return fresh
}

// listener keeps its connections, so that they can be closed.
type listener struct {
	net.Listener

	mu    sync.Mutex
	conns []net.Conn
}

// Accept remembers what it returns.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns = append(l.conns, c)
	return c, nil
}

func (l *listener) closeAll() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.conns {
		_ = c.Close()
	}
	l.conns = nil
}
