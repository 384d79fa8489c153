package helmrelease

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/apimachinery/pkg/util/resourceversion"
	"k8s.io/client-go/tools/events"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/decide"
	"github.com/fairlead-dev/fairlead/release/operations"
)

// Reconciler brings Helm releases to what HelmReleases say. See New.
type Reconciler struct {
	client  client.Client
	secrets client.Reader
	engine  release.Engine
	events  events.EventRecorder
	clock   func() time.Time
	pace    decide.Pace

	operations *operations.Running
	lookups    *lookups
	claims     *claims
	written    *written
	metrics    *metrics
	queue      *waker
	secretData *secretData
	source     chartsync.Source
}

// A run is one reconcile: the object, and the facts that the steps found.
type run struct {
	hr       *v1alpha1.HelmRelease
	key      release.Key
	chart    lookup
	desired  release.Desired
	observed release.Observed
	decision release.Decision
	// ended are the operations that this run takes note of.
	ended []operations.End
	// sourceID identifies what the spec asks the source for.
	sourceID string
	// start begins the operation once the status says so.
	start func() bool
	// after asks for another look.
	after time.Duration
	// gone is set when the finalizer was removed.
	gone bool
}

// errUnfinished ends a run early without a fault: an event will bring the next.
var errUnfinished = errors.New("waiting for an event")

// Reconcile looks at one HelmRelease and does the next thing for it.
func (r *Reconciler) Reconcile(ctx context.Context, req ctrl.Request) (ctrl.Result, error) {
	hr := &v1alpha1.HelmRelease{}
	if err := r.client.Get(ctx, req.NamespacedName, hr); err != nil {
		if apierrors.IsNotFound(err) {
			r.forget(req.NamespacedName)
			return ctrl.Result{}, nil
		}
		return ctrl.Result{}, fmt.Errorf("reading HelmRelease: %w", err)
	}
	if r.written.newerThan(hr) {
		return ctrl.Result{}, nil // our own write is on its way and wakes us
	}
	was := hr.DeepCopy()
	run := r.begin(hr)
	err := inOrder(ctx, run, r.holdFinalizer, r.resolveChart, r.composeValues, r.observe, r.decide, r.perform)
	if errors.Is(err, errUnfinished) || run.gone {
		return ctrl.Result{RequeueAfter: run.after}, nil
	}
	if stopped(ctx, err) {
		return ctrl.Result{}, nil
	}
	if err != nil {
		return ctrl.Result{}, err
	}
	report(run) // the only writer of hr.Status
	if err := r.patchStatus(ctx, was, hr); stopped(ctx, err) {
		return ctrl.Result{}, nil
	} else if err != nil {
		return ctrl.Result{}, err
	}
	r.afterwards(ctx, run, was)
	return ctrl.Result{RequeueAfter: run.after}, nil
}

// stopped reports whether err only says that the program is about to end. The
// next one looks again.
func stopped(ctx context.Context, err error) bool {
	return ctx.Err() != nil && errors.Is(err, context.Canceled)
}

func (r *Reconciler) begin(hr *v1alpha1.HelmRelease) *run {
	return &run{hr: hr, key: release.Key{Namespace: hr.StorageNamespace(), Name: hr.HelmName()}}
}

// inOrder runs the steps until one of them fails or is unfinished.
func inOrder(ctx context.Context, run *run, steps ...func(context.Context, *run) error) error {
	for _, step := range steps {
		if err := step(ctx, run); err != nil {
			return err
		}
	}
	return nil
}

// afterwards does what had to wait until the status was stored: what was taken
// note of is forgotten and told, and the operation begins.
func (r *Reconciler) afterwards(ctx context.Context, run *run, was *v1alpha1.HelmRelease) {
	r.operations.Forget(run.key, len(run.ended))
	r.tell(ctx, run, was)
	if run.start != nil && !run.start() {
		run.after = time.Second // the release got an operation meanwhile
	}
}

// patchStatus stores the status if it changed. The resource version is a
// precondition, so that a status from an old object never overwrites a newer
// one.
func (r *Reconciler) patchStatus(ctx context.Context, was, hr *v1alpha1.HelmRelease) error {
	if statusEqual(&was.Status, &hr.Status) {
		return nil
	}
	patch := client.MergeFromWithOptions(was, client.MergeFromWithOptimisticLock{})
	if err := r.client.Status().Patch(ctx, hr, patch); err != nil {
		return fmt.Errorf("storing the status: %w", err)
	}
	r.written.note(hr)
	return nil
}

// forget drops what memory holds of a HelmRelease that is gone.
func (r *Reconciler) forget(name types.NamespacedName) {
	r.lookups.forget(name)
	r.written.forget(name)
	r.unclaim(name)
}

// unclaim gives up the Helm release that a HelmRelease had, and wakes who waits
// for it.
func (r *Reconciler) unclaim(name types.NamespacedName) {
	freed, woken := r.claims.release(name)
	for _, key := range freed {
		r.operations.Forget(key, math.MaxInt)
	}
	for _, other := range woken {
		r.queue.wake(other)
	}
}

// Stop lets applies that are under way finish; see operations.Running.Stop.
func (r *Reconciler) Stop(ctx context.Context) error { return r.operations.Stop(ctx) }

// older reports whether resource version a is older than b. Versions that
// cannot be compared are never older.
func older(a, b string) bool {
	order, err := resourceversion.CompareResourceVersion(a, b)
	return err == nil && order < 0
}
