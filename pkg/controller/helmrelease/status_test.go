package helmrelease

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/decide"
	rt "github.com/fairlead-dev/fairlead/release/releasetest"
)

const wanted = "wanted"

// facts is a run that is about to be told: web 2.0.0 is wanted, the source gave
// it, and the options say what is observed.
func facts(seen release.Observed, change ...func(*run)) *run {
	hr := &v1alpha1.HelmRelease{ObjectMeta: metav1.ObjectMeta{Namespace: "shop", Name: "web", Generation: 3}}
	hr.Spec.Chart.Repository = &v1alpha1.RepositoryChart{URL: "https://charts.example.com", Name: "web"}
	r := &run{hr: hr, key: web, observed: seen}
	r.chart = lookup{known: true, revision: chartsync.Revision{Name: "web", Version: "2.0.0", Digest: "sha256:2"}}
	action := release.ActionOptions{Timeout: time.Minute, OnFailure: release.OnFailure{Strategy: release.TryAgain, Retries: 1}}
	r.desired = release.Desired{
		Key: web, Chart: &release.Chart{Name: "web", Version: "2.0.0"}, Digest: wanted,
		Options: release.Options{Install: action, Upgrade: action},
	}
	for _, c := range change {
		c(r)
	}
	return r
}

// told decides and reports, and gives each condition in a line.
func told(t *testing.T, r *run) []string {
	t.Helper()
	r.decision = decide.Next(r.desired, r.observed, decide.Pace{Base: 10 * time.Second, Max: time.Minute})
	if r.decision.Action == release.Install || r.decision.Action == release.Upgrade {
		r.start = func() bool { return true }
	}
	report(r)
	var lines []string
	for _, c := range r.hr.Status.Conditions {
		if c.ObservedGeneration != r.hr.Generation {
			t.Errorf("%s speaks of generation %d, and the spec's is %d", c.Type, c.ObservedGeneration, r.hr.Generation)
		}
		lines = append(lines, fmt.Sprintf("%s=%s %s: %s", c.Type, c.Status, c.Reason, c.Message))
	}
	slices.Sort(lines)
	return lines
}

func lostSource(err error) func(*run) {
	return func(r *run) { r.chart = lookup{known: true, err: err} }
}

func unresolved(r *run) { r.desired.Chart, r.desired.Digest = nil, "" }

func claimedByOther(o *release.Observed) { o.ClaimedBy = "shop/other" }

// sourceReady is what most cases have besides.
const sourceReady = "SourceReady=True ChartResolved: Chart web 2.0.0"

