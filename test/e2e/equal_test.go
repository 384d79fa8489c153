package e2e

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/test/e2e/harness"
)

// A plot is what happens to one release: an install, and upgrades.
type plot struct {
	why string
	// publish puts the charts into a repository.
	publish func(testing.TB, *harness.ChartRepo)
	release string
	chart   string
	steps   []step
	// drawn is what the templates draw at random, after what tells it.
	drawn []*regexp.Regexp
	// left are the arguments of `kubectl delete` for what stays after an
	// uninstall, by Kubernetes' rules or the chart's.
	left []string
}

// A step is what is asked for at one time.
type step struct {
	version string
	values  string
}

var plots = map[string]plot{
	"Sink": {
		why: "a chart with something of everything: hooks, CRDs, aliased and disabled subcharts, lookup, kept and removed objects",
		publish: func(t testing.TB, charts *harness.ChartRepo) {
			charts.Publish(t, harness.SinkChart, "0.1.0")
			charts.Publish(t, harness.SinkChart, "0.2.0", harness.AppVersion("2.0"))
		},
		release: "my", chart: "sink",
		steps: []step{
			{"~0.1", `{given: 12345678, dropped: null, nested: {replace: new}, global: {region: south}}`},
			{">=0.1", `{more: true, list: [c], second: {enabled: true, size: 9}}`},
			{">=0.1", `{more: false, port: 9090, first: {enabled: false}}`},
		},
		left: []string{"pvc/data-my-db-0", "configmap/my-kept", "configmap/my-hooked", "crd/gadgets.sink.example.com"},
	},
	"KubeStateMetrics": {
		why: "a range that takes a patch release, then a wider one that takes a newer minor",
		publish: func(t testing.TB, charts *harness.ChartRepo) {
			charts.PublishReal(t, "prometheus-community/kube-state-metrics-*.tgz")
		},
		release: "ksm", chart: "kube-state-metrics",
		steps: []step{
			{"~8.1", `{replicas: 1, podAnnotations: {team: observers}}`},
			{"^8", `{replicas: 1, podAnnotations: {team: observers}}`},
		},
	},
	"Wordpress": {
		why: "a chart of Helm 2's time, with requirements.yaml, a subchart and passwords that its templates draw",
		publish: func(t testing.TB, charts *harness.ChartRepo) {
			charts.PublishReal(t, "stable/wordpress-*.tgz")
		},
		release: "myblog", chart: "wordpress",
		// Nobody gives a Service an address here, which Helm would wait for.
		steps: []step{
			{"9.0.1", `{service: {type: NodePort}, wordpressBlogName: "A blog: \"mine\""}`},
			{"~9.0", `{service: {type: NodePort}, wordpressBlogName: "A blog: \"mine\"", replicaCount: 2}`},
		},
		drawn: []*regexp.Regexp{
			regexp.MustCompile(`((?:mariadb-root|mariadb|wordpress)-password"?: ?")[A-Za-z0-9+/]{14}==`),
			regexp.MustCompile(`(myblog-mariadb-test-)[a-z0-9]{5}`),
		},
		left: []string{"pvc/data-myblog-mariadb-0"},
	},
}

// TestEqualToHelm lets Fairlead and then stock Helm do the same, with the same
// name in the same namespace, and compares what comes of it: what Helm tells
// about the release, what is live, and what is left when it is gone.
func TestEqualToHelm(t *testing.T) {
	env := harness.New(t)
	for name, plot := range plots {
		t.Run(name, func(t *testing.T) {
			charts := harness.NewChartRepo(t)
			plot.publish(t, charts)
			own := env.Elsewhere(t)
			before := own.Stand(t)

			ours := plot.byFairlead(t, own, charts, before)
			plot.sweep(t, own, before)
			helms := plot.byHelm(t, own, charts, before)
			plot.sweep(t, own, before)

			if len(ours) != len(helms) || len(ours) != len(plot.steps)+1 {
				t.Fatalf("%d views of ours, %d of Helm's, want %d", len(ours), len(helms), len(plot.steps)+1)
			}
			for i := range helms {
				if diff := cmp.Diff(helms[i], ours[i]); diff != "" {
					t.Errorf("%s: after step %d: -stock Helm +Fairlead:\n%s", plot.why, i+1, diff)
				}
			}
		})
	}
}

