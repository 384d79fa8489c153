package cli

import (
	"archive/tar"
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"k8s.io/cli-runtime/pkg/genericiooptions"
)

// chartsFolder returns a folder with a packaged chart web 0.1.0.
func chartsFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	pack(t, dir, "web", "0.1.0")
	return dir
}

func pack(t *testing.T, dir, name, version string) {
	t.Helper()
	text := fmt.Sprintf("apiVersion: v2\nname: %s\nversion: %s\n", name, version)
	var archive bytes.Buffer
	zipped := gzip.NewWriter(&archive)
	files := tar.NewWriter(zipped)
	header := &tar.Header{Name: name + "/Chart.yaml", Mode: 0o644, Size: int64(len(text)), ModTime: now}
	if err := files.WriteHeader(header); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(files, text); err != nil {
		t.Fatal(err)
	}
	if err := files.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zipped.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+"-"+version+".tgz"), archive.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestRepoErrors(t *testing.T) {
	dir := chartsFolder(t)
	file := filepath.Join(dir, "web-0.1.0.tgz")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()

	cases := map[string]struct {
		why  string
		args []string
		want string
	}{
		"NoFolder": {
			why:  "Both verbs look first.",
			args: []string{"repo", "index", "/nowhere/charts"},
			want: `Error: folder "/nowhere/charts" does not exist`,
		},
		"NotAFolder": {
			why:  "A chart is not a folder of charts.",
			args: []string{"repo", "serve", file},
			want: `Error: "` + file + `" is not a folder`,
		},
		"BelowAFile": {
			why:  "The reason is said once.",
			args: []string{"repo", "serve", file + "/charts"},
			want: `Error: looking into folder "` + file + `/charts": not a directory`,
		},
		"PortInUse": {
			why:  "The way out is said too.",
			args: []string{"repo", "serve", dir, "--address", taken.Addr().String()},
			want: "Error: address " + taken.Addr().String() + " is in use: choose another with --address, for example 127.0.0.1:0 for any free port",
		},
		"NoAddress": {
			why:  "Nonsense is named.",
			args: []string{"repo", "serve", dir, "--address", "8879"},
			want: `Error: listening on "8879": listen tcp: address 8879: missing port in address`,
		},
		"NoWebAddress": {
			why:  "An index with a path in it would work nowhere.",
			args: []string{"repo", "index", dir, "--url", "charts.example.com"},
			want: "Error: --url must be a web address, for example https://charts.example.com",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(answer{Err: tc.want + "\n", Code: 1}, run(tc.args...)); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.why, diff)
			}
		})
	}
}

func TestRepoIndex(t *testing.T) {
	dir := chartsFolder(t)
	if err := os.WriteFile(filepath.Join(dir, "half.tgz"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := run("repo", "index", dir, "--url", "https://charts.example.com/stable")
	if want := "Wrote " + filepath.Join(dir, "index.yaml") + "\n"; got.Code != 0 || got.Out != want {
		t.Errorf("want %q, got %+v", want, got)
	}
	if want := `Warning: left "half.tgz" out of the index: `; !strings.HasPrefix(got.Err, want) {
		t.Errorf("want a warning that begins with %q, got %+v", want, got)
	}
	index, err := os.ReadFile(filepath.Join(dir, "index.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if want := "https://charts.example.com/stable/web-0.1.0.tgz"; !strings.Contains(string(index), want) {
		t.Errorf("want %q in:\n%s", want, index)
	}
}

// TestRepoServe serves on a free port, sees a new chart at once, and stops when
// told to.
func TestRepoServe(t *testing.T) {
	dir := chartsFolder(t)
	ctx, interrupt := context.WithTimeout(t.Context(), time.Minute)
	defer interrupt()
	said, out := io.Pipe()
	ended := make(chan error, 1)
	streams := genericiooptions.IOStreams{Out: out, ErrOut: io.Discard}
	go func() { ended <- serveFolder(ctx, streams, dir, "127.0.0.1:0") }()

	line, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, said) }()
	before, url, ok := strings.Cut(strings.TrimSpace(line), " at ")
	if !ok || before != "Serving "+dir || strings.HasSuffix(url, ":0") {
		t.Fatalf("want the folder and the chosen port, got %q", line)
	}

	pack(t, dir, "db", "1.0.0")
	for _, chart := range []string{"web-0.1.0.tgz", "db-1.0.0.tgz"} {
		if index := fetch(ctx, t, url+"/index.yaml"); !strings.Contains(index, chart) {
			t.Errorf("want %s in the index:\n%s", chart, index)
		}
		fetch(ctx, t, url+"/"+chart)
	}

	interrupt()
	if err := <-ended; err != nil {
		t.Errorf("want a calm end after an interrupt, got %v", err)
	}
}

func fetch(ctx context.Context, t *testing.T, url string) string {
	t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s %v", url, response.Status, err)
	}
	return string(body)
}
