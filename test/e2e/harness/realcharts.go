package harness

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// realCharts returns the archives in a folder of real projects' charts. Where
// the folder is not there it returns the reason for doing without them; where it
// is, each pattern has to match.
func realCharts(folder string, patterns ...string) (archives []string, reason string, err error) {
	if _, err := os.Stat(folder); os.IsNotExist(err) {
		return nil, fmt.Sprintf("there are no charts of real projects: %s does not exist", folder), nil
	}
	for _, pattern := range patterns {
		found, err := filepath.Glob(filepath.Join(folder, pattern))
		if err != nil {
			return nil, "", err
		}
		if len(found) == 0 {
			return nil, "", fmt.Errorf("no chart matches %s in %s", pattern, folder)
		}
		archives = append(archives, found...)
	}
	return archives, "", nil
}

// PublishReal puts charts of real projects into the repository, named by
// patterns below the folder shared/charts that lies beside this repository. It
// skips the test when there is no such folder: they are data that the project
// does without.
func (r *ChartRepo) PublishReal(t testing.TB, patterns ...string) {
	t.Helper()
	archives, reason, err := realCharts(filepath.Join(repository(), "..", "shared", "charts"), patterns...)
	if err != nil {
		t.Fatal(err)
	}
	if reason != "" {
		t.Skip(reason)
	}
	for _, archive := range archives {
		content, err := os.ReadFile(archive)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(r.Dir, filepath.Base(archive)), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}
