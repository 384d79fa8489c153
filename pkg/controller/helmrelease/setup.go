package helmrelease

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/builder"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/predicate"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/decide"
	"github.com/fairlead-dev/fairlead/release/operations"
)

// The indexes over HelmReleases that this room keeps.
const (
	claimIndex  = "claim"  // "namespace/name" of the Helm release
	secretIndex = "secret" // name of the Secret with the source's credentials
)

// Deps are what a Reconciler needs; all of them are required.
type Deps struct {
	// Client reads HelmReleases and the metadata of Secrets from a cache, and
	// writes.
	Client client.Client
	// Secrets reads Secrets whole, from the API server.
	Secrets client.Reader
	Engine  release.Engine
	// Source resolves and fetches charts of every kind.
	Source   chartsync.Source
	Events   events.EventRecorder
	Registry prometheus.Registerer
}

// Option changes a Reconciler.
type Option func(*Reconciler)

// WithClock uses another clock than time.Now.
func WithClock(now func() time.Time) Option { return func(r *Reconciler) { r.clock = now } }

// WithPace spaces retries otherwise than 10 s, doubling up to 5 min.
func WithPace(p decide.Pace) Option { return func(r *Reconciler) { r.pace = p } }

// What the operator may do. A chart may hold any object, so the last line is the
// whole of it; the others say what it needs for itself.
//
// +kubebuilder:rbac:groups=fairlead.dev,resources=helmreleases,verbs=get;list;watch;update;patch
// +kubebuilder:rbac:groups=fairlead.dev,resources=helmreleases/status,verbs=get;update;patch
// +kubebuilder:rbac:groups=fairlead.dev,resources=helmreleases/finalizers,verbs=update
// +kubebuilder:rbac:groups="",resources=secrets,verbs=get;list;watch;create;update;patch;delete
// +kubebuilder:rbac:groups=events.k8s.io,resources=events,verbs=create;patch
// +kubebuilder:rbac:groups=coordination.k8s.io,resources=leases,verbs=get;create;update
// +kubebuilder:rbac:groups=*,resources=*,verbs=*

// New returns a Reconciler.
func New(deps Deps, opts ...Option) *Reconciler {
	r := &Reconciler{
		client: deps.Client, secrets: deps.Secrets, engine: deps.Engine, source: deps.Source, events: deps.Events,
		clock:      time.Now,
		pace:       decide.Pace{Base: 10 * time.Second, Max: 5 * time.Minute},
		claims:     newClaims(),
		written:    &written{versions: map[types.NamespacedName]string{}},
		secretData: &secretData{read: map[types.NamespacedName]versionedCredentials{}},
		queue:      &waker{},
		metrics:    newMetrics(deps.Registry),
	}
	for _, opt := range opts {
		opt(r)
	}
	r.operations = operations.New(r.WakeRelease)
	r.lookups = &lookups{
		source: deps.Source, clock: r.clock, pace: r.pace, onEnd: r.queue.wake, observe: r.metrics.looked,
		slots: make(chan struct{}, lookupsAtOnce), known: map[types.NamespacedName]*lookup{}, hosts: map[string]chan struct{}{},
	}
	return r
}

// WakeRelease looks again at the HelmRelease that has this Helm release. It may
// be called from anywhere, at any time.
func (r *Reconciler) WakeRelease(key release.Key) {
	if name, ok := r.claims.holderOf(key); ok {
		r.queue.wake(name)
	}
}

// WakeAll looks again at every HelmRelease that has a Helm release, because the
// cluster serves other kinds now.
func (r *Reconciler) WakeAll() {
	for _, name := range r.claims.all() {
		r.queue.wake(name)
	}
}

// SetupWithManager registers the controller, with so many workers. They begin
// after waitForEngine has returned, since an engine that does not know what is
// in storage yet would have us install what is there.
func (r *Reconciler) SetupWithManager(ctx context.Context, mgr ctrl.Manager, waitForEngine func(context.Context) error, workers int) error {
	indexer := mgr.GetFieldIndexer()
	if err := indexer.IndexField(ctx, &v1alpha1.HelmRelease{}, claimIndex, claimOf); err != nil {
		return fmt.Errorf("indexing HelmReleases by Helm release: %w", err)
	}
	if err := indexer.IndexField(ctx, &v1alpha1.HelmRelease{}, secretIndex, secretOf); err != nil {
		return fmt.Errorf("indexing HelmReleases by Secret: %w", err)
	}
	return ctrl.NewControllerManagedBy(mgr).
		Named("helmrelease").
		For(&v1alpha1.HelmRelease{}, builder.WithPredicates(asks())).
		WatchesMetadata(&corev1.Secret{}, handler.EnqueueRequestsFromMapFunc(r.usersOf)).
		WatchesRawSource(wakes{waker: r.queue, ready: waitForEngine}).
		WithOptions(controller.Options{MaxConcurrentReconciles: workers}).
		Complete(r)
}

// asks lets through what may need an answer: a new spec, an annotation, a
// deletion, and our own writes, which end the wait for them.
func asks() predicate.Predicate { return predicate.ResourceVersionChangedPredicate{} }

func claimOf(o client.Object) []string {
	hr := o.(*v1alpha1.HelmRelease)
	return []string{release.Key{Namespace: hr.StorageNamespace(), Name: hr.HelmName()}.String()}
}

func secretOf(o client.Object) []string {
	if ref := secretRefOf(o.(*v1alpha1.HelmRelease)); ref != nil {
		return []string{ref.Name}
	}
	return nil
}

// usersOf returns the HelmReleases whose source needs a Secret.
func (r *Reconciler) usersOf(ctx context.Context, secret client.Object) []reconcile.Request {
	var users v1alpha1.HelmReleaseList
	err := r.client.List(ctx, &users, client.InNamespace(secret.GetNamespace()), client.MatchingFields{secretIndex: secret.GetName()})
	if err != nil {
		ctrl.LoggerFrom(ctx).Error(err, "Could not look up the users of a Secret", "secret", client.ObjectKeyFromObject(secret))
		return nil
	}
	requests := make([]reconcile.Request, 0, len(users.Items))
	for i := range users.Items {
		requests = append(requests, reconcile.Request{NamespacedName: client.ObjectKeyFromObject(&users.Items[i])})
	}
	return requests
}
