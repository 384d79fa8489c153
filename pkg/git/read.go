package git

import (
	"errors"
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/go-git/go-git/v5/plumbing"
	"github.com/go-git/go-git/v5/plumbing/filemode"
	"github.com/go-git/go-git/v5/plumbing/object"
	"github.com/go-git/go-git/v5/storage/filesystem"
)

// A Kind is what an entry of a tree is.
type Kind string

// The kinds of entries that git knows.
const (
	KindFile       Kind = "file"
	KindExecutable Kind = "executable file"
	KindDirectory  Kind = "directory"
	KindSymlink    Kind = "symbolic link"
	KindSubmodule  Kind = "submodule"
)

// An Entry is one name in a tree.
type Entry struct {
	Name string
	Kind Kind
	// Hash of the blob or tree. Nothing of a submodule is in the mirror.
	Hash string
}

// CleanPath returns a path in a repository in its one form: slashes, no dots,
// "" for the root. A path that leaves the repository is an ErrBadSpec.
func CleanPath(p string) (string, error) {
	for part := range strings.SplitSeq(p, "/") {
		if part == ".." {
			return "", &problem{kind: ErrBadSpec, text: fmt.Sprintf("path %q leaves the git repository", p)}
		}
	}
	if strings.ContainsAny(p, "\\\x00") {
		return "", &problem{kind: ErrBadSpec, text: fmt.Sprintf("path %q: write it with slashes", p)}
	}
	return strings.TrimPrefix(path.Clean("/"+p), "/"), nil
}

// Tree returns the hash of the directory at a path of a commit. The path is as
// CleanPath returns it. It wraps ErrNotFound if there is nothing, ErrInvalid if
// there is something else than a directory.
func (m *Mirror) Tree(commit, path string) (string, error) {
	var tree string
	err := m.read(func(store *filesystem.Storage) error {
		entry, err := entryAt(store, plumbing.NewHash(commit), path)
		switch {
		case err != nil:
			return err
		case entry.Hash == "":
			return &problem{kind: ErrNotFound, text: fmt.Sprintf("no directory %q", path)}
		case entry.Kind != KindDirectory:
			return &problem{kind: ErrInvalid, text: fmt.Sprintf("%q is a %s and no directory", path, entry.Kind)}
		}
		tree = entry.Hash
		return nil
	})
	return tree, err
}

// entryAt returns the entry at a path of a commit, the zero Entry if there is
// none.
func entryAt(store *filesystem.Storage, commit plumbing.Hash, path string) (Entry, error) {
	c, err := object.GetCommit(store, commit)
	if err != nil {
		return Entry{}, err
	}
	at := Entry{Kind: KindDirectory, Hash: c.TreeHash.String()}
	if path == "" {
		return at, nil
	}
	for part := range strings.SplitSeq(path, "/") {
		if at.Kind != KindDirectory {
			return Entry{}, nil
		}
		tree, err := object.GetTree(store, plumbing.NewHash(at.Hash))
		if err != nil {
			return Entry{}, err
		}
		next := Entry{}
		for _, e := range tree.Entries {
			if e.Name == part {
				next = entryOf(e)
				break
			}
		}
		at = next
	}
	return at, nil
}

// entryOf returns a tree's entry as one of ours.
func entryOf(e object.TreeEntry) Entry {
	kind := KindFile
	switch e.Mode {
	case filemode.Executable:
		kind = KindExecutable
	case filemode.Dir:
		kind = KindDirectory
	case filemode.Symlink:
		kind = KindSymlink
	case filemode.Submodule:
		kind = KindSubmodule
	}
	return Entry{Name: e.Name, Kind: kind, Hash: e.Hash.String()}
}

// HasTree reports whether a tree is in the mirror, and so whether these
// credentials have once fetched it.
func (m *Mirror) HasTree(tree string) (bool, error) {
	known := false
	err := m.read(func(store *filesystem.Storage) error {
		kind, err := kindOf(store, plumbing.NewHash(tree))
		known = kind == plumbing.TreeObject
		return err
	})
	return known, err
}

// List returns the entries of a tree in git's order. It wraps ErrDamaged if the
// tree is not there: trees are asked for by what other objects name.
func (m *Mirror) List(tree string) ([]Entry, error) {
	var entries []Entry
	err := m.read(func(store *filesystem.Storage) error {
		t, err := object.GetTree(store, plumbing.NewHash(tree))
		if err != nil {
			return err
		}
		for _, e := range t.Entries {
			entries = append(entries, entryOf(e))
		}
		return nil
	})
	return entries, err
}

// Size returns the number of bytes of a blob without reading it.
func (m *Mirror) Size(blob string) (int64, error) {
	var size int64
	err := m.read(func(store *filesystem.Storage) (err error) {
		size, err = store.EncodedObjectSize(plumbing.NewHash(blob))
		return err
	})
	return size, err
}

// Blob returns the content of a file, or the target of a symbolic link. A blob
// of more than limit bytes is an ErrInvalid, and is not read.
func (m *Mirror) Blob(blob string, limit int64) ([]byte, error) {
	var content []byte
	err := m.read(func(store *filesystem.Storage) error {
		size, err := store.EncodedObjectSize(plumbing.NewHash(blob))
		if err != nil {
			return err
		}
		if size > limit {
			return &problem{kind: ErrInvalid, text: fmt.Sprintf("%d bytes are more than the limit of %d", size, limit)}
		}
		b, err := object.GetBlob(store, plumbing.NewHash(blob))
		if err != nil {
			return err
		}
		reader, err := b.Reader()
		if err != nil {
			return err
		}
		content, err = io.ReadAll(reader)
		return errors.Join(err, reader.Close())
	})
	return content, err
}
