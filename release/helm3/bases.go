package helm3

import (
	"errors"
	"fmt"
	"slices"

	"helm.sh/helm/v3/pkg/storage/driver"

	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/helm3/records"
)

// sinceSuccess returns the records whose objects and fields may be live: all
// since the last success, newest first, then that success.
//
// Helm's word superseded does not mean that a revision was good: a failing
// rollback marks a failed one so. Only what we saw succeed, or what is deployed
// now, ends the list; and a revision that was uninstalled, which left nothing.
func sinceSuccess(recs []release.Record) []release.Record {
	var out []release.Record
	for _, rec := range slices.Backward(recs) {
		if rec.Status == release.StatusUninstalled {
			break
		}
		out = append(out, rec)
		if succeeded(rec) {
			break
		}
	}
	return out
}

func succeeded(rec release.Record) bool {
	switch rec.Status {
	case release.StatusDeployed:
		return true
	case release.StatusSuperseded:
		return rec.Ours() && rec.Outcome == release.Succeeded
	}
	return false
}

// A base is the manifest of a revision whose objects and fields may be live.
type base struct {
	revision int
	manifest []byte
}

// bases reads the manifests of the records that sinceSuccess returns. One that
// cannot be decoded is left out, with a warning. If it was the success, the
// revisions before it tell the most of what it had.
func (r *run) bases(recs []release.Record) ([]base, error) {
	var out []base
	live := sinceSuccess(recs)
	for _, rec := range live {
		rls, err := r.session.Body(r.background, rec.Revision)
		switch {
		case errors.Is(err, records.ErrUndecodable):
			r.warn(fmt.Sprintf("revision %d cannot be decoded: what only it had is not removed", rec.Revision))
			if succeeded(rec) {
				older, err := r.bases(recs[:len(recs)-len(live)])
				return append(out, older...), err
			}
			continue
		case errors.Is(err, driver.ErrReleaseNotFound):
			continue
		case err != nil:
			return nil, stored(err)
		}
		r.secrets.learn(rls.Manifest)
		out = append(out, base{revision: rec.Revision, manifest: []byte(rls.Manifest)})
	}
	return out, nil
}

// history returns the records of the release, oldest first, live.
func (r *run) history() ([]release.Record, error) {
	recs, err := r.session.Records(r.background)
	return recs, stored(err)
}

// connectWithBases reads what this run has to take back, and makes the client.
func (r *run) connectWithBases() error {
	recs, err := r.history()
	if err != nil {
		return err
	}
	bases, err := r.bases(recs)
	if err != nil {
		return err
	}
	r.connect(bases)
	return nil
}
