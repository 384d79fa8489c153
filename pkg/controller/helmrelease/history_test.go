package helmrelease

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/operations"
	rt "github.com/fairlead-dev/fairlead/release/releasetest"
)

// attempt is one that ended now, changed by change.
func attempt(action release.Action, outcome release.Outcome, revision int, change ...func(*release.Attempt)) release.Attempt {
	a := release.Attempt{
		Action: action, Outcome: outcome, Revision: revision, Digest: "wanted",
		Started: rt.Now.Add(-time.Minute), Ended: rt.Now, Count: 1,
	}
	if outcome == release.Failed {
		a.Reason, a.Message = string(release.KindNotReady), "Deployment shop/web: 0 of 1 pods are ready"
	}
	for _, c := range change {
		c(&a)
	}
	return a
}

func digest(d string) func(*release.Attempt)    { return func(a *release.Attempt) { a.Digest = d } }
func message(m string) func(*release.Attempt)   { return func(a *release.Attempt) { a.Message = m } }
func attempted(o string) func(*release.Attempt) { return func(a *release.Attempt) { a.Options = o } }

// ended makes the ends of operations with these attempts.
func ended(attempts ...release.Attempt) []operations.End {
	var ends []operations.End
	for _, a := range attempts {
		ends = append(ends, operations.End{Operation: release.Operation{Action: a.Action}, Attempt: a})
	}
	return ends
}

// inShort tells an attempt in a word or two: "Upgrade 2 Failed ×3".
func inShort(history []release.Attempt) []string {
	var out []string
	for _, a := range history {
		text := fmt.Sprintf("%s %d %s", a.Action, a.Revision, a.Outcome)
		if a.Count > 1 {
			text += fmt.Sprintf(" ×%d", a.Count)
		}
		out = append(out, text)
	}
	return out
}

