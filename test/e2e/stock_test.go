package e2e

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/test/e2e/harness"
)

// testPod is a Helm test, and the one hook of the chart.
const testPod = `apiVersion: v1
kind: Pod
metadata:
  name: {{ .Release.Name }}-test
  annotations: {helm.sh/hook: test}
spec:
  restartPolicy: Never
  containers:
  - {name: test, image: "example.com/test:1.0"}
`

// TestStockHelmReads reads a release of ours with stock Helm; then somebody
// works on it with stock Helm, and each time the spec wins.
func TestStockHelmReads(t *testing.T) {
	env := harness.New(t)
	charts := harness.NewChartRepo(t)
	charts.Publish(t, harness.WebChart, "1.0.0", harness.Template("test.yaml", testPod))
	env.Create(t, harness.NewRelease("web", harness.FromRepository(charts.URL, "web", "^1"), harness.Values(t, `{greeting: one}`)))
	env.AwaitReady(t, "web")
	charts.Publish(t, harness.WebChart, "1.1.0", harness.Template("test.yaml", testPod), harness.AppVersion("1.1"))
	awaitRevision(t, env, 2, "Upgrade", "chart web 1.0.0 -> 1.1.0")
	env.Change(t, "web", harness.Values(t, `{greeting: two}`))
	awaitRevision(t, env, 3, "Upgrade", "values changed")

	// Each goes on from where the one before it left the release.
	then := func(name string, do func(*testing.T)) {
		if !t.Run(name, do) {
			t.FailNow()
		}
	}
	then("Read", func(t *testing.T) { readByHelm(t, env) })
	then("Test", func(t *testing.T) {
		// It writes the record over, which is no change: the next revision is
		// not due to it.
		if told := env.Helm(t, "test", "web"); !strings.Contains(told, "Phase:          Succeeded") {
			t.Errorf("stock Helm's test did not succeed:\n%s", told)
		}
		at := env.ReconcileNow(t, "web")
		hr := env.Await(t, "web", "be looked at", func(hr *v1alpha1.HelmRelease) bool { return hr.Status.LastHandledReconcileAt == at })
		if !harness.Ready(hr) || hr.Status.Revision != 3 || len(hr.Status.History) != 3 {
			t.Errorf("a Helm test is no reason for a revision:%s", harness.Status(hr))
		}
	})
	then("Rollback", func(t *testing.T) {
		env.Helm(t, "rollback", "web", "1", "--wait")
		expectAnswer(t, env, 4)
	})
	then("Upgrade", func(t *testing.T) {
		env.Helm(t, "upgrade", "web", "web", "--repo", charts.URL, "--version", "1.0.0", "--wait",
			"--set", "greeting=mine,replicas=2", "--set", "extra.mine=yes")
		expectAnswer(t, env, 6)
		if env.Get(t, &corev1.ConfigMap{ObjectMeta: metav1.ObjectMeta{Name: "web-extra"}}) {
			t.Error("what only the upgrade by hand brought is still there")
		}
	})
	then("Uninstall", func(t *testing.T) {
		env.Helm(t, "uninstall", "web")
		awaitRevision(t, env, 1, "Install", "uninstalled outside Fairlead")
		expectLive(t, env, "web", 1, "two")
	})
	then("RollbackOfTheSecondLife", func(t *testing.T) {
		// Its revisions have numbers that the first one had.
		env.Helm(t, "rollback", "web", "1", "--wait")
		expectAnswer(t, env, 2)
	})
}

