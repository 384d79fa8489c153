package charthost

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"log"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"helm.sh/helm/v3/pkg/chart"
	"helm.sh/helm/v3/pkg/chart/loader"
)

// maxArchiveBytes bounds what is read as a chart.
const maxArchiveBytes = 256 << 20

// An archive is what is known about a .tgz file in some state.
type archive struct {
	info fs.FileInfo

	meta   *chart.Metadata // nil if it is no chart
	digest string          // SHA-256, in hexadecimal
	err    error           // why it is no chart
}

// A folder of charts, with what was read of its files already.
type folder struct {
	dir    string
	report func(file string, err error)

	mu    sync.Mutex
	known map[string]archive // by path, slashes only
}

// newFolder returns the folder dir, which must exist.
func newFolder(dir string, report func(file string, err error)) (*folder, error) {
	f := &folder{dir: dir, report: report, known: map[string]archive{}}
	return f, f.within(func(*os.Root) error { return nil })
}

// within opens the folder for as long as do runs. Everything is read through
// the root: neither a name nor a symbolic link leads out of the folder. It is
// opened each time, since it may be removed and made again.
func (f *folder) within(do func(*os.Root) error) error {
	root, err := os.OpenRoot(f.dir)
	if err != nil {
		return fmt.Errorf("opening the folder of charts: %w", err)
	}
	defer func() {
		_ = root.Close() // it was only read from
	}()
	return do(root)
}

// look returns the charts of the folder as it is now, by path. It reads files
// whose size or time changed, and reports those that are no charts.
func (f *folder) look() (map[string]archive, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	seen := map[string]archive{}
	charts := map[string]archive{}
	err := f.within(func(root *os.Root) error {
		return f.walk(root, func(name string, info fs.FileInfo) {
			a, ok := f.known[name]
			if !ok || !same(a.info, info) {
				a = read(root, name, info)
				if a.err != nil && !errors.Is(a.err, fs.ErrNotExist) {
					f.report(name, a.err)
				}
			}
			seen[name] = a
			if a.err == nil {
				charts[name] = a
			}
		})
	})
	if err != nil {
		return nil, err
	}
	f.known = seen
	return charts, nil
}

// walk calls visit for each .tgz file of the folder and of folders in it, in
// order. A folder of the second level that cannot be read is left out.
func (f *folder) walk(root *os.Root, visit func(name string, info fs.FileInfo)) error {
	top, err := fs.ReadDir(root.FS(), ".")
	if err != nil {
		return fmt.Errorf("listing the folder of charts: %w", err)
	}
	names := []string{}
	for _, e := range top {
		names = append(names, e.Name())
		if !e.IsDir() {
			continue
		}
		inner, err := fs.ReadDir(root.FS(), e.Name())
		if err != nil {
			f.report(e.Name(), err)
			continue
		}
		for _, in := range inner {
			names = append(names, path.Join(e.Name(), in.Name()))
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if !strings.HasSuffix(name, ".tgz") {
			continue
		}
		// Follows a link within the folder; what a link points to has the date.
		if info, err := root.Stat(filepath.FromSlash(name)); err == nil && info.Mode().IsRegular() {
			visit(name, info)
		}
	}
	return nil
}

// read reads a file as a chart.
func read(root *os.Root, name string, info fs.FileInfo) archive {
	a := archive{info: info}
	if info.Size() > maxArchiveBytes {
		a.err = fmt.Errorf("it is bigger than %d bytes", int64(maxArchiveBytes))
		return a
	}
	content, err := root.ReadFile(filepath.FromSlash(name))
	if err != nil {
		a.err = err
		return a
	}
	c, err := loader.LoadArchive(bytes.NewReader(content))
	if err != nil {
		a.err = fmt.Errorf("loading the chart: %w", err)
		return a
	}
	sum := sha256.Sum256(content)
	a.meta, a.digest = c.Metadata, hex.EncodeToString(sum[:])
	return a
}

// same reports whether a file is what it was. A file that was replaced by
// another is another one, though size and date may be equal.
func same(was, is fs.FileInfo) bool {
	return was.Size() == is.Size() && was.ModTime().Equal(is.ModTime()) && os.SameFile(was, is)
}

// logReport is the report of those who ask for none.
func logReport(file string, err error) { log.Printf("left %q out of the index: %v", file, err) }