func TestMergeHistory(t *testing.T) {
	installed := attempt(release.Install, release.Succeeded, 1)
	failed := attempt(release.Upgrade, release.Failed, 0)
	cases := map[string]struct {
		why    string
		status []release.Attempt // newest first, as the status has them
		ended  []operations.End
		seen   release.Observed
		want   []string // newest first
	}{
		"NothingNew": {
			why:    "What the status tells of a record is not told twice.",
			status: []release.Attempt{installed}, seen: rt.Observed(rt.Deployed(1, "wanted")),
			want: []string{"Install 1 Succeeded"},
		},
		"EndedSince": {
			why:    "The end of an operation comes before its record.",
			status: []release.Attempt{installed}, ended: ended(attempt(release.Upgrade, release.Succeeded, 2)),
			seen: rt.Observed(rt.Deployed(1, "old"), rt.Deployed(2, "wanted")),
			want: []string{"Upgrade 2 Succeeded", "Install 1 Succeeded"},
		},
		"SeveralEnded": {
			why:    "They come in their order.",
			status: []release.Attempt{installed},
			ended:  ended(attempt(release.Upgrade, release.Failed, 2), attempt(release.Rollback, release.Succeeded, 3)),
			seen:   rt.Observed(rt.Deployed(1, "old"), rt.FailedRecord(2, "wanted", release.Upgrade), rt.RolledBack(3, "old", "wanted")),
			want:   []string{"Rollback 3 Succeeded", "Upgrade 2 Failed", "Install 1 Succeeded"},
		},
		"Folded": {
			why:    "Equal failures in a row are one attempt with a count.",
			status: []release.Attempt{failed, installed}, ended: ended(failed, failed), seen: rt.Observed(rt.Deployed(1, "old")),
			want: []string{"Upgrade 0 Failed ×3", "Install 1 Succeeded"},
		},
		"FoldedWithRevisions": {
			why:    "Failures that left revisions fold too; the newest revision is told.",
			status: []release.Attempt{attempt(release.Install, release.Failed, 1)}, ended: ended(attempt(release.Install, release.Failed, 2)),
			seen: rt.Observed(rt.FailedRecord(1, "wanted", release.Install), rt.FailedRecord(2, "wanted", release.Install)),
			want: []string{"Install 2 Failed ×2"},
		},
		"OtherMessage": {
			why:    "Another text is another failure.",
			status: []release.Attempt{failed}, ended: ended(attempt(release.Upgrade, release.Failed, 0, message("no such host"))),
			want: []string{"Upgrade 0 Failed", "Upgrade 0 Failed"},
		},
		"OtherInputs": {
			why:    "So are other inputs with the same text.",
			status: []release.Attempt{failed}, ended: ended(attempt(release.Upgrade, release.Failed, 0, digest("other"))),
			want: []string{"Upgrade 0 Failed", "Upgrade 0 Failed"},
		},
		"OtherOptions": {
			why:    "And another timeout, since a failure under it is not held against this one.",
			status: []release.Attempt{failed}, ended: ended(attempt(release.Upgrade, release.Failed, 0, attempted("1s"))),
			want: []string{"Upgrade 0 Failed", "Upgrade 0 Failed"},
		},
		"SuccessesAreNotFolded": {
			why:    "Each revision that succeeded can be rolled back to.",
			status: []release.Attempt{attempt(release.Upgrade, release.Succeeded, 2)},
			ended:  ended(attempt(release.Upgrade, release.Succeeded, 3)),
			want:   []string{"Upgrade 3 Succeeded", "Upgrade 2 Succeeded"},
		},
		"Outside": {
			why:    "A revision that somebody else wrote is told, once.",
			status: []release.Attempt{installed}, seen: rt.Observed(rt.Deployed(1, "wanted"), rt.ByOthers(2, release.StatusDeployed)),
			want: []string{"Outside 2 Succeeded", "Install 1 Succeeded"},
		},
		"OutsideFailed": {
			why:    "Also when it failed.",
			status: []release.Attempt{installed}, seen: rt.Observed(rt.Deployed(1, "wanted"), rt.ByOthers(2, release.StatusFailed)),
			want: []string{"Outside 2 Failed", "Install 1 Succeeded"},
		},
		"DiedBeforeItTold": {
			why:    "The program died after the record was settled and before the status was written.",
			status: []release.Attempt{installed}, seen: rt.Observed(rt.Deployed(1, "old"), rt.Deployed(2, "wanted")),
			want: []string{"Upgrade 2 Succeeded", "Install 1 Succeeded"},
		},
		"StatusLost": {
			why:  "The status is gone, for example with a backup; the records are not.",
			seen: rt.Observed(rt.Deployed(1, "old"), rt.FailedRecord(2, "wanted", release.Upgrade), rt.RolledBack(3, "old", "wanted")),
			want: []string{"Rollback 3 Succeeded", "Upgrade 2 Failed", "Install 1 Succeeded"},
		},
		"Pending": {
			why:  "What is not settled is no attempt yet.",
			seen: rt.Observed(rt.Deployed(1, "old"), rt.Pending(2, release.StatusPendingUpgrade, true)),
			want: []string{"Install 1 Succeeded"},
		},
		"WorkedOn": {
			why:    "An operation's record is settled before the operation ends, which tells more.",
			status: []release.Attempt{installed},
			seen: rt.Observed(rt.Deployed(1, "old"), rt.FailedRecord(2, "wanted", release.Upgrade), rt.With(func(o *release.Observed) {
				o.Underway = &release.Operation{ID: o.Records[1].Operation, Action: release.Upgrade}
			})),
			want: []string{"Install 1 Succeeded"},
		},
		"UninstalledJustNow": {
			why:    "Revisions begin at 1 again after an uninstall: what is newer than the history is not compared with the old ones.",
			status: []release.Attempt{attempt(release.Upgrade, release.Failed, 7)},
			ended:  ended(attempt(release.Uninstall, release.Succeeded, 0)),
			seen:   rt.Observed(rt.ByOthers(1, release.StatusDeployed)),
			want:   []string{"Outside 1 Succeeded", "Uninstall 0 Succeeded", "Upgrade 7 Failed"},
		},
		"UninstalledBefore": {
			why:    "The same, when the status tells of the uninstall already.",
			status: []release.Attempt{attempt(release.Uninstall, release.Succeeded, 0), attempt(release.Upgrade, release.Failed, 7)},
			seen:   rt.Observed(rt.Deployed(1, "wanted")),
			want:   []string{"Install 1 Succeeded", "Uninstall 0 Succeeded", "Upgrade 7 Failed"},
		},
		"UninstallFailed": {
			why:    "A failed uninstall ends nothing.",
			status: []release.Attempt{attempt(release.Upgrade, release.Succeeded, 7)},
			ended:  ended(attempt(release.Uninstall, release.Failed, 0)),
			seen:   rt.Observed(rt.Deployed(7, "wanted")),
			want:   []string{"Uninstall 0 Failed", "Upgrade 7 Succeeded"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := &run{hr: &v1alpha1.HelmRelease{}, ended: tc.ended, observed: tc.seen}
			r.hr.Status.History = attemptsTo(tc.status)
			if diff := cmp.Diff(tc.want, inShort(mergeHistory(r))); diff != "" {
				t.Errorf("%s -want +got:\n%s", tc.why, diff)
			}
		})
	}
}

func TestMergeHistoryIsBounded(t *testing.T) {
	r := &run{hr: &v1alpha1.HelmRelease{}}
	for i := range 3 * historyLimit {
		r.ended = append(r.ended, ended(attempt(release.Upgrade, release.Succeeded, i+1))...)
	}
	history := mergeHistory(r)
	if len(history) != historyLimit || history[0].Revision != 3*historyLimit {
		t.Errorf("want the newest %d, got %v", historyLimit, inShort(history))
	}
}

