package git

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"time"

	"helm.sh/helm/v3/pkg/chart/loader"

	"github.com/fairlead-dev/fairlead/chartsync"
)

// packaging names the way archives are made, as part of their key: another way
// must not be answered with archives of this one.
const packaging = "packaged-v1"

// pack packages the chart in a tree of the mirror and keeps the archive.
func (s *Source) pack(w wanted, key, tree string, rev chartsync.Revision) ([]byte, error) {
	s.packing.Lock()
	defer s.packing.Unlock()
	if archive, ok := s.kept(key); ok {
		return archive, nil
	}
	place := "of " + w.mirror.URL()
	if rev.Commit != nil {
		place = fmt.Sprintf("at commit %s of %s", short(rev.Commit.Hash), w.mirror.URL())
	}
	files, err := collect(folder{mirror: w.mirror, root: tree})
	if err != nil {
		return nil, invalidIn(w.path, place, err)
	}
	archive, err := archived(rev.Name, files)
	if err != nil {
		return nil, err
	}
	loaded, err := loader.LoadArchive(bytes.NewReader(archive))
	if err != nil {
		return nil, invalidIn(w.path, place, unfit("%s", oneLine(err)))
	}
	if loaded.Name() != rev.Name || loaded.Metadata.Version != rev.Version {
		return nil, invalidIn(w.path, place, unfit("it is %q %s and not the revision's %q %s",
			loaded.Name(), loaded.Metadata.Version, rev.Name, rev.Version))
	}
	// A full disk must not keep a chart from its release: it is packaged again.
	_ = s.archives.Put(key, archive)
	return archive, nil
}

// archived writes files as `helm package` does, below one folder with the
// chart's name. Equal files give equal bytes: there is no time and no owner.
func archived(name string, files []file) ([]byte, error) {
	var buf bytes.Buffer
	zipped := gzip.NewWriter(&buf)
	tarred := tar.NewWriter(zipped)
	for _, f := range files {
		header := &tar.Header{
			Typeflag: tar.TypeReg, Name: name + "/" + f.name, Mode: 0o644,
			Size: int64(len(f.content)), ModTime: time.Unix(0, 0),
		}
		if err := tarred.WriteHeader(header); err != nil {
			return nil, fmt.Errorf("packaging %q: %w", f.name, err)
		}
		if _, err := tarred.Write(f.content); err != nil {
			return nil, fmt.Errorf("packaging %q: %w", f.name, err)
		}
	}
	if err := errors.Join(tarred.Close(), zipped.Close()); err != nil {
		return nil, fmt.Errorf("packaging chart %q: %w", name, err)
	}
	return buf.Bytes(), nil
}
