package helmrelease

import (
	"context"
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/util/uuid"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/controller/controllerutil"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/release"
)

// perform carries the decision out, as far as it takes no time: an operation
// only begins, after the status has told it.
func (r *Reconciler) perform(ctx context.Context, run *run) error {
	switch run.decision.Action {
	case release.None:
	case release.Supersede:
		r.operations.Supersede(run.key, run.decision.Message)
	case release.LetGo:
		return r.letGo(ctx, run)
	default:
		op := release.Operation{
			ID: string(uuid.NewUUID()), Key: run.key, Action: run.decision.Action, Digest: run.desired.Digest,
			Cause: run.decision.Cause, Reason: run.decision.Reason, Target: run.decision.Target, Started: r.clock(),
		}
		desired := run.desired
		run.start = func() bool {
			return r.operations.Start(op, func(ctx context.Context) release.Attempt { return r.operate(ctx, op, desired) })
		}
	}
	return nil
}

// letGo removes the finalizer, which ends the object's life.
func (r *Reconciler) letGo(ctx context.Context, run *run) error {
	was := run.hr.DeepCopy()
	controllerutil.RemoveFinalizer(run.hr, v1alpha1.Finalizer)
	if err := client.IgnoreNotFound(r.patchMetadata(ctx, was, run.hr)); err != nil {
		return fmt.Errorf("removing the finalizer: %w", err)
	}
	r.operations.Forget(run.key, len(run.ended))
	r.tell(ctx, run, was)
	run.gone = true
	return nil
}

// operate performs an operation and makes its attempt. It runs in the
// operation's own goroutine.
func (r *Reconciler) operate(ctx context.Context, op release.Operation, d release.Desired) release.Attempt {
	attempt := release.Attempt{
		Action: op.Action, Digest: op.Digest, Cause: op.Cause.Text, Commit: op.Cause.Commit, Started: op.Started, Count: 1,
	}
	if d.Chart != nil && op.Action != release.Rollback {
		attempt.Chart, attempt.AppVersion = d.Chart.String(), d.Chart.AppVersion
	}
	apis := r.engine.APISet()
	result, err := r.verb(ctx, op, d)
	attempt.Ended = r.clock()
	attempt.Revision, attempt.Warnings = result.Revision, result.Warnings
	switch op.Action {
	case release.Install:
		attempt.Options = d.Options.Install.Digest()
	case release.Upgrade:
		attempt.Options = d.Options.Upgrade.Digest()
	}
	if err == nil {
		attempt.Outcome, attempt.Reason = release.Succeeded, string(op.Action)+"Succeeded"
	} else {
		describe(&attempt, err, apis)
	}
	r.metrics.operationEnded(attempt)
	return attempt
}

// verb calls the engine.
func (r *Reconciler) verb(ctx context.Context, op release.Operation, d release.Desired) (release.Result, error) {
	r.metrics.operationBegan()
	defer r.metrics.operationLeft()
	upgrade := d.Options.Upgrade
	request := release.Request{
		Values: d.Values, CreateNamespace: d.Options.CreateNamespace, MaxHistory: d.Options.MaxHistory,
		Timeout: upgrade.Timeout, Wait: upgrade.Wait, DisableHooks: upgrade.DisableHooks,
	}
	if d.Chart != nil {
		request.Chart = *d.Chart
	}
	switch op.Action {
	case release.Install:
		install := d.Options.Install
		request.Timeout, request.Wait, request.DisableHooks = install.Timeout, install.Wait, install.DisableHooks
		return r.engine.Install(ctx, op, request)
	case release.Upgrade:
		return r.engine.Upgrade(ctx, op, request)
	case release.Rollback:
		return r.engine.Rollback(ctx, op, release.RollbackRequest{
			Timeout: upgrade.Timeout, Wait: upgrade.Wait, DisableHooks: upgrade.DisableHooks, MaxHistory: d.Options.MaxHistory})
	case release.Uninstall:
		return r.engine.Uninstall(ctx, op, release.UninstallRequest{
			Timeout: upgrade.Timeout, Wait: true, DisableHooks: upgrade.DisableHooks})
	}
	return release.Result{}, release.Errorf(release.KindFailed, "no such action: %s", op.Action)
}

// describe says in an attempt how it failed.
func describe(attempt *release.Attempt, err error, apis string) {
	attempt.Outcome, attempt.Reason, attempt.Message = release.Failed, string(release.KindFailed), err.Error()
	var failure *release.Error
	if !errors.As(err, &failure) {
		return
	}
	attempt.Reason, attempt.Revision = string(failure.Kind), failure.Revision
	if failure.Deterministic && failure.Revision == 0 {
		attempt.Deterministic, attempt.APISet = true, apis
	}
	switch failure.Kind {
	case release.KindSuperseded:
		attempt.Outcome = release.Superseded
	case release.KindStopping:
		attempt.Outcome = release.Interrupted
	}
}
