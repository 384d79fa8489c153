package helmrelease

import (
	"context"
	"errors"
	"fmt"
	"time"

	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/decide"
	"github.com/fairlead-dev/fairlead/release/values"
)

// slowLookup is how long the first look at a source may take before the status
// says that it is under way.
const slowLookup = 3 * time.Second

// holdFinalizer makes sure that a deletion waits for the uninstall, before
// anything is installed.
func (r *Reconciler) holdFinalizer(ctx context.Context, run *run) error {
	held := controllerutil.ContainsFinalizer(run.hr, v1alpha1.Finalizer)
	switch deleting := !run.hr.DeletionTimestamp.IsZero(); {
	case deleting && !held:
		return errUnfinished // somebody else's finalizer holds it; our part is done
	case deleting || held:
		return nil
	}
	was := run.hr.DeepCopy()
	controllerutil.AddFinalizer(run.hr, v1alpha1.Finalizer)
	if err := r.patchMetadata(ctx, was, run.hr); err != nil {
		return fmt.Errorf("adding the finalizer: %w", err)
	}
	return errUnfinished // the write wakes us
}

func (r *Reconciler) patchMetadata(ctx context.Context, was, hr *v1alpha1.HelmRelease) error {
	patch := client.MergeFromWithOptions(was, client.MergeFromWithOptimisticLock{})
	if err := r.client.Patch(ctx, hr, patch); err != nil {
		return err
	}
	r.written.note(hr)
	return nil
}

// resolveChart takes what the source said last, and has it asked again when that
// is due. A source that is lost is answered from the status, which holds the
// last chart of the same spec.
func (r *Reconciler) resolveChart(ctx context.Context, run *run) error {
	run.desired.Key = run.key
	if run.hr.Spec.Suspend || !run.hr.DeletionTimestamp.IsZero() {
		return nil
	}
	creds, err := r.credentials(ctx, run.hr)
	var invalid errInvalidSpec
	switch {
	case errors.As(err, &invalid):
		// Who asked for a look has an answer, too.
		run.chart = lookup{known: true, err: invalid, handled: run.hr.Annotations[v1alpha1.ReconcileAtAnnotation]}
	case err != nil:
		return err
	}
	spec := sourceSpec(run.hr, creds)
	run.sourceID = sourceID(spec)
	if invalid.message == "" {
		run.chart, run.after = r.lookups.get(client.ObjectKeyFromObject(run.hr), ask{
			spec: spec, id: run.sourceID + creds.Digest(), interval: run.hr.Spec.Interval.Duration,
			at: run.hr.Annotations[v1alpha1.ReconcileAtAnnotation],
		})
	}
	rev := run.chart.revision
	if rev.Digest == "" {
		if left := r.firstLook(run); left > 0 {
			run.after = left
			return errUnfinished
		}
		rev, _ = rememberedRevision(run.hr, run.sourceID)
	}
	if rev.Digest != "" {
		run.desired.Chart = chartOf(r.source, spec, rev)
	}
	return nil
}

// firstLook returns how much longer to wait for the first answer of a source
// without telling the status. One that takes long counts as lost meanwhile: a
// restart beside a source that hangs must not make a release unready.
func (r *Reconciler) firstLook(run *run) time.Duration {
	if run.chart.known || !run.chart.underway {
		return 0
	}
	return slowLookup - r.clock().Sub(run.chart.began)
}

// composeValues merges the layers of values and digests what is desired.
func (r *Reconciler) composeValues(_ context.Context, run *run) error {
	hr, desired := run.hr, &run.desired
	desired.Options = options(&hr.Spec)
	desired.Suspended = hr.Spec.Suspend
	desired.Deleted = !hr.DeletionTimestamp.IsZero()
	desired.Orphan = hr.Spec.DeletionPolicy == v1alpha1.DeletionOrphan
	var raw []byte
	if hr.Spec.Values != nil {
		raw = hr.Spec.Values.Raw
	}
	var err error
	if desired.Values, err = values.Parse(raw); err != nil {
		return fmt.Errorf("reading spec.values: %w", err)
	}
	if desired.ValuesDigest, err = values.Digest(desired.Values); err != nil {
		return err
	}
	if desired.Chart != nil {
		desired.Digest = release.DesiredDigest(desired.Chart.Digest, desired.ValuesDigest)
	}
	return nil
}

// observe gathers what Helm's storage and our own memory say. It makes no
// request.
func (r *Reconciler) observe(ctx context.Context, run *run) error {
	claimedBy, err := r.claimedBy(ctx, run)
	if err != nil {
		return err
	}
	// The operation before the records: one that ends in between has left all of
	// its records by then, and is never taken for an interrupted one.
	run.observed.Underway = r.operations.Underway(run.key)
	run.observed.Records = r.engine.Records(run.key)
	run.observed.Now = r.clock()
	run.observed.ClaimedBy = claimedBy
	run.observed.APISet = r.engine.APISet()
	run.observed.Stopping = r.operations.Stopped()
	if claimedBy == "" {
		run.ended = r.operations.Ended(run.key)
		run.observed.History = mergeHistory(run)
		run.observed.Records = recognise(run.observed.Records, run.observed.History)
	}
	return nil
}

// claimedBy names the other HelmRelease that has this Helm release, if any.
func (r *Reconciler) claimedBy(ctx context.Context, run *run) (string, error) {
	name := client.ObjectKeyFromObject(run.hr)
	if r.claims.holdsOther(name, run.key) {
		r.unclaim(name)
	}
	var items v1alpha1.HelmReleaseList
	if _, known := r.claims.holderOf(run.key); !known {
		if err := r.client.List(ctx, &items, client.MatchingFields{claimIndex: run.key.String()}); err != nil {
			return "", fmt.Errorf("looking for other HelmReleases of %s: %w", run.key, err)
		}
	}
	holder := r.claims.claim(run.key, name, func() types.NamespacedName {
		return firstClaimant(append(items.Items, *run.hr))
	})
	if holder == name {
		return "", nil
	}
	return holder.String(), nil
}

// decide chooses the next action.
func (r *Reconciler) decide(_ context.Context, run *run) error {
	run.decision = decide.Next(run.desired, run.observed, r.pace)
	if after := run.decision.After; after > 0 && (run.after == 0 || after < run.after) {
		run.after = after
	}
	return nil
}
