package helm3

import (
	"context"
	"fmt"
	"strings"

	"helm.sh/helm/v3/pkg/action"

	"github.com/fairlead-dev/fairlead/release"
)

// Install implements release.Engine.
func (e *Engine) Install(ctx context.Context, op release.Operation, req release.Request) (release.Result, error) {
	r := &run{op: op, timeout: req.Timeout, maxKeep: req.MaxHistory}
	return e.perform(ctx, r, detailsOf(op, req), func(r *run) error { return r.install(req) })
}

func (r *run) install(req release.Request) error {
	replace, err := r.makeRoom()
	if err != nil {
		return err
	}
	if err := r.connectWithBases(); err != nil {
		return err
	}
	in, err := r.prepare(req)
	if err != nil {
		return err
	}
	if err := r.applyCRDs(in); err != nil {
		return err
	}
	cfg, err := r.configuration()
	if err != nil {
		return err
	}
	install := action.NewInstall(cfg)
	install.ReleaseName = r.op.Key.Name
	install.Namespace = r.op.Key.Namespace
	install.CreateNamespace = req.CreateNamespace
	install.Replace = replace
	install.Timeout = req.Timeout
	install.Wait = req.Wait
	install.DisableHooks = req.DisableHooks
	install.SkipCRDs = true
	install.DisableOpenAPIValidation = true
	install.PostRenderer = r.afterRender()
	r.reach(rendering)
	rel, err := install.RunWithContext(context.Background(), in.chart, in.values)
	if err != nil || !replace || strings.TrimSpace(rel.Manifest) != "" {
		return err
	}
	// Without objects Helm does not ask the client, which would have removed
	// what the failed one left.
	return r.client.Prune(nil)
}

// makeRoom makes the newest record one that Helm replaces, and reports whether
// there is one. Helm refuses to replace anything but a failed or uninstalled
// revision. What is deployed is never replaced.
func (r *run) makeRoom() (bool, error) {
	recs, err := r.history()
	if err != nil || len(recs) == 0 {
		return false, err
	}
	for _, rec := range recs {
		if rec.Status == release.StatusDeployed {
			return false, &release.Error{
				Kind:    release.KindFailed,
				Message: fmt.Sprintf("release %s is installed already (revision %d)", r.op.Key, rec.Revision),
			}
		}
	}
	last := recs[len(recs)-1]
	switch {
	case last.Status == release.StatusFailed, last.Status == release.StatusUninstalled:
		return true, nil
	case last.Status.Pending():
		return false, errBusy(last)
	}
	return true, r.giveUp(last, "replaced by a new install")
}

// giveUp marks a revision failed, so that Helm goes on from it.
func (r *run) giveUp(rec release.Record, why string) error {
	outcome := rec.Outcome
	if rec.Status == release.StatusUninstalling {
		outcome = release.Interrupted
	}
	return stored(r.session.Mark(r.background, rec.Revision, release.StatusFailed, outcome, why))
}

func errBusy(rec release.Record) error {
	return &release.Error{
		Kind:    release.KindFailed,
		Message: fmt.Sprintf("somebody else works on the release: revision %d is %s", rec.Revision, rec.Status),
	}
}
