// Package decide chooses the one next action for a release.
//
// It looks at nothing and does nothing: everything it needs is in Desired and
// Observed, and the answer is a struct. The rules run in order and the first
// that speaks wins; which rule comes before which is the policy of the program,
// written down once, in rules.
package decide

import (
	"time"

	"github.com/fairlead-dev/fairlead/release"
)

// Reasons of decisions. They are also the reasons that users read in conditions
// when the decision is to do nothing.
const (
	// Stopping: the program is about to end.
	Stopping = "Stopping"
	// Progressing: an operation is under way.
	Progressing = "Progressing"
	// NewerInputs: the operation under way is for inputs that are no longer
	// wanted.
	NewerInputs = "NewerInputs"
	// Deleted: the HelmRelease is being deleted.
	Deleted = "Deleted"
	// Suspended: the user asked for no action.
	Suspended = "Suspended"
	// ReleaseClaimed: another HelmRelease has this Helm release.
	ReleaseClaimed = "ReleaseClaimed"
	// ReleaseLocked: somebody else's operation is under way in Helm's storage.
	ReleaseLocked = "ReleaseLocked"
	// Unresolved: the source has not told the chart.
	Unresolved = "Unresolved"
	// Refused: the inputs failed before anything was stored, and always will.
	Refused = "Refused"
	// BackingOff: the next try has to wait.
	BackingOff = "BackingOff"
	// RetriesSpent: the same inputs failed as often as the spec allows.
	RetriesSpent = "RetriesSpent"
	// InterruptedOperation: an operation of ours ended without an end.
	InterruptedOperation = "Interrupted"
	// NeverInstalled: nothing is in Helm's storage.
	NeverInstalled = "NeverInstalled"
	// LastAttemptFailed: the spec says what follows a failure.
	LastAttemptFailed = "LastAttemptFailed"
	// ChangedOutside: the newest revision is somebody else's.
	ChangedOutside = "ChangedOutside"
	// InputsChanged: chart or values differ from what is released.
	InputsChanged = "InputsChanged"
	// UpToDate: what is released is what is wanted.
	UpToDate = "UpToDate"
)

// A Rule looks at the facts and speaks, or returns nil to let the next one
// speak.
type Rule func(d *release.Desired, o *release.Observed) *release.Decision

// rules is the policy. Each rule may rely on all rules above having been silent.
var rules = []Rule{
	stopping,         // nothing is begun any more
	underway,         // one operation at a time; newer inputs end its wait
	beingDeleted,     // uninstall, or let go
	suspended,        // the user asked us to keep still
	claimedByAnother, // the first claimant is left in peace
	lockedByAPerson,  // pending, not ours, and not too old
	unresolved,       // without a chart there is nothing to compare
	refused,          // failed before any revision, and would again
	interrupted,      // ours, pending, and nobody is working on it
	neverInstalled,   // nothing in storage
	failed,           // retry, roll back, uninstall, as the spec says
	changedOutside,   // the newest revision is not ours
	inputsChanged,    // chart or values differ
}

// Next returns what to do now.
func Next(d release.Desired, o release.Observed, pace Pace) release.Decision {
	for _, rule := range rules {
		if decision := rule(&d, &o); decision != nil {
			return pace.apply(&d, &o, *decision)
		}
	}
	return release.Decision{Action: release.None, Reason: UpToDate}
}

// Pace spaces the tries of what failed: Base after the first failure, twice as
// long after each further one, at most Max.
type Pace struct {
	Base time.Duration
	Max  time.Duration
}

// After returns the pause after the n-th failure in a row.
func (p Pace) After(n int) time.Duration {
	pause := p.Base
	for ; n > 1 && pause < p.Max; n-- {
		pause *= 2
	}
	return min(pause, p.Max)
}

// apply holds an action back while the pause after the last failure lasts. A
// rollback and an uninstall after a failed upgrade follow at once, and so does
// anything for inputs that have not failed yet.
func (p Pace) apply(d *release.Desired, o *release.Observed, decision release.Decision) release.Decision {
	switch decision.Action {
	case release.Install, release.Upgrade, release.Rollback, release.Uninstall:
	default:
		return decision
	}
	if decision.Reason == InterruptedOperation {
		return decision
	}
	n, last := inARow(d, o, decision.Action)
	if n == 0 {
		return decision
	}
	left := last.Ended.Add(p.After(n)).Sub(o.Now)
	if left <= 0 {
		return decision
	}
	return release.Decision{Action: release.None, Reason: BackingOff, Message: last.Message, After: left}
}

// inARow counts the failures of the same inputs that stand newest in the
// history, and returns the newest of them. For a remedy only failures of that
// remedy count.
func inARow(d *release.Desired, o *release.Observed, action release.Action) (int, *release.Attempt) {
	remedy := action == release.Rollback || action == release.Uninstall
	n, newest := 0, (*release.Attempt)(nil)
	for i := range o.History {
		a := &o.History[i]
		isRemedy := a.Action == release.Rollback || a.Action == release.Uninstall
		switch {
		case remedy && a.Action != action:
			return n, newest
		case !remedy && isRemedy:
			continue // what stands below it is what it answered
		case a.Outcome != release.Failed || !remedy && !sameTry(d, a):
			return n, newest
		}
		n += max(1, a.Count)
		if newest == nil {
			newest = a
		}
	}
	return n, newest
}
