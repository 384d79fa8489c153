package git

import (
	"bytes"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
	"unicode"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/ignore"

	"github.com/fairlead-dev/fairlead/pkg/git"
)

// maxEntries bounds what is looked at for one chart: links to directories can
// multiply a small tree.
const maxEntries = 50000

// A file is one file of a chart, by its path below the chart's directory.
type file struct {
	name    string
	content []byte
}

// A collector reads the files that make up a chart, as Helm's directory loader
// chooses them.
type collector struct {
	folder
	rules   *ignore.Rules
	files   []file
	left    int64 // bytes that the chart may still have
	entries int
}

// collect returns the files of the chart in the folder, sorted by name.
func collect(f folder) ([]file, error) {
	rules, err := ignoreRules(f)
	if err != nil {
		return nil, err
	}
	c := &collector{folder: f, rules: rules, left: loader.MaxDecompressedChartSize}
	if err := c.directory("", found{Entry: git.Entry{Kind: git.KindDirectory, Hash: f.root}}, nil); err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(c.files, func(f file) bool { return f.name == chartFile }) {
		return nil, unfit("%s leaves out %s", ignore.HelmIgnore, chartFile)
	}
	slices.SortFunc(c.files, func(a, b file) int { return strings.Compare(a.name, b.name) })
	return c.files, nil
}

// ignoreRules reads .helmignore, if there is one.
func ignoreRules(f folder) (*ignore.Rules, error) {
	rules := ignore.Empty()
	entry, err := f.find(ignore.HelmIgnore)
	if err != nil {
		return nil, err
	}
	if entry.Kind == git.KindFile || entry.Kind == git.KindExecutable {
		content, err := f.content(ignore.HelmIgnore, entry.Entry, loader.MaxDecompressedFileSize)
		if err != nil {
			return nil, err
		}
		if rules, err = ignore.Parse(bytes.NewReader(content)); err != nil {
			return nil, unfit("invalid .helmignore: %s", oneLine(err))
		}
	}
	rules.AddDefaults()
	return rules, nil
}

// directory reads what is in a directory. Its name is the path in the chart,
// its own path where links lead; inside are the trees around it.
func (c *collector) directory(name string, dir found, inside []string) error {
	if slices.Contains(inside, dir.Hash) {
		return unfit("symbolic link %q leads to a directory around it", name)
	}
	inside = append(slices.Clone(inside), dir.Hash)
	entries, err := c.mirror.List(dir.Hash)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if err := checkName(e.Name); err != nil {
			return err
		}
		if c.entries++; c.entries > maxEntries {
			return unfit("more than %d files and directories", maxEntries)
		}
		if err := c.entry(path.Join(name, e.Name), found{e, path.Join(dir.path, e.Name)}, inside); err != nil {
			return err
		}
	}
	return nil
}

// entry reads one entry of a directory, unless the chart ignores it.
func (c *collector) entry(name string, e found, inside []string) error {
	if c.rules.Ignore(name, info{name: path.Base(name), dir: e.Kind == git.KindDirectory}) {
		return nil
	}
	switch e.Kind {
	case git.KindDirectory:
		return c.directory(name, e, inside)
	case git.KindSymlink:
		target, err := c.find(e.path)
		if err != nil {
			return err
		}
		if target.Kind == "" {
			return unfit("symbolic link %q leads nowhere", name)
		}
		return c.entry(name, target, inside)
	case git.KindSubmodule:
		return unfit("%q is a git submodule, which is not supported", name)
	}
	content, err := c.content(name, e.Entry, min(loader.MaxDecompressedFileSize, c.left))
	if err != nil {
		return err
	}
	c.left -= int64(len(content))
	c.files = append(c.files, file{name: name, content: content})
	return nil
}

// checkName refuses names that an archive or Helm would take for something
// else than a file of the chart.
func checkName(name string) error {
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, `/\`) || strings.ContainsFunc(name, unicode.IsControl) {
		return unfit("file name %q cannot be part of a chart", name)
	}
	return nil
}

// info is what Helm's ignore rules ask of a file.
type info struct {
	name string
	dir  bool
}

// Name is the last element of the path.
func (i info) Name() string { return i.name }

// IsDir reports whether it is a directory.
func (i info) IsDir() bool { return i.dir }

// Size is not asked for.
func (i info) Size() int64 { return 0 }

// Mode says no more than IsDir.
func (i info) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o755
	}
	return 0o644
}

// ModTime is not asked for: git keeps none.
func (i info) ModTime() time.Time { return time.Time{} }

// Sys is not asked for.
func (i info) Sys() any { return nil }
