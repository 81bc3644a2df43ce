package operator

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-logr/logr"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/client-go/rest"
	clientleader "k8s.io/client-go/tools/leaderelection"
	"k8s.io/client-go/tools/leaderelection/resourcelock"
	"sigs.k8s.io/controller-runtime/pkg/leaderelection"
	"sigs.k8s.io/controller-runtime/pkg/recorder"
)

// +kubebuilder:rbac:groups=coordination.k8s.io,namespace=kernel-gossip,resources=leases,verbs=get;create;update
// +kubebuilder:rbac:groups="",namespace=kernel-gossip,resources=events,verbs=create;patch

const leaseName = "kernel-gossip-operator"

// leaseTimes are when a lease is renewed, lost and won.
type leaseTimes struct {
	duration time.Duration // for which others respect it without a renewal
	deadline time.Duration // of a renewal, after which it is lost
	retry    time.Duration // between attempts to take or renew it
	regain   time.Duration // between attempts to take a lost one: sooner than others, because its memory is worth more
}

// defaultLease outlasts an outage of the API server of half a minute. A longer one costs the lease, and not the memory.
func defaultLease() leaseTimes {
	return leaseTimes{
		duration: 60 * time.Second, deadline: 45 * time.Second, retry: 5 * time.Second, regain: time.Second,
	}
}

// errSuperseded ends an operator that another one replaces: the objects say more than its memory.
var errSuperseded = errors.New("another replica leads now, and continues from the stored objects")

// errNotLeading is the reason of a 503 while the lease is lost.
var errNotLeading = errors.New("this operator does not lead now: it could not renew its lease")

// lease says whether this operator may take records and write objects. It may be lost and won again: the memory of the
// operator outlives it, because while the API server is away no other replica can lead either.
type lease struct {
	lock resourcelock.Interface // nil: there is no other replica, and the lease is held from the start
	log  logr.Logger
	leaseTimes

	mu     sync.Mutex
	won    chan struct{} // closed while the lease is held
	isHeld bool
	hasLed bool
	over   bool // another replica has led since
}

// newLease returns a lease that is not held yet.
func newLease(config *rest.Config, events recorder.Provider, o Options, log logr.Logger) (*lease, error) {
	lock, err := leaderelection.NewResourceLock(rest.CopyConfig(config), events, leaderelection.Options{
		LeaderElection: o.LeaderElection, LeaderElectionID: leaseName,
		LeaderElectionNamespace: o.LeaderElectionNamespace, RenewDeadline: o.lease.deadline,
	})
	return &lease{lock: lock, log: log.WithName("lease"), leaseTimes: o.lease, won: make(chan struct{})}, err
}

// keepUntil takes the lease and renews it until ctx ends, and then gives it back. A lost lease is taken again, unless
// another replica has led meanwhile: the error is then errSuperseded.
func (l *lease) keepUntil(ctx context.Context) error {
	if l.lock == nil {
		l.setHeld(true)
		return nil
	}
	ctx, stop := context.WithCancel(logr.NewContext(ctx, l.log))
	defer stop()
	for period := l.retry; ctx.Err() == nil; {
		elector, err := clientleader.NewLeaderElector(clientleader.LeaderElectionConfig{
			Lock: &watchedLock{Interface: l.lock, lease: l, supersede: stop}, Name: leaseName,
			LeaseDuration: l.duration, RenewDeadline: l.deadline, RetryPeriod: period,
			Callbacks: clientleader.LeaderCallbacks{
				OnStartedLeading: func(context.Context) {}, // watchedLock sees it sooner
				OnStoppedLeading: func() {},
			},
		})
		if err != nil {
			return err
		}
		elector.Run(ctx)
		l.setHeld(false)
		if ctx.Err() == nil {
			l.log.Info("Lost the lease: no records are taken, and nothing is written, until it is held again")
			period = l.regain
		}
	}
	if l.isOver() {
		return errSuperseded
	}
	return l.releaseHolder(context.WithoutCancel(ctx))
}

// releaseHolder gives the lease back, so that the next leader need not wait until it expires.
func (l *lease) releaseHolder(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, l.retry)
	defer cancel()
	record, _, err := l.lock.Get(ctx)
	switch {
	case apierrors.IsNotFound(err):
		return nil
	case err != nil:
		return fmt.Errorf("cannot give the lease back: %w", err)
	case record.HolderIdentity != l.lock.Identity():
		return nil
	}
	record.HolderIdentity, record.LeaseDurationSeconds = "", 1
	if err := l.lock.Update(ctx, *record); err != nil {
		return fmt.Errorf("cannot give the lease back: %w", err)
	}
	return nil
}

// wait returns once the lease is held, or with an error if ctx ends first.
func (l *lease) wait(ctx context.Context) error {
	for {
		l.mu.Lock()
		won := l.won
		l.mu.Unlock()
		select {
		case <-won:
			if l.isHolding() {
				return nil
			}
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

func (l *lease) isHolding() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.isHeld
}

func (l *lease) setHeld(held bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case held && !l.isHeld:
		close(l.won)
		l.hasLed = true
	case !held && l.isHeld:
		l.won = make(chan struct{})
	}
	l.isHeld = held
}

// noteHolder notes who holds the stored lease, and reports whether that ends this operator: it has led, and another
// replica has led since.
func (l *lease) noteHolder(identity string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.over = l.over || l.hasLed && identity != l.lock.Identity()
	return l.over
}

func (l *lease) isOver() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.over
}

// watchedLock is the lock of the lease. It sees what the elector reads and writes.
type watchedLock struct {
	resourcelock.Interface

	lease     *lease
	supersede func()
}

// Get reads the lease.
func (w *watchedLock) Get(ctx context.Context) (*resourcelock.LeaderElectionRecord, []byte, error) {
	record, text, err := w.Interface.Get(ctx)
	if err == nil && w.lease.noteHolder(record.HolderIdentity) {
		w.supersede()
	}
	return record, text, err
}

// Create makes the lease: it is then held.
func (w *watchedLock) Create(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	err := w.Interface.Create(ctx, record)
	if err == nil {
		w.lease.setHeld(true)
	}
	return err
}

// Update takes or renews the lease: it is then held.
func (w *watchedLock) Update(ctx context.Context, record resourcelock.LeaderElectionRecord) error {
	if w.lease.isOver() {
		return errSuperseded
	}
	err := w.Interface.Update(ctx, record)
	if err == nil {
		w.lease.setHeld(true)
	}
	return err
}
