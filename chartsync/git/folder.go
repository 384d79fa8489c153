package git

import (
	"bytes"
	"errors"
	"fmt"
	"path"
	"strings"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/pkg/git"
)

const (
	// maxHops bounds the symbolic links on the way to one file.
	maxHops = 20
	// maxTarget bounds the length of a symbolic link.
	maxTarget = 4096
)

// lfsPointer starts a file whose content git does not have.
var lfsPointer = []byte("version https://git-lfs.github.com/spec/v1\n")

// A folder is a chart's directory in a mirror.
type folder struct {
	mirror *git.Mirror
	root   string // hash of the tree
}

// found is an entry, and its path below the root with links resolved.
type found struct {
	git.Entry
	path string
}

// unfit says what in a chart's directory keeps it from being a chart.
func unfit(format string, args ...any) error {
	return errorf(chartsync.ErrInvalid, format, args...)
}

// invalidIn adds chart and place to what unfit or pkg/git said of one file.
func invalidIn(dir, place string, err error) error {
	if !errors.Is(err, chartsync.ErrInvalid) && !errors.Is(err, git.ErrInvalid) {
		return err
	}
	return &sourceError{kind: chartsync.ErrInvalid, text: fmt.Sprintf("chart in %s %s: %s", shown(dir), place, err), cause: err}
}

// find returns what is at a path of the folder; the zero value if nothing is.
// Symbolic links are followed as long as they stay in the folder.
func (f folder) find(p string) (found, error) {
	var (
		at    []string
		here  = git.Entry{Kind: git.KindDirectory, Hash: f.root}
		trees = []git.Entry{here}
		rest  = strings.Split(p, "/")
		hops  int
	)
	for len(rest) > 0 {
		part := rest[0]
		rest = rest[1:]
		switch {
		case part == "" || part == ".":
			continue
		case part == ".." && len(at) == 0:
			return found{}, unfit("symbolic link %q leaves the chart", p)
		case part == "..":
			at, trees = at[:len(at)-1], trees[:len(trees)-1]
			here = trees[len(trees)-1]
			continue
		}
		next, err := f.child(here, part)
		if err != nil || next.Kind == "" {
			return found{}, err
		}
		if next.Kind != git.KindSymlink {
			at, trees, here = append(at, part), append(trees, next), next
			continue
		}
		if hops++; hops > maxHops {
			return found{}, unfit("symbolic link %q leads through too many others", p)
		}
		target, err := f.mirror.Blob(next.Hash, maxTarget)
		if err != nil {
			return found{}, err
		}
		if bytes.HasPrefix(target, []byte("/")) {
			return found{}, unfit("symbolic link %q leaves the chart", p)
		}
		rest = append(strings.Split(string(target), "/"), rest...)
	}
	return found{Entry: here, path: path.Join(at...)}, nil
}

// child returns the entry of a name in a directory, the zero Entry if there is
// none.
func (f folder) child(dir git.Entry, name string) (git.Entry, error) {
	if dir.Kind != git.KindDirectory {
		return git.Entry{}, nil
	}
	entries, err := f.mirror.List(dir.Hash)
	if err != nil {
		return git.Entry{}, err
	}
	for _, e := range entries {
		if e.Name == name {
			return e, nil
		}
	}
	return git.Entry{}, nil
}

// content reads a file, named as people know it.
func (f folder) content(name string, e git.Entry, limit int64) ([]byte, error) {
	size, err := f.mirror.Size(e.Hash)
	if err != nil {
		return nil, err
	}
	if size > limit {
		return nil, unfit("file %q has %d bytes, more than Helm's limit of %d", name, size, limit)
	}
	content, err := f.mirror.Blob(e.Hash, limit)
	if err != nil {
		return nil, err
	}
	if bytes.HasPrefix(content, lfsPointer) {
		return nil, unfit("file %q is a Git LFS pointer; its content is not in the git repository", name)
	}
	return content, nil
}
