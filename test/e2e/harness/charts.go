package harness

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/chartutil"
)

// The charts for tests, as readable text in test/e2e/testdata/charts.
const (
	// WebChart is a Deployment, a Service and a ConfigMap; its values.yaml says
	// what can be made of it.
	WebChart = "web"
	// HooksChart is the same with a Job for each of Helm's hooks.
	HooksChart = "hooks"
	// SinkChart has something of everything that charts can do.
	SinkChart = "sink"
)

// chartDir returns the folder of a chart for tests.
func chartDir(name string) string {
	return filepath.Join(repository(), "test", "e2e", "testdata", "charts", name)
}

// LoadChart reads a chart for tests.
func LoadChart(t testing.TB, name string) *chart.Chart {
	t.Helper()
	c, err := loader.LoadDir(chartDir(name))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// An Edit makes another chart out of one.
type Edit func(*chart.Chart)

// Template adds a template, or replaces the one of that name.
func Template(name, text string) Edit {
	return func(c *chart.Chart) {
		name := "templates/" + name
		for _, f := range c.Templates {
			if f.Name == name {
				f.Data = []byte(text)
				return
			}
		}
		c.Templates = append(c.Templates, &chart.File{Name: name, Data: []byte(text)})
	}
}

// Default sets one of the chart's own values, at the top level.
func Default(key string, value any) Edit {
	return func(c *chart.Chart) {
		c.Values[key] = value
		for _, f := range c.Raw {
			if f.Name == chartutil.ValuesfileName {
				f.Data = []byte(yamlOf(c.Values))
			}
		}
	}
}

// AppVersion sets the chart's appVersion.
func AppVersion(version string) Edit {
	return func(c *chart.Chart) { c.Metadata.AppVersion = version }
}

// Pack packages a chart for tests as a version into a folder, and returns the
// archive's path.
func Pack(t testing.TB, dir, name, version string, edits ...Edit) string {
	t.Helper()
	c := LoadChart(t, name)
	c.Metadata.Version = version
	for _, edit := range edits {
		edit(c)
	}
	// Beside its place first: a server must not find half an archive.
	made, err := chartutil.Save(c, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	archive, err := os.ReadFile(made)
	if err != nil {
		t.Fatal(err)
	}
	place := filepath.Join(dir, filepath.Base(made))
	if err := os.WriteFile(place+".new", archive, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(place+".new", place); err != nil {
		t.Fatal(err)
	}
	return place
}

// ChartFiles returns the files of a chart for tests, by their paths below a
// folder, to be committed to a GitRepo.
func ChartFiles(t testing.TB, name, below string) map[string]string {
	t.Helper()
	files := map[string]string{}
	root := os.DirFS(chartDir(name))
	err := fs.WalkDir(root, ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := fs.ReadFile(root, file)
		files[path.Join(below, file)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
