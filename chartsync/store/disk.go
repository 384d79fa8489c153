package store

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// writes is how often an entry is written again after another process that
// opened the store took its unfinished file for a leftover.
const writes = 5

// write makes path hold data, whole or not at all.
func (s *Store) write(path string, data []byte) error {
	var err error
	for range writes {
		if err = s.writeOnce(path, data); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

func (s *Store) writeOnce(path string, data []byte) (err error) {
	f, err := os.CreateTemp(s.dir, tempPrefix+"*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, ignoreGone(os.Remove(f.Name())))
		}
	}()
	if _, err = f.Write(encode(data)); err != nil {
		return errors.Join(err, f.Close())
	}
	// Without it, a machine that stops could leave the name on an empty file.
	if err = f.Sync(); err != nil {
		return errors.Join(err, f.Close())
	}
	if err = f.Close(); err != nil {
		return err
	}
	now := s.now()
	if err = os.Chtimes(f.Name(), now, now); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}

// An entry is a file of the store.
type entry struct {
	path string
	size int64
	read time.Time
}

// evict removes the entries that were not read for longest until the store
// fits its bound; keep stays.
func (s *Store) evict(keep string) error {
	s.evicts.Lock()
	defer s.evicts.Unlock()
	entries, total, err := s.entries()
	if err != nil {
		return fmt.Errorf("bounding the chart store: %w", err)
	}
	slices.SortFunc(entries, func(a, b entry) int {
		return cmp.Or(a.read.Compare(b.read), cmp.Compare(a.path, b.path))
	})
	for _, e := range entries {
		if total <= s.maxBytes {
			return nil
		}
		if e.path == keep {
			continue
		}
		if err := ignoreGone(os.Remove(e.path)); err != nil {
			return fmt.Errorf("bounding the chart store: %w", err)
		}
		total -= e.size
	}
	return nil
}

// entries lists the entries and the sum of their sizes.
func (s *Store) entries() ([]entry, int64, error) {
	files, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, 0, err
	}
	var list []entry
	var total int64
	for _, f := range files {
		if !strings.HasSuffix(f.Name(), suffix) {
			continue
		}
		info, err := f.Info()
		if errors.Is(err, fs.ErrNotExist) {
			continue // evicted by another process
		}
		if err != nil {
			return nil, 0, err
		}
		list = append(list, entry{path: filepath.Join(s.dir, f.Name()), size: info.Size(), read: info.ModTime()})
		total += info.Size()
	}
	return list, total, nil
}

// ignoreGone turns "it is not there" into success.
func ignoreGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// globEscape quotes what filepath.Glob would take for a pattern.
func globEscape(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
