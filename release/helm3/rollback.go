package helm3

import (
	"context"
	"fmt"
	"slices"

	"helm.sh/helm/v3/pkg/action"

	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/helm3/records"
)

// Rollback implements release.Engine.
func (e *Engine) Rollback(ctx context.Context, op release.Operation, req release.RollbackRequest) (release.Result, error) {
	r := &run{op: op, timeout: req.Timeout, maxKeep: req.MaxHistory}
	return e.perform(ctx, r, records.Details{}, func(r *run) error { return r.rollback(req) })
}

func (r *run) rollback(req release.RollbackRequest) error {
	recs, err := r.history()
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(recs, func(rec release.Record) bool { return rec.Revision == r.op.Target }) {
		return &release.Error{
			Kind:    release.KindFailed,
			Message: fmt.Sprintf("revision %d is not in the history of release %s", r.op.Target, r.op.Key),
		}
	}
	if last := recs[len(recs)-1]; last.Status.Pending() {
		return errBusy(last)
	}
	// Helm compares with the newest revision only; the deployed one, below the
	// failed ones, is live as well.
	if err := r.connectWithBases(); err != nil {
		return err
	}
	cfg, err := r.configuration()
	if err != nil {
		return err
	}
	rollback := action.NewRollback(cfg)
	rollback.Version = r.op.Target
	rollback.Timeout = req.Timeout
	rollback.Wait = req.Wait
	rollback.DisableHooks = req.DisableHooks
	rollback.MaxHistory = 0 // tidy does it
	r.reach(rendered)
	return rollback.Run(r.op.Key.Name)
}
