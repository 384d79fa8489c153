package decide_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/decide"
	rt "github.com/fairlead-dev/fairlead/release/releasetest"
)

var (
	pace = decide.Pace{Base: 10 * time.Second, Max: 5 * time.Minute}
	old  = release.DesiredDigest("chart-1", "values")
	now  = release.DesiredDigest("chart-2", "values")
)

// want is web 2.0.0 with three retries of each action, changed by change.
func want(change ...func(*release.Desired)) release.Desired {
	action := release.ActionOptions{Timeout: time.Minute, Wait: true, OnFailure: release.OnFailure{Strategy: release.TryAgain, Retries: 3}}
	d := release.Desired{
		Key:     release.Key{Namespace: "shop", Name: "web"},
		Chart:   &release.Chart{Name: "web", Version: "2.0.0", Digest: "chart-2"},
		Digest:  now,
		Options: release.Options{Install: action, Upgrade: action},
	}
	d.Options.Upgrade.OnFailure.Strategy = release.RollBack
	for _, c := range change {
		c(&d)
	}
	return d
}

func suspended(d *release.Desired)  { d.Suspended = true }
func deleted(d *release.Desired)    { d.Deleted, d.Chart, d.Digest = true, nil, "" }
func orphan(d *release.Desired)     { d.Orphan = true }
func unresolved(d *release.Desired) { d.Chart, d.Digest = nil, "" }
func wantsOld(d *release.Desired)   { d.Digest = old }

func onUpgrade(s release.Strategy, retries int) func(*release.Desired) {
	return func(d *release.Desired) {
		d.Options.Upgrade.OnFailure = release.OnFailure{Strategy: s, Retries: retries}
	}
}

func onInstall(s release.Strategy, retries int) func(*release.Desired) {
	return func(d *release.Desired) {
		d.Options.Install.OnFailure = release.OnFailure{Strategy: s, Retries: retries}
	}
}

func claimed(o *release.Observed)  { o.ClaimedBy = "shop/other" }
func stopping(o *release.Observed) { o.Stopping = true }

// failedTry is an attempt with a stored revision that failed ago before now.
func failedTry(action release.Action, revision int, digest string, ago time.Duration) release.Attempt {
	return release.Attempt{Revision: revision, Action: action, Outcome: release.Failed, Reason: "NotReady",
		Message: "timed out", Digest: digest, Ended: rt.Now.Add(-ago)}
}

type decision struct {
	why    string
	want   release.Desired
	seen   release.Observed
	action release.Action
	reason string
	target int
	after  time.Duration
	says   string // in the message or the cause
}

func check(t *testing.T, cases map[string]decision) {
	t.Helper()
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := decide.Next(tc.want, tc.seen, pace)
			expected := release.Decision{Action: tc.action, Reason: tc.reason, Target: tc.target, After: tc.after}
			if diff := cmp.Diff(expected, got, cmpopts.IgnoreFields(release.Decision{}, "Message", "Cause")); diff != "" {
				t.Errorf("%s (-want +got):\n%s\nmessage: %s\ncause: %s", tc.why, diff, got.Message, got.Cause)
			}
			if text := got.Message + "|" + got.Cause.Text; !strings.Contains(text, tc.says) {
				t.Errorf("%s: %q does not say %q", tc.why, text, tc.says)
			}
		})
	}
}

