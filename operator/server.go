package operator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"time"

	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
)

// server takes requests while this operator leads. It is no leader-only runnable, though it waits to be elected: those stop all at
// once, and this one has to stop first and wait until the controller has written what is waiting.
type server struct {
	manager      manager.Manager
	intake       *intake
	address      string
	certificates *certwatcher.CertWatcher // nil: plain HTTP
	handler      http.Handler
	drainTimeout time.Duration

	listening chan struct{} // closed once bound is set
	bound     net.Addr
	serving   atomic.Bool
}

func newServer(config *rest.Config, m manager.Manager, o Options, in *intake) (*server, error) {
	auth, err := authenticator(config, m, o)
	if err != nil {
		return nil, err
	}
	s := &server{
		manager: m, intake: in, address: o.IngestAddress, drainTimeout: o.DrainTimeout, listening: make(chan struct{}),
		handler: ingest.NewHandler(ingest.Options{
			Take: in.take, Auth: auth, MaxBody: o.IngestMaxBody, MaxRequests: o.IngestMaxRequests,
			Rejected: in.metrics.refused, Answered: in.metrics.answered,
		}),
	}
	if o.IngestCertDir != "" {
		s.certificates, err = certwatcher.New(filepath.Join(o.IngestCertDir, "tls.crt"), filepath.Join(o.IngestCertDir, "tls.key"))
		if err != nil {
			return nil, fmt.Errorf("--ingest-cert-dir: %w", err)
		}
		if err := m.Add(s.certificates); err != nil {
			return nil, err
		}
	}
	return s, nil
}

func authenticator(config *rest.Config, m manager.Manager, o Options) (ingest.Authenticator, error) {
	switch o.IngestAuth {
	case AuthTokenReview:
		return ingest.NewReview(config, m.GetHTTPClient(), o.IngestAudience)
	case AuthToken:
		tokens, err := ingest.NewTokens(o.IngestTokens, m.GetLogger())
		if err != nil {
			return nil, fmt.Errorf("--ingest-token-file: %w", err)
		}
		return tokens, nil
	}
	return nil, nil //nolint:nilnil // nobody is asked who he is
}

// NeedLeaderElection is for the manager; see server.
func (s *server) NeedLeaderElection() bool { return false }

// Start serves until ctx ends, then takes nothing more and waits until what was taken has been written.
func (s *server) Start(ctx context.Context) error {
	for _, ready := range []<-chan struct{}{s.manager.Elected(), s.intake.ready} {
		select {
		case <-ready:
		case <-ctx.Done():
			return nil
		}
	}
	if !s.manager.GetCache().WaitForCacheSync(ctx) {
		return nil
	}
	if err := s.restore(ctx); err != nil {
		return err
	}
	var config *tls.Config
	if s.certificates != nil {
		config = &tls.Config{GetCertificate: s.certificates.GetCertificate, MinVersion: tls.VersionTLS12}
	}
	listener, err := ingest.Listen(s.address, config)
	if err != nil {
		return fmt.Errorf("--ingest-bind-address: %w", err)
	}
	s.bound = listener.Addr()
	close(s.listening)
	s.serving.Store(true)
	http := manager.Server{Name: "ingest", Server: ingest.NewServer(s.handler), Listener: listener, ShutdownTimeout: new(s.drainTimeout / 2)}
	err = http.Start(ctx)
	s.serving.Store(false)
	return errors.Join(err, s.drain(ctx))
}

// restore gives the analyzer back what the stored objects remember.
func (s *server) restore(ctx context.Context) error {
	var whispers v1alpha1.KernelWhisperList
	if err := s.manager.GetClient().List(ctx, &whispers); err != nil {
		return err
	}
	for i := range whispers.Items {
		w := &whispers.Items[i]
		s.intake.analyzer.Restore(crd.Subject(w), crd.PodUID(w), crd.History(w), crd.Severity(w))
	}
	s.intake.ledger.begin(time.Now())
	log.FromContext(ctx).Info("Restored what stored objects remember", "whispers", len(whispers.Items))
	return nil
}

func (s *server) drain(ctx context.Context) error {
	if n := s.intake.ledger.backlog(); n > 0 {
		log.FromContext(ctx).Info("Writing what is waiting", "subjects", n)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.drainTimeout)
	defer cancel()
	if err := s.intake.drain(ctx); err != nil {
		return fmt.Errorf("%d subjects were not written before the end: %w", s.intake.ledger.backlog(), err)
	}
	return nil
}

// check says whether records can be posted: this operator leads, its caches are filled, and it listens.
func (s *server) check(*http.Request) error {
	if !s.serving.Load() {
		return errors.New("not listening: standing by, filling caches, or stopping")
	}
	return nil
}

func (s *server) addr(ctx context.Context) (net.Addr, error) {
	select {
	case <-s.listening:
		return s.bound, nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}
