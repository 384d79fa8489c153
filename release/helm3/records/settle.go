package records

import (
	"context"
	"errors"
	"fmt"

	rspb "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fairlead-dev/fairlead/release"
)

// Mark sets status, outcome and description of a revision. Its cause, if the
// record has one, stays in front of the description. A body that cannot be
// decoded stays as it is; then only labels and annotations tell.
func (s *Session) Mark(ctx context.Context, revision int, status release.Status,
	outcome release.Outcome, description string,
) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(ctx); err != nil {
		return err
	}
	return s.mark(ctx, revision, status, outcome, description)
}

// Settle marks pending records failed and interrupted: those of other
// operations of ours, and those for which abandoned (may be nil) returns true.
// It returns the records it marked.
func (s *Session) Settle(ctx context.Context, abandoned func(release.Record) bool) ([]release.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	var settled []release.Record
	for _, rec := range s.inOrder() {
		ours := rec.Ours() && rec.Operation != s.op.ID
		if !rec.Status.Pending() || !ours && (abandoned == nil || !abandoned(rec)) {
			continue
		}
		text := fmt.Sprintf("interrupted: nobody was at work any more on this %s revision", rec.Status)
		if err := s.mark(ctx, rec.Revision, release.StatusFailed, release.Interrupted, text); err != nil {
			return settled, fmt.Errorf("settling an interrupted operation: %w", err)
		}
		settled = append(settled, s.record(rec.Revision))
	}
	return settled, nil
}

func (s *Session) mark(ctx context.Context, revision int, status release.Status,
	outcome release.Outcome, description string,
) error {
	e := s.entries[revision]
	if e == nil {
		return driver.ErrReleaseNotFound
	}
	head := ""
	if rec := recordOf(&e.meta); rec.Ours() {
		head = headline(rec.Action, release.Cause{Text: rec.Cause, Commit: rec.Commit})
	}
	return s.rewrite(ctx, e, change{
		status: rspb.Status(status), outcome: outcome,
		description: join(head, oneLine(s.details.Redact(description), maxDescription)),
	})
}

// A change is what rewrite changes of a record.
type change struct {
	status      rspb.Status
	outcome     release.Outcome // as it is if unknown
	description string          // as it is if empty
}

// rewrite changes a record whose body nobody holds.
func (s *Session) rewrite(ctx context.Context, e *entry, c change) error {
	data, err := s.data(ctx, e)
	if err != nil {
		return err
	}
	rls, err := decodeAs(s.op.Key.Name, e.revision, data)
	if err == nil {
		rls.Info.Status = c.status
		data, err = encodeWith(e.meta.Name, rls, first(c.description, rls.Info.Description))
	}
	if err != nil && !errors.Is(err, ErrUndecodable) {
		return err
	}
	return s.replace(ctx, e, data, func(meta *metav1.ObjectMeta) {
		if meta.Labels == nil {
			meta.Labels = map[string]string{}
		}
		meta.Labels[labelStatus] = c.status.String()
		annotateOutcome(meta, c.outcome)
	})
}