func TestKeepStill(t *testing.T) {
	check(t, map[string]decision{
		"UpToDate": {why: "nothing changed", want: want(), seen: rt.Observed(rt.Deployed(1, now)),
			action: release.None, reason: decide.UpToDate},
		"Stopping": {why: "a program that ends begins nothing", want: want(), seen: rt.Observed(rt.With(stopping)),
			action: release.None, reason: decide.Stopping},
		"Suspended": {why: "the user asked for it", want: want(suspended), seen: rt.Observed(rt.Deployed(1, old)),
			action: release.None, reason: decide.Suspended},
		"Unresolved": {why: "there is no chart to compare with", want: want(unresolved), seen: rt.Observed(rt.Deployed(1, old)),
			action: release.None, reason: decide.Unresolved},
		"Claimed": {why: "the first claimant is left in peace", want: want(), seen: rt.Observed(rt.With(claimed)),
			action: release.None, reason: decide.ReleaseClaimed, says: "shop/other"},
		"Underway": {why: "one operation at a time", want: want(), seen: rt.Observed(rt.Underway(release.Upgrade, now)),
			action: release.None, reason: decide.Progressing},
		"UnderwayForOldInputs": {why: "newer inputs end its wait", want: want(),
			seen:   rt.Observed(rt.Deployed(1, "x"), rt.Underway(release.Upgrade, old)),
			action: release.Supersede, reason: decide.NewerInputs, says: "chart web 2.0.0"},
		"UnderwayAndSuspended": {why: "what was begun may end", want: want(suspended),
			seen:   rt.Observed(rt.Underway(release.Upgrade, old)),
			action: release.None, reason: decide.Progressing},
		"UnderwayAndSourceLost": {why: "a lost source supersedes nothing", want: want(unresolved),
			seen: rt.Observed(rt.Underway(release.Upgrade, old)), action: release.None, reason: decide.Progressing},
		"RollbackUnderwayForOldInputs": {why: "a fix does not wait for a rollback", want: want(),
			seen:   rt.Observed(rt.Deployed(1, "x"), rt.Underway(release.Rollback, old)),
			action: release.Supersede, reason: decide.NewerInputs},
		"LockedByAPerson": {why: "a living person's operation is untouched", want: want(),
			seen:   rt.Observed(rt.Deployed(1, old), rt.Pending(2, release.StatusPendingUpgrade, false), rt.Aged(time.Minute)),
			action: release.None, reason: decide.ReleaseLocked, after: 14 * time.Minute, says: "pending-upgrade"},
		"LockedByADeadPerson": {why: "a lock older than a quarter of an hour is abandoned", want: want(),
			seen:   rt.Observed(rt.Deployed(1, old), rt.Pending(2, release.StatusPendingUpgrade, false), rt.Aged(16*time.Minute)),
			action: release.Upgrade, reason: decide.InterruptedOperation},
	})
}

