package decide

import (
	"fmt"

	"github.com/fairlead-dev/fairlead/release"
)

// failed answers a failed revision as the spec says.
func failed(d *release.Desired, o *release.Observed) *release.Decision {
	last := o.Last()
	if last.Status != release.StatusFailed || !last.Ours() {
		return nil
	}
	if last.Outcome == release.Superseded || last.Outcome == release.Interrupted {
		return again(d, o, last)
	}
	if last.Action == release.Rollback {
		return afterRollback(d, o, last)
	}
	if last.Digest != d.Digest {
		return nil // newer inputs go forward from where it stands
	}
	n, newest := failures(d, o)
	if n == 0 {
		return nil // it failed under other options, which count as new inputs
	}
	switch onFailure(d, newest.Action).Strategy {
	case release.RollBack:
		if target := rollbackTarget(o); target > 0 {
			return &release.Decision{Action: release.Rollback, Reason: LastAttemptFailed, Target: target,
				Cause: release.Cause{Text: fmt.Sprintf("revision %d failed, back to revision %d", last.Revision, target)}}
		}
	case release.Remove:
		return &release.Decision{Action: release.Uninstall, Reason: LastAttemptFailed,
			Cause: release.Cause{Text: fmt.Sprintf("revision %d failed", last.Revision)}}
	}
	if spent := spent(d, n, newest); spent != nil {
		return spent
	}
	return forward(d, o, LastAttemptFailed, retry(n, newest))
}

// again goes on after a superseded or interrupted operation: it spent no retry.
// A rollback that was interrupted is still wanted while its inputs are.
func again(d *release.Desired, o *release.Observed, last *release.Record) *release.Decision {
	if last.Action == release.Rollback && last.Tried == d.Digest && last.Outcome == release.Interrupted {
		if target := rollbackTarget(o); target > 0 {
			return &release.Decision{Action: release.Rollback, Reason: InterruptedOperation, Target: target,
				Cause: release.Cause{Text: fmt.Sprintf("the rollback in revision %d was interrupted", last.Revision)}}
		}
	}
	if last.Action != release.Rollback && last.Digest == d.Digest {
		return forward(d, o, InterruptedOperation, fmt.Sprintf("revision %d was %s", last.Revision, lower(last.Outcome)))
	}
	return nil // inputsChanged has the words for it
}

// afterRollback goes forward after a failed rollback while retries last; a
// rollback itself is not repeated, since a forward try mends more.
func afterRollback(d *release.Desired, o *release.Observed, last *release.Record) *release.Decision {
	if last.Tried != d.Digest {
		return nil
	}
	n, newest := failures(d, o)
	if n == 0 {
		return nil
	}
	if spent := spent(d, n, newest); spent != nil {
		spent.Message = fmt.Sprintf("%s; the rollback in revision %d failed too", spent.Message, last.Revision)
		return spent
	}
	return forward(d, o, LastAttemptFailed, retry(n, newest))
}

// failures counts how often these inputs failed with a stored revision since
// anything last succeeded, and returns the newest such attempt.
func failures(d *release.Desired, o *release.Observed) (n int, newest *release.Attempt) {
	for i := range o.History {
		a := &o.History[i]
		if a.Action != release.Install && a.Action != release.Upgrade {
			continue
		}
		if a.Outcome == release.Succeeded {
			break
		}
		if a.Outcome != release.Failed || a.Revision == 0 || !sameTry(d, a) {
			continue
		}
		n += max(1, a.Count)
		if newest == nil {
			newest = a
		}
	}
	return n, newest
}

// sameTry reports whether an attempt had the inputs and options of now.
func sameTry(d *release.Desired, a *release.Attempt) bool {
	return a.Digest == d.Digest && (a.Options == "" || a.Options == optionsOf(d, a.Action).Digest())
}

func optionsOf(d *release.Desired, action release.Action) release.ActionOptions {
	if action == release.Install {
		return d.Options.Install
	}
	return d.Options.Upgrade
}

func onFailure(d *release.Desired, action release.Action) release.OnFailure {
	return optionsOf(d, action).OnFailure
}

// spent stalls a release whose retries are used up.
func spent(d *release.Desired, n int, newest *release.Attempt) *release.Decision {
	policy := onFailure(d, newest.Action)
	if policy.Strategy != release.LeaveAsIs && n <= policy.Retries {
		return nil
	}
	verb := "install"
	if newest.Action == release.Upgrade {
		verb = "upgrade"
	}
	times := fmt.Sprintf("%s failed %d times", verb, n)
	if n == 1 {
		times = verb + " failed"
	}
	return &release.Decision{Action: release.None, Reason: RetriesSpent, Message: fmt.Sprintf(
		"%s: %s; it is not tried again before chart, values, timeout or retries change", times, newest.Message)}
}

func retry(n int, newest *release.Attempt) string {
	return fmt.Sprintf("retry %d after revision %d failed", n, newest.Revision)
}

// rollbackTarget returns the newest revision that is known to have succeeded, or
// 0 if there is none or no rollback can begin. Helm's word "superseded" does not
// say so: a failed revision is superseded too when a rollback after it fails.
func rollbackTarget(o *release.Observed) int {
	if rollbackImpossible(o) {
		return 0
	}
	good := map[int]bool{}
	for _, a := range o.History {
		if a.Outcome == release.Succeeded && a.Revision > 0 {
			good[a.Revision] = true
		}
	}
	for i := len(o.Records) - 1; i >= 0; i-- {
		r := o.Records[i]
		if r.Status == release.StatusDeployed || r.Outcome == release.Succeeded ||
			r.Outcome == release.OutcomeUnknown && r.Status == release.StatusSuperseded && good[r.Revision] {
			return r.Revision
		}
	}
	return 0
}

// rollbackImpossible reports whether the newest attempt is a rollback that
// could not even begin.
func rollbackImpossible(o *release.Observed) bool {
	if len(o.History) == 0 {
		return false
	}
	a := o.History[0]
	return a.Action == release.Rollback && a.Outcome == release.Failed && a.Revision == 0 && a.Deterministic
}

func lower(o release.Outcome) string {
	if o == release.Superseded {
		return "superseded"
	}
	return "interrupted"
}
