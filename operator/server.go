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

	"golang.org/x/sync/errgroup"
	"k8s.io/client-go/rest"
	"sigs.k8s.io/controller-runtime/pkg/certwatcher"
	"sigs.k8s.io/controller-runtime/pkg/log"
	"sigs.k8s.io/controller-runtime/pkg/manager"

	"github.com/kernel-gossip/kernel-gossip/crd"
	"github.com/kernel-gossip/kernel-gossip/crd/v1alpha1"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest"
	"github.com/kernel-gossip/kernel-gossip/operator/ingest/tokenreview"
)

// server takes requests while this operator leads, at all its entrances, and pulls from Pixie. It is no leader-only runnable, though it waits to be elected:
// those stop all at once, and this one has to stop first and wait until the controller has written what is waiting.
type server struct {
	manager      manager.Manager
	intake       *intake
	drainTimeout time.Duration
	entrances    []*entrance
	pull         *puller // nil: Pixie is not asked

	listening chan struct{} // closed once all entrances have an address
	serving   atomic.Bool
}

func newServer(config *rest.Config, m manager.Manager, o Options, in *intake) (*server, error) {
	auth, err := authenticator(config, m, o)
	if err != nil {
		return nil, err
	}
	door := ingest.New(ingest.Options{
		Take: in.take, Auth: auth, MaxBody: o.IngestMaxBody, MaxRequests: o.IngestMaxRequests,
		Rejected: in.metrics.refused, Answered: in.metrics.answered,
	})
	secure, err := certificate(m, o.IngestCertDir)
	if err != nil {
		return nil, err
	}
	pull, err := newPuller(o, door, in.metrics, m.GetLogger())
	if err != nil {
		return nil, err
	}
	return &server{
		manager: m, intake: in, drainTimeout: o.DrainTimeout, entrances: entrances(o, door, secure), pull: pull, listening: make(chan struct{}),
	}, nil
}

func authenticator(config *rest.Config, m manager.Manager, o Options) (ingest.Authenticator, error) {
	switch o.IngestAuth {
	case AuthTokenReview:
		return tokenreview.New(config, m.GetHTTPClient(), o.IngestAudience)
	case AuthToken:
		tokens, err := ingest.NewTokens(o.IngestTokens, m.GetLogger())
		if err != nil {
			return nil, fmt.Errorf("--ingest-token-file: %w", err)
		}
		return tokens, nil
	}
	return nil, nil //nolint:nilnil // nobody is asked who he is
}

// certificate is what TLS needs, watched for changes; nil without a folder.
func certificate(m manager.Manager, dir string) (*tls.Config, error) {
	if dir == "" {
		return nil, nil //nolint:nilnil // no TLS
	}
	watched, err := certwatcher.New(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
	if err != nil {
		return nil, fmt.Errorf("--ingest-cert-dir: %w", err)
	}
	return &tls.Config{GetCertificate: watched.GetCertificate, MinVersion: tls.VersionTLS12}, m.Add(watched)
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
	listeners, err := s.listen()
	if err != nil {
		return err
	}
	close(s.listening)
	s.serving.Store(true)
	all, stop := errgroup.WithContext(ctx) // one that fails stops the others
	for i, e := range s.entrances {
		all.Go(func() error { return e.serve(stop, listeners[i], s.drainTimeout/2) })
	}
	if s.pull != nil {
		all.Go(func() error {
			s.pull.run(stop)
			return nil
		})
	}
	err = all.Wait()
	s.serving.Store(false)
	return errors.Join(err, s.drain(ctx))
}

// listen opens all entrances, or none.
func (s *server) listen() ([]net.Listener, error) {
	var listeners []net.Listener
	for _, e := range s.entrances {
		l, err := e.listen(e.address)
		if err != nil {
			for _, opened := range listeners {
				_ = opened.Close()
			}
			return nil, fmt.Errorf("--%s: %w", e.flag, err)
		}
		e.bound = l.Addr()
		listeners = append(listeners, l)
	}
	return listeners, nil
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

// check says whether records can be sent: this operator leads, its caches are filled, and it listens.
func (s *server) check(*http.Request) error {
	if !s.serving.Load() {
		return errors.New("not listening: standing by, filling caches, or stopping")
	}
	return nil
}

// addr waits until the server listens, and is the address of the entrance with that flag; nil when there is none.
func (s *server) addr(ctx context.Context, flag string) (net.Addr, error) {
	select {
	case <-s.listening:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for _, e := range s.entrances {
		if e.flag == flag {
			return e.bound, nil
		}
	}
	return nil, nil //nolint:nilnil // it is off
}
