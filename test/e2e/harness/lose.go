package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// Hide takes the repository away from its server, which answers 404 from now on.
func (r *GitRepo) Hide(t testing.TB) {
	t.Helper()
	r.rename(t, r.repo.Name, r.repo.Name+".hidden")
}

// Show brings a hidden repository back.
func (r *GitRepo) Show(t testing.TB) {
	t.Helper()
	r.rename(t, r.repo.Name+".hidden", r.repo.Name)
}

func (r *GitRepo) rename(t testing.TB, from, to string) {
	t.Helper()
	if err := os.Rename(filepath.Join(r.repo.Root, from), filepath.Join(r.repo.Root, to)); err != nil {
		t.Fatal(err)
	}
}

// Unpublish removes a version of a chart.
func (r *ChartRepo) Unpublish(t testing.TB, name, version string) {
	t.Helper()
	if err := os.Remove(filepath.Join(r.Dir, fmt.Sprintf("%s-%s.tgz", name, version))); err != nil {
		t.Fatal(err)
	}
}
