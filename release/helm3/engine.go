package helm3

import (
	"context"
	"fmt"
	"io"
	"log"
	"runtime"
	"sync"
	"time"

	"helm.sh/helm/v3/pkg/kube"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/rest"

	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/helm3/client"
	"github.com/fairlead-dev/fairlead/release/helm3/records"
)

// An Engine performs releases with Helm 3. It implements release.Engine. Start
// must run for it to know what is in storage.
type Engine struct {
	config *rest.Config
	kinds  *catalog
	store  *records.Store
	hands  *client.Shared
	slots  chan struct{}
	clock  func() time.Time
}

var _ release.Engine = (*Engine)(nil)

type settings struct {
	fence     func() error
	userAgent string
	slots     int
	clock     func() time.Time
}

// An Option changes an Engine.
type Option func(*settings)

// WithFence asks check before every request that would change something. If it
// returns an error the request is refused and the operation fails as
// release.KindUnavailable.
func WithFence(check func() error) Option { return func(s *settings) { s.fence = check } }

// WithUserAgent names us to the API server.
func WithUserAgent(name string) Option { return func(s *settings) { s.userAgent = name } }

// WithCPUSlots says how many runs may render and decode at the same time; by
// default as many as there are CPUs for us.
func WithCPUSlots(n int) Option { return func(s *settings) { s.slots = n } }

// WithClock replaces time.Now.
func WithClock(now func() time.Time) Option { return func(s *settings) { s.clock = now } }

// Who Helm says we are in managedFields. Helm has one variable for the process.
var nameManager = sync.OnceFunc(func() { kube.ManagedFieldsManager = "fairlead" })

// SilenceHelm discards what is written to the standard library's default logger.
// Helm's chart code warns there, and quotes values. A program that serves
// releases calls it once, when it has its own logging.
func SilenceHelm() { log.SetOutput(io.Discard) }

// New makes an Engine for the cluster and the identity of cfg, which is copied.
func New(cfg *rest.Config, opts ...Option) (*Engine, error) {
	s := settings{slots: runtime.GOMAXPROCS(0), clock: time.Now}
	for _, opt := range opts {
		opt(&s)
	}
	nameManager()
	cfg = rest.CopyConfig(cfg)
	if s.userAgent != "" {
		cfg.UserAgent = s.userAgent
	}
	if s.fence != nil {
		cfg.Wrap(Fence(s.fence))
	}
	if cfg.QPS == 0 {
		cfg.QPS = -1 // the API server's own fairness limits us
	}
	asker, err := discovery.NewDiscoveryClientForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("making a discovery client: %w", err)
	}
	kinds := &catalog{client: asker, clock: s.clock, begun: make(chan struct{})}
	hands, err := client.NewShared(cfg, mapper{kinds: kinds})
	if err != nil {
		return nil, err
	}
	store, err := records.New(cfg, records.WithClock(s.clock))
	if err != nil {
		return nil, err
	}
	return &Engine{
		config: cfg,
		kinds:  kinds,
		store:  store,
		hands:  hands,
		slots:  make(chan struct{}, max(1, s.slots)),
		clock:  s.clock,
	}, nil
}

// Start watches storage and the kinds that the cluster serves until ctx ends. It
// runs once.
func (e *Engine) Start(ctx context.Context) error {
	e.store.Start(ctx)
	return e.kinds.watchKinds(ctx, e.config)
}

// WaitForSync waits until everything in storage is known and the cluster has told
// its kinds, or returns why ctx ended.
func (e *Engine) WaitForSync(ctx context.Context) error {
	select {
	case <-e.kinds.begun:
	case <-ctx.Done():
		return fmt.Errorf("waiting for the cluster to tell its kinds: %w", context.Cause(ctx))
	}
	return e.store.WaitForSync(ctx)
}

// OnChange calls f when somebody else changed the records of a release. Call it
// before Start; f must not block.
func (e *Engine) OnChange(f func(release.Key)) { e.store.OnChange(f) }

// OnAPISetChange calls f when the cluster serves other kinds than before; f must
// not block.
func (e *Engine) OnAPISetChange(f func()) { e.kinds.onChange(f) }

// Records implements release.Engine.
func (e *Engine) Records(key release.Key) []release.Record { return e.store.List(key) }

// APISet implements release.Engine. It is empty until WaitForSync.
func (e *Engine) APISet() string { return e.kinds.digest() }

// slot waits for a CPU slot. The function that it returns gives it back; calling
// it again does nothing.
func (e *Engine) slot(ctx context.Context) (func(), error) {
	select {
	case e.slots <- struct{}{}:
		return sync.OnceFunc(func() { <-e.slots }), nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}
