package records

import (
	"context"
	"crypto/sha256"
	"fmt"
	"sync"

	rspb "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"

	"github.com/fairlead-dev/fairlead/release"
)

// A Session is the storage driver of one operation on one release. Helm's driver
// methods use the session's context. It holds metadata only, so that it costs
// little while the operation waits. It is safe for concurrent use.
type Session struct {
	store   *Store
	ctx     context.Context // Helm's driver methods are given none
	op      release.Operation
	details Details

	mu      sync.Mutex
	loaded  bool
	entries map[int]*entry // by revision
	stubs   map[*rspb.Release]bool
	outcome release.Outcome
}

var _ driver.Driver = (*Session)(nil)

// An entry is a record as this session last read or wrote it.
type entry struct {
	revision int
	meta     metav1.ObjectMeta
	// sum of the body; zero until it is read or written.
	sum [sha256.Size]byte
}

// Session begins the records of one operation. No request is made until the
// first read or write. The context bounds all requests of the driver methods: it
// must not end when a wait is superseded.
func (s *Store) Session(ctx context.Context, op release.Operation, details Details) *Session {
	if details.Redact == nil {
		details.Redact = func(text string) string { return text }
	}
	return &Session{
		store: s, ctx: ctx, op: op, details: details,
		entries: map[int]*entry{}, stubs: map[*rspb.Release]bool{}, outcome: release.Failed,
	}
}

// Name returns the name of Helm's own driver for Secrets.
func (s *Session) Name() string { return driver.SecretsDriverName }

// Outcome says how this operation ends if its record becomes failed; Failed
// until then. Call it before Helm writes the failure.
func (s *Session) Outcome(o release.Outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.outcome = o
}

// Records returns the release's records, oldest first, as the session's live
// LIST and its own writes have them.
func (s *Session) Records(ctx context.Context) ([]release.Record, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(ctx); err != nil {
		return nil, err
	}
	return s.inOrder(), nil
}

// Own returns the record that this operation created, if it did.
func (s *Session) Own() (release.Record, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range s.entries {
		if s.own(e) {
			return recordOf(&e.meta), true
		}
	}
	return release.Record{}, false
}

// Reload reads the records live again, after an error left in doubt what is
// stored.
func (s *Session) Reload(ctx context.Context) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.loaded = false
	return s.load(ctx)
}

// load makes the session's one LIST: live, metadata only.
func (s *Session) load(ctx context.Context) error {
	if s.loaded {
		return nil
	}
	var list *metav1.PartialObjectMetadataList
	selector := labels.Set{labelOwner: owner, labelName: s.op.Key.Name}.String()
	err := s.store.retry(ctx, func(ctx context.Context) (err error) {
		list, err = s.store.meta.Resource(secrets).Namespace(s.op.Key.Namespace).
			List(ctx, metav1.ListOptions{LabelSelector: selector})
		return err
	})
	if err != nil {
		return fmt.Errorf("listing the release records of %q: %w", s.op.Key, err)
	}
	had := s.entries
	s.entries, s.loaded = map[int]*entry{}, true
	for i := range list.Items {
		meta := &list.Items[i].ObjectMeta
		meta.ManagedFields = nil
		revision := revisionOf(meta)
		if revision == 0 {
			continue
		}
		s.entries[revision] = &entry{revision: revision, meta: *meta}
		if old := had[revision]; old != nil && old.meta.ResourceVersion == meta.ResourceVersion {
			s.entries[revision].sum = old.sum
		}
	}
	return nil
}

// own reports whether this operation created the record.
func (s *Session) own(e *entry) bool { return e.meta.Annotations[annotationOperation] == s.op.ID }

// record returns a revision's record; zero if there is none.
func (s *Session) record(revision int) release.Record {
	if e := s.entries[revision]; e != nil {
		return recordOf(&e.meta)
	}
	return release.Record{}
}

func (s *Session) inOrder() []release.Record {
	metas := make([]*metav1.ObjectMeta, 0, len(s.entries))
	for _, e := range s.entries {
		metas = append(metas, &e.meta)
	}
	return inOrder(metas)
}

// newest returns the highest revision, or 0.
func (s *Session) newest() int {
	newest := 0
	for revision := range s.entries {
		newest = max(newest, revision)
	}
	return newest
}

// find returns the entry of a Secret's name, or driver.ErrReleaseNotFound.
func (s *Session) find(key string) (*entry, error) {
	for _, e := range s.entries {
		if e.meta.Name == key {
			return e, nil
		}
	}
	return nil, driver.ErrReleaseNotFound
}
