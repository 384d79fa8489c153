package repository

import (
	"archive/tar"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/Masterminds/semver/v3"
	"helm.sh/helm/v3/pkg/chart/loader"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/chartsync/store"
)

// download returns the archive of a revision, if it is what it should be.
func (s *Source) download(ctx context.Context, r request, rev chartsync.Revision) ([]byte, error) {
	a, err := s.client.get(ctx, question{request: r, url: rev.Location, limit: s.maxArchiveBytes, asIs: true})
	if err != nil {
		return nil, explainArchive(err, r, rev)
	}
	if got := digestOf(a.body); got != rev.Digest {
		hint := ""
		if err := loads(a.body, rev); err != nil {
			hint = ": " + err.Error()
		}
		return nil, problemf(chartsync.ErrInvalid, nil,
			"the archive of %s has the digest %s, and should have %s%s", label(r, rev), got, rev.Digest, hint)
	}
	return a.body, checkArchive(a.body, r, rev)
}

// digestArchive finds the digest of an archive that the index has none for: it
// downloads the archive and keeps it in the store. Under an unchanged index it
// knows it already; under a changed one it asks whether the archive changed.
func (s *Source) digestArchive(ctx context.Context, r request, idx *index, rev chartsync.Revision) (string, error) {
	idx.mu.Lock()
	known := idx.hashed[rev.Location]
	idx.mu.Unlock()
	if known.current {
		return known.digest, nil
	}
	a, err := s.client.get(ctx, question{
		request: r, url: rev.Location, known: known.validators, limit: s.maxArchiveBytes, asIs: true,
	})
	if err != nil {
		return "", explainArchive(err, r, rev)
	}
	digest := known.digest
	if !a.unchanged {
		if err := checkArchive(a.body, r, rev); err != nil {
			return "", err
		}
		digest = digestOf(a.body)
		if err := s.store.Put(store.Key(r.spec, digest), a.body); err != nil {
			return "", err
		}
	}
	idx.mu.Lock()
	defer idx.mu.Unlock()
	idx.hashed[rev.Location] = hashed{digest: digest, validators: a.validators, current: true}
	return digest, nil
}

// explainArchive turns a status into a problem with the archive.
func explainArchive(err error, r request, rev chartsync.Revision) error {
	return explain(err, r, func(code int) string {
		return fmt.Sprintf("the archive of %s is not where the index says (HTTP %d)", label(r, rev), code)
	})
}

// label names a chart in messages.
func label(r request, rev chartsync.Revision) string {
	return fmt.Sprintf("chart %q %s in %s", r.spec.Repository.Name, rev.Version, r)
}

// digestOf returns the digest of an archive.
func digestOf(archive []byte) string {
	sum := sha256.Sum256(archive)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// checkArchive expects an archive to be the chart of a revision.
func checkArchive(archive []byte, r request, rev chartsync.Revision) error {
	if err := loads(archive, rev); err != nil {
		return problemf(chartsync.ErrInvalid, nil, "the archive of %s is not usable: %v", label(r, rev), err)
	}
	return nil
}

// loads loads an archive as Helm does, and compares name and version. Its errors
// have texts of our own: Helm's may quote the archive.
func loads(archive []byte, rev chartsync.Revision) error {
	c, err := loader.LoadArchive(bytes.NewReader(archive))
	var corrupt flate.CorruptInputError
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return errors.New("it is truncated")
	case errors.Is(err, gzip.ErrHeader):
		return errors.New("it is not a gzip file")
	case errors.Is(err, gzip.ErrChecksum), errors.As(err, &corrupt):
		return errors.New("it is damaged")
	case errors.Is(err, tar.ErrHeader):
		return errors.New("it is not a tar file")
	case err != nil:
		return reason(err)
	}
	if err := endsWell(archive); err != nil {
		return err
	}
	if c.Name() != rev.Name || !sameVersion(c.Metadata.Version, rev.Version) {
		return errors.New("its Chart.yaml has another name or version")
	}
	return nil
}

// endsWell expects an archive to be whole to its last byte. Helm's loader does
// not read behind the last file.
func endsWell(archive []byte) error {
	zr, err := gzip.NewReader(bytes.NewReader(archive))
	if err != nil {
		return err
	}
	zr.Multistream(false) // what follows is nobody's
	_, err = io.Copy(io.Discard, io.LimitReader(zr, 2*loader.MaxDecompressedChartSize))
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it is truncated")
	case err != nil:
		return errors.New("it is damaged")
	}
	return nil
}

// reasons are beginnings of what Helm says of an archive that it does not load,
// as far as they quote nothing from it.
var reasons = []string{
	"Chart.yaml file is missing",
	"chart illegally contains absolute paths",
	"chart illegally contains content outside the base directory",
	"chart illegally references parent directory",
	"chart yaml not in base directory",
	"cannot load Chart.yaml",
	"cannot load values.yaml",
	"cannot load requirements.yaml",
	"decompressed chart is larger than the maximum file size",
	"no files in chart archive",
}

// reason returns what Helm said, without what it quoted.
func reason(err error) error {
	for _, known := range reasons {
		if strings.Contains(err.Error(), known) {
			return errors.New(known)
		}
	}
	return errors.New("Helm does not load it")
}

// sameVersion reports whether two versions are equal; "v1.2" is "1.2.0".
func sameVersion(a, b string) bool {
	if a == b {
		return true
	}
	x, errX := semver.NewVersion(a)
	y, errY := semver.NewVersion(b)
	return errX == nil && errY == nil && x.String() == y.String()
}