func TestReport(t *testing.T) {
	chart := func(a *release.Attempt) { a.Chart = "web 2.0.0" }
	cause := func(c string) func(*release.Attempt) { return func(a *release.Attempt) { a.Cause = c } }
	old := func(ago time.Duration) func(*release.Attempt) {
		return func(a *release.Attempt) { a.Ended = rt.Now.Add(-ago) }
	}
	deterministic := func(a *release.Attempt) { a.Deterministic, a.APISet, a.Reason = true, rt.APISet, "RenderFailed" }
	cases := map[string]struct {
		why  string
		run  *run
		want []string
	}{
		"Ready": {
			why: "What is live is what is wanted.",
			run: facts(rt.Observed(rt.Deployed(1, wanted), rt.History(attempt(release.Install, release.Succeeded, 1, chart)))),
			want: []string{"Ready=True InstallSucceeded: Released chart web 2.0.0 as revision 1",
				"Released=True InstallSucceeded: Installed chart web 2.0.0 as revision 1", sourceReady},
		},
		"ReadyWithoutSource": {
			why: "It stays so while only the source is lost.",
			run: facts(rt.Observed(rt.Deployed(1, wanted)), lostSource(chartsync.ErrUnavailable)),
			want: []string{"Ready=True InstallSucceeded: Released chart web 2.0.0 as revision 1",
				"SourceReady=False SourceUnavailable: Source unavailable"},
		},
		"Installing": {
			why: "The first install is about to begin.",
			run: facts(rt.Observed()),
			want: []string{"Ready=Unknown Progressing: Install under way: first install of chart web 2.0.0",
				"Reconciling=True Progressing: Install under way: first install of chart web 2.0.0", sourceReady},
		},
		"Underway": {
			why: "An operation is under way: its cause is told, not that of a next one.",
			run: facts(rt.Observed(rt.Deployed(1, "old"), rt.Underway(release.Upgrade, wanted), rt.With(func(o *release.Observed) {
				o.Underway.Cause.Text = "values changed"
			}))),
			want: []string{"Ready=Unknown Progressing: Upgrade under way: values changed",
				"Reconciling=True Progressing: Upgrade under way: values changed", sourceReady},
		},
		"Superseding": {
			why: "Newer inputs end a wait.",
			run: facts(rt.Observed(rt.Deployed(1, "older"), rt.Underway(release.Upgrade, "old"))),
			want: []string{
				"Ready=Unknown Progressing: Ending the wait of the upgrade under way: superseded by chart web 2.0.0, values changed",
				"Reconciling=True Progressing: Ending the wait of the upgrade under way: superseded by chart web 2.0.0, values changed",
				sourceReady},
		},
		"BackingOff": {
			why: "A failure before any revision has a reason of its own, and is tried again.",
			run: facts(rt.Observed(rt.History(attempt(release.Install, release.Failed, 0, chart,
				func(a *release.Attempt) { a.Reason, a.Message = "ChartNotFetched", "connection refused" })))),
			want: []string{"Ready=False ChartNotFetched: Install of chart web 2.0.0 failed: connection refused",
				"Reconciling=True ChartNotFetched: Waiting to try again: connection refused",
				"Released=False InstallFailed: Connection refused", sourceReady},
		},
		"RetriesSpent": {
			why: "Nothing more is tried before something changes.",
			run: facts(rt.Observed(rt.FailedRecord(1, wanted, release.Install), rt.FailedRecord(2, wanted, release.Install),
				rt.History(attempt(release.Install, release.Failed, 2, chart, func(a *release.Attempt) { a.Count = 2 })))),
			want: []string{"Ready=False RetriesSpent: Install of chart web 2.0.0 failed: Deployment shop/web: 0 of 1 pods are ready",
				"Released=False InstallFailed: Deployment shop/web: 0 of 1 pods are ready", sourceReady,
				"Stalled=True RetriesSpent: Install failed 2 times: Deployment shop/web: 0 of 1 pods are ready; " +
					"it is not tried again before chart, values, timeout or retries change"},
		},
		"RolledBackAndSpent": {
			why: "The first cause stays in front, and what was done about it follows.",
			run: facts(rt.Observed(rt.Deployed(1, "old"), rt.FailedRecord(2, wanted, release.Upgrade), rt.RolledBack(3, "old", wanted),
				rt.History(attempt(release.Rollback, release.Succeeded, 3, cause("revision 2 failed")),
					attempt(release.Upgrade, release.Failed, 2, chart, func(a *release.Attempt) { a.Count = 2 })))),
			want: []string{"Ready=False RetriesSpent: Upgrade of chart web 2.0.0 failed: Deployment shop/web: 0 of 1 pods are ready; " +
				"rolled back in revision 3: revision 2 failed",
				"Released=False UpgradeFailed: Deployment shop/web: 0 of 1 pods are ready",
				"Remediated=True RollbackSucceeded: Rolled back in revision 3: revision 2 failed", sourceReady,
				"Stalled=True RetriesSpent: Upgrade failed 2 times: Deployment shop/web: 0 of 1 pods are ready; " +
					"it is not tried again before chart, values, timeout or retries change"},
		},
		"RollbackFailedToo": {
			why: "A failing remedy does not hide what it was for.",
			run: facts(rt.Observed(rt.Deployed(1, "old"), rt.FailedRecord(2, wanted, release.Upgrade),
				rt.Record(release.Record{Revision: 3, Status: release.StatusFailed, Operation: "op", Action: release.Rollback,
					Digest: "old", Tried: wanted, Outcome: release.Failed}),
				rt.History(attempt(release.Rollback, release.Failed, 3, message("hook failed")),
					attempt(release.Upgrade, release.Failed, 2, chart, func(a *release.Attempt) { a.Count = 2 })))),
			want: []string{"Ready=False RetriesSpent: Upgrade of chart web 2.0.0 failed: Deployment shop/web: 0 of 1 pods are ready; " +
				"the rollback failed too: hook failed",
				"Released=False UpgradeFailed: Deployment shop/web: 0 of 1 pods are ready",
				"Remediated=False RollbackFailed: Hook failed", sourceReady,
				"Stalled=True RetriesSpent: Upgrade failed 2 times: Deployment shop/web: 0 of 1 pods are ready; " +
					"it is not tried again before chart, values, timeout or retries change; the rollback in revision 3 failed too"},
		},
		"Recovered": {
			why: "A success clears what was told of failures and remedies.",
			run: facts(rt.Observed(rt.Deployed(1, "old"), rt.FailedRecord(2, "bad", release.Upgrade), rt.RolledBack(3, "old", "bad"),
				rt.Deployed(4, wanted), rt.History(attempt(release.Upgrade, release.Succeeded, 4, chart),
					attempt(release.Rollback, release.Succeeded, 3), attempt(release.Upgrade, release.Failed, 2))), func(r *run) {
				r.hr.SetCondition(v1alpha1.True(v1alpha1.ConditionRemediated, v1alpha1.ReasonRollbackSucceeded, "rolled back"))
				r.hr.SetCondition(v1alpha1.True(v1alpha1.ConditionStalled, v1alpha1.ReasonRetriesSpent, "spent"))
			}),
			want: []string{"Ready=True UpgradeSucceeded: Released chart web 2.0.0 as revision 4",
				"Released=True UpgradeSucceeded: Upgraded to chart web 2.0.0 as revision 4", sourceReady},
		},
		"SupersededSaysNothing": {
			why: "A wait that newer inputs ended is neither success nor failure of what is released.",
			run: facts(rt.Observed(rt.Deployed(1, "old"), rt.Deployed(2, wanted), rt.History(
				attempt(release.Upgrade, release.Superseded, 3), attempt(release.Upgrade, release.Succeeded, 2, chart)))),
			want: []string{"Ready=True UpgradeSucceeded: Released chart web 2.0.0 as revision 2",
				"Released=True UpgradeSucceeded: Upgraded to chart web 2.0.0 as revision 2", sourceReady},
		},
		"Refused": {
			why: "What cannot succeed says when it is tried again.",
			run: facts(rt.Observed(rt.History(attempt(release.Install, release.Failed, 0, chart, deterministic, message("template web.yaml:2: nil"))))),
			want: []string{"Ready=False RenderFailed: Install of chart web 2.0.0 failed: template web.yaml:2: nil",
				"Released=False InstallFailed: Template web.yaml:2: nil", sourceReady,
				"Stalled=True RenderFailed: Template web.yaml:2: nil; it is tried again when chart, values or the kinds that the cluster serves change"},
		},
		"Claimed": {
			why: "The second claimant is told whose it is, and shows no history.",
			run: facts(rt.Observed(rt.Deployed(1, wanted), rt.With(claimedByOther))),
			want: []string{
				`Ready=False ReleaseClaimed: Helm release "web" in namespace "shop" already belongs to HelmRelease shop/other: ` +
					`set another spec.releaseName or delete one of the two`, sourceReady,
				`Stalled=True ReleaseClaimed: Helm release "web" in namespace "shop" already belongs to HelmRelease shop/other: ` +
					`set another spec.releaseName or delete one of the two`},
		},
		"Locked": {
			why: "Somebody else is at work.",
			run: facts(rt.Observed(rt.Pending(1, release.StatusPendingInstall, false))),
			want: []string{
				"Ready=False ReleaseLocked: Revision 1 is pending-install by somebody else's hand: waiting for it to end, or to be older than 15m0s",
				"Reconciling=True ReleaseLocked: Revision 1 is pending-install by somebody else's hand: waiting for it to end, or to be older than 15m0s",
				sourceReady},
		},
		"NoChart": {
			why: "Without a chart the source's error is what keeps it from being ready.",
			run: facts(rt.Observed(), unresolved, lostSource(fmt.Errorf("no chart %q: %w", "web", chartsync.ErrNotFound))),
			want: []string{`Ready=False ChartNotFound: No chart "web": not found in source`,
				`Reconciling=True ChartNotFound: Waiting to ask the source again: no chart "web": not found in source`,
				`SourceReady=False ChartNotFound: No chart "web": not found in source`},
		},
		"BadSpec": {
			why: "What only the user can mend stalls.",
			run: facts(rt.Observed(), unresolved, lostSource(invalidf("secret %q is not there", "charts"))),
			want: []string{`Ready=False SpecInvalid: Secret "charts" is not there`, `SourceReady=False SpecInvalid: Secret "charts" is not there`,
				`Stalled=True SpecInvalid: Secret "charts" is not there`},
		},
		"SlowSource": {
			why: "A first look that takes long is told.",
			run: facts(rt.Observed(), unresolved, func(r *run) { r.chart = lookup{underway: true} }),
			want: []string{"Ready=Unknown Progressing: Asking https://charts.example.com for the chart",
				"Reconciling=True Progressing: Asking https://charts.example.com for the chart"},
		},
		"UninstallFailed": {
			why: "A deletion that fails is told and tried again.",
			run: facts(rt.Observed(rt.Deployed(1, wanted), rt.History(attempt(release.Uninstall, release.Failed, 0, message("finalizer")))),
				func(r *run) { r.desired.Deleted, r.chart = true, lookup{} }),
			want: []string{"Ready=False UninstallFailed: Uninstall failed: finalizer",
				"Reconciling=True UninstallFailed: Waiting to try again: finalizer"},
		},
		"Stopping": {
			why: "A program that ends says nothing new.",
			run: facts(rt.Observed(rt.With(func(o *release.Observed) { o.Stopping = true })), func(r *run) {
				r.chart = lookup{}
				r.hr.SetCondition(v1alpha1.False(v1alpha1.ConditionReady, v1alpha1.ReasonRetriesSpent, "spent"))
				r.hr.SetCondition(v1alpha1.True(v1alpha1.ConditionStalled, v1alpha1.ReasonRetriesSpent, "spent"))
			}),
			want: []string{"Ready=False RetriesSpent: Spent", "Stalled=True RetriesSpent: Spent"},
		},
		"RetryIsDue": {
			why: "The pause is over: the next try tells which it is.",
			run: facts(rt.Observed(rt.FailedRecord(1, wanted, release.Install),
				rt.History(attempt(release.Install, release.Failed, 1, chart, old(time.Hour))))),
			want: []string{"Ready=Unknown Progressing: Install under way: retry 1 after revision 1 failed",
				"Reconciling=True Progressing: Install under way: retry 1 after revision 1 failed",
				"Released=False InstallFailed: Deployment shop/web: 0 of 1 pods are ready", sourceReady},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			slices.Sort(tc.want)
			if diff := cmp.Diff(tc.want, told(t, tc.run)); diff != "" {
				t.Errorf("%s -want +got:\n%s", tc.why, diff)
			}
			for _, c := range tc.run.hr.Status.Conditions {
				if c.Status == metav1.ConditionUnknown && c.Type != v1alpha1.ConditionReady || strings.HasSuffix(c.Message, ".") {
					t.Errorf("unusual: %+v", c)
				}
			}
		})
	}
}

