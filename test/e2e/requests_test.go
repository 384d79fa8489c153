package e2e

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/test/e2e/harness"
)

// Of /metrics: the reconciles of HelmReleases, and the looks at repositories,
// that ended well.
const (
	reconciled = `controller_runtime_reconcile_total{controller="helmrelease",result="success"}`
	requeued   = `controller_runtime_reconcile_total{controller="helmrelease",result="requeue_after"}`
	looked     = `fairlead_source_lookups_total{result="ok",source="repository"}`
)

// TestRequests counts what the controller asks the API server for, from the
// audit log; events and leases are left out.
func TestRequests(t *testing.T) {
	env := harness.New(t)
	charts := harness.NewChartRepo(t)
	charts.Publish(t, harness.WebChart, "0.1.0")
	release := func(name string) *v1alpha1.HelmRelease {
		return harness.NewRelease(name, harness.FromRepository(charts.URL, harness.WebChart, "~0.1"))
	}
	warmUp(t, env, release("warm"))

	install := env.Requests(t)
	env.Create(t, release("web"))
	env.AwaitReady(t, "web")
	expectAtMost(t, "The install of three objects", 14, install())

	upgrade := env.Requests(t)
	env.Change(t, "web", harness.Values(t, `{greeting: good morning}`))
	env.AwaitReady(t, "web")
	expectAtMost(t, "An upgrade that changes one of three objects", 12, upgrade())

	nothing := env.Requests(t)
	awaitMore(t, env, "reconciles", 1, func() {
		env.Change(t, "web", func(hr *v1alpha1.HelmRelease) { metav1.SetMetaDataLabel(&hr.ObjectMeta, "team", "web") })
	}, reconciled, requeued)
	awaitMore(t, env, "reconciles", 1, func() {
		awaitMore(t, env, "looks at the repository", 1, nil, looked)
	}, reconciled, requeued)
	expectAtMost(t, "A reconcile with nothing to do, and a look at the source that finds nothing new", 0, nothing())

	asked := env.Requests(t)
	at := env.ReconcileNow(t, "web")
	env.Await(t, "web", "be looked at", func(hr *v1alpha1.HelmRelease) bool { return hr.Status.LastHandledReconcileAt == at })
	want := harness.Requests{{Verb: "patch", Resource: "helmreleases.fairlead.dev/status", Namespace: env.Namespace, Name: "web", Code: 200}}
	if diff := cmp.Diff(want, asked()); diff != "" {
		t.Errorf("A reconcile that an annotation asked for: -want +got:\n%s", diff)
	}

	testLeftAlone(t, env, release)
}

// testLeftAlone has many Ready releases whose sources are asked every ten
// seconds, and nothing new comes.
func testLeftAlone(t *testing.T, env *harness.Env, release func(name string) *v1alpha1.HelmRelease) {
	const releases, looks = 50, 5
	for i := range releases {
		env.Create(t, release(fmt.Sprintf("many-%02d", i)))
	}
	for i := range releases {
		env.AwaitReady(t, fmt.Sprintf("many-%02d", i))
	}
	alone, began := env.Requests(t), time.Now()
	awaitMore(t, env, "looks at the repository", looks*releases, nil, looked)
	harness.Eventually(t, harness.Patience, "a minute to pass", func() bool { return time.Since(began) >= time.Minute },
		func() string { return "" })
	expectAtMost(t, "50 releases, left alone for a minute", 0, alone())
}

// warmUp has a release installed, upgraded and uninstalled, so that the watches
// of the kinds in it are open, and waits until what follows a start is over:
// where other tests have just removed definitions, the controller asks anew what
// the cluster serves, several seconds long.
func warmUp(t *testing.T, env *harness.Env, hr *v1alpha1.HelmRelease) {
	t.Helper()
	env.Create(t, hr)
	env.AwaitReady(t, hr.Name)
	env.Change(t, hr.Name, harness.Values(t, `{greeting: warm}`))
	env.AwaitReady(t, hr.Name)
	env.Delete(t, hr.Name)

	const silence = 6 * time.Second
	since, began := env.Requests(t), time.Now()
	var heard harness.Requests
	harness.Eventually(t, harness.Patience, "the controller to ask for nothing", func() bool {
		if time.Since(began) < silence {
			return false
		}
		heard = since()
		since, began = env.Requests(t), time.Now()
		return len(heard) == 0
	}, func() string { return heard.String() })
}

// awaitMore waits until the sum of some metrics has grown by as much since an
// action.
func awaitMore(t *testing.T, env *harness.Env, what string, more int, action func(), series ...string) {
	t.Helper()
	sum := func() (n int) {
		for _, s := range series {
			n += int(env.Controller.Metric(t, s))
		}
		return n
	}
	before := sum()
	if action != nil {
		action()
	}
	now := before
	harness.Eventually(t, harness.Patience, fmt.Sprintf("%d more %s", more, what), func() bool {
		now = sum()
		return now >= before+more
	}, func() string { return fmt.Sprintf("there were %d before, and are %d now", before, now) })
}

// expectAtMost compares a number of requests, and shows them if they are too
// many.
func expectAtMost(t *testing.T, what string, most int, got harness.Requests) {
	t.Helper()
	t.Logf("%s: %s", what, strings.SplitN(got.String(), "\n", 2)[0])
	if len(got) > most {
		t.Errorf("%s should take at most %d requests:\n%s", what, most, got)
	}
}
