package git

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"sync"
	"time"

	"github.com/go-git/go-billy/v5/osfs"
	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/cache"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// objectCacheSize bounds the decoded objects that one mirror keeps in memory.
// The cache is not shared: a hash must not open another mirror's objects.
const objectCacheSize = 16 * cache.MiByte

// A Mirror is the local bare copy of one URL as certain credentials see it. It
// is safe for concurrent use.
type Mirror struct {
	url         string
	credentials Credentials
	dir         string
	timeout     time.Duration
	http        *http.Client

	looks   looks
	fetches chan struct{} // holds one token while the directory is written to

	mu         sync.Mutex // guards what follows; go-git's storage is not safe for concurrent use
	store      *filesystem.Storage
	cache      cache.Object
	generation int  // how often the mirror was discarded
	hopeless   bool // the last time in vain
	changes    map[pathAt]string
}

func newMirror(all *Mirrors, url string, credentials Credentials, dir string) *Mirror {
	return &Mirror{
		url: url, credentials: credentials, dir: dir, timeout: all.timeout, http: all.http,
		fetches: make(chan struct{}, 1), changes: map[pathAt]string{},
	}
}

// URL returns the address of the remote.
func (m *Mirror) URL() string { return m.url }

// Resolve returns the hash of the commit that ref means now. It asks the remote
// once, and fetches only if the commit is not in the mirror. A commit that is
// in the mirror needs no network at all.
func (m *Mirror) Resolve(ctx context.Context, ref Ref) (string, error) {
	if err := ref.check(); err != nil {
		return "", err
	}
	var commit string
	err := m.Mend(ctx, func() (err error) {
		commit, err = m.resolve(ctx, ref)
		return err
	})
	return commit, err
}

func (m *Mirror) resolve(ctx context.Context, ref Ref) (string, error) {
	if ref.Commit != "" {
		if known, err := m.hasCommit(ref.Commit); known || err != nil {
			return ref.Commit, err
		}
	}
	seen, err := m.look(ctx)
	if err != nil {
		return "", err
	}
	commit, err := m.find(seen, ref)
	if err != nil {
		return "", err
	}
	if known, err := m.hasCommit(commit); known || err != nil {
		return commit, err
	}
	if err := m.fetch(ctx, seen); err != nil {
		return "", err
	}
	switch known, err := m.hasCommit(commit); {
	case err != nil:
		return "", err
	case known:
		return commit, nil
	case ref.Commit != "":
		return "", &problem{kind: ErrNotFound, text: fmt.Sprintf("no %s in %s: no branch or tag leads to it", ref, m.url)}
	}
	return "", &problem{kind: ErrInvalid, text: fmt.Sprintf("%s of %s is no commit", ref, m.url)}
}

// lockFetches waits for its turn to write to the directory.
func (m *Mirror) lockFetches(ctx context.Context) (release func(), err error) {
	select {
	case m.fetches <- struct{}{}:
		return func() { <-m.fetches }, nil
	case <-ctx.Done():
		return nil, m.timedOut(ctx, ctx.Err())
	}
}

// openStore opens the objects on disk. Each call sees the packs of that moment.
func (m *Mirror) openStore(objects cache.Object) *filesystem.Storage {
	return filesystem.NewStorage(osfs.New(m.dir), objects)
}

// read hands the mirror's objects to do, one caller at a time. What go-git
// cannot read is damage, unless the disk itself is the problem.
func (m *Mirror) read(do func(store *filesystem.Storage) error) (err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cache == nil {
		m.cache = cache.NewObjectLRU(objectCacheSize)
	}
	if m.store == nil {
		m.store = m.openStore(m.cache)
	}
	// go-git panics on some broken packs; that is damage like any other.
	defer func() {
		if r := recover(); r != nil {
			err = &problem{kind: ErrDamaged, text: fmt.Sprintf("the local mirror of %s is damaged", m.url)}
		}
	}()
	err = do(m.store)
	var p *problem
	if err == nil || errors.As(err, &p) {
		return err
	}
	m.store = nil // go-git keeps what it read of the packs before the error
	var onDisk *fs.PathError
	if errors.As(err, &onDisk) && !errors.Is(err, fs.ErrNotExist) {
		return m.diskProblem(err)
	}
	return &problem{ErrDamaged, fmt.Sprintf("the local mirror of %s is damaged", m.url), err}
}

// diskProblem is an error of our own disk, for which the mirror is kept.
func (m *Mirror) diskProblem(err error) error {
	return &problem{ErrUnavailable, fmt.Sprintf("working on the local mirror of %s: %s", m.url, innermost(err)), err}
}

// hasCommit reports whether the commit and its tree are in the mirror.
func (m *Mirror) hasCommit(hash string) (known bool, err error) {
	err = m.read(func(store *filesystem.Storage) error {
		kind, err := kindOf(store, plumbing.NewHash(hash))
		if err != nil || kind != plumbing.CommitObject {
			return err
		}
		commit, err := object.GetCommit(store, plumbing.NewHash(hash))
		if err != nil {
			return err
		}
		_, err = commit.Tree()
		known = err == nil
		return err
	})
	return known, err
}

// kindOf returns what an object is, InvalidObject if it is not in the mirror. A
// pack that has the object in its index and cannot give it is an error; go-git
// calls that "not found", too.
func kindOf(store *filesystem.Storage, hash plumbing.Hash) (plumbing.ObjectType, error) {
	err := store.HasEncodedObject(hash)
	if errors.Is(err, plumbing.ErrObjectNotFound) {
		return plumbing.InvalidObject, nil
	}
	if err != nil {
		return plumbing.InvalidObject, err
	}
	found, err := store.EncodedObject(plumbing.AnyObject, hash)
	if err != nil {
		return plumbing.InvalidObject, err
	}
	return found.Type(), nil
}
