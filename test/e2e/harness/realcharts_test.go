package harness

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRealCharts(t *testing.T) {
	there := t.TempDir()
	for _, name := range []string{"web-1.0.0.tgz", "web-1.1.0.tgz"} {
		if err := os.WriteFile(filepath.Join(there, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, tc := range map[string]struct {
		why     string
		folder  string
		pattern string
		want    int
		reason  string
		fails   bool
	}{
		"There":      {why: "all that match are taken", folder: there, pattern: "web-*.tgz", want: 2},
		"NoFolder":   {why: "the reason names the folder", folder: there + "/charts", pattern: "web-*.tgz", reason: there + "/charts does not exist"},
		"NotTheOnes": {why: "a test must not do without what is missing by mistake", folder: there, pattern: "wbe-*.tgz", fails: true},
	} {
		t.Run(name, func(t *testing.T) {
			archives, reason, err := realCharts(tc.folder, tc.pattern)
			if len(archives) != tc.want || !strings.HasSuffix(reason, tc.reason) || (reason == "") != (tc.reason == "") || (err != nil) != tc.fails {
				t.Errorf("%s: got %d charts, reason %q, error %v", tc.why, len(archives), reason, err)
			}
		})
	}
}
