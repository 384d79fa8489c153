package releasetest

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Chart packs a chart out of files: their paths inside the chart, and their
// content. A Chart.yaml is made unless there is one. Equal charts are equal
// bytes.
func Chart(name, version string, files map[string]string) []byte {
	all := maps.Clone(files)
	if all == nil {
		all = map[string]string{}
	}
	if _, ok := all["Chart.yaml"]; !ok {
		all["Chart.yaml"] = fmt.Sprintf("apiVersion: v2\nname: %s\nversion: %s\nappVersion: %q\n", name, version, version)
	}
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	tw := tar.NewWriter(zw)
	for _, path := range slices.Sorted(maps.Keys(all)) {
		body := strings.TrimLeft(all[path], "\n")
		// Writing into memory cannot fail, and the headers are valid.
		_ = tw.WriteHeader(&tar.Header{Name: name + "/" + path, Mode: 0o644, Size: int64(len(body))})
		_, _ = tw.Write([]byte(body))
	}
	_ = tw.Close()
	_ = zw.Close()
	return buf.Bytes()
}
