package charthost

import (
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"helm.sh/helm/v3/pkg/repo"
	"sigs.k8s.io/yaml"
)

// IndexName is the name of the index in a repository.
const IndexName = "index.yaml"

// Index returns the text of index.yaml for the charts in dir. Download URLs are
// below baseURL, or relative to the index if that is empty. Equal folders give
// equal texts: charts are in order, and dates are those of the files.
func Index(dir, baseURL string, opts ...Option) ([]byte, error) {
	f, err := newFolder(dir, newSettings(opts).report)
	if err != nil {
		return nil, err
	}
	charts, err := f.look()
	if err != nil {
		return nil, err
	}
	return encode(charts, baseURL)
}

// WriteIndex writes index.yaml for the charts in dir into dir. It is replaced
// as a whole: whoever reads it meanwhile gets the old one or the new one.
func WriteIndex(dir, baseURL string, opts ...Option) (err error) {
	text, err := Index(dir, baseURL, opts...)
	if err != nil {
		return err
	}
	temp, err := os.CreateTemp(dir, "."+IndexName+"-*")
	if err != nil {
		return fmt.Errorf("writing the index: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(temp.Name()) // the error that counts is there already
		}
	}()
	_, err = temp.Write(text)
	// Web servers run as somebody else.
	for _, step := range []func() error{func() error { return temp.Chmod(0o644) }, temp.Sync} {
		if err == nil {
			err = step()
		}
	}
	if closeErr := temp.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Rename(temp.Name(), filepath.Join(dir, IndexName))
	}
	if err != nil {
		return fmt.Errorf("writing the index: %w", err)
	}
	return nil
}

// encode returns the text of the index of charts.
func encode(charts map[string]archive, baseURL string) ([]byte, error) {
	index := &repo.IndexFile{APIVersion: repo.APIVersionV1, Entries: map[string]repo.ChartVersions{}}
	for _, name := range slices.Sorted(maps.Keys(charts)) {
		a := charts[name]
		parent, file := path.Split(name)
		base := strings.TrimSuffix(baseURL, "/")
		if parent != "" {
			base = strings.TrimPrefix(base+"/"+strings.TrimSuffix(parent, "/"), "/")
		}
		meta := *a.meta // Helm fills in what old charts lack
		if err := index.MustAdd(&meta, file, base, a.digest); err != nil {
			return nil, fmt.Errorf("adding %q to the index: %w", name, err)
		}
		versions := index.Entries[meta.Name]
		added := versions[len(versions)-1]
		added.Created = a.info.ModTime().UTC().Truncate(time.Second)
		// The index is as old as what is newest in it.
		if added.Created.After(index.Generated) {
			index.Generated = added.Created
		}
	}
	index.SortEntries()
	return yaml.Marshal(index)
}
