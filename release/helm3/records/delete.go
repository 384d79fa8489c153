package records

import (
	"context"
	"fmt"

	rspb "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fairlead-dev/fairlead/release"
)

// Delete removes a revision; the release it returns is made from labels. The
// error is driver.ErrReleaseNotFound, ErrConflict, or the request failed.
func (s *Session) Delete(key string) (*rspb.Release, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(s.ctx); err != nil {
		return nil, err
	}
	e, err := s.find(key)
	if err != nil {
		return nil, err
	}
	return s.stub(e), s.delete(s.ctx, e)
}

// Prune deletes the oldest records until at most keep are left; 0 keeps all. It
// never deletes a deployed or pending one, nor the last success or anything
// newer: the next operation needs those as bases.
func (s *Session) Prune(ctx context.Context, keep int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(ctx); err != nil {
		return err
	}
	for _, revision := range prunable(s.inOrder(), keep) {
		e := s.entries[revision]
		if err := s.delete(ctx, e); err != nil {
			return fmt.Errorf("pruning the history: %w", err)
		}
	}
	return nil
}

// prunable returns the revisions to delete, oldest first.
func prunable(recs []release.Record, keep int) []int {
	last := -1
	for i, rec := range recs {
		if rec.Status == release.StatusDeployed || rec.Outcome == release.Succeeded {
			last = i
		}
	}
	var old []int
	for i, rec := range recs {
		if i >= last || keep <= 0 || len(recs)-len(old) <= keep {
			break
		}
		if rec.Status != release.StatusDeployed && !rec.Status.Pending() {
			old = append(old, rec.Revision)
		}
	}
	return old
}

// delete removes a record on the condition that it is as this session knows it.
// A record that is gone after an attempt whose answer was lost is a success.
func (s *Session) delete(ctx context.Context, e *entry) error {
	for range conflicts {
		err := s.sendDelete(ctx, e)
		if !apierrors.IsConflict(err) {
			return err
		}
		live, err := s.live(ctx, e.meta.Name)
		if apierrors.IsNotFound(err) {
			return s.gone(e)
		}
		if err != nil {
			return fmt.Errorf("reading release record %q: %w", e.meta.Name, err)
		}
		if !sameWrite(&e.meta, &live.ObjectMeta) {
			break
		}
		e.meta.ResourceVersion = live.ResourceVersion
	}
	return conflict(e.meta.Name)
}

// sameWrite reports whether two versions of a record are of the same write by
// Helm or by us; then only others' metadata differs.
func sameWrite(a, b *metav1.ObjectMeta) bool {
	return a.UID == b.UID && a.Labels[labelStatus] == b.Labels[labelStatus] &&
		a.Labels[labelModified] == b.Labels[labelModified] &&
		a.Annotations[annotationOperation] == b.Annotations[annotationOperation]
}

func (s *Session) sendDelete(ctx context.Context, e *entry) error {
	precondition := metav1.Preconditions{UID: &e.meta.UID, ResourceVersion: &e.meta.ResourceVersion}
	attempts := 0
	err := s.store.retry(ctx, func(ctx context.Context) error {
		attempts++
		return s.store.core.Secrets(s.op.Key.Namespace).Delete(ctx, e.meta.Name,
			metav1.DeleteOptions{Preconditions: &precondition})
	})
	gone := apierrors.IsNotFound(err)
	switch {
	case apierrors.IsConflict(err):
		return err
	case err != nil && !gone:
		return fmt.Errorf("deleting release record %q: %w", e.meta.Name, err)
	}
	_ = s.gone(e)
	s.store.bodies.drop(e.meta.UID)
	s.store.recent.wrote(&e.meta, true, s.store.watchOf(s.op.Key.Namespace))
	if gone && attempts == 1 {
		return driver.ErrReleaseNotFound
	}
	return nil
}