// TestAttemptOfRecord has what a record alone tells.
func TestAttemptOfRecord(t *testing.T) {
	from := release.Record{
		Revision: 3, Status: release.StatusDeployed, Operation: "op", Action: release.Rollback, Outcome: release.Succeeded,
		Digest: "old", Tried: "wanted", Chart: "web 1.0.0", App: "1.0", Cause: "revision 2 failed", Created: rt.Now, Modified: rt.Now,
	}
	record := func(change func(*release.Record)) release.Record {
		r := from
		change(&r)
		return r
	}
	cases := map[string]struct {
		why    string
		record release.Record
		want   release.Attempt
	}{
		"Rollback": {
			why: "It counts for the inputs whose failure it answers.", record: from,
			want: release.Attempt{Revision: 3, Action: release.Rollback, Outcome: release.Succeeded, Digest: "wanted",
				Chart: "web 1.0.0", AppVersion: "1.0", Cause: "revision 2 failed", Started: rt.Now, Ended: rt.Now, Count: 1},
		},
		"Outside": {
			why:    "Of somebody else's revision nothing is known but that it is there.",
			record: release.Record{Revision: 3, Status: release.StatusDeployed, Created: rt.Now, Modified: rt.Now.Add(time.Second)},
			want: release.Attempt{Revision: 3, Action: release.Outside, Outcome: release.Succeeded, Cause: "changed outside Fairlead",
				Started: rt.Now, Ended: rt.Now.Add(time.Second), Count: 1},
		},
		"Interrupted": {
			why: "What failed without telling how points at who knows.",
			record: record(func(r *release.Record) {
				r.Action, r.Status, r.Outcome, r.Tried = release.Upgrade, release.StatusFailed, release.Interrupted, ""
			}),
			want: release.Attempt{Revision: 3, Action: release.Upgrade, Outcome: release.Interrupted, Digest: "old", Reason: "Interrupted",
				Message: "ended failed; see the description in helm history", Chart: "web 1.0.0", AppVersion: "1.0",
				Cause: "revision 2 failed", Started: rt.Now, Ended: rt.Now, Count: 1},
		},
		"ClocksDisagree": {
			why:    "A record that ended before it began took no time.",
			record: record(func(r *release.Record) { r.Action, r.Tried, r.Modified = release.Upgrade, "", rt.Now.Add(-time.Hour) }),
			want: release.Attempt{Revision: 3, Action: release.Upgrade, Outcome: release.Succeeded, Digest: "old",
				Chart: "web 1.0.0", AppVersion: "1.0", Cause: "revision 2 failed", Started: rt.Now, Ended: rt.Now, Count: 1},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, attemptOf(tc.record)); diff != "" {
				t.Errorf("%s -want +got:\n%s", tc.why, diff)
			}
		})
	}
}

// TestHistoryRoundTrip has attempts that come back from the status as they were:
// the rules decide by what they find there.
func TestHistoryRoundTrip(t *testing.T) {
	whole := release.Attempt{
		Revision: 7, Action: release.Upgrade, Outcome: release.Failed, Reason: "NotReady", Message: "timed out", Digest: "wanted",
		Options: "1m0s,wait=true,hooks=true", Deterministic: true, APISet: "apis-1", Warnings: []string{"unknown field \"spec.replicaz\""},
		Chart: "web 1.0.0", AppVersion: "1.0", Commit: release.Commit{Hash: "0123abcd", Author: "Ada Lovelace", Subject: "Add web"},
		Cause: "values changed", Started: rt.Now, Ended: rt.Now.Add(1500 * time.Millisecond), Count: 3,
	}
	once := release.Attempt{Action: release.Install, Outcome: release.Succeeded, Started: rt.Now, Ended: rt.Now, Count: 1}
	want := []release.Attempt{whole, once}
	if diff := cmp.Diff(want, attemptsFrom(attemptsTo(want))); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// TestHistoryInStatusIsBounded has texts of any length, which must neither fill
// the object nor be cut in the middle of a letter.
func TestHistoryInStatusIsBounded(t *testing.T) {
	long := strings.Repeat("ü", 5000)
	a := attempt(release.Upgrade, release.Failed, 1, message(long))
	a.Cause, a.Commit = long, release.Commit{Hash: "0123abcd", Author: long, Subject: long}
	for range 2 * warningsLimit {
		a.Warnings = append(a.Warnings, long)
	}
	r := &run{hr: &v1alpha1.HelmRelease{}, ended: ended(a)}
	got := attemptsTo(mergeHistory(r))[0]
	cut := func(n int) string { return strings.Repeat("ü", n-1) + "…" }
	want := v1alpha1.Attempt{Message: cut(messageLimit), Cause: cut(causeLimit), Author: cut(128), Subject: cut(256)}
	for range warningsLimit {
		want.Warnings = append(want.Warnings, cut(256))
	}
	others := cmpopts.IgnoreFields(v1alpha1.Attempt{}, "Revision", "Action", "Outcome", "Reason", "Commit", "Digest", "Started", "Duration")
	if diff := cmp.Diff(want, got, others); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
