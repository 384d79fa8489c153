package helmrelease

import (
	"context"
	"fmt"
	"strings"

	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/release"
)

// tell makes events and log lines of what the status now says for the first
// time.
func (r *Reconciler) tell(ctx context.Context, run *run, was *v1alpha1.HelmRelease) {
	for _, end := range run.ended {
		r.tellAttempt(ctx, run, end.Attempt)
		if end.Attempt.Reason == string(release.KindFetch) {
			// The source may have been mended: look before the next try.
			r.lookups.soon(client.ObjectKeyFromObject(run.hr))
			r.queue.wake(client.ObjectKeyFromObject(run.hr))
		}
	}
	r.tellTurn(run, was, v1alpha1.ConditionSourceReady)
	if run.decision.Reason == v1alpha1.ReasonReleaseClaimed || run.decision.Reason == v1alpha1.ReasonReleaseLocked {
		r.tellTurn(run, was, v1alpha1.ConditionReady)
	}
}

// tellAttempt tells how an operation ended.
func (r *Reconciler) tellAttempt(ctx context.Context, run *run, a release.Attempt) {
	log := ctrl.LoggerFrom(ctx).WithValues("release", run.key.String(), "revision", a.Revision, "chart", a.Chart, "cause", a.Cause)
	switch a.Outcome {
	case release.Succeeded:
		note := done(&a)
		if a.Action == release.Install || a.Action == release.Upgrade { // the others name their cause by themselves
			note += ": " + release.Cause{Text: a.Cause, Commit: a.Commit}.String()
		}
		r.event(run.hr, corev1.EventTypeNormal, string(a.Action)+"Succeeded", string(a.Action), note)
		log.Info(past(a.Action)+" release", "took", a.Ended.Sub(a.Started).String())
	case release.Failed:
		r.event(run.hr, corev1.EventTypeWarning, string(a.Action)+"Failed", string(a.Action),
			fmt.Sprintf("%s failed: %s", what(&a), a.Message))
		log.Info(string(a.Action)+" failed", "reason", a.Reason, "message", a.Message)
	case release.Superseded, release.Interrupted:
		r.event(run.hr, corev1.EventTypeNormal, string(a.Action)+string(a.Outcome), string(a.Action),
			fmt.Sprintf("%s: %s", what(&a), a.Message))
		log.Info(string(a.Action)+" did not wait to the end", "message", a.Message)
	}
}

// what names an attempt. A rollback and an uninstall know no chart.
func what(a *release.Attempt) string {
	if a.Chart == "" {
		return string(a.Action)
	}
	return fmt.Sprintf("%s of chart %s", a.Action, a.Chart)
}

// noteLimit is how many bytes of an event's text the API server takes; of a
// longer one it stores nothing.
const noteLimit = 1024

// event records an event of a HelmRelease.
func (r *Reconciler) event(hr *v1alpha1.HelmRelease, kind, reason, action, note string) {
	if len(note) > noteLimit {
		note = strings.ToValidUTF8(note[:noteLimit-len("…")], "") + "…"
	}
	r.events.Eventf(hr, nil, kind, reason, action, "%s", note)
}

func past(a release.Action) string {
	switch a {
	case release.Install:
		return "Installed"
	case release.Upgrade:
		return "Upgraded"
	case release.Rollback:
		return "Rolled back"
	}
	return "Uninstalled"
}

// tellTurn makes an event when a condition turned False, or came back.
func (r *Reconciler) tellTurn(run *run, was *v1alpha1.HelmRelease, kind string) {
	is := run.hr.Condition(kind)
	old := meta.FindStatusCondition(was.Status.Conditions, kind)
	if is == nil {
		return
	}
	turnedBad := is.Status == metav1.ConditionFalse && (old == nil || old.Status != is.Status || old.Reason != is.Reason)
	cameBack := is.Status == metav1.ConditionTrue && old != nil && old.Status == metav1.ConditionFalse
	switch {
	case turnedBad:
		r.event(run.hr, corev1.EventTypeWarning, is.Reason, "Resolve", is.Message)
	case cameBack:
		r.event(run.hr, corev1.EventTypeNormal, is.Reason, "Resolve", is.Message)
	}
}