func TestForward(t *testing.T) {
	check(t, map[string]decision{
		"NeverInstalled": {why: "nothing is in storage", want: want(), seen: rt.Observed(),
			action: release.Install, reason: decide.NeverInstalled, says: "first install of chart web 2.0.0"},
		"UninstalledWithHistory": {why: "somebody ran helm uninstall --keep-history", want: want(),
			seen:   rt.Observed(rt.ByOthers(1, release.StatusUninstalled)),
			action: release.Install, reason: decide.NeverInstalled},
		"UninstalledByHand": {why: "a release of ours is gone, and the history says that it was not by us", want: want(),
			seen: rt.Observed(rt.History(release.Attempt{Revision: 3, Action: release.Upgrade, Outcome: release.Succeeded, Digest: now},
				release.Attempt{Revision: 1, Action: release.Install, Outcome: release.Succeeded, Digest: old})),
			action: release.Install, reason: decide.NeverInstalled, says: "uninstalled outside Fairlead"},
		"UninstalledByUs": {why: "what the spec had us uninstall begins anew", want: want(),
			seen: rt.Observed(rt.History(release.Attempt{Action: release.Uninstall, Outcome: release.Succeeded},
				release.Attempt{Revision: 1, Action: release.Install, Outcome: release.Failed, Digest: old})),
			action: release.Install, reason: decide.NeverInstalled, says: "first install of chart web 2.0.0"},
		"ChartChanged": {why: "a newer chart is rolled out", want: want(), seen: rt.Observed(rt.Deployed(1, old)),
			action: release.Upgrade, reason: decide.InputsChanged, says: "chart web 2.0.0 changed"},
		"ChangedOutside": {why: "the newest revision is a person's", want: want(),
			seen:   rt.Observed(rt.Deployed(1, now), rt.ByOthers(2, release.StatusDeployed)),
			action: release.Upgrade, reason: decide.ChangedOutside, says: "changed outside Fairlead (revision 2)"},
		"FailedOutside": {why: "a person's failed upgrade is answered too", want: want(),
			seen:   rt.Observed(rt.Deployed(1, now), rt.ByOthers(2, release.StatusFailed)),
			action: release.Upgrade, reason: decide.ChangedOutside},
		"InterruptedFirstInstall": {why: "install hooks have to run", want: want(),
			seen:   rt.Observed(rt.Pending(1, release.StatusPendingInstall, true)),
			action: release.Install, reason: decide.InterruptedOperation, says: "revision 1 was interrupted"},
		"InterruptedUpgrade": {why: "ours, pending, nobody works on it", want: want(),
			seen:   rt.Observed(rt.Deployed(1, old), rt.Pending(2, release.StatusPendingUpgrade, true)),
			action: release.Upgrade, reason: decide.InterruptedOperation},
		"InterruptedUninstall": {why: "an uninstall is run again", want: want(),
			seen:   rt.Observed(rt.Pending(1, release.StatusUninstalling, true)),
			action: release.Uninstall, reason: decide.InterruptedOperation},
		"InterruptedRollback": {why: "the failure that it answered still stands", want: want(),
			seen: rt.Observed(rt.Deployed(1, old), rt.FailedRecord(2, now, release.Upgrade), rt.Record(release.Record{
				Revision: 3, Status: release.StatusPendingRollback, Operation: "op", Action: release.Rollback, Digest: old, Tried: now})),
			action: release.Rollback, reason: decide.InterruptedOperation, target: 1},
		"InterruptedRollbackOfOldInputs": {why: "newer inputs need no rollback", want: want(),
			seen: rt.Observed(rt.Deployed(1, old), rt.FailedRecord(2, "x", release.Upgrade), rt.Record(release.Record{
				Revision: 3, Status: release.StatusPendingRollback, Operation: "op", Action: release.Rollback, Digest: old, Tried: "x"})),
			action: release.Upgrade, reason: decide.InterruptedOperation},
		"InterruptedRollbackImpossible": {why: "what could not even begin is not begun again", want: want(),
			seen: rt.Observed(rt.Deployed(1, old), rt.Record(release.Record{Revision: 3, Status: release.StatusFailed, Operation: "op",
				Action: release.Rollback, Digest: old, Tried: now, Outcome: release.Interrupted}),
				rt.NeverStored(release.Rollback, now, release.KindStorage, true)),
			action: release.Upgrade, reason: decide.InputsChanged},
		"SupersededUpgrade": {why: "it spent no retry and its fix is due", want: want(),
			seen:   rt.Observed(rt.Deployed(1, old), rt.Ended(2, "x", release.Upgrade, release.Superseded)),
			action: release.Upgrade, reason: decide.InputsChanged},
		"SupersededThenWantedAgain": {why: "superseded inputs may come back", want: want(),
			seen:   rt.Observed(rt.Deployed(1, old), rt.Ended(2, now, release.Upgrade, release.Superseded)),
			action: release.Upgrade, reason: decide.InterruptedOperation},
		"SupersededFirstInstall": {why: "nothing ever succeeded", want: want(),
			seen:   rt.Observed(rt.Ended(1, old, release.Install, release.Superseded)),
			action: release.Install, reason: decide.InputsChanged},
	})
}

