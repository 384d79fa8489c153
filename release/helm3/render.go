package helm3

import (
	"bytes"
	"fmt"

	"helm.sh/helm/v3/pkg/action"
	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"

	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/helm3/records"
)

// inputs are what Helm renders. Both are this run's own: Helm changes them.
type inputs struct {
	archive []byte
	chart   *chart.Chart
	values  map[string]any
}

func detailsOf(op release.Operation, req release.Request) records.Details {
	return records.Details{Digest: op.Digest, Chart: req.Chart.String(), App: req.Chart.AppVersion}
}

// prepare loads the chart and refuses one that Helm would refuse, in words for
// people. The run holds a CPU slot from here until the templates are rendered.
func (r *run) prepare(req release.Request) (*inputs, error) {
	archive, err := req.Chart.Archive(r.ctx)
	if err != nil {
		if cause := r.ended(); cause != nil {
			return nil, cause
		}
		// A source's error is a sentence that names the chart.
		return nil, &release.Error{Kind: release.KindFetch, Message: err.Error(), Err: err}
	}
	free, err := r.engine.slot(r.ctx)
	if err != nil {
		return nil, err
	}
	r.free = free
	c, err := loader.LoadArchive(bytes.NewReader(archive))
	if err != nil {
		return nil, invalidChart("chart %s cannot be loaded: %v", req.Chart, err)
	}
	served, err := r.engine.kinds.get(r.ctx)
	if err != nil {
		return nil, err
	}
	if err := fits(c, served.capabilities); err != nil {
		return nil, err
	}
	r.in = &inputs{archive: archive, chart: c, values: copyOf(req.Values)}
	return r.in, nil
}

// fits checks what the Helm command line checks before it calls the library,
// and the version of Kubernetes.
func fits(c *chart.Chart, caps *chartutil.Capabilities) error {
	name := c.Metadata.Name + " " + c.Metadata.Version
	switch c.Metadata.Type {
	case "", "application":
	default:
		return invalidChart("chart %s is of type %s, which cannot be installed", name, c.Metadata.Type)
	}
	if err := action.CheckDependencies(c, c.Metadata.Dependencies); err != nil {
		return invalidChart("chart %s is not complete: %v", name, err)
	}
	want, have := c.Metadata.KubeVersion, caps.KubeVersion.Version
	if want != "" && !chartutil.IsCompatibleRange(want, have) {
		return invalidChart("chart %s needs Kubernetes %s, the cluster runs %s", name, want, have)
	}
	return nil
}

func invalidChart(format string, args ...any) *release.Error {
	return &release.Error{Kind: release.KindChart, Message: fmt.Sprintf(format, args...), Deterministic: true}
}

// again loads the chart anew and drops the dependencies that the values disable,
// as Helm will: doing it twice to one chart loses more of it.
func (in *inputs) again() (*chart.Chart, map[string]any, error) {
	c, err := loader.LoadArchive(bytes.NewReader(in.archive))
	if err != nil {
		return nil, nil, err
	}
	values := copyOf(in.values)
	return c, values, chartutil.ProcessDependenciesWithMerge(c, values)
}

// copyOf returns a deep copy of values, never nil.
func copyOf(values map[string]any) map[string]any {
	out := make(map[string]any, len(values))
	for k, v := range values {
		out[k] = deepCopy(v)
	}
	return out
}

func deepCopy(v any) any {
	switch v := v.(type) {
	case map[string]any:
		return copyOf(v)
	case []any:
		out := make([]any, len(v))
		for i := range v {
			out[i] = deepCopy(v[i])
		}
		return out
	}
	return v
}

// afterRender is Helm's post-renderer of this run. It changes nothing: it marks
// the end of rendering.
func (r *run) afterRender() postRenderer { return postRenderer{run: r} }

type postRenderer struct{ run *run }

// Run implements Helm's postrender.PostRenderer.
func (p postRenderer) Run(manifests *bytes.Buffer) (*bytes.Buffer, error) {
	p.run.free()
	p.run.secrets.learn(manifests.String())
	p.run.reach(rendered)
	p.run.in = nil // waiting takes long and should not hold a chart
	return manifests, nil
}
