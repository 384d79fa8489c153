package helm3

import (
	"context"
	"slices"

	"helm.sh/helm/v3/pkg/action"

	"github.com/fairlead-dev/fairlead/release"
)

// Upgrade implements release.Engine.
func (e *Engine) Upgrade(ctx context.Context, op release.Operation, req release.Request) (release.Result, error) {
	r := &run{op: op, timeout: req.Timeout, maxKeep: req.MaxHistory}
	return e.perform(ctx, r, detailsOf(op, req), func(r *run) error { return r.upgrade(req) })
}

func (r *run) upgrade(req release.Request) error {
	if err := r.makeUpgradable(); err != nil {
		return err
	}
	if err := r.connectWithBases(); err != nil {
		return err
	}
	in, err := r.prepare(req)
	if err != nil {
		return err
	}
	cfg, err := r.configuration()
	if err != nil {
		return err
	}
	upgrade := action.NewUpgrade(cfg)
	upgrade.Namespace = r.op.Key.Namespace
	upgrade.Timeout = req.Timeout
	upgrade.Wait = req.Wait
	upgrade.DisableHooks = req.DisableHooks
	// Without it Helm takes the last revision's values when ours are empty.
	upgrade.ResetValues = true
	upgrade.MaxHistory = 0 // tidy does it: Helm would drop failed revisions that are bases
	upgrade.SkipCRDs = true
	upgrade.DisableOpenAPIValidation = true
	upgrade.PostRenderer = r.afterRender()
	r.reach(rendering)
	_, err = upgrade.RunWithContext(context.Background(), r.op.Key.Name, in.chart, in.values)
	return err
}

// makeUpgradable makes the newest record one that Helm upgrades from: it does so
// from a failed or superseded one, when nothing is deployed.
func (r *run) makeUpgradable() error {
	recs, err := r.history()
	if err != nil || len(recs) == 0 {
		return err
	}
	last := recs[len(recs)-1]
	if last.Status.Pending() {
		return errBusy(last)
	}
	deployed := slices.ContainsFunc(recs, func(rec release.Record) bool { return rec.Status == release.StatusDeployed })
	if deployed || last.Status == release.StatusFailed || last.Status == release.StatusSuperseded {
		return nil
	}
	return r.giveUp(last, "taken up by an upgrade")
}
