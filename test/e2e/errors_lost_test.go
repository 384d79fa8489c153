package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/test/e2e/harness"
)

// testSecondClaimant has three HelmReleases for one Helm release: the first has
// it, the others are told whose it is, and one of them gets it when it is free.
func testSecondClaimant(t *testing.T, env *harness.Env) {
	charts := harness.NewChartRepo(t)
	charts.Publish(t, harness.WebChart, "0.1.0")
	claim := func(name, greeting string) *v1alpha1.HelmRelease {
		hr := harness.NewRelease(name, harness.FromRepository(charts.URL, harness.WebChart, "~0.1"),
			harness.Values(t, fmt.Sprintf(`{greeting: %q}`, greeting)))
		hr.Spec.ReleaseName = "claimed"
		return hr
	}
	env.Create(t, claim("first", "I was here first"))
	first := env.AwaitReady(t, "first")

	refusal := fmt.Sprintf(`Helm release "claimed" in namespace %q already belongs to HelmRelease %s/first: `+
		`set another spec.releaseName or delete one of the two`, env.Namespace, env.Namespace)
	for _, name := range []string{"second", "third"} {
		env.Create(t, claim(name, "make room"))
		hr := env.AwaitCondition(t, name, v1alpha1.ConditionReady, metav1.ConditionFalse, v1alpha1.ReasonReleaseClaimed)
		if diff := cmp.Diff(refusal, hr.Condition(v1alpha1.ConditionReady).Message); diff != "" {
			t.Errorf("what %s is told: -want +got:\n%s", name, diff)
		}
		if hr.Status.Revision != 0 || len(hr.Status.History) != 0 {
			t.Errorf("%s shows a history that is not its own:\n%s", name, harness.Status(hr))
		}
	}
	env.Delete(t, "third")
	expectLive(t, env, "claimed", 1, "I was here first")
	if now := env.Release(t, "first"); now.ResourceVersion != first.ResourceVersion {
		t.Errorf("the first was touched: -before +now:\n%s", cmp.Diff(first, now))
	}

	env.Delete(t, "first")
	env.AwaitReady(t, "second")
	expectLive(t, env, "claimed", 1, "make room")
}

// A loss is a way to lose the source of a release that is Ready.
type loss struct {
	why     string
	release func(*testing.T, *scene) *v1alpha1.HelmRelease
	lose    func(*testing.T, *scene)
	reason  string
	message string // as in a trouble
	mend    func(*testing.T, *scene)
}

var losses = map[string]loss{
	"Down": {
		why:     "A repository that is gone.",
		release: brokenRepository(harness.Sound),
		lose:    func(t *testing.T, s *scene) { s.charts.Down(t) },
		reason:  v1alpha1.ReasonSourceUnavailable,
		message: "Asking REPO/index.yaml: connection refused",
		mend:    func(t *testing.T, s *scene) { s.charts.Up(t) },
	},
	"LockedOut": {
		why:     "A repository that wants credentials from one day to the next.",
		release: brokenRepository(harness.Sound),
		lose:    func(_ *testing.T, s *scene) { s.charts.Break(harness.Unauthorized) },
		reason:  v1alpha1.ReasonSourceUnauthorized,
		message: "The server of REPO/index.yaml asks for credentials, and none are given (HTTP 401)",
		mend:    mendedRepository,
	},
	"Unpublished": {
		why:     "A version that was taken back.",
		release: brokenRepository(harness.Sound),
		lose: func(t *testing.T, s *scene) {
			s.charts.Unpublish(t, harness.WebChart, "0.1.0")
			s.charts.Publish(t, harness.WebChart, "9.0.0")
		},
		reason:  v1alpha1.ReasonChartNotFound,
		message: `Chart "web" has no version matching "~0.1" in REPO (newest: 9.0.0)`,
		mend:    func(t *testing.T, s *scene) { s.charts.Publish(t, harness.WebChart, "0.1.1") },
	},
	"RepositoryDeleted": {
		why: "A git repository that was deleted, or made private.",
		release: func(t *testing.T, s *scene) *v1alpha1.HelmRelease {
			s.git.CommitChart(t, "Add the web chart", harness.WebChart, nil)
			return harness.NewRelease(s.name, harness.FromGit(s.git.URL, "charts/web"))
		},
		lose:    func(t *testing.T, s *scene) { s.git.Hide(t) },
		reason:  v1alpha1.ReasonChartNotFound,
		message: "No git repository at GIT (HTTP 404)",
		mend:    func(t *testing.T, s *scene) { s.git.Show(t) },
	},
}

// testLostSource has releases that are Ready and lose only their source: they
// stay Ready, across a restart of the controller too, and a change of values is
// realised with the chart that they have.
func testLostSource(t *testing.T, env *harness.Env) {
	scenes := map[string]*scene{}
	for name, tc := range losses {
		s := newScene(t, env, "lost-"+strings.ToLower(name))
		s.begin(t, tc.release(t, s))
		scenes[name] = s
	}
	for name, s := range scenes {
		env.AwaitReady(t, s.name)
		losses[name].lose(t, s)
	}
	for name, s := range scenes {
		tc := losses[name]
		hr := env.AwaitCondition(t, s.name, v1alpha1.ConditionSourceReady, metav1.ConditionFalse, tc.reason)
		lost := hr.Condition(v1alpha1.ConditionSourceReady)
		if diff := cmp.Diff(tc.message, s.masked(lost.Message)); diff != "" {
			t.Errorf("%s: %s SourceReady: -want +got:\n%s", name, tc.why, diff)
		}
		expectSentence(t, lost.Message)
	}

	env.Controller.Stop(t)
	env.Controller.Start(t)
	for name, s := range scenes {
		at := env.ReconcileNow(t, s.name)
		hr := env.Await(t, s.name, "be looked at", func(hr *v1alpha1.HelmRelease) bool { return hr.Status.LastHandledReconcileAt == at })
		if !harness.Has(hr, v1alpha1.ConditionSourceReady, metav1.ConditionFalse, losses[name].reason) || hr.Status.Revision != 1 {
			t.Errorf("%s: a restart made another release of it:\n%s", name, harness.Status(hr))
		}
		states := s.diary.States()
		for _, state := range states[slices.IndexFunc(states, harness.Ready):] {
			if !harness.Ready(state) {
				t.Errorf("%s: it lost its source only, and was not Ready:\n%s", name, harness.Status(state))
			}
		}
	}

	for _, s := range scenes {
		env.Change(t, s.name, harness.Values(t, `{greeting: without a source}`))
	}
	for name, s := range scenes {
		env.AwaitReady(t, s.name)
		expectLive(t, env, s.name, 1, "without a source")
		losses[name].mend(t, s)
	}
	for _, s := range scenes {
		env.AwaitCondition(t, s.name, v1alpha1.ConditionSourceReady, metav1.ConditionTrue, v1alpha1.ReasonChartResolved)
	}
}
