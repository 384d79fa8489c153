package git

import (
	"bufio"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
)

// A mirror on disk is an ordinary bare repository, so that a person can look
// into it with git. Refs are only ever in packed-refs: one file, one rename.
const (
	packedRefsFile  = "packed-refs"
	headFile        = "HEAD"
	configFile      = "config"
	packDir         = "objects/pack"
	discardedSuffix = ".discarded-"
)

// prepare makes the directory a bare repository and clears what a killed
// process left behind. It may run at any time except during a fetch.
func prepare(dir, url string) error {
	for _, sub := range []string{packDir, "refs"} {
		if err := os.MkdirAll(filepath.Join(dir, sub), 0o700); err != nil {
			return err
		}
	}
	config := "[core]\n\trepositoryformatversion = 0\n\tbare = true\n[remote \"origin\"]\n\turl = " + url + "\n"
	for name, text := range map[string]string{configFile: config, headFile: "ref: refs/heads/main\n"} {
		if _, err := os.Stat(filepath.Join(dir, name)); !errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err := replaceFile(filepath.Join(dir, name), text); err != nil {
			return err
		}
	}
	return clearLeftovers(dir)
}

// clearLeftovers removes packs that never got complete. go-git writes a pack's
// index first and in place, and keeps an index that it finds: half an index
// without its pack would damage the next fetch of the same objects.
func clearLeftovers(dir string) error {
	if err := removeAll(filepath.Join(dir, packDir), "tmp_*"); err != nil {
		return err
	}
	indexes, err := filepath.Glob(filepath.Join(dir, packDir, "*.idx"))
	if err != nil {
		return err
	}
	for _, index := range indexes {
		_, err := os.Stat(strings.TrimSuffix(index, ".idx") + ".pack")
		if errors.Is(err, fs.ErrNotExist) {
			err = os.Remove(index)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// writeRefs replaces all refs of the mirror at once.
func writeRefs(dir string, refs map[string]plumbing.Hash) error {
	var text strings.Builder
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		fmt.Fprintf(&text, "%s %s\n", refs[name], name)
	}
	return replaceFile(filepath.Join(dir, packedRefsFile), text.String())
}

// readRefs returns the refs of the last complete fetch; none before the first.
func readRefs(dir string) (map[string]plumbing.Hash, error) {
	refs := map[string]plumbing.Hash{}
	file, err := os.Open(filepath.Join(dir, packedRefsFile))
	if errors.Is(err, fs.ErrNotExist) {
		return refs, nil
	}
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // only read from
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		hash, name, ok := strings.Cut(lines.Text(), " ")
		if ok && plumbing.IsHash(hash) {
			refs[name] = plumbing.NewHash(hash)
		}
	}
	return refs, lines.Err()
}

// replaceFile writes a file so that it has its old or its new text, never half
// of one.
func replaceFile(path, text string) (err error) {
	tmp, err := os.CreateTemp(filepath.Dir(path), "tmp_"+filepath.Base(path)+"_")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp.Name()))
		}
	}()
	_, err = tmp.WriteString(text)
	if err = errors.Join(err, tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

// removeAll removes what matches the pattern in dir.
func removeAll(dir, pattern string) error {
	found, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		return err
	}
	for _, path := range found {
		if err := os.RemoveAll(path); err != nil {
			return err
		}
	}
	return nil
}
