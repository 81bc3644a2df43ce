package operator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"runtime/debug"
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

// server takes requests at all entrances while this operator leads, and pulls from Pixie. It must stop before the
// controller, so that waiting subjects are still written. The manager stops leader-only runnables together; so server
// is registered as an ordinary one and waits for the lease itself.
type server struct {
	manager      manager.Manager
	intake       *intake
	publisher    publisher
	earlier      *earlierVerdicts
	drainTimeout time.Duration
	entrances    []*entrance
	pull         *puller // nil: no pulling

	prepare  func(context.Context) error // waits for the API server, and begins to fill the caches
	prepared chan struct{}               // closed once prepare is done and the caches are filled

	listening chan struct{} // closed once all entrances have an address
	serving   atomic.Bool
}

func newServer(config *rest.Config, m manager.Manager, o Options, in *intake, r *reconciler) (*server, error) {
	auth, err := newAuthenticator(config, m, o)
	if err != nil {
		return nil, err
	}
	door := ingest.New(ingest.Options{
		Take: in.takeEvents, Auth: auth, MaxBody: o.IngestMaxBody, MaxRequests: o.IngestMaxRequests,
		MaxMemory: o.IngestMaxMemory,
		Rejected:  in.metrics.countRejected, Answered: in.metrics.countRequest,
	})
	secure, err := newTLSConfig(m, "ingest-cert-dir", o.IngestCertDir)
	if err != nil {
		return nil, err
	}
	pull, err := newPuller(o, door, in.metrics, m.GetLogger())
	if err != nil {
		return nil, err
	}
	connections := ingest.NewConnections(maxConnections(debug.SetMemoryLimit(-1)), func() {
		in.metrics.countRejected("connections", 1)
	})
	doors := doors{door: door, secure: secure, connections: connections, log: m.GetLogger()}
	return &server{
		manager: m, intake: in, publisher: r.publisher, earlier: r.earlier, drainTimeout: o.DrainTimeout,
		entrances: doors.newEntrances(o), pull: pull,
		listening: make(chan struct{}), prepared: make(chan struct{}),
	}, nil
}

// maxConnections returns how many connections of senders may be open if the process has a memory limit in bytes. With
// TLS and a header of the largest size a connection takes 70 KiB, so that all take at most a quarter of the limit.
func maxConnections(memoryLimit int64) int {
	return int(min(max(memoryLimit/(280<<10), 64), ingest.DefaultMaxConnections))
}

func newAuthenticator(config *rest.Config, m manager.Manager, o Options) (ingest.Authenticator, error) {
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
	return &ingest.Local{}, nil
}

// newTLSConfig returns a configuration with the certificate of a folder, which is watched for changes; nil without a
// folder.
func newTLSConfig(m manager.Manager, flag, dir string) (*tls.Config, error) {
	if dir == "" {
		return nil, nil //nolint:nilnil // no TLS
	}
	watched, err := certwatcher.New(filepath.Join(dir, "tls.crt"), filepath.Join(dir, "tls.key"))
	if err != nil {
		return nil, fmt.Errorf("--%s: %w", flag, err)
	}
	return &tls.Config{GetCertificate: watched.GetCertificate, MinVersion: tls.VersionTLS12}, m.Add(watched)
}

// NeedLeaderElection is for the manager; see server.
func (s *server) NeedLeaderElection() bool { return false }

// Start serves until ctx ends. Then it takes no more requests, and waits until the waiting subjects are written.
func (s *server) Start(ctx context.Context) error {
	if err := s.waitToLead(ctx); err != nil {
		if ctx.Err() != nil { // it has to end before it led
			return nil //nolint:nilerr // that is no failure
		}
		return err
	}
	if err := s.readObjects(ctx); err != nil {
		return err
	}
	listeners, err := s.listen()
	if err != nil {
		return err
	}
	close(s.listening)
	s.serving.Store(true)
	all, groupCtx := errgroup.WithContext(ctx) // if one fails, the others stop
	for i, e := range s.entrances {
		all.Go(func() error { return e.serve(groupCtx, listeners[i], s.drainTimeout/2) })
	}
	if s.pull != nil {
		all.Go(func() error {
			s.pull.run(groupCtx)
			return nil
		})
	}
	err = all.Wait()
	s.serving.Store(false)
	return errors.Join(err, s.drainQueue(ctx))
}

// waitToLead returns once the caches are filled and this operator leads.
func (s *server) waitToLead(ctx context.Context) error {
	if err := s.prepare(ctx); err != nil {
		return err
	}
	if !s.manager.GetCache().WaitForCacheSync(ctx) {
		return ctx.Err()
	}
	close(s.prepared)
	select {
	case <-s.intake.ready:
	case <-ctx.Done():
		return ctx.Err()
	}
	return s.intake.lease.wait(ctx)
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

// readObjects remembers the verdicts of the stored objects, which an earlier process wrote. Objects of a version that
// named pods are deleted: nothing is known of their workloads.
func (s *server) readObjects(ctx context.Context) error {
	var whispers v1alpha1.KernelWhisperList
	if err := s.manager.GetClient().List(ctx, &whispers); err != nil {
		return err
	}
	old := 0
	for i := range whispers.Items {
		w := &whispers.Items[i]
		w.SetGroupVersionKind(v1alpha1.GroupVersion.WithKind(v1alpha1.KindKernelWhisper))
		switch {
		case !crd.Subject(w).Workload.Known():
			if err := s.publisher.deleteObject(ctx, w); err != nil {
				return err
			}
			old++
		case crd.Condition(w) != nil: // else an operator died before it wrote the status
			s.earlier.rememberVerdict(w)
		}
	}
	s.intake.ledger.setStart(time.Now())
	s.manager.GetLogger().Info("Read the stored objects", "whispers", len(whispers.Items), "deletedOfOldVersion", old)
	return nil
}

func (s *server) drainQueue(ctx context.Context) error {
	if n := s.intake.ledger.waitingCount(); n > 0 {
		log.FromContext(ctx).Info("Writing the waiting subjects", "subjects", n)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.drainTimeout)
	defer cancel()
	if s.intake.lease.isOver() {
		if n := s.intake.ledger.waitingCount(); n > 0 {
			return fmt.Errorf("%d subjects are not written: %w", n, errSuperseded)
		}
		return nil
	}
	if err := s.intake.drainQueue(ctx); err != nil {
		return fmt.Errorf("%d subjects are not written: %w", s.intake.ledger.waitingCount(), err)
	}
	return nil
}

// checkReady returns an error unless records can be sent: this operator leads, its caches are filled, and it listens.
func (s *server) checkReady(*http.Request) error {
	switch {
	case !s.serving.Load():
		return errors.New("not listening: the API server is away, another replica leads, caches are being filled, " +
			"or the operator stops")
	case !s.intake.lease.isHolding():
		return errNotLeading
	}
	return nil
}

// addressOf waits until the server listens, and returns the address of the entrance with a flag; nil if there is none.
func (s *server) addressOf(ctx context.Context, flag string) (net.Addr, error) {
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