func TestFailure(t *testing.T) {
	minute := 2 * time.Minute
	check(t, map[string]decision{
		"FailedUpgradeWithRetriesLeft": {why: "a failed upgrade is rolled back before it is tried again", want: want(),
			seen:   rt.Observed(rt.Deployed(1, old), rt.Tries(now, 1)),
			action: release.Rollback, reason: decide.LastAttemptFailed, target: 1, says: "revision 2 failed, back to revision 1"},
		"RolledBackWithRetriesLeft": {why: "the same inputs get their next try", want: want(),
			seen: rt.Observed(rt.Deployed(1, old), rt.Tries(now, 1), rt.RolledBack(3, old, now),
				rt.History(release.Attempt{Revision: 3, Action: release.Rollback, Outcome: release.Succeeded})),
			action: release.Upgrade, reason: decide.LastAttemptFailed, says: "retry 1"},
		"RolledBackJustNow": {why: "a retry waits", want: want(),
			seen: rt.Observed(rt.Deployed(1, old), rt.FailedRecord(2, now, release.Upgrade), rt.RolledBack(3, old, now),
				rt.History(release.Attempt{Revision: 3, Action: release.Rollback, Outcome: release.Succeeded},
					failedTry(release.Upgrade, 2, now, 4*time.Second))),
			action: release.None, reason: decide.BackingOff, after: 6 * time.Second},
		"RetriesSpent": {why: "the same failed inputs are not tried beyond their budget", want: want(onUpgrade(release.RollBack, 1)),
			seen: rt.Observed(rt.Deployed(1, old), rt.Tries(now, 2), rt.RolledBack(4, old, now),
				rt.History(release.Attempt{Revision: 4, Action: release.Rollback, Outcome: release.Succeeded})),
			action: release.None, reason: decide.RetriesSpent, says: "failed 2 times"},
		"RetriesSpentThenChanged": {why: "newer inputs have a budget of their own", want: want(),
			seen: rt.Observed(rt.Deployed(1, old), rt.Tries("x", 4), rt.RolledBack(6, old, "x"),
				rt.History(release.Attempt{Revision: 6, Action: release.Rollback, Outcome: release.Succeeded})),
			action: release.Upgrade, reason: decide.InputsChanged},
		"RetriesSpentThenReverted": {why: "what was rolled back to is what is wanted now", want: want(wantsOld),
			seen:   rt.Observed(rt.Deployed(1, old), rt.Tries(now, 4), rt.RolledBack(6, old, now)),
			action: release.None, reason: decide.UpToDate},
		"FailedWithoutRetries": {why: "it is rolled back all the same", want: want(onUpgrade(release.RollBack, 0)),
			seen:   rt.Observed(rt.Deployed(1, old), rt.Tries(now, 1)),
			action: release.Rollback, reason: decide.LastAttemptFailed, target: 1},
		"OtherTimeout": {why: "a failure under another timeout is not held against this one",
			want: want(onUpgrade(release.RollBack, 0)),
			seen: rt.Observed(rt.Deployed(1, old), rt.RolledBack(3, old, now), rt.History(release.Attempt{Revision: 2,
				Action: release.Upgrade, Outcome: release.Failed, Digest: now, Options: "1s,wait=true,hooks=true"})),
			action: release.Upgrade, reason: decide.InputsChanged},
		"FailedRollback": {why: "it is not repeated; the next try goes forward", want: want(),
			seen: rt.Observed(rt.Deployed(1, old), rt.FailedRecord(2, now, release.Upgrade), rt.Record(release.Record{Revision: 3,
				Status: release.StatusFailed, Operation: "op", Action: release.Rollback, Digest: old, Tried: now, Outcome: release.Failed}),
				rt.History(failedTry(release.Rollback, 3, now, minute), failedTry(release.Upgrade, 2, now, minute))),
			action: release.Upgrade, reason: decide.LastAttemptFailed},
		"FailedRollbackAndSpent": {why: "it stalls and says both", want: want(onUpgrade(release.RollBack, 0)),
			seen: rt.Observed(rt.Deployed(1, old), rt.FailedRecord(2, now, release.Upgrade), rt.Record(release.Record{Revision: 3,
				Status: release.StatusFailed, Operation: "op", Action: release.Rollback, Digest: old, Tried: now, Outcome: release.Failed}),
				rt.History(failedTry(release.Rollback, 3, now, minute), failedTry(release.Upgrade, 2, now, minute))),
			action: release.None, reason: decide.RetriesSpent, says: "the rollback in revision 3 failed too"},
		"RollbackImpossible": {why: "its target cannot be decoded; the next try goes forward", want: want(),
			seen:   rt.Observed(rt.Deployed(1, old), rt.Tries(now, 1), rt.NeverStored(release.Rollback, now, release.KindStorage, true)),
			action: release.Upgrade, reason: decide.LastAttemptFailed, says: "retry 1"},
		"RollbackPastAFailedSuperseded": {why: "Helm's superseded does not mean it was good", want: want(),
			seen: rt.Observed(rt.Deployed(1, old), rt.Record(release.Record{Revision: 2, Status: release.StatusSuperseded,
				Operation: "op", Action: release.Upgrade, Outcome: release.Failed}), rt.Tries(now, 1)),
			action: release.Rollback, reason: decide.LastAttemptFailed, target: 1},
		"NoRevisionToRollBackTo": {why: "without a good revision it goes forward", want: want(),
			seen:   rt.Observed(rt.ByOthers(1, release.StatusSuperseded), rt.Tries(now, 1), rt.With(func(o *release.Observed) { o.History[0].Ended = rt.Now.Add(-minute) })),
			action: release.Upgrade, reason: decide.LastAttemptFailed},
		"RetryStrategy": {why: "it is tried again from where it stands", want: want(onUpgrade(release.TryAgain, 3)),
			seen:   rt.Observed(rt.Deployed(1, old), rt.Tries(now, 1)),
			action: release.Upgrade, reason: decide.LastAttemptFailed},
		"NoneStrategy": {why: "the user wants to look at it", want: want(onUpgrade(release.LeaveAsIs, 3)),
			seen:   rt.Observed(rt.Deployed(1, old), rt.Tries(now, 1)),
			action: release.None, reason: decide.RetriesSpent, says: "timed out"},
		"NoneStrategyThenFixed": {why: "a fix goes forward at once", want: want(onUpgrade(release.LeaveAsIs, 3)),
			seen:   rt.Observed(rt.Deployed(1, old), rt.Tries("x", 1)),
			action: release.Upgrade, reason: decide.InputsChanged},
		"UninstallStrategy": {why: "the spec asks for it", want: want(onUpgrade(release.Remove, 3)),
			seen:   rt.Observed(rt.Deployed(1, old), rt.Tries(now, 1)),
			action: release.Uninstall, reason: decide.LastAttemptFailed},
		"FailedInstall": {why: "the failed first revision is kept and installed over", want: want(),
			seen: rt.Observed(rt.FailedRecord(1, now, release.Install),
				rt.History(failedTry(release.Install, 1, now, minute))),
			action: release.Install, reason: decide.LastAttemptFailed, says: "retry 1 after revision 1 failed"},
		"FailedInstallJustNow": {why: "the third pause is four times the first", want: want(),
			seen: rt.Observed(rt.FailedRecord(3, now, release.Install), rt.History(
				failedTry(release.Install, 3, now, 0), failedTry(release.Install, 2, now, 0), failedTry(release.Install, 1, now, 0))),
			action: release.None, reason: decide.BackingOff, after: 40 * time.Second},
		"FailedInstallThenUninstalled": {why: "it is installed again while retries last", want: want(onInstall(release.Remove, 1)),
			seen: rt.Observed(rt.History(release.Attempt{Action: release.Uninstall, Outcome: release.Succeeded},
				failedTry(release.Install, 1, now, minute))),
			action: release.Install, reason: decide.LastAttemptFailed},
		"FailedInstallUninstalledAndSpent": {why: "it stays away", want: want(onInstall(release.Remove, 0)),
			seen: rt.Observed(rt.History(release.Attempt{Action: release.Uninstall, Outcome: release.Succeeded},
				failedTry(release.Install, 1, now, minute))),
			action: release.None, reason: decide.RetriesSpent},
	})
}