// A view is what can be seen after a step.
type view struct {
	Told map[string]string // by stock Helm, by the words after `helm get`
	Live harness.Objects
}

// byFairlead plays with a HelmRelease, which is deleted in the end.
func (p plot) byFairlead(t *testing.T, env *harness.Env, charts *harness.ChartRepo, before harness.Standing) []view {
	t.Helper()
	var views []view
	for i, s := range p.steps {
		wanted := func(hr *v1alpha1.HelmRelease) {
			harness.FromRepository(charts.URL, p.chart, s.version)(hr)
			harness.Values(t, s.values)(hr)
		}
		if i == 0 {
			env.Create(t, harness.NewRelease(p.release, wanted))
		} else {
			env.Change(t, p.release, wanted)
		}
		env.AwaitReady(t, p.release)
		p.staysSo(t, env, i+1)
		views = append(views, p.view(t, env, before))
	}
	env.Delete(t, p.release)
	return append(views, view{Live: p.live(t, env, before)})
}

// staysSo asks for one more look, which must not make a revision, whatever the
// templates draw.
func (p plot) staysSo(t *testing.T, env *harness.Env, revision int) {
	t.Helper()
	at := env.ReconcileNow(t, p.release)
	hr := env.Await(t, p.release, "be looked at again", func(hr *v1alpha1.HelmRelease) bool {
		return hr.Status.LastHandledReconcileAt == at
	})
	if !harness.Ready(hr) || hr.Status.Revision != revision || len(hr.Status.History) != revision {
		t.Errorf("want it Ready at revision %d, with as many attempts:%s", revision, harness.Status(hr))
	}
}

// byHelm plays with stock Helm.
func (p plot) byHelm(t *testing.T, env *harness.Env, charts *harness.ChartRepo, before harness.Standing) []view {
	t.Helper()
	var views []view
	for i, s := range p.steps {
		verb := "upgrade"
		if i == 0 {
			verb = "install"
		}
		values := filepath.Join(t.TempDir(), "values.yaml")
		if err := os.WriteFile(values, []byte(s.values), 0o600); err != nil {
			t.Fatal(err)
		}
		env.Helm(t, verb, p.release, p.chart, "--repo", charts.URL, "--version", s.version, "--values", values,
			"--wait", "--timeout", "1m")
		views = append(views, p.view(t, env, before))
	}
	env.Helm(t, "uninstall", p.release)
	return append(views, view{Live: p.live(t, env, before)})
}

// sweep removes what is known to stay; nothing else may be there.
func (p plot) sweep(t *testing.T, env *harness.Env, before harness.Standing) {
	t.Helper()
	if len(p.left) > 0 {
		env.Kubectl(t, append([]string{"delete"}, p.left...)...)
	}
	var left harness.Objects
	harness.Eventually(t, harness.Patience, "nothing to be left of the release", func() bool {
		left = env.Picture(t, before)
		return len(left) == 0
	}, func() string { return strings.Join(slices.Sorted(maps.Keys(left)), "\n") })
}

func (p plot) view(t *testing.T, env *harness.Env, before harness.Standing) view {
	t.Helper()
	told := map[string]string{}
	for _, what := range []string{"manifest", "hooks", "values", "values --all", "notes", "metadata --output=json"} {
		words := strings.Fields(what)
		told[what] = p.same(env.Helm(t, slices.Concat([]string{"get", words[0], p.release}, words[1:])...))
	}
	return view{Told: told, Live: p.live(t, env, before)}
}

// live is what there is, without what the templates draw.
func (p plot) live(t *testing.T, env *harness.Env, before harness.Standing) harness.Objects {
	t.Helper()
	text, err := json.Marshal(env.Picture(t, before))
	if err != nil {
		t.Fatal(err)
	}
	objects := harness.Objects{}
	if err := json.Unmarshal([]byte(p.same(string(text))), &objects); err != nil {
		t.Fatal(err)
	}
	return objects
}

var deployedAt = regexp.MustCompile(`"deployedAt":"[^"]*"`)

// same takes out what is drawn or tells the time. A password has to be there, and
// to look as the templates make it.
func (p plot) same(text string) string {
	text = deployedAt.ReplaceAllString(text, `"deployedAt":"now"`)
	for _, drawn := range p.drawn {
		text = drawn.ReplaceAllString(text, "${1}<drawn>")
	}
	return text
}