// readByHelm reads with each of stock Helm's words.
func readByHelm(t *testing.T, env *harness.Env) {
	t.Helper()
	for name, tc := range map[string]struct {
		why  string
		args string
		want []string
	}{
		"List":   {why: "it is a release like others", args: "list --all-namespaces", want: []string{"web ", env.Namespace, "deployed", "web-1.1.0"}},
		"Status": {why: "with the notes", args: "status web", want: []string{"STATUS: deployed", "REVISION: 3", "web says two."}},
		"Resources": {why: "its manifest leads to what is live", args: "status web --show-resources",
			want: []string{"==> v1/ConfigMap", "==> v1/Deployment", "==> v1/Service"}},
		"History": {why: "the description is the cause", args: "history web", want: []string{
			"Install: first install of chart web 1.0.0", "Upgrade: chart web 1.0.0 -> 1.1.0", "Upgrade: values changed", "superseded"}},
		"Values":    {why: "those of the spec", args: "get values web", want: []string{"USER-SUPPLIED VALUES:\ngreeting: two\n"}},
		"OldValues": {why: "old revisions are kept whole", args: "get values web --revision 1", want: []string{"USER-SUPPLIED VALUES:\ngreeting: one\n"}},
		"AllValues": {why: "the chart's defaults are in the record", args: "get values web --all", want: []string{"COMPUTED VALUES:", "greeting: two\n", "replicas: 1\n"}},
		"Manifest":  {why: "what was applied", args: "get manifest web", want: []string{"# Source: web/templates/deployment.yaml", `greeting: "two"`}},
		"Notes":     {why: "they are rendered", args: "get notes web", want: []string{"web says two."}},
		"Hooks":     {why: "tests are hooks", args: "get hooks web", want: []string{"name: web-test", "helm.sh/hook: test"}},
		"Metadata":  {why: "the chart's own", args: "get metadata web", want: []string{"CHART: web\n", "VERSION: 1.1.0\n", "REVISION: 3\n", "STATUS: deployed\n"}},
		"All":       {why: "everything at once", args: "get all web", want: []string{"HOOKS:", "MANIFEST:", "NOTES:"}},
	} {
		t.Run(name, func(t *testing.T) {
			told := env.Helm(t, strings.Fields(tc.args)...)
			for _, want := range tc.want {
				if !strings.Contains(told, want) {
					t.Errorf("%s: `helm %s` does not print %q:\n%s", tc.why, tc.args, want, told)
				}
			}
		})
	}
}

// expectAnswer waits until a revision that somebody else made is answered by the
// next one with what the spec wants, and reads the cause wherever it is told.
func expectAnswer(t *testing.T, env *harness.Env, outside int) {
	t.Helper()
	cause := fmt.Sprintf("changed outside Fairlead (revision %d)", outside)
	hr := awaitRevision(t, env, outside+1, "Upgrade", cause)
	expectLive(t, env, "web", 1, "two")
	if len(hr.Status.History) < 2 {
		t.Fatalf("the revision that somebody else made is not in the history:%s", harness.Status(hr))
	}
	theirs := hr.Status.History[1]
	want := v1alpha1.Attempt{Revision: outside, Action: "Outside", Outcome: "Succeeded", Cause: "changed outside Fairlead",
		Started: theirs.Started, Duration: theirs.Duration}
	if diff := cmp.Diff(want, theirs); diff != "" {
		t.Errorf("the attempt for somebody else's revision: -want +got:\n%s", diff)
	}

	var told []struct {
		Revision            int
		Status, Description string
	}
	if err := json.Unmarshal([]byte(env.Helm(t, "history", "web", "--output", "json")), &told); err != nil {
		t.Fatal(err)
	}
	newest := told[len(told)-1]
	if newest.Revision != outside+1 || newest.Status != "deployed" || newest.Description != "Upgrade: "+cause {
		t.Errorf("stock Helm's history ends with %+v, want revision %d because it was %s", newest, outside+1, cause)
	}
	for _, r := range told[:len(told)-1] {
		if r.Status != "superseded" {
			t.Errorf("revision %d is %s in stock Helm's history, want it superseded", r.Revision, r.Status)
		}
	}
	if history := env.Fairlead(t, "history", "web"); !strings.Contains(history, cause) || !strings.Contains(history, "Outside") {
		t.Errorf("`fairlead history` does not tell that the release was %s:\n%s", cause, history)
	}
}

// awaitRevision waits until a HelmRelease is Ready at a revision that came by an
// action, for a cause.
func awaitRevision(t *testing.T, env *harness.Env, revision int, action, cause string) *v1alpha1.HelmRelease {
	t.Helper()
	what := fmt.Sprintf("be Ready at revision %d by an %s because: %s", revision, action, cause)
	return env.Await(t, "web", what, func(hr *v1alpha1.HelmRelease) bool {
		if !harness.Ready(hr) || hr.Status.Revision != revision || len(hr.Status.History) == 0 {
			return false
		}
		newest := hr.Status.History[0]
		return newest.Revision == revision && newest.Action == action && newest.Cause == cause
	})
}
