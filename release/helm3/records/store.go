package records

import (
	"context"
	"fmt"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/util/wait"
	corev1 "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/metadata"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/cache"

	"github.com/fairlead-dev/fairlead/release"
)

// A Store watches Helm's release records and remembers what this process wrote.
// It is safe for concurrent use.
type Store struct {
	core     corev1.SecretsGetter
	meta     metadata.Interface
	now      func() time.Time
	patience wait.Backoff
	bodies   *bodies
	recent   *recent
	watches  map[string]cache.SharedIndexInformer // by namespace; "" has all
	onChange []func(release.Key)
}

// An Option changes a Store.
type Option func(*options)

type options struct {
	namespaces []string
	now        func() time.Time
}

// WithNamespaces watches these namespaces only; none means all.
func WithNamespaces(namespaces ...string) Option {
	return func(o *options) { o.namespaces = namespaces }
}

// WithClock replaces time.Now, for the timestamps in labels.
func WithClock(now func() time.Time) Option { return func(o *options) { o.now = now } }

// New returns a Store that uses the identity, user agent and rate limit of cfg.
// Start begins its watch.
func New(cfg *rest.Config, opts ...Option) (*Store, error) {
	o := options{now: time.Now}
	for _, opt := range opts {
		opt(&o)
	}
	if len(o.namespaces) == 0 {
		o.namespaces = []string{metav1.NamespaceAll}
	}
	// A Secret's data is bytes in protobuf and base64 in JSON: Helm's base64
	// would be encoded once more.
	typed := rest.CopyConfig(cfg)
	typed.ContentType = runtime.ContentTypeProtobuf
	typed.AcceptContentTypes = runtime.ContentTypeProtobuf + "," + runtime.ContentTypeJSON
	core, err := corev1.NewForConfig(typed)
	if err != nil {
		return nil, fmt.Errorf("making a client for release records: %w", err)
	}
	meta, err := metadata.NewForConfig(cfg)
	if err != nil {
		return nil, fmt.Errorf("making a metadata client for release records: %w", err)
	}
	s := &Store{
		core: core, meta: meta, now: o.now, patience: patience,
		bodies: newBodies(bodiesLimit), recent: newRecent(), watches: map[string]cache.SharedIndexInformer{},
	}
	for _, namespace := range o.namespaces {
		w, err := s.newWatch(namespace)
		if err != nil {
			return nil, fmt.Errorf("preparing the watch of release records: %w", err)
		}
		s.watches[namespace] = w
	}
	return s, nil
}

// Start watches until ctx ends. It returns at once.
func (s *Store) Start(ctx context.Context) {
	for _, w := range s.watches {
		go w.RunWithContext(ctx)
	}
}

// HasSynced reports whether the first list of records is complete.
func (s *Store) HasSynced() bool {
	for _, w := range s.watches {
		if !w.HasSynced() {
			return false
		}
	}
	return true
}

// WaitForSync waits until HasSynced, or returns why ctx ended.
func (s *Store) WaitForSync(ctx context.Context) error {
	for _, w := range s.watches {
		if !cache.WaitForCacheSync(ctx.Done(), w.HasSynced) {
			return fmt.Errorf("waiting for the first list of release records: %w", context.Cause(ctx))
		}
	}
	return nil
}

// OnChange calls f when a record of a release appears, changes or goes, and for
// each record of the first list; seldom for what this process wrote itself. Call
// it before Start; f must not block.
func (s *Store) OnChange(f func(release.Key)) { s.onChange = append(s.onChange, f) }

// List returns the records of a release, oldest first, with everything that this
// process wrote. It makes no request. Outside the watched namespaces it knows
// only what this process wrote.
func (s *Store) List(key release.Key) []release.Record {
	return inOrder(s.recent.merge(key, s.watchOf(key.Namespace)))
}
