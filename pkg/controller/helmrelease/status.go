package helmrelease

import (
	"errors"
	"fmt"

	"k8s.io/apimachinery/pkg/api/equality"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/decide"
)

func statusEqual(a, b *v1alpha1.HelmReleaseStatus) bool { return equality.Semantic.DeepEqual(a, b) }

// report turns the facts of a run into status. It is the only writer of status.
func report(run *run) {
	status := &run.hr.Status
	status.ObservedGeneration = run.hr.Generation
	if run.chart.known && run.chart.handled != "" {
		status.LastHandledReconcileAt = run.chart.handled
	}
	if run.observed.ClaimedBy == "" {
		status.History = attemptsTo(run.observed.History)
	}
	if run.observed.ClaimedBy == "" && run.observed.Underway == nil {
		status.Revision = 0
		if last := run.observed.Last(); last != nil {
			status.Revision = last.Revision
		}
	}
	if run.desired.Digest != "" {
		status.DesiredDigest = run.desired.Digest
	}
	reportSource(run)
	reportReleased(run)
	reportReady(run)
}

// reportSource tells whether the source answers, and what it gave.
func reportSource(run *run) {
	if !run.chart.known {
		return
	}
	if err := run.chart.err; err != nil {
		run.hr.SetCondition(v1alpha1.False(v1alpha1.ConditionSourceReady, sourceReason(err), err.Error()))
		return
	}
	rev := run.chart.revision
	chart := &v1alpha1.ResolvedChart{
		Name: rev.Name, Version: rev.Version, AppVersion: rev.AppVersion, Digest: rev.Digest, Source: run.sourceID,
	}
	message := fmt.Sprintf("Chart %s %s", rev.Name, rev.Version)
	if rev.Commit != nil {
		chart.Commit, chart.Author, chart.Subject = rev.Commit.Hash, shorten(rev.Commit.Author, 128), shorten(rev.Commit.Subject, 256)
		message += " of commit " + release.Commit{Hash: rev.Commit.Hash}.Short()
	}
	run.hr.Status.Chart = chart
	run.hr.SetCondition(v1alpha1.True(v1alpha1.ConditionSourceReady, v1alpha1.ReasonChartResolved, message))
}

// sourceReason gives the reason of a source's error.
func sourceReason(err error) string {
	var invalid errInvalidSpec
	switch {
	case errors.As(err, &invalid), errors.Is(err, chartsync.ErrBadSpec):
		return v1alpha1.ReasonSpecInvalid
	case errors.Is(err, chartsync.ErrUnauthorized):
		return v1alpha1.ReasonSourceUnauthorized
	case errors.Is(err, chartsync.ErrNotFound):
		return v1alpha1.ReasonChartNotFound
	case errors.Is(err, chartsync.ErrInvalid):
		return v1alpha1.ReasonSourceInvalid
	}
	return v1alpha1.ReasonSourceUnavailable
}

// reportReleased tells how the last install or upgrade ended, and what was done
// about it if it failed.
func reportReleased(run *run) {
	var remedy *release.Attempt
	for i := range run.observed.History {
		a := &run.observed.History[i]
		switch a.Action {
		case release.Rollback, release.Uninstall:
			if remedy == nil {
				remedy = a
			}
			continue
		case release.Outside:
			continue
		}
		switch a.Outcome {
		case release.Succeeded:
			run.hr.SetCondition(v1alpha1.True(v1alpha1.ConditionReleased, string(a.Action)+"Succeeded", done(a)))
		case release.Failed:
			run.hr.SetCondition(v1alpha1.False(v1alpha1.ConditionReleased, string(a.Action)+"Failed", a.Message))
		default:
			continue // superseded and interrupted ones say nothing about the inputs
		}
		break
	}
	if remedy == nil || run.desired.Deleted {
		run.hr.ClearCondition(v1alpha1.ConditionRemediated)
		return
	}
	switch remedy.Outcome {
	case release.Succeeded:
		run.hr.SetCondition(v1alpha1.True(v1alpha1.ConditionRemediated, string(remedy.Action)+"Succeeded", done(remedy)))
	case release.Failed:
		run.hr.SetCondition(v1alpha1.False(v1alpha1.ConditionRemediated, string(remedy.Action)+"Failed", remedy.Message))
	}
}

// done says in one sentence what an attempt did.
func done(a *release.Attempt) string {
	switch a.Action {
	case release.Install:
		return fmt.Sprintf("Installed chart %s as revision %d", a.Chart, a.Revision)
	case release.Upgrade:
		return fmt.Sprintf("Upgraded to chart %s as revision %d", a.Chart, a.Revision)
	case release.Rollback:
		return fmt.Sprintf("Rolled back in revision %d: %s", a.Revision, a.Cause)
	}
	return fmt.Sprintf("Uninstalled: %s", a.Cause)
}

// reportReady tells whether what is live is what is wanted, and what follows.
func reportReady(run *run) {
	hr, decision := run.hr, run.decision
	stalled, reconciling := "", ""
	switch {
	case decision.Reason == decide.Stopping:
		return // the next program goes on from what is told
	case run.start != nil || decision.Reason == decide.Progressing || decision.Action == release.Supersede:
		message := progress(run)
		hr.SetCondition(v1alpha1.Unknown(v1alpha1.ConditionReady, v1alpha1.ReasonProgressing, message))
		reconciling = message
	case decision.Reason == decide.UpToDate:
		last := run.observed.Last()
		hr.SetCondition(v1alpha1.True(v1alpha1.ConditionReady, readyReason(last), released(run.desired.Chart.String(), last.Revision)))
	case decision.Reason == decide.BackingOff:
		kind, message := failure(run)
		hr.SetCondition(v1alpha1.False(v1alpha1.ConditionReady, kind, message))
		reconciling = "Waiting to try again: " + decision.Message
	case decision.Reason == decide.RetriesSpent:
		_, message := failure(run)
		hr.SetCondition(v1alpha1.False(v1alpha1.ConditionReady, v1alpha1.ReasonRetriesSpent, message))
		stalled = decision.Message
	case decision.Reason == decide.Refused:
		kind, message := failure(run)
		hr.SetCondition(v1alpha1.False(v1alpha1.ConditionReady, kind, message))
		stalled = decision.Message + "; it is tried again when chart, values or the kinds that the cluster serves change"
	case decision.Reason == decide.ReleaseClaimed:
		hr.SetCondition(v1alpha1.False(v1alpha1.ConditionReady, v1alpha1.ReasonReleaseClaimed, decision.Message))
		stalled = decision.Message
	case decision.Reason == decide.ReleaseLocked:
		hr.SetCondition(v1alpha1.False(v1alpha1.ConditionReady, v1alpha1.ReasonReleaseLocked, decision.Message))
		reconciling = decision.Message
	case decision.Reason == decide.Suspended:
		reportSuspended(run)
	case decision.Reason == decide.Unresolved:
		stalled, reconciling = reportUnresolved(run)
	}
	setOrClear(hr, v1alpha1.ConditionStalled, hr.Condition(v1alpha1.ConditionReady), stalled)
	setOrClear(hr, v1alpha1.ConditionReconciling, hr.Condition(v1alpha1.ConditionReady), reconciling)
}
