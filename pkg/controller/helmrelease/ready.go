package helmrelease

import (
	"errors"
	"fmt"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/release"
)

// progress says what is under way.
func progress(run *run) string {
	action, cause := run.decision.Action, run.decision.Cause
	if op := run.observed.Underway; op != nil {
		action, cause = op.Action, op.Cause
	}
	if run.decision.Action == release.Supersede {
		return fmt.Sprintf("Ending the wait of the %s under way: superseded by %s", lowered(action), run.decision.Message)
	}
	return fmt.Sprintf("%s under way: %s", action, cause.Text)
}

func lowered(a release.Action) string {
	switch a {
	case release.Install:
		return "install"
	case release.Upgrade:
		return "upgrade"
	case release.Rollback:
		return "rollback"
	}
	return "uninstall"
}

func readyReason(last *release.Record) string {
	if last.Action == "" {
		return v1alpha1.ReasonUpgradeSucceeded
	}
	return string(last.Action) + "Succeeded"
}

// failure returns reason and message of the failure that the release stands at:
// that of the newest install, upgrade or uninstall, with what was done about it.
// The first cause stays in front, whatever a remedy did.
func failure(run *run) (reason, message string) {
	remedy := ""
	for i := range run.observed.History {
		a := &run.observed.History[i]
		isRemedy := a.Action == release.Rollback || a.Action == release.Uninstall && !run.desired.Deleted
		switch {
		case isRemedy && remedy == "" && a.Outcome == release.Succeeded:
			remedy = "; " + firstLower(done(a))
		case isRemedy && remedy == "" && a.Outcome == release.Failed:
			remedy = fmt.Sprintf("; the %s failed too: %s", lowered(a.Action), a.Message)
		case !isRemedy && a.Outcome == release.Failed:
			return failureOf(a, remedy)
		}
	}
	return v1alpha1.ReasonUpgradeFailed, run.decision.Message
}

func failureOf(a *release.Attempt, remedy string) (reason, message string) {
	message = what(a) + " failed: " + a.Message + remedy
	if a.Action == release.Uninstall && a.Reason == string(release.KindHook) {
		message += "; to go on without the chart's hooks set upgrade.disableHooks"
	}
	if a.Revision == 0 && a.Reason != string(release.KindFailed) && a.Action != release.Uninstall {
		return a.Reason, message
	}
	return string(a.Action) + "Failed", message
}

func firstLower(s string) string {
	if s == "" {
		return s
	}
	return string(s[0]|0x20) + s[1:]
}

// reportSuspended says Ready as long as what is live is what the spec asks for,
// as far as the source could tell when it was last asked.
func reportSuspended(run *run) {
	status, last := &run.hr.Status, run.observed.Last()
	id := sourceID(sourceSpec(run.hr, chartsync.Credentials{}))
	if run.observed.ClaimedBy == "" && last != nil && last.Ours() && last.Status == release.StatusDeployed &&
		last.Digest == status.DesiredDigest && status.Chart != nil && status.Chart.Source == id {
		_, changed := release.Changed(last.Digest, release.DesiredDigest("", run.desired.ValuesDigest))
		if !changed {
			run.hr.SetCondition(v1alpha1.True(v1alpha1.ConditionReady, readyReason(last), released(last.Chart, last.Revision)))
			return
		}
	}
	run.hr.SetCondition(v1alpha1.False(v1alpha1.ConditionReady, v1alpha1.ReasonSuspended,
		"Suspended by spec.suspend before the spec was realised"))
}

// released is the message of a release that is ready.
func released(chart string, revision int) string {
	return fmt.Sprintf("Released chart %s as revision %d", chart, revision)
}

// reportUnresolved tells why there is no chart to compare with.
func reportUnresolved(run *run) (stalled, reconciling string) {
	err := run.chart.err
	if err == nil {
		message := "Asking " + sourceSpec(run.hr, chartsync.Credentials{}).URL() + " for the chart"
		run.hr.SetCondition(v1alpha1.Unknown(v1alpha1.ConditionReady, v1alpha1.ReasonProgressing, message))
		return "", message
	}
	run.hr.SetCondition(v1alpha1.False(v1alpha1.ConditionReady, sourceReason(err), err.Error()))
	var invalid errInvalidSpec
	if errors.As(err, &invalid) || errors.Is(err, chartsync.ErrBadSpec) {
		return err.Error(), ""
	}
	return "", "Waiting to ask the source again: " + err.Error()
}

// setOrClear keeps Stalled and Reconciling as kstatus tools expect them: True
// with Ready's reason, or absent.
func setOrClear(hr *v1alpha1.HelmRelease, kind string, ready *metav1.Condition, message string) {
	if message == "" || ready == nil {
		hr.ClearCondition(kind)
		return
	}
	hr.SetCondition(v1alpha1.True(kind, ready.Reason, message))
}
