package e2e

import (
	"strings"
	"testing"

	"github.com/fairlead-dev/fairlead/test/e2e/harness"
)

// TestWarningsAreInTheAttempt installs a chart with a field that the API server
// does not know. It is installed, as Helm would, and the attempt says so.
func TestWarningsAreInTheAttempt(t *testing.T) {
	env := harness.New(t)
	charts := harness.NewChartRepo(t)
	charts.Publish(t, harness.WebChart, "1.0.0", harness.Template("odd.yaml", `
apiVersion: v1
kind: Service
metadata: {name: odd}
spec: {ports: [{port: 80}], replicaz: 3}
`))
	env.Create(t, harness.NewRelease("web", harness.FromRepository(charts.URL, "web", "1")))
	hr := env.AwaitReady(t, "web")
	if got := strings.Join(hr.Status.History[0].Warnings, "\n"); !strings.Contains(got, `unknown field "spec.replicaz"`) {
		t.Errorf("the attempt has the warnings %q", got)
	}
}
