package charthost

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"helm.sh/helm/v3/pkg/repo"
)

// packaged returns a small chart as `helm package` writes it.
func packaged(t *testing.T, name, version, text string) []byte {
	t.Helper()
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	tw := tar.NewWriter(zw)
	write := func(path, content string) {
		err := tw.WriteHeader(&tar.Header{Name: name + "/" + path, Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg})
		if err == nil {
			_, err = io.WriteString(tw, content)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	write("Chart.yaml", fmt.Sprintf("apiVersion: v2\nname: %s\nversion: %s\n", name, version))
	write("templates/text.txt", text)
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	if err := zw.Close(); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// put writes a file of a folder, with a date.
func put(t *testing.T, dir, name string, content []byte, at time.Time) {
	t.Helper()
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(path, at, at); err != nil {
		t.Fatal(err)
	}
}

var (
	monday  = time.Date(2026, 1, 5, 10, 0, 0, 0, time.UTC)
	tuesday = monday.AddDate(0, 0, 1)
)

// reports collects what is reported.
type reports struct {
	mu    sync.Mutex
	files []string
}

func (r *reports) add(file string, _ error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files = append(r.files, file)
}

// take returns what was reported since it was asked last.
func (r *reports) take() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	files := strings.Join(r.files, " ")
	r.files = nil
	return files
}

// parsed reads the text of an index with Helm.
func parsed(t *testing.T, text []byte) *repo.IndexFile {
	t.Helper()
	path := filepath.Join(t.TempDir(), "index.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
	index, err := repo.LoadIndexFile(path)
	if err != nil {
		t.Fatalf("Helm does not read the index: %v\n%s", err, text)
	}
	return index
}

// summary lists an index: per chart, versions with URL, newest first.
func summary(index *repo.IndexFile) map[string][]string {
	list := map[string][]string{}
	for name, versions := range index.Entries {
		for _, v := range versions {
			list[name] = append(list[name], v.Version+" "+v.URLs[0])
		}
	}
	return list
}

func TestIndex(t *testing.T) {
	dir := t.TempDir()
	web := packaged(t, "web", "1.0.0", "")
	put(t, dir, "web-1.0.0.tgz", web, monday)
	put(t, dir, "web-1.10.0.tgz", packaged(t, "web", "1.10.0", ""), tuesday)
	put(t, dir, "web-1.9.0.tgz", packaged(t, "web", "1.9.0", ""), monday)
	put(t, dir, "more/db-0.1.0.tgz", packaged(t, "db", "0.1.0", ""), monday)
	put(t, dir, "more/deeper/no-0.1.0.tgz", packaged(t, "no", "0.1.0", ""), monday)
	put(t, dir, "half.tgz", web[:len(web)/2], monday)
	put(t, dir, "README.md", []byte("# Charts"), monday)

	for name, c := range map[string]struct {
		why, base string
		want      map[string][]string
	}{
		"Relative": {"Without a URL, the charts are beside the index.", "", map[string][]string{
			"web": {"1.10.0 web-1.10.0.tgz", "1.9.0 web-1.9.0.tgz", "1.0.0 web-1.0.0.tgz"},
			"db":  {"0.1.0 more/db-0.1.0.tgz"},
		}},
		"URL": {"With one, they are below it.", "https://charts.example.com/x/", map[string][]string{
			"web": {
				"1.10.0 https://charts.example.com/x/web-1.10.0.tgz", "1.9.0 https://charts.example.com/x/web-1.9.0.tgz",
				"1.0.0 https://charts.example.com/x/web-1.0.0.tgz",
			},
			"db": {"0.1.0 https://charts.example.com/x/more/db-0.1.0.tgz"},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			reported := &reports{}
			text, err := Index(dir, c.base, WithReport(reported.add))
			if err != nil {
				t.Fatal(err)
			}
			index := parsed(t, text)
			if diff := cmp.Diff(c.want, summary(index)); diff != "" {
				t.Errorf("%s -want +got:\n%s", c.why, diff)
			}
			byHelm, err := repo.IndexDirectory(dir, c.base)
			if err != nil {
				t.Fatal(err)
			}
			byHelm.SortEntries()
			if diff := cmp.Diff(summary(byHelm), summary(index)); diff != "" {
				t.Errorf("not what Helm's index has: -want +got:\n%s", diff)
			}
			for name, versions := range byHelm.Entries {
				for i, v := range versions {
					if got := index.Entries[name][i]; got.Digest != v.Digest {
						t.Errorf("%s %s: want Helm's digest %s, got %s", name, v.Version, v.Digest, got.Digest)
					}
				}
			}
			if got := index.Entries["web"][1].Created; !got.Equal(monday) || !index.Generated.Equal(tuesday) {
				t.Errorf("want the files' dates, got %s and %s", got, index.Generated)
			}
			if got := reported.take(); got != "half.tgz" {
				t.Errorf("want the broken file reported, got %q", got)
			}
			again, err := Index(dir, c.base, WithReport(reported.add))
			if err != nil || !bytes.Equal(text, again) {
				t.Errorf("the same folder has another index: %v", err)
			}
		})
	}
}

func TestWriteIndex(t *testing.T) {
	dir := t.TempDir()
	put(t, dir, "web-1.0.0.tgz", packaged(t, "web", "1.0.0", ""), monday)
	for range 2 { // written, and written over
		if err := WriteIndex(dir, "https://charts.example.com"); err != nil {
			t.Fatal(err)
		}
		index, err := repo.LoadIndexFile(filepath.Join(dir, IndexName))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(map[string][]string{"web": {"1.0.0 https://charts.example.com/web-1.0.0.tgz"}}, summary(index)); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 2 {
		t.Errorf("want the chart and the index, got %v, %v", files, err)
	}
	if info, err := os.Stat(filepath.Join(dir, IndexName)); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("want a file that a web server can read, got %v, %v", info.Mode(), err)
	}
	if err := WriteIndex(filepath.Join(dir, "absent"), ""); err == nil {
		t.Error("want an error for a folder that is not there")
	}
}

// hosting is a folder, served.
type hosting struct {
	dir, url string
	handler  *Handler
	reported *reports
}

func serveFolder(t *testing.T) *hosting {
	t.Helper()
	h := &hosting{dir: t.TempDir(), reported: &reports{}}
	handler, err := NewHandler(h.dir, WithReport(h.reported.add))
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	h.handler, h.url = handler, server.URL
	return h
}

// ask sends a request and returns the answer with its body.
func (h *hosting) ask(t *testing.T, method, path string, header map[string]string) (*http.Response, []byte) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, h.url+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range header {
		r.Header.Set(name, value)
	}
	res, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res, body
}

// index returns what the served index lists.
func (h *hosting) index(t *testing.T) map[string][]string {
	t.Helper()
	res, body := h.ask(t, http.MethodGet, "/index.yaml", nil)
	if res.StatusCode != http.StatusOK {
		t.Fatalf("HTTP %d", res.StatusCode)
	}
	return summary(parsed(t, body))
}

func (h *hosting) wantIndex(t *testing.T, want map[string][]string) {
	t.Helper()
	if diff := cmp.Diff(want, h.index(t)); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

func TestIndexFollowsTheFolder(t *testing.T) {
	h := serveFolder(t)
	h.wantIndex(t, map[string][]string{})

	web := packaged(t, "web", "1.0.0", "one")
	put(t, h.dir, "web-1.0.0.tgz", web, monday)
	h.wantIndex(t, map[string][]string{"web": {"1.0.0 web-1.0.0.tgz"}})

	put(t, h.dir, "web-2.0.0.tgz", web[:100], monday) // a copy under way
	h.wantIndex(t, map[string][]string{"web": {"1.0.0 web-1.0.0.tgz"}})
	h.wantIndex(t, map[string][]string{"web": {"1.0.0 web-1.0.0.tgz"}})
	if got := h.reported.take(); got != "web-2.0.0.tgz" {
		t.Errorf("want the incomplete file reported once, got %q", got)
	}
	put(t, h.dir, "web-2.0.0.tgz", packaged(t, "web", "2.0.0", ""), monday)
	h.wantIndex(t, map[string][]string{"web": {"2.0.0 web-2.0.0.tgz", "1.0.0 web-1.0.0.tgz"}})

	if err := os.Remove(filepath.Join(h.dir, "web-2.0.0.tgz")); err != nil {
		t.Fatal(err)
	}
	h.wantIndex(t, map[string][]string{"web": {"1.0.0 web-1.0.0.tgz"}})

	// Another file under the name, with equal size and date.
	changed := packaged(t, "web", "1.0.0", "two")
	if len(changed) != len(web) {
		t.Fatalf("the two charts must have equal sizes, have %d and %d", len(web), len(changed))
	}
	put(t, h.dir, "new", changed, monday)
	if err := os.Rename(filepath.Join(h.dir, "new"), filepath.Join(h.dir, "web-1.0.0.tgz")); err != nil {
		t.Fatal(err)
	}
	_, text := h.ask(t, http.MethodGet, "/index.yaml", nil)
	sum := sha256.Sum256(changed)
	if got := parsed(t, text).Entries["web"][0].Digest; got != hex.EncodeToString(sum[:]) {
		t.Errorf("want the digest of the replaced chart, got %s", got)
	}
	if got := h.reported.take(); got != "" {
		t.Errorf("want nothing reported, got %q", got)
	}
}

func TestReadsOnlyWhatChanged(t *testing.T) {
	h := serveFolder(t)
	put(t, h.dir, "web-1.0.0.tgz", packaged(t, "web", "1.0.0", ""), monday)
	h.index(t)
	h.handler.folder.mu.Lock()
	a := h.handler.folder.known["web-1.0.0.tgz"]
	a.meta.AppVersion = "a-mark" // read again, it would be gone
	h.handler.folder.mu.Unlock()
	put(t, h.dir, "web-2.0.0.tgz", packaged(t, "web", "2.0.0", ""), monday)
	if _, text := h.ask(t, http.MethodGet, "/index.yaml", nil); !bytes.Contains(text, []byte("a-mark")) {
		t.Error("a file that did not change was read again")
	}
}

func TestConditionalRequests(t *testing.T) {
	h := serveFolder(t)
	chart := packaged(t, "web", "1.0.0", "")
	put(t, h.dir, "web-1.0.0.tgz", chart, monday)
	put(t, h.dir, "web-1.0.0.tgz.prov", []byte("signed"), monday)
	for path, contentType := range map[string]string{
		"/index.yaml": "application/yaml", "/web-1.0.0.tgz": "application/gzip", "/web-1.0.0.tgz.prov": "text/plain; charset=utf-8",
	} {
		t.Run(path, func(t *testing.T) {
			res, body := h.ask(t, http.MethodGet, path, nil)
			etag, date := res.Header.Get("ETag"), res.Header.Get("Last-Modified")
			sum := sha256.Sum256(body)
			if etag != `"`+hex.EncodeToString(sum[:])+`"` || date == "" || res.Header.Get("Content-Type") != contentType {
				t.Fatalf("want an ETag of the content, a date and %s, got %v", contentType, res.Header)
			}
			head, none := h.ask(t, http.MethodHead, path, nil)
			if head.StatusCode != http.StatusOK || len(none) != 0 || head.ContentLength != int64(len(body)) || head.Header.Get("ETag") != etag {
				t.Errorf("HEAD: got HTTP %d, %d bytes, %v", head.StatusCode, len(none), head.Header)
			}
			for header, c := range map[string]struct {
				value string
				want  int
			}{
				"If-None-Match":     {etag, http.StatusNotModified},
				"If-Modified-Since": {date, http.StatusNotModified},
				"Range":             {"bytes=0-3", http.StatusPartialContent},
			} {
				if res, _ := h.ask(t, http.MethodGet, path, map[string]string{header: c.value}); res.StatusCode != c.want {
					t.Errorf("%s: want HTTP %d, got %d", header, c.want, res.StatusCode)
				}
			}
			if res, _ := h.ask(t, http.MethodGet, path, map[string]string{"If-None-Match": `"other"`}); res.StatusCode != http.StatusOK {
				t.Errorf("another ETag: want HTTP 200, got %d", res.StatusCode)
			}
		})
	}

	// A chart that comes with an old date changes the index all the same.
	res, _ := h.ask(t, http.MethodGet, "/index.yaml", nil)
	put(t, h.dir, "old-1.0.0.tgz", packaged(t, "old", "1.0.0", ""), monday.AddDate(-1, 0, 0))
	if res, _ := h.ask(t, http.MethodGet, "/index.yaml", map[string]string{"If-None-Match": res.Header.Get("ETag")}); res.StatusCode != http.StatusOK {
		t.Errorf("after a change: want HTTP 200, got %d", res.StatusCode)
	}
}

func TestServesNothingElse(t *testing.T) {
	h := serveFolder(t)
	outside := t.TempDir()
	chart := packaged(t, "web", "1.0.0", "")
	put(t, outside, "secret.tgz", chart, monday)
	put(t, h.dir, "web-1.0.0.tgz", chart, monday)
	put(t, h.dir, "notes.txt", []byte("private"), monday)
	put(t, h.dir, "sub/inner-1.0.0.tgz", chart, monday)
	if err := os.Mkdir(filepath.Join(h.dir, "folder.tgz"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join(outside, "secret.tgz"), filepath.Join(h.dir, "link.tgz")); err != nil {
		t.Fatal(err)
	}
	up := "/../" + filepath.Base(outside) + "/secret.tgz"
	for path, c := range map[string]struct {
		why  string
		want int
	}{
		"/web-1.0.0.tgz":                       {"A chart.", 200},
		"/sub/inner-1.0.0.tgz":                 {"A chart in a folder.", 200},
		"/":                                    {"No list of files.", 404},
		"/notes.txt":                           {"No chart.", 404},
		"/absent.tgz":                          {"Not there.", 404},
		"/folder.tgz":                          {"A folder.", 404},
		"/link.tgz":                            {"A link out of the folder.", 404},
		up:                                     {"A way up.", 404},
		strings.Replace(up, "..", "%2e%2e", 1): {"An encoded way up.", 404},
		"/sub/%2e%2e/web-1.0.0.tgz":            {"Down and up.", 404},
		"/sub%2f..%2fweb-1.0.0.tgz":            {"Encoded slashes.", 404},
		"/sub%5cinner-1.0.0.tgz":               {"Backslashes.", 404},
		"/%00.tgz":                             {"A zero byte.", 404},
		"//web-1.0.0.tgz":                      {"Two slashes.", 404},
	} {
		// As it is: http.Client and ServeMux would clean some of them.
		r := httptest.NewRequest(http.MethodGet, path, nil)
		w := httptest.NewRecorder()
		h.handler.ServeHTTP(w, r)
		if w.Code != c.want || strings.Contains(w.Body.String(), "private") {
			t.Errorf("%s (%s): want HTTP %d, got %d", path, c.why, c.want, w.Code)
		}
	}
	if got := h.index(t); len(got["web"]) != 2 {
		t.Errorf("want the two charts inside the folder in the index, got %v", got)
	}
	for _, method := range []string{http.MethodPost, http.MethodPut, http.MethodDelete, http.MethodOptions} {
		if res, _ := h.ask(t, method, "/web-1.0.0.tgz", nil); res.StatusCode != http.StatusMethodNotAllowed {
			t.Errorf("%s: want HTTP 405, got %d", method, res.StatusCode)
		}
	}
}

func TestConcurrentRequests(t *testing.T) {
	h := serveFolder(t)
	var group sync.WaitGroup
	for i := range 10 {
		group.Go(func() {
			version := fmt.Sprintf("1.%d.0", i)
			put(t, h.dir, "web-"+version+".tgz", packaged(t, "web", version, ""), monday)
			res, body := h.ask(t, http.MethodGet, "/index.yaml", nil)
			if res.StatusCode != http.StatusOK || !bytes.Contains(body, []byte("version: "+version)) {
				t.Errorf("HTTP %d, and %s is not in the index that was asked for after it came", res.StatusCode, version)
			}
		})
	}
	group.Wait()
}

func TestFolderThatGoesAndComesBack(t *testing.T) {
	h := serveFolder(t)
	if _, err := NewHandler(filepath.Join(h.dir, "absent")); err == nil {
		t.Error("want an error for a folder that is not there")
	}
	put(t, h.dir, "web-1.0.0.tgz", packaged(t, "web", "1.0.0", ""), monday)
	if err := os.RemoveAll(h.dir); err != nil {
		t.Fatal(err)
	}
	if res, _ := h.ask(t, http.MethodGet, "/index.yaml", nil); res.StatusCode != http.StatusInternalServerError {
		t.Errorf("no folder: want HTTP 500, got %d", res.StatusCode)
	}
	if got := h.reported.take(); got != IndexName {
		t.Errorf("want it reported, got %q", got)
	}
	put(t, h.dir, "db-1.0.0.tgz", packaged(t, "db", "1.0.0", ""), monday)
	h.wantIndex(t, map[string][]string{"db": {"1.0.0 db-1.0.0.tgz"}})
}
