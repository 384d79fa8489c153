package helm3

import (
	"bytes"
	"time"

	helmrelease "helm.sh/helm/v3/pkg/release"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/cli-runtime/pkg/resource"

	"github.com/fairlead-dev/fairlead/release"
)

// A person's operation that is older than this, and than three times our own
// timeout, is not coming back.
const abandonedAfter = 15 * time.Minute

// settle marks what interrupted operations left as failed. Only one operation
// works on a release, so a pending record of another operation of ours is one
// that was cut off. Hooks of it may still be running; they are awaited, because
// the same hooks are about to run again.
func (r *run) settle() error {
	patience := max(abandonedAfter, 3*r.timeout)
	settled, err := r.session.Settle(r.background, func(rec release.Record) bool {
		return !rec.Ours() && r.engine.clock().Sub(rec.Modified) > patience
	})
	if err != nil {
		return stored(err)
	}
	for _, rec := range settled {
		r.awaitHooks(rec)
	}
	return nil
}

// awaitHooks waits for live hooks of an interrupted revision, for as long as a
// hook may take. However they end is not this run's business.
func (r *run) awaitHooks(rec release.Record) {
	rls, err := r.session.Body(r.background, rec.Revision)
	if err != nil {
		return
	}
	r.secrets.learn(rls.Manifest)
	r.connect(nil)
	deadline := r.engine.clock().Add(r.timeout)
	for _, h := range rls.Hooks {
		left := deadline.Sub(r.engine.clock())
		if !mayRun(h) || left <= 0 {
			continue
		}
		infos, err := r.client.Build(bytes.NewBufferString(h.Manifest), false)
		if err != nil || len(infos) == 0 || !exists(infos[0]) {
			continue
		}
		_ = r.client.WatchUntilReady(infos, left)
	}
}

// mayRun reports whether a hook was started and its end not recorded.
func mayRun(h *helmrelease.Hook) bool {
	if h.Kind != "Job" && h.Kind != "Pod" {
		return false
	}
	return h.LastRun.Phase == helmrelease.HookPhaseRunning || h.LastRun.Phase == helmrelease.HookPhaseUnknown
}

func exists(info *resource.Info) bool {
	_, err := resource.NewHelper(info.Client, info.Mapping).Get(info.Namespace, info.Name)
	return err == nil || !apierrors.IsNotFound(err)
}

// settleOwn reads storage again after a failure and ends what Helm left pending:
// it forgets its record when a rollback's hook fails, and when the API server
// was away as it wrote the failure.
func (r *run) settleOwn(failure *release.Error) {
	if failure.Kind == release.KindStorage || failure.Kind == release.KindUnavailable {
		// An answer may have been lost. If this fails, the next operation looks.
		_ = r.session.Reload(r.background)
	}
	own, ok := r.session.Own()
	if !ok {
		return
	}
	failure.Revision = own.Revision
	if !own.Status.Pending() {
		return
	}
	outcome := release.Failed
	switch failure.Kind {
	case release.KindSuperseded:
		outcome = release.Superseded
	case release.KindStopping:
		outcome = release.Interrupted
	}
	if err := r.session.Mark(r.background, own.Revision, release.StatusFailed, outcome, failure.Message); err != nil {
		// The next operation finds it and knows it for ours.
		r.warn("the record could not be settled: " + err.Error())
	}
}
