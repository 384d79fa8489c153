package helmrelease

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead-dev/fairlead/release"
)

func TestRecognise(t *testing.T) {
	noon := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	second := release.Attempt{
		Revision: 2, Action: release.Upgrade, Outcome: release.Succeeded, Digest: "digest", Chart: "web 2.0.0", Cause: "values changed",
		Started: noon, Ended: noon.Add(time.Minute),
	}
	rolledBack := second
	rolledBack.Action = release.Rollback
	failed := second
	failed.Outcome = release.Failed
	outside := second
	outside.Action = release.Outside
	// What is left of a record when stock Helm wrote it again.
	again := func(status release.Status, created time.Time) release.Record {
		return release.Record{Revision: 2, Status: status, Created: created}
	}
	ours := func(r release.Record) release.Record {
		r.Operation, r.Action, r.Outcome = fromHistory, release.Upgrade, release.Succeeded
		r.Digest, r.Chart, r.Cause = "digest", "web 2.0.0", "values changed"
		return r
	}

	for name, tc := range map[string]struct {
		why     string
		record  release.Record
		history release.Attempt
		want    func(release.Record) release.Record
	}{
		"Tested": {why: "`helm test` writes the deployed record again, and releases nothing", record: again(release.StatusDeployed, noon),
			history: second, want: ours},
		"UpgradedOver": {why: "a stock upgrade writes the one before it again", record: again(release.StatusSuperseded, noon),
			history: second, want: ours},
		"Rollback": {why: "the history tells what a rollback answered, not what it holds", record: again(release.StatusDeployed, noon),
			history: rolledBack, want: func(r release.Record) release.Record {
				r = ours(r)
				r.Action, r.Digest, r.Tried = release.Rollback, "", "digest"
				return r
			}},
		"Failed": {why: "a failed one can be tested too", record: again(release.StatusFailed, noon),
			history: failed, want: func(r release.Record) release.Record {
				r = ours(r)
				r.Outcome = release.Failed
				return r
			}},
		"AnotherOfThatNumber": {why: "somebody uninstalled ours and installed their own", record: again(release.StatusDeployed, noon.Add(time.Hour))},
		"BeforeOurs":          {why: "a record from before the attempt is not of it", record: again(release.StatusDeployed, noon.Add(-time.Hour))},
		"Uninstalled":         {why: "`helm uninstall --keep-history` takes what is released away", record: again(release.StatusUninstalled, noon)},
		"Uninstalling":        {why: "somebody's uninstall is under way", record: again(release.StatusUninstalling, noon)},
		"FailedSince":         {why: "somebody made a failure of a success", record: again(release.StatusFailed, noon)},
		"Outside":             {why: "what the history knows as somebody else's stays so", record: again(release.StatusDeployed, noon), history: outside},
	} {
		t.Run(name, func(t *testing.T) {
			if tc.history.Revision == 0 {
				tc.history = second
			}
			want := tc.record
			if tc.want != nil {
				want = tc.want(want)
			}
			got := recognise([]release.Record{tc.record}, []release.Attempt{tc.history})
			if diff := cmp.Diff([]release.Record{want}, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", tc.why, diff)
			}
		})
	}
}

func TestNewestRevision(t *testing.T) {
	attempt := func(action release.Action, revision int) release.Attempt {
		return release.Attempt{Action: action, Revision: revision, Outcome: release.Succeeded}
	}
	for name, tc := range map[string]struct {
		why     string
		history []release.Attempt
		want    int
	}{
		"Grown":       {why: "the newest counts", history: []release.Attempt{attempt(release.Upgrade, 2), attempt(release.Install, 1)}, want: 2},
		"Uninstalled": {why: "an uninstall ends the release", history: []release.Attempt{attempt(release.Uninstall, 0), attempt(release.Upgrade, 2)}},
		"Reinstalled": {why: "somebody else's uninstall is in no attempt: a first revision begins anew",
			history: []release.Attempt{attempt(release.Install, 1), attempt(release.Upgrade, 7)}, want: 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := newestRevision(tc.history); got != tc.want {
				t.Errorf("%s: got %d, want %d", tc.why, got, tc.want)
			}
		})
	}
}
