package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// Mend runs read, and if that finds the mirror damaged, throws the mirror away
// and runs read once more. So read starts with Resolve, or does without what
// is not in the mirror. Damage that a new mirror has as well is the remote's:
// that is an ErrInvalid, and this mirror is not fetched anew for it again.
func (m *Mirror) Mend(ctx context.Context, read func() error) error {
	before, hopeless := m.state()
	err := read()
	if !errors.Is(err, ErrDamaged) {
		return err
	}
	if hopeless {
		return m.unreadable(err)
	}
	if err := m.discard(ctx, before); err != nil {
		return err
	}
	fresh, _ := m.state()
	if err = read(); !errors.Is(err, ErrDamaged) {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	// Another generation by now means that read fell into somebody's discard.
	if m.generation == fresh {
		m.hopeless = true
		return m.unreadable(err)
	}
	return err
}

// state returns how often the mirror was discarded, and whether that was in vain.
func (m *Mirror) state() (generation int, hopeless bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.generation, m.hopeless
}

// unreadable says that the remote itself has what we cannot read.
func (m *Mirror) unreadable(err error) error {
	return &problem{ErrInvalid, fmt.Sprintf("git repository %s has objects that cannot be read", m.url), err}
}

// discard throws the mirror away unless somebody else did since generation.
func (m *Mirror) discard(ctx context.Context, generation int) error {
	release, err := m.lockFetches(ctx)
	if err != nil {
		return err
	}
	defer release()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.generation != generation {
		return nil
	}
	// Renamed first: a directory half removed must not pass for a mirror.
	aside := fmt.Sprintf("%s%s%d", m.dir, discardedSuffix, time.Now().UnixNano())
	if err := os.Rename(m.dir, aside); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return m.diskProblem(err)
	}
	m.generation++
	m.store, m.cache, m.changes = nil, nil, map[pathAt]string{}
	if err := os.RemoveAll(aside); err != nil {
		return m.diskProblem(err)
	}
	return nil
}
