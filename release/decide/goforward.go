package decide

import (
	"fmt"

	"github.com/fairlead-dev/fairlead/release"
)

// interrupted goes on with what an operation of ours left unfinished, or
// somebody else's that is long abandoned. The verbs settle the record first.
func interrupted(d *release.Desired, o *release.Observed) *release.Decision {
	last := o.Last()
	if last == nil || !unfinished(last.Status) {
		return nil
	}
	cause := fmt.Sprintf("revision %d was left %s", last.Revision, last.Status)
	if last.Ours() {
		cause = fmt.Sprintf("the operation on revision %d was interrupted", last.Revision)
	}
	decision := forward(d, o, InterruptedOperation, cause)
	switch {
	case last.Status == release.StatusUninstalling && last.Ours():
		decision.Action = release.Uninstall
	case last.Status == release.StatusPendingRollback && last.Tried == d.Digest:
		if target := rollbackTarget(o); target > 0 {
			decision.Action, decision.Target = release.Rollback, target
		}
	case last.Digest != "" && last.Digest != d.Digest:
		decision.Cause.Text = whatChanged(last, d)
	}
	return decision
}

// neverInstalled makes the first revision. A release that was uninstalled
// because it failed is installed again while its retries last.
func neverInstalled(d *release.Desired, o *release.Observed) *release.Decision {
	if last := o.Last(); last != nil && last.Status != release.StatusUninstalled {
		return nil
	}
	if n, newest := failures(d, o); n > 0 {
		if spent := spent(d, n, newest); spent != nil {
			return spent
		}
		return forward(d, o, LastAttemptFailed, retry(n, newest))
	}
	if uninstalledOutside(o) {
		return forward(d, o, NeverInstalled, "uninstalled outside Fairlead")
	}
	return forward(d, o, NeverInstalled, "first install of chart "+d.Chart.String())
}

// uninstalledOutside reports whether a release of ours is gone, and not by us.
func uninstalledOutside(o *release.Observed) bool {
	for _, a := range o.History {
		if a.Action == release.Uninstall && a.Outcome == release.Succeeded {
			return false
		}
		if a.Action != release.Outside && a.Revision > 0 {
			return true
		}
	}
	return false
}

// changedOutside answers a revision that somebody else wrote with what the spec
// wants.
func changedOutside(d *release.Desired, o *release.Observed) *release.Decision {
	if o.Last().Ours() {
		return nil
	}
	decision := forward(d, o, ChangedOutside, fmt.Sprintf("changed outside Fairlead (revision %d)", o.Last().Revision))
	decision.Cause.Commit = release.Commit{} // it was a hand, not a commit
	return decision
}

// inputsChanged upgrades to new inputs. Inputs that failed before and were
// rolled back are tried again while their retries last.
func inputsChanged(d *release.Desired, o *release.Observed) *release.Decision {
	last := o.Last()
	if last.Digest == d.Digest && last.Status == release.StatusDeployed {
		return nil
	}
	if n, newest := failures(d, o); n > 0 {
		if spent := spent(d, n, newest); spent != nil {
			return spent
		}
		return forward(d, o, LastAttemptFailed, retry(n, newest))
	}
	return forward(d, o, InputsChanged, whatChanged(last, d))
}

// forward makes the next revision: by an install while nothing ever succeeded,
// so that install hooks run, else by an upgrade.
func forward(d *release.Desired, o *release.Observed, reason, cause string) *release.Decision {
	decision := &release.Decision{Action: release.Upgrade, Reason: reason, Cause: release.Cause{Text: cause}}
	if !everInstalled(o) {
		decision.Action = release.Install
	}
	if d.Chart != nil && d.Chart.Commit != nil && chartIsNew(d, o) {
		decision.Cause.Commit = *d.Chart.Commit
	}
	return decision
}

// chartIsNew reports whether the chart differs from the newest good revision's:
// then the commit that brought it is part of the cause.
func chartIsNew(d *release.Desired, o *release.Observed) bool {
	for i := len(o.Records) - 1; i >= 0; i-- {
		if r := o.Records[i]; r.Digest != "" && (r.Status == release.StatusDeployed || r.Outcome == release.Succeeded) {
			chart, _ := release.Changed(r.Digest, d.Digest)
			return chart
		}
	}
	return true
}

// everInstalled reports whether any stored revision was ever live as a whole.
func everInstalled(o *release.Observed) bool {
	for _, r := range o.Records {
		if r.Status == release.StatusDeployed || r.Status == release.StatusSuperseded || r.Outcome == release.Succeeded {
			return true
		}
	}
	return false
}

// whatChanged tells the difference between a stored revision and the desired
// state in one line.
func whatChanged(last *release.Record, d *release.Desired) string {
	if last.Chart != "" && last.Chart != d.Chart.String() {
		return fmt.Sprintf("chart %s -> %s", last.Chart, d.Chart.Version) + valuesToo(last.Digest, d)
	}
	return whatCame(last.Digest, d)
}

func valuesToo(was string, d *release.Desired) string {
	if _, values := release.Changed(was, d.Digest); values {
		return ", values changed"
	}
	return ""
}

// whatCame tells what is new in the desired state against a digest.
func whatCame(was string, d *release.Desired) string {
	switch chart, values := release.Changed(was, d.Digest); {
	case chart && values:
		return fmt.Sprintf("chart %s, values changed", d.Chart)
	case chart:
		return fmt.Sprintf("chart %s changed", d.Chart)
	case values:
		return "values changed"
	}
	return "chart " + d.Chart.String()
}