func TestRefused(t *testing.T) {
	check(t, map[string]decision{
		"Deterministic": {why: "it would fail the same way", want: want(),
			seen:   rt.Observed(rt.NeverStored(release.Install, now, release.KindUnknownKinds, true)),
			action: release.None, reason: decide.Refused},
		"OtherKindsServed": {why: "the cluster may serve what was missing", want: want(),
			seen: rt.Observed(rt.NeverStored(release.Install, now, release.KindUnknownKinds, true),
				rt.With(func(o *release.Observed) { o.APISet = "apis-2" })),
			action: release.Install, reason: decide.NeverInstalled},
		"OtherInputs": {why: "they may render", want: want(),
			seen:   rt.Observed(rt.Deployed(1, old), rt.NeverStored(release.Upgrade, "x", release.KindRender, true)),
			action: release.Upgrade, reason: decide.InputsChanged},
		"Transient": {why: "it is tried again after a pause, and no retry is spent", want: want(onInstall(release.TryAgain, 0)),
			seen:   rt.Observed(rt.NeverStored(release.Install, now, release.KindFetch, false)),
			action: release.Install, reason: decide.NeverInstalled},
		"TransientJustNow": {why: "it backs off", want: want(),
			seen: rt.Observed(rt.NeverStored(release.Install, now, release.KindFetch, false),
				rt.With(func(o *release.Observed) { o.History[0].Ended, o.History[0].Count = rt.Now, 3 })),
			action: release.None, reason: decide.BackingOff, after: 40 * time.Second},
	})
}

