package helm3

import (
	"context"
	"errors"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/storage/driver"

	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/health"
	"github.com/fairlead-dev/fairlead/release/helm3/client"
	"github.com/fairlead-dev/fairlead/release/helm3/records"
)

// Uninstall implements release.Engine.
func (e *Engine) Uninstall(ctx context.Context, op release.Operation, req release.UninstallRequest) (release.Result, error) {
	r := &run{op: op, timeout: req.Timeout}
	return e.perform(ctx, r, records.Details{}, func(r *run) error { return r.uninstall(req) })
}

func (r *run) uninstall(req release.UninstallRequest) error {
	recs, err := r.history()
	if err != nil || len(recs) == 0 {
		return err
	}
	last := recs[len(recs)-1]
	if last.Status == release.StatusUninstalling {
		r.awaitHooks(last)
	}
	bases, err := r.bases(recs)
	if err != nil {
		return err
	}
	switch {
	case len(bases) == 0 && last.Status != release.StatusUninstalled:
		r.warn("no revision can be decoded: only the records are removed, the objects stay")
	case len(bases) > 0 && bases[0].revision == last.Revision:
		// Helm deletes what the newest revision has, if that can be decoded.
		// Revisions before it, back to the last success, may have left more.
		bases = bases[1:]
	}
	r.connect(bases)
	cfg, err := r.configuration()
	if err != nil {
		return err
	}
	uninstall := action.NewUninstall(cfg)
	uninstall.Timeout = req.Timeout
	uninstall.Wait = req.Wait
	uninstall.DisableHooks = req.DisableHooks
	r.reach(recorded)
	if _, err := uninstall.Run(r.op.Key.Name); err != nil && !errors.Is(err, driver.ErrReleaseNotFound) {
		return err
	}
	return nil
}

// emptied removes what only earlier revisions had, and returns an error while
// objects of the release are left. A hook that failed after the deletion leaves
// none.
func (r *run) emptied() error {
	if r.op.Action != release.Uninstall || r.empty {
		return nil
	}
	for _, err := range r.clientErrors() {
		if as[*health.NotReadyError](err) != nil && as[*client.HookError](err) == nil {
			return err
		}
	}
	if err := r.client.Prune(nil); err != nil {
		return err
	}
	r.empty = true
	return nil
}
