package sourcetest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"slices"
	"time"
)

// ChartName is the name of the chart that the suite publishes.
const ChartName = "podinfo"

// A Chart is what the suite publishes: a small chart named ChartName.
type Chart struct {
	// Name is ChartName unless it is set.
	Name string
	// Version of the chart.
	Version string
	// AppVersion of the chart; none if empty.
	AppVersion string
	// Text goes into a template, so that two charts can differ in it alone.
	Text string
}

// name returns the chart's name.
func (c Chart) name() string {
	if c.Name != "" {
		return c.Name
	}
	return ChartName
}

// Files returns the chart's files: what lies in its folder, by path.
func (c Chart) Files() map[string]string {
	meta := fmt.Sprintf("apiVersion: v2\nname: %s\nversion: %q\n", c.name(), c.Version)
	if c.AppVersion != "" {
		meta += fmt.Sprintf("appVersion: %q\n", c.AppVersion)
	}
	return map[string]string{
		"Chart.yaml":  meta,
		"values.yaml": "replicaCount: 1\n",
		"templates/configmap.yaml": fmt.Sprintf(
			"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}\ndata:\n  text: %q\n", c.Text),
	}
}

// FileName returns the name that the chart's archive has in a repository.
func (c Chart) FileName() string { return c.name() + "-" + c.Version + ".tgz" }

// Archive returns the packaged chart. Equal charts give equal bytes.
func (c Chart) Archive() []byte {
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	tw := tar.NewWriter(zw)
	files := c.Files()
	for _, path := range slices.Sorted(maps.Keys(files)) {
		header := &tar.Header{
			Name: c.name() + "/" + path, Mode: 0o644, Size: int64(len(files[path])),
			ModTime: time.Unix(1700000000, 0), Typeflag: tar.TypeReg,
		}
		must(tw.WriteHeader(header))
		_, err := tw.Write([]byte(files[path]))
		must(err)
	}
	must(tw.Close())
	must(zw.Close())
	return buf.Bytes()
}

// must panics on an error that writing to memory cannot give.
func must(err error) {
	if err != nil {
		panic(err)
	}
}