// TestReportIsStable has a failure with a text of any length: what the first
// reconcile tells of it, later ones tell too, and its repeats fold.
func TestReportIsStable(t *testing.T) {
	long := attempt(release.Install, release.Failed, 0, message(strings.Repeat("many words ", 300)))
	long.Reason = string(release.KindUnavailable)
	r := facts(rt.Observed())
	r.ended = ended(long)
	r.observed.History = mergeHistory(r)
	told(t, r)
	status := r.hr.Status.DeepCopy()

	r.ended = nil
	r.observed.History = mergeHistory(r)
	told(t, r)
	if diff := cmp.Diff(status, &r.hr.Status); diff != "" {
		t.Errorf("another look tells something else: -first +second:\n%s", diff)
	}

	r.ended = ended(long)
	r.observed.History = mergeHistory(r)
	if diff := cmp.Diff([]string{"Install 0 Failed ×2"}, inShort(r.observed.History)); diff != "" {
		t.Errorf("it failed the same way again: -want +got:\n%s", diff)
	}
}

func TestReportSuspended(t *testing.T) {
	live := release.DesiredDigest("sha256:2", "values")
	suspended := func(change ...func(*run)) *run {
		r := facts(rt.Observed(rt.Deployed(1, live), rt.With(func(o *release.Observed) { o.Records[0].Chart = "web 2.0.0" })), unresolved)
		r.chart = lookup{}
		r.desired.Suspended, r.desired.ValuesDigest = true, "values"
		r.hr.Status.DesiredDigest = live
		r.hr.Status.Chart = &v1alpha1.ResolvedChart{Source: sourceID(sourceSpec(r.hr, chartsync.Credentials{}))}
		for _, c := range change {
			c(r)
		}
		return r
	}
	const not = "Ready=False Suspended: Suspended by spec.suspend before the spec was realised"
	cases := map[string]struct {
		why  string
		run  *run
		want string
	}{
		"Realised": {why: "It was ready, and is.", run: suspended(), want: "Ready=True InstallSucceeded: Released chart web 2.0.0 as revision 1"},
		"OtherValues": {why: "Values that changed while it is suspended are not live.", run: suspended(func(r *run) {
			r.desired.ValuesDigest = "other"
			r.hr.Spec.Values = &apiextensionsv1.JSON{Raw: []byte(`{"a":1}`)}
		}), want: not},
		"OtherChart": {why: "So is another chart that the spec names.", run: suspended(func(r *run) {
			r.hr.Spec.Chart.Repository.Version = "^3"
		}), want: not},
		"NeverInstalled": {why: "Nothing is live.", run: suspended(func(r *run) { r.observed = rt.Observed() }), want: not},
		"Failed": {why: "What is live failed.", run: suspended(func(r *run) {
			r.observed = rt.Observed(rt.FailedRecord(1, live, release.Install))
		}), want: not},
		"Outside": {why: "What is live is somebody else's.", run: suspended(func(r *run) {
			r.observed = rt.Observed(rt.ByOthers(1, release.StatusDeployed))
		}), want: not},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff([]string{tc.want}, told(t, tc.run)); diff != "" {
				t.Errorf("%s -want +got:\n%s", tc.why, diff)
			}
		})
	}
}
