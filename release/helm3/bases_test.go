package helm3

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/releasetest"
)

func TestSinceSuccess(t *testing.T) {
	cases := map[string]struct {
		why  string
		seen release.Observed
		want []int
	}{
		"Nothing": {why: "Nothing was ever stored.", seen: releasetest.Observed()},
		"Deployed": {
			why:  "With one base it costs nothing extra.",
			seen: releasetest.Observed(releasetest.Deployed(1, "a"), releasetest.Deployed(2, "b")),
			want: []int{2},
		},
		"FailedSince": {
			why: "What failed revisions wrote is live.",
			seen: releasetest.Observed(
				releasetest.Deployed(1, "a"), releasetest.FailedRecord(2, "b", release.Upgrade),
				releasetest.Ended(3, "c", release.Upgrade, release.Superseded),
			),
			want: []int{3, 2, 1},
		},
		"FailedCalledSuperseded": {
			why: "A failing rollback marks the failed revision superseded.",
			seen: releasetest.Observed(
				releasetest.Deployed(1, "a"),
				releasetest.Record(release.Record{Revision: 2, Status: release.StatusSuperseded, Operation: "o", Outcome: release.Failed}),
				releasetest.FailedRecord(3, "a", release.Rollback),
			),
			want: []int{3, 2, 1},
		},
		"SucceededOnce": {
			why: "Nothing is deployed, but we saw one succeed.",
			seen: releasetest.Observed(
				releasetest.FailedRecord(1, "a", release.Install),
				releasetest.Record(release.Record{Revision: 2, Status: release.StatusSuperseded, Operation: "o", Outcome: release.Succeeded}),
				releasetest.FailedRecord(3, "b", release.Upgrade),
			),
			want: []int{3, 2},
		},
		"Uninstalled": {
			why: "An uninstalled revision left nothing.",
			seen: releasetest.Observed(
				releasetest.ByOthers(1, release.StatusDeployed), releasetest.ByOthers(2, release.StatusUninstalled),
				releasetest.FailedRecord(3, "b", release.Install),
			),
			want: []int{3},
		},
		"ByOthers": {
			why: "Of what others call superseded nobody knows whether it was good.",
			seen: releasetest.Observed(
				releasetest.ByOthers(1, release.StatusSuperseded), releasetest.ByOthers(2, release.StatusFailed),
			),
			want: []int{2, 1},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			var got []int
			for _, rec := range sinceSuccess(c.seen.Records) {
				got = append(got, rec.Revision)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s: -want +got\n%s", c.why, diff)
			}
		})
	}
}
