package helm3

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	helmrelease "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage/driver"

	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/helm3/client"
	"github.com/fairlead-dev/fairlead/release/helm3/records"
)

// A recorder stands between Helm's actions and storage. Helm shows a release
// here at every turn, which makes it the place to see how far it has come, and
// the last chance to stop before anything is written.
type recorder struct {
	*records.Session
	run *run
}

var _ driver.Driver = recorder{}

// A storageError is a record that could not be read or written.
type storageError struct{ err error }

func (e *storageError) Error() string { return e.err.Error() }
func (e *storageError) Unwrap() error { return e.err }

func stored(err error) error {
	if err == nil || errors.Is(err, driver.ErrReleaseNotFound) || errors.Is(err, driver.ErrNoDeployedReleases) {
		return err
	}
	return &storageError{err: err}
}

// Create stores a new revision, unless it cannot come to anything.
func (s recorder) Create(key string, rls *helmrelease.Release) (err error) {
	defer caught(&err)
	s.run.learn(rls)
	if err := s.run.ended(); err != nil {
		return err
	}
	if err := s.run.buildable(rls); err != nil {
		return err
	}
	if err := stored(s.Session.Create(key, rls)); err != nil {
		return err
	}
	s.run.reach(recorded)
	return nil
}

// Update stores a revision again. If it failed, the outcome is told first: Helm
// writes the failure at once.
func (s recorder) Update(key string, rls *helmrelease.Release) (err error) {
	defer caught(&err)
	if rls.Info != nil && rls.Info.Status == helmrelease.StatusFailed {
		s.Outcome(s.run.outcome())
	}
	s.run.saw(rls)
	return stored(s.Session.Update(key, rls))
}

// Get returns a revision.
func (s recorder) Get(key string) (*helmrelease.Release, error) {
	rls, err := s.Session.Get(key)
	return rls, stored(err)
}

// Query returns revisions.
func (s recorder) Query(labels map[string]string) ([]*helmrelease.Release, error) {
	rls, err := s.Session.Query(labels)
	return rls, stored(err)
}

// List returns revisions.
func (s recorder) List(filter func(*helmrelease.Release) bool) ([]*helmrelease.Release, error) {
	rls, err := s.Session.List(filter)
	return rls, stored(err)
}

// Delete removes a revision. Only an uninstall does that. It happens even when
// objects are still there, which would then be nobody's: so the records stay
// until the objects have gone.
func (s recorder) Delete(key string) (*helmrelease.Release, error) {
	if err := s.run.emptied(); err != nil {
		return nil, err
	}
	rls, err := s.Session.Delete(key)
	return rls, stored(err)
}

func (r *run) saw(rls *helmrelease.Release) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.latest = rls
}

// learn remembers a release and its secrets.
func (r *run) learn(rls *helmrelease.Release) {
	r.saw(rls)
	r.secrets.learn(rls.Manifest)
	for _, h := range rls.Hooks {
		r.secrets.learn(h.Manifest)
	}
}

// buildable refuses manifests with kinds that the cluster does not serve. Helm
// finds those of hooks, and those of a rollback, only after it has stored the
// revision.
func (r *run) buildable(rls *helmrelease.Release) error {
	manifests := []string{}
	if r.op.Action == release.Rollback {
		manifests = append(manifests, rls.Manifest)
	}
	for _, h := range rls.Hooks {
		if runs(h, r.op.Action) {
			manifests = append(manifests, h.Manifest)
		}
	}
	// A client of its own: the run's counts what it builds.
	reader := r.engine.hands.For(client.Options{Key: r.op.Key, Action: release.Install})
	var missing []string
	for _, m := range manifests {
		var unknown *client.UnknownKindsError
		_, err := reader.Build(bytes.NewBufferString(m), false)
		if errors.As(err, &unknown) {
			missing = append(missing, unknown.Kinds...)
		} else if err != nil {
			return fmt.Errorf("reading the manifest: %w", err)
		}
	}
	if len(missing) > 0 {
		slices.Sort(missing)
		return &client.UnknownKindsError{Kinds: slices.Compact(missing)}
	}
	return nil
}

// runs reports whether an action runs a hook.
func runs(h *helmrelease.Hook, a release.Action) bool {
	events := map[release.Action][]helmrelease.HookEvent{
		release.Install:  {helmrelease.HookPreInstall, helmrelease.HookPostInstall},
		release.Upgrade:  {helmrelease.HookPreUpgrade, helmrelease.HookPostUpgrade},
		release.Rollback: {helmrelease.HookPreRollback, helmrelease.HookPostRollback},
	}[a]
	return slices.ContainsFunc(h.Events, func(e helmrelease.HookEvent) bool { return slices.Contains(events, e) })
}

// outcome says how a failing run ends: by itself, or because its wait was ended.
func (r *run) outcome() release.Outcome {
	for _, err := range r.clientErrors() {
		if o := ending(err); o != release.OutcomeUnknown {
			return o
		}
	}
	return release.Failed
}

func ending(err error) release.Outcome {
	switch {
	case errors.Is(err, release.ErrSuperseded):
		return release.Superseded
	case errors.Is(err, release.ErrStopping), errors.Is(err, context.Canceled):
		return release.Interrupted
	}
	return release.OutcomeUnknown
}

// clientErrors are what Helm was told, the latest first.
func (r *run) clientErrors() []error {
	if r.client == nil {
		return nil
	}
	errs := slices.Clone(r.client.Errors())
	slices.Reverse(errs)
	return errs
}

func discardLogs(_, _, _ string) io.Writer { return io.Discard }
