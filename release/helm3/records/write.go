package records

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"strconv"

	rspb "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fairlead-dev/fairlead/release"
)

// conflicts is how often a write is made again after somebody else changed only
// the metadata of its record.
const conflicts = 3

// Create stores a new revision with the operation's annotations. The error is
// driver.ErrReleaseExists, ErrTooLarge, or the request failed.
func (s *Session) Create(key string, rls *rspb.Release) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(s.ctx); err != nil {
		return err
	}
	data, err := s.encodeOwn(key, rls)
	if err != nil {
		return err
	}
	secret := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: s.op.Key.Namespace, Name: key,
			Labels: labelsOf(nil, rls), Annotations: s.annotations(rls),
		},
		Type: secretType,
		Data: map[string][]byte{dataKey: data},
	}
	secret.Labels[labelCreated] = s.timestamp()
	live, err := s.send(s.ctx, "creating", key, func(ctx context.Context) (*corev1.Secret, error) {
		return s.store.core.Secrets(secret.Namespace).Create(ctx, secret, metav1.CreateOptions{})
	})
	if apierrors.IsAlreadyExists(err) {
		live, err = s.createdBefore(key)
	}
	if err != nil {
		return err
	}
	e := &entry{revision: rls.Version}
	s.entries[rls.Version] = e
	s.wrote(e, live)
	return nil
}

// createdBefore returns the live record if it is ours and only the answer to its
// creation was lost.
func (s *Session) createdBefore(key string) (*corev1.Secret, error) {
	live, err := s.live(s.ctx, key)
	if err != nil && !apierrors.IsNotFound(err) {
		return nil, fmt.Errorf("reading release record %q: %w", key, err)
	}
	if err != nil || live.Annotations[annotationOperation] != s.op.ID {
		return nil, driver.ErrReleaseExists
	}
	return live, nil
}

// Update stores a revision that this session has read or created. The error is
// driver.ErrReleaseNotFound, ErrConflict, ErrTooLarge, or the request failed.
func (s *Session) Update(key string, rls *rspb.Release) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.load(s.ctx); err != nil {
		return err
	}
	e, err := s.find(key)
	if err != nil {
		return err
	}
	if s.stubs[rls] {
		return s.rewrite(s.ctx, e, change{status: rls.Info.Status, description: rls.Info.Description})
	}
	outcome := release.OutcomeUnknown
	var data []byte
	if s.own(e) {
		outcome = s.outcomeOf(rls.Info.Status)
		data, err = s.encodeOwn(key, rls)
	} else {
		data, err = s.encodeOther(key, rls)
	}
	if err != nil {
		return err
	}
	return s.replace(s.ctx, e, data, func(meta *metav1.ObjectMeta) {
		meta.Labels = labelsOf(meta.Labels, rls)
		annotateOutcome(meta, outcome)
	})
}

// outcomeOf returns the outcome that Helm's status of our own record means.
func (s *Session) outcomeOf(status rspb.Status) release.Outcome {
	switch status {
	case rspb.StatusDeployed:
		return release.Succeeded
	case rspb.StatusFailed:
		return s.outcome
	default:
		return release.OutcomeUnknown // It stays what it is.
	}
}

// encodeOwn encodes the revision of this operation, with the cause first.
func (s *Session) encodeOwn(key string, rls *rspb.Release) ([]byte, error) {
	text := oneLine(s.details.Redact(rls.Info.Description), maxDescription)
	head := headline(s.op.Action, s.op.Cause)
	return encodeWith(key, rls, describe(head, release.Status(rls.Info.Status), text))
}

// encodeOther encodes a revision of before this operation. Only an uninstall has
// something to say about it.
func (s *Session) encodeOther(key string, rls *rspb.Release) ([]byte, error) {
	if s.op.Action == release.Uninstall && rls.Info.Status != rspb.StatusSuperseded {
		return s.encodeOwn(key, rls)
	}
	return encodeWith(key, rls, rls.Info.Description)
}

// encodeWith encodes a copy with another description: Helm goes on with its own.
func encodeWith(key string, rls *rspb.Release, description string) ([]byte, error) {
	told, info := *rls, *rls.Info
	info.Description, told.Info = description, &info
	data, err := encode(&told)
	if err != nil {
		return nil, fmt.Errorf("encoding release record %q: %w", key, err)
	}
	return data, sized(key, data)
}

// replace writes a record on the condition that it is as this session knows it.
// When only its metadata has changed since, the change is kept; when only the
// answer to our own write was lost, it is a success.
func (s *Session) replace(ctx context.Context, e *entry, data []byte, edit func(*metav1.ObjectMeta)) error {
	name := e.meta.Name
	for range conflicts {
		secret := &corev1.Secret{ObjectMeta: *e.meta.DeepCopy(), Type: secretType, Data: map[string][]byte{dataKey: data}}
		edit(&secret.ObjectMeta)
		secret.Labels[labelModified] = s.timestamp()
		live, err := s.send(ctx, "writing", name, func(ctx context.Context) (*corev1.Secret, error) {
			return s.store.core.Secrets(secret.Namespace).Update(ctx, secret, metav1.UpdateOptions{})
		})
		if err == nil {
			s.wrote(e, live)
			return nil
		}
		if apierrors.IsNotFound(err) {
			return s.gone(e)
		}
		if !apierrors.IsConflict(err) {
			return err
		}
		live, err = s.live(ctx, name)
		switch {
		case apierrors.IsNotFound(err):
			return s.gone(e)
		case err != nil:
			return fmt.Errorf("reading release record %q: %w", name, err)
		case sent(secret, live):
			s.wrote(e, live)
			return nil
		case live.UID != e.meta.UID || sha256.Sum256(live.Data[dataKey]) != e.sum:
			return conflict(name)
		}
		s.took(e, live)
	}
	return conflict(name)
}

// sent reports whether a live record is what we sent.
func sent(secret, live *corev1.Secret) bool {
	return live.UID == secret.UID && string(live.Data[dataKey]) == string(secret.Data[dataKey]) &&
		maps.Equal(live.Labels, secret.Labels) && maps.Equal(live.Annotations, secret.Annotations)
}

// send makes a write, again and again while its failure may pass. What the API
// server refuses because of the record's state is returned as it is.
func (s *Session) send(ctx context.Context, verb, name string,
	request func(context.Context) (*corev1.Secret, error),
) (*corev1.Secret, error) {
	var live *corev1.Secret
	err := s.store.retry(ctx, func(ctx context.Context) (err error) {
		live, err = request(ctx)
		return err
	})
	switch {
	case err == nil, apierrors.IsConflict(err), apierrors.IsAlreadyExists(err):
		return live, err
	default:
		return nil, fmt.Errorf("%s release record %q: %w", verb, name, err)
	}
}

// wrote remembers the answer to a write.
func (s *Session) wrote(e *entry, live *corev1.Secret) {
	s.took(e, live)
	s.store.recent.wrote(&e.meta, false, s.store.watchOf(s.op.Key.Namespace))
}

// gone forgets a record that is not there any more.
func (s *Session) gone(e *entry) error {
	delete(s.entries, e.revision)
	return driver.ErrReleaseNotFound
}

func (s *Session) timestamp() string { return strconv.FormatInt(s.store.now().Unix(), 10) }

func annotateOutcome(meta *metav1.ObjectMeta, outcome release.Outcome) {
	if outcome != release.OutcomeUnknown && meta.Annotations[annotationOperation] != "" {
		meta.Annotations[annotationOutcome] = string(outcome)
	}
}
