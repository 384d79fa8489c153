package records

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"helm.sh/helm/v3/pkg/chart"
	rspb "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	helmtime "helm.sh/helm/v3/pkg/time"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
)

// Get returns a complete revision.
func (s *Session) Get(key string) (*rspb.Release, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(s.ctx); err != nil {
		return nil, err
	}
	e, err := s.find(key)
	if err != nil {
		return nil, err
	}
	return s.release(s.ctx, e)
}

// Body returns a complete revision. The error is ErrUndecodable or
// driver.ErrReleaseNotFound, or the request failed.
func (s *Session) Body(ctx context.Context, revision int) (*rspb.Release, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	e := s.entries[revision]
	if e == nil {
		return nil, driver.ErrReleaseNotFound
	}
	return s.release(ctx, e)
}

// List returns all revisions of this release that satisfy the filter, complete.
func (s *Session) List(filter func(*rspb.Release) bool) ([]*rspb.Release, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(s.ctx); err != nil {
		return nil, err
	}
	var found []*rspb.Release
	for _, rec := range s.inOrder() {
		rls, err := s.release(s.ctx, s.entries[rec.Revision])
		if err != nil {
			return nil, meanwhile(err, secretName(s.op.Key.Name, rec.Revision))
		}
		if filter(rls) {
			found = append(found, rls)
		}
	}
	return found, nil
}

// Query returns the revisions with these labels, oldest first. Complete are the
// newest of the release and, when a status is asked for, all of that status:
// those are what Helm's actions read the manifest of or write back. Of the rest
// they read revision and status only, and get stubs.
//
// One of those that cannot be decoded is a stub too, without a manifest, so that
// it does not block the release for ever.
func (s *Session) Query(set map[string]string) ([]*rspb.Release, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(s.ctx); err != nil {
		return nil, err
	}
	var found []*rspb.Release
	_, byStatus := set[labelStatus]
	selector, newest := labels.SelectorFromSet(set), s.newest()
	for _, rec := range s.inOrder() {
		e := s.entries[rec.Revision]
		if !selector.Matches(labels.Set(e.meta.Labels)) {
			continue
		}
		if !byStatus && rec.Revision != newest {
			found = append(found, s.stub(e))
			continue
		}
		rls, err := s.release(s.ctx, e)
		if errors.Is(err, ErrUndecodable) {
			rls, err = s.stub(e), nil
		}
		if err != nil {
			return nil, meanwhile(err, e.meta.Name)
		}
		found = append(found, rls)
	}
	if len(found) == 0 {
		return nil, driver.ErrReleaseNotFound
	}
	return found, nil
}

// meanwhile turns "not found" of a record that was listed into a conflict: Helm
// would take it for a release that was never installed.
func meanwhile(err error, secret string) error {
	if errors.Is(err, driver.ErrReleaseNotFound) {
		return conflict(secret)
	}
	return err
}

// stub makes a release from labels. Update never writes it back as it is.
func (s *Session) stub(e *entry) *rspb.Release {
	rec := recordOf(&e.meta)
	created := helmtime.Time{Time: rec.Created}
	rls := &rspb.Release{
		Name: s.op.Key.Name, Namespace: s.op.Key.Namespace, Version: rec.Revision,
		Chart:  &chart.Chart{Metadata: &chart.Metadata{}},
		Info:   &rspb.Info{Status: rspb.Status(rec.Status), FirstDeployed: created, LastDeployed: created},
		Labels: customLabels(e.meta.Labels),
	}
	s.stubs[rls] = true
	return rls
}

// release returns a decoded body. Each call decodes anew: Helm changes what it is
// given, and what is kept while an operation waits should be small.
func (s *Session) release(ctx context.Context, e *entry) (*rspb.Release, error) {
	data, err := s.data(ctx, e)
	if err != nil {
		return nil, err
	}
	rls, err := decodeAs(s.op.Key.Name, e.revision, data)
	if err != nil {
		return nil, err
	}
	rls.Labels = customLabels(e.meta.Labels)
	return rls, nil
}

// data returns the encoded body of a record, from the cache if it has exactly
// this version.
func (s *Session) data(ctx context.Context, e *entry) ([]byte, error) {
	if data := s.store.bodies.get(&e.meta); data != nil {
		e.sum = sha256.Sum256(data)
		return data, nil
	}
	live, err := s.live(ctx, e.meta.Name)
	if apierrors.IsNotFound(err) {
		return nil, driver.ErrReleaseNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("reading release record %q: %w", e.meta.Name, err)
	}
	// The newer version, if it is one, is now what was read.
	s.took(e, live)
	return live.Data[dataKey], nil
}

// live gets a record's Secret.
func (s *Session) live(ctx context.Context, name string) (*corev1.Secret, error) {
	var live *corev1.Secret
	err := s.store.retry(ctx, func(ctx context.Context) (err error) {
		live, err = s.store.core.Secrets(s.op.Key.Namespace).Get(ctx, name, metav1.GetOptions{})
		return err
	})
	return live, err
}

// took makes a Secret that was read or written the entry's version.
func (s *Session) took(e *entry, live *corev1.Secret) {
	live.ManagedFields = nil
	e.meta, e.sum = live.ObjectMeta, sha256.Sum256(live.Data[dataKey])
	if slices.Contains(seldomRead, rspb.Status(live.Labels[labelStatus])) {
		s.store.bodies.drop(live.UID)
		return
	}
	s.store.bodies.put(&live.ObjectMeta, live.Data[dataKey])
}

// seldomRead are the statuses whose bodies are not worth keeping: Helm holds a
// pending release itself, and a superseded one is read only for a rollback.
var seldomRead = []rspb.Status{
	rspb.StatusSuperseded, rspb.StatusPendingInstall, rspb.StatusPendingUpgrade, rspb.StatusPendingRollback,
}