func TestDeletion(t *testing.T) {
	check(t, map[string]decision{
		"Uninstall": {why: "deletionPolicy Uninstall is the default", want: want(deleted), seen: rt.Observed(rt.Deployed(1, now)),
			action: release.Uninstall, reason: decide.Deleted},
		"Orphan": {why: "the user wants it left", want: want(deleted, orphan), seen: rt.Observed(rt.Deployed(1, now)),
			action: release.LetGo, reason: decide.Deleted},
		"Suspended": {why: "a deletion must not wait for a person, and nothing may be done", want: want(deleted, suspended),
			seen: rt.Observed(rt.Deployed(1, now)), action: release.LetGo, reason: decide.Deleted},
		"NothingThere": {why: "there is nothing to remove", want: want(deleted), seen: rt.Observed(),
			action: release.LetGo, reason: decide.Deleted},
		"NeverOurs": {why: "a release that we never wrote is not ours to remove", want: want(deleted),
			seen: rt.Observed(rt.ByOthers(1, release.StatusDeployed)), action: release.LetGo, reason: decide.Deleted},
		"Claimed": {why: "the second claimant must not uninstall the first one's release", want: want(deleted),
			seen: rt.Observed(rt.Deployed(1, now), rt.With(claimed)), action: release.LetGo, reason: decide.Deleted},
		"Interrupted": {why: "an uninstall is run again", want: want(deleted),
			seen:   rt.Observed(rt.Deployed(1, now), rt.Pending(1, release.StatusUninstalling, true)),
			action: release.Uninstall, reason: decide.Deleted},
		"Underway": {why: "a wait ends for a deletion", want: want(deleted),
			seen:   rt.Observed(rt.Deployed(1, now), rt.Underway(release.Upgrade, now)),
			action: release.Supersede, reason: decide.NewerInputs},
		"UninstallUnderway": {why: "it is what is wanted", want: want(deleted),
			seen:   rt.Observed(rt.Deployed(1, now), rt.Underway(release.Uninstall, now)),
			action: release.None, reason: decide.Progressing},
		"FailedJustNow": {why: "a failing uninstall backs off, for ever", want: want(deleted),
			seen: rt.Observed(rt.Deployed(1, now), rt.History(release.Attempt{Action: release.Uninstall,
				Outcome: release.Failed, Ended: rt.Now, Count: 20})),
			action: release.None, reason: decide.BackingOff, after: 5 * time.Minute},
	})
}

func TestCauseNamesTheCommit(t *testing.T) {
	commit := release.Commit{Hash: "0123456789abcdef", Author: "Jane", Subject: "Raise the limit"}
	fromGit := func(d *release.Desired) { d.Chart.Commit = &commit }
	otherValues := release.DesiredDigest("chart-2", "other values")
	for name, tc := range map[string]struct {
		why  string
		seen release.Observed
		want string
	}{
		"ChartChanged": {why: "the commit brought the chart", seen: rt.Observed(rt.Deployed(1, old)),
			want: "chart web 2.0.0 changed (commit 0123456 by Jane: Raise the limit)"},
		"OnlyValuesChanged": {why: "the commit has nothing to do with it", seen: rt.Observed(rt.Deployed(1, otherValues)),
			want: "values changed"},
		"ChangedOutside": {why: "it was a hand, not a commit", seen: rt.Observed(rt.Deployed(1, old), rt.ByOthers(2, release.StatusDeployed)),
			want: "changed outside Fairlead (revision 2)"},
		"FirstInstall": {why: "everything is new", seen: rt.Observed(),
			want: "first install of chart web 2.0.0 (commit 0123456 by Jane: Raise the limit)"},
	} {
		t.Run(name, func(t *testing.T) {
			if got := decide.Next(want(fromGit), tc.seen, pace).Cause.String(); got != tc.want {
				t.Errorf("%s: cause = %q, want %q", tc.why, got, tc.want)
			}
		})
	}
}
