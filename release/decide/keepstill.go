package decide

import (
	"fmt"
	"time"

	"github.com/fairlead-dev/fairlead/release"
)

// stopping begins nothing in a program that is about to end.
func stopping(_ *release.Desired, o *release.Observed) *release.Decision {
	if !o.Stopping {
		return nil
	}
	return &release.Decision{Action: release.None, Reason: Stopping}
}

// underway leaves the operation at work alone, unless it works on inputs that
// are no longer wanted: then its wait is ended.
func underway(d *release.Desired, o *release.Observed) *release.Decision {
	op := o.Underway
	if op == nil {
		return nil
	}
	leave := &release.Decision{Action: release.None, Reason: Progressing}
	switch {
	case op.Action == release.Uninstall:
		return leave
	case d.Deleted && !d.Suspended:
		return &release.Decision{Action: release.Supersede, Reason: NewerInputs, Message: "the deletion of the HelmRelease"}
	case d.Suspended || d.Digest == "" || op.Digest == d.Digest:
		return leave
	}
	return &release.Decision{Action: release.Supersede, Reason: NewerInputs, Message: whatCame(op.Digest, d) + inCommit(op.Digest, d)}
}

// inCommit names the commit that changed the chart, if one did.
func inCommit(was string, d *release.Desired) string {
	if chart, _ := release.Changed(was, d.Digest); !chart || d.Chart.Commit == nil {
		return ""
	}
	return " in commit " + d.Chart.Commit.Short()
}

// suspended does as the user asked.
func suspended(d *release.Desired, _ *release.Observed) *release.Decision {
	if !d.Suspended {
		return nil
	}
	return &release.Decision{Action: release.None, Reason: Suspended, Message: "suspended by spec.suspend"}
}

// claimedByAnother refuses the second claimant of a Helm release.
func claimedByAnother(d *release.Desired, o *release.Observed) *release.Decision {
	if o.ClaimedBy == "" {
		return nil
	}
	return &release.Decision{Action: release.None, Reason: ReleaseClaimed, Message: fmt.Sprintf(
		"Helm release %q in namespace %q already belongs to HelmRelease %s: set another spec.releaseName or delete one of the two",
		d.Key.Name, d.Key.Namespace, o.ClaimedBy)}
}

// lockedByAPerson keeps away from somebody else's operation, until it is so old
// that whoever began it must be gone.
func lockedByAPerson(d *release.Desired, o *release.Observed) *release.Decision {
	left := lockLeft(d, o)
	if left <= 0 {
		return nil
	}
	last := o.Last()
	return &release.Decision{Action: release.None, Reason: ReleaseLocked, After: left, Message: fmt.Sprintf(
		"revision %d is %s by somebody else's hand: waiting for it to end, or to be older than %s",
		last.Revision, last.Status, lockAge(d))}
}

// lockAge is how old somebody else's unfinished operation must be to count as
// abandoned.
func lockAge(d *release.Desired) time.Duration {
	return max(15*time.Minute, 3*max(d.Options.Upgrade.Timeout, d.Options.Install.Timeout))
}

func lockLeft(d *release.Desired, o *release.Observed) time.Duration {
	last := o.Last()
	if last == nil || last.Ours() || !unfinished(last.Status) {
		return 0
	}
	touched := last.Created
	if last.Modified.After(touched) {
		touched = last.Modified
	}
	return touched.Add(lockAge(d)).Sub(o.Now)
}

func unfinished(s release.Status) bool { return s.Pending() || s == release.StatusUninstalling }

// unresolved waits for the source.
func unresolved(d *release.Desired, _ *release.Observed) *release.Decision {
	if d.Digest != "" {
		return nil
	}
	return &release.Decision{Action: release.None, Reason: Unresolved}
}

// refused does not try again what failed before Helm stored anything and cannot
// end otherwise, until the inputs or the kinds that the cluster serves change.
func refused(d *release.Desired, o *release.Observed) *release.Decision {
	if len(o.History) == 0 {
		return nil
	}
	a := o.History[0]
	if a.Outcome != release.Failed || !a.Deterministic || a.Revision != 0 || !sameTry(d, &a) || a.APISet != o.APISet ||
		a.Action == release.Rollback {
		return nil
	}
	return &release.Decision{Action: release.None, Reason: Refused, Message: a.Message}
}
