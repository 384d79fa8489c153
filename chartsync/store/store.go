// Package store keeps charts on disk, so that each is downloaded once.
//
// A Store is a folder of entries: bytes under a key. Every entry carries the
// SHA-256 of its bytes, which is checked whenever it is read: what is torn or
// damaged is removed and reported as absent, never served. An entry appears
// whole or not at all, whatever kills the process, and two processes may share
// a folder. The folder is bounded: entries that nobody read for longest go.
//
// Key says who an entry belongs to: charts are shared among those who have the
// same URL and the same credentials, and with nobody else.
//
// A Flight lets concurrent callers share one piece of work.
//
// Nothing here knows what a chart looks like inside, or where it comes from.
package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/fairlead-dev/fairlead/chartsync"
)

// DefaultMaxBytes bounds a store that is opened without WithMaxBytes.
const DefaultMaxBytes = 1 << 30

const (
	suffix     = ".chart"
	tempPrefix = "tmp-"
	// magic starts an entry's first line; the SHA-256 of the bytes ends it.
	magic      = "fairlead-chart 1 sha256:"
	headerSize = len(magic) + 2*sha256.Size + 1
)

// A Store is a bounded folder of entries. It is safe for concurrent use.
type Store struct {
	dir      string
	maxBytes int64
	now      func() time.Time

	flight Flight[[]byte]
	evicts sync.Mutex
}

// An Option changes how a store is opened.
type Option func(*Store)

// WithMaxBytes bounds the bytes that the store keeps; n <= 0 changes nothing.
func WithMaxBytes(n int64) Option {
	return func(s *Store) {
		if n > 0 {
			s.maxBytes = n
		}
	}
}

// WithClock sets the clock that orders entries by when they were last read.
func WithClock(now func() time.Time) Option {
	return func(s *Store) {
		if now != nil {
			s.now = now
		}
	}
}

// Open opens the store in dir, which is created when it is not there. It
// removes what writers that were killed left behind.
func Open(dir string, opts ...Option) (*Store, error) {
	s := &Store{dir: dir, maxBytes: DefaultMaxBytes, now: time.Now}
	for _, o := range opts {
		o(s)
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening the chart store: %w", err)
	}
	// A writer in another process whose file goes here writes it again.
	left, err := filepath.Glob(filepath.Join(globEscape(dir), tempPrefix+"*"))
	if err != nil {
		return nil, fmt.Errorf("opening the chart store: %w", err)
	}
	for _, path := range left {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("opening the chart store: %w", err)
		}
	}
	return s, s.evict("")
}

// Key returns the key of a chart for those who reach it by spec: the digest
// within the source's URL and credentials. Whoever only knows a digest gets
// nothing by it.
func Key(spec chartsync.Spec, digest string) string {
	return strings.Join([]string{digest, spec.URL(), spec.Credentials.Digest()}, "\n")
}

// Get returns the bytes under key, and whether there are any. A damaged entry
// is removed and counts as absent.
func (s *Store) Get(key string) ([]byte, bool, error) {
	path := s.path(key)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("reading the chart store: %w", err)
	}
	data, ok := decode(raw)
	if !ok || !fits(key, data) {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, false, fmt.Errorf("removing a damaged chart from the store: %w", err)
		}
		return nil, false, nil
	}
	// Only the order of eviction depends on this: another process may have
	// evicted the entry, or the folder may be read-only by now.
	_ = os.Chtimes(path, s.now(), s.now())
	return data, true, nil
}

// Put keeps data under key, and evicts the entries that were not read for
// longest if the store gets too big. Data bigger than the whole store is not
// kept. A key that starts with "sha256:" must be the digest of data.
func (s *Store) Put(key string, data []byte) error {
	if !fits(key, data) {
		return fmt.Errorf("keeping a chart: its digest is not the %s it is kept under", digestOf(key))
	}
	if int64(len(data)+headerSize) > s.maxBytes {
		return nil
	}
	path := s.path(key)
	if err := s.write(path, data); err != nil {
		return fmt.Errorf("keeping a chart in the store: %w", err)
	}
	return s.evict(path)
}

// Fill returns the bytes under key; if there are none, it calls load and keeps
// what that returns. Concurrent callers with one key share one call of load,
// which ends early only when all of them are gone.
func (s *Store) Fill(ctx context.Context, key string, load func(context.Context) ([]byte, error)) ([]byte, error) {
	if data, ok, err := s.Get(key); ok || err != nil {
		return data, err
	}
	return s.flight.Do(ctx, key, func(ctx context.Context) ([]byte, error) {
		if data, ok, err := s.Get(key); ok || err != nil {
			return data, err // another caller was faster
		}
		data, err := load(ctx)
		if err != nil {
			return nil, err
		}
		return data, s.Put(key, data)
	})
}

// path returns where the entry of key lies. Keys may hold anything; their hash
// is a file name everywhere.
func (s *Store) path(key string) string {
	sum := sha256.Sum256([]byte(key))
	return filepath.Join(s.dir, hex.EncodeToString(sum[:])+suffix)
}

// encode puts the header before the data.
func encode(data []byte) []byte {
	sum := sha256.Sum256(data)
	header := magic + hex.EncodeToString(sum[:]) + "\n"
	return append([]byte(header), data...)
}

// decode returns the data of an entry, and whether it is whole.
func decode(raw []byte) ([]byte, bool) {
	if len(raw) < headerSize {
		return nil, false
	}
	data := raw[headerSize:]
	sum := sha256.Sum256(data)
	return data, bytes.Equal(raw[:headerSize], []byte(magic+hex.EncodeToString(sum[:])+"\n"))
}

// fits reports whether data may lie under key.
func fits(key string, data []byte) bool {
	want, isSum := strings.CutPrefix(digestOf(key), "sha256:")
	if !isSum {
		return true
	}
	sum := sha256.Sum256(data)
	return strings.EqualFold(want, hex.EncodeToString(sum[:]))
}

// digestOf returns the digest that key starts with.
func digestOf(key string) string {
	digest, _, _ := strings.Cut(key, "\n")
	return digest
}
