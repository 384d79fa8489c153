package git

import (
	"fmt"
	"path"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
	"sigs.k8s.io/yaml"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/pkg/git"
)

const (
	chartFile = "Chart.yaml"
	// maxKnown bounds the charts whose Chart.yaml is remembered.
	maxKnown = 4096
)

// metadata is what a revision tells of Chart.yaml.
type metadata struct{ name, version, appVersion string }

// metadataOf reads the Chart.yaml of a tree, once per tree. Knowing a tree's
// hash is enough here: the caller got it from a mirror it may read.
func (s *Source) metadataOf(w wanted, tree, place string) (metadata, error) {
	s.mu.Lock()
	meta, ok := s.known[tree]
	s.mu.Unlock()
	if ok {
		return meta, nil
	}
	meta, err := readMetadata(w, tree, place)
	if err != nil {
		return metadata{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.known) >= maxKnown {
		clear(s.known)
	}
	s.known[tree] = meta
	return meta, nil
}

// readMetadata parses and validates Chart.yaml as Helm does.
func readMetadata(w wanted, tree, place string) (metadata, error) {
	dir := folder{mirror: w.mirror, root: tree}
	found, err := dir.find(chartFile)
	if err != nil {
		return metadata{}, invalidIn(w.path, place, err)
	}
	switch found.Kind {
	case git.KindFile, git.KindExecutable:
	case "":
		return metadata{}, errorf(chartsync.ErrInvalid, "no Chart.yaml in %s %s%s", shown(w.path), place, suggestion(w, tree))
	default:
		return metadata{}, errorf(chartsync.ErrInvalid, "Chart.yaml in %s %s is a %s and no file", shown(w.path), place, found.Kind)
	}
	content, err := dir.content(chartFile, found.Entry, loader.MaxDecompressedFileSize)
	if err != nil {
		return metadata{}, invalidIn(w.path, place, err)
	}
	var meta chart.Metadata
	if err := yaml.Unmarshal(content, &meta); err != nil {
		return metadata{}, errorf(chartsync.ErrInvalid, "invalid Chart.yaml in %s %s: %s", shown(w.path), place, oneLine(err))
	}
	if meta.APIVersion == "" { // as Helm's loader has it
		meta.APIVersion = chart.APIVersionV1
	}
	if err := meta.Validate(); err != nil {
		text := strings.TrimPrefix(oneLine(err), "validation: ")
		return metadata{}, errorf(chartsync.ErrInvalid, "invalid Chart.yaml in %s %s: %s", shown(w.path), place, text)
	}
	return metadata{name: meta.Name, version: meta.Version, appVersion: meta.AppVersion}, nil
}

// suggestion names directories right below a path without Chart.yaml that have
// one: people often point one level too high.
func suggestion(w wanted, tree string) string {
	const enough, look = 3, 200
	entries, err := w.mirror.List(tree)
	if err != nil {
		return ""
	}
	var better []string
	for _, e := range entries[:min(look, len(entries))] {
		if e.Kind != git.KindDirectory || len(better) == enough {
			continue
		}
		found, err := (folder{mirror: w.mirror, root: e.Hash}).find(chartFile)
		if err == nil && found.Kind != "" {
			better = append(better, fmt.Sprintf("%q", path.Join(w.path, e.Name)))
		}
	}
	if len(better) == 0 {
		return ""
	}
	return "; there is one in " + strings.Join(better, ", ")
}
