package repository

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
	"sync"
	"testing"
	"time"

	"helm.sh/helm/v3/pkg/chart/loader"
	"helm.sh/helm/v3/pkg/repo"
	"sigs.k8s.io/yaml"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/chartsync/sourcetest"
	"github.com/fairlead-dev/fairlead/chartsync/store"
)

// longAgo is when the host's first file was changed; each change takes a second.
var longAgo = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// A host is a chart repository in memory below /charts.
type host struct {
	mu      sync.Mutex
	files   map[string]hostFile
	index   *repo.IndexFile
	changes int

	noDigests, noETags, noDates, compress bool
}

type hostFile struct {
	content  []byte
	modified time.Time
}

func newHost() *host {
	h := &host{files: map[string]hostFile{}, index: repo.NewIndexFile()}
	h.writeIndex()
	return h
}

// put serves content at a path below /charts.
func (h *host) put(name string, content []byte) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.changes++
	h.files["/charts/"+name] = hostFile{content, longAgo.Add(time.Duration(h.changes) * time.Second)}
}

// publish adds a chart, or replaces the one of its version.
func (h *host) publish(t *testing.T, c sourcetest.Chart) {
	t.Helper()
	archive := c.Archive()
	h.put("archives/"+c.FileName(), archive)
	loaded, err := loader.LoadArchive(bytes.NewReader(archive))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256(archive)
	digest := hex.EncodeToString(sum[:])
	if h.noDigests {
		digest = ""
	}
	h.mu.Lock()
	name := loaded.Name()
	var others repo.ChartVersions
	for _, v := range h.index.Entries[name] {
		if v.Version != c.Version {
			others = append(others, v)
		}
	}
	h.index.Entries[name] = others
	err = h.index.MustAdd(loaded.Metadata, c.FileName(), "archives", digest)
	h.index.SortEntries()
	h.mu.Unlock()
	if err != nil {
		t.Fatal(err)
	}
	h.writeIndex()
}

// edit changes the index by hand.
func (h *host) edit(change func(*repo.IndexFile)) {
	h.mu.Lock()
	change(h.index)
	h.mu.Unlock()
	h.writeIndex()
}

func (h *host) writeIndex() {
	h.mu.Lock()
	text, err := yaml.Marshal(h.index)
	h.mu.Unlock()
	if err != nil {
		panic(err)
	}
	h.put("index.yaml", text)
}

func (h *host) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h.mu.Lock()
	f, ok := h.files[r.URL.Path]
	h.mu.Unlock()
	if !ok {
		http.Error(w, sourcetest.Body, http.StatusNotFound)
		return
	}
	if !h.noETags {
		sum := sha256.Sum256(f.content)
		w.Header().Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
	}
	if h.compress {
		// Some servers say it of archives too, because they end in gz.
		w.Header().Set("Content-Encoding", "gzip")
		if !strings.HasSuffix(r.URL.Path, ".tgz") {
			f.content = gzipped(f.content)
		}
	}
	if h.noDates {
		f.modified = time.Time{}
	}
	http.ServeContent(w, r, path.Base(r.URL.Path), f.modified, bytes.NewReader(f.content))
}

func gzipped(content []byte) []byte {
	var buf bytes.Buffer
	zw := gzip.NewWriter(&buf)
	if _, err := zw.Write(content); err != nil {
		panic(err)
	}
	if err := zw.Close(); err != nil {
		panic(err)
	}
	return buf.Bytes()
}

// A fixture is a host on a server, for the suite and for the tests here.
type fixture struct {
	*sourcetest.Server
	host *host
	opts []Option
}

func newFixture(t *testing.T, tls bool, c chartsync.Credentials) *fixture {
	t.Helper()
	h := newHost()
	f := &fixture{host: h, opts: []Option{WithLoopback(true)}}
	if tls {
		f.Server = sourcetest.NewTLSServer(t, h, c)
		f.opts = append(f.opts, WithRootCAs(f.RootCAs))
	} else {
		f.Server = sourcetest.NewServer(t, h, c)
	}
	return f
}

func (f *fixture) Open(t *testing.T, dir string) chartsync.Source {
	t.Helper()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return New(s, f.opts...)
}

// spec asks for a chart and a range.
func (f *fixture) spec(name, version string) chartsync.Spec {
	return chartsync.Spec{
		Repository:  &chartsync.RepositorySpec{URL: f.URL + "/charts", Name: name, Version: version},
		Credentials: f.Credentials,
	}
}

func (f *fixture) Spec() chartsync.Spec      { return f.spec(sourcetest.ChartName, "") }
func (f *fixture) Missing() chartsync.Spec   { return f.spec("no-such-chart", "") }
func (f *fixture) Malformed() chartsync.Spec { return f.spec(sourcetest.ChartName, "one.two") }

func (f *fixture) Publish(t *testing.T, c sourcetest.Chart) { f.host.publish(t, c) }

func (f *fixture) PublishUnrelated(t *testing.T) {
	t.Helper()
	f.host.publish(t, sourcetest.Chart{Name: "unrelated", Version: "9.9.9"})
}

func (f *fixture) Downloads() int {
	return f.Count(func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, ".tgz") })
}

func TestSourceConformance(t *testing.T) {
	basic := chartsync.Credentials{Username: "reader", Password: "c0rrect-h0rse"}
	bearer := chartsync.Credentials{Token: "t0ken-0f-trust"}
	for name, c := range map[string]struct {
		why         string
		tls         bool
		credentials chartsync.Credentials
		configure   func(*host)
	}{
		"HTTP":       {why: "The plain way in."},
		"HTTPS":      {why: "With an authority that only an option knows.", tls: true},
		"Basic":      {why: "User and password.", credentials: basic},
		"Bearer":     {why: "A token.", credentials: bearer},
		"HTTPSBasic": {why: "What most private repositories are.", tls: true, credentials: basic},
		"NoETags":    {why: "A web server that has dates only.", configure: func(h *host) { h.noETags = true }},
		"NoValidators": {
			why:       "A web server that always answers in full.",
			configure: func(h *host) { h.noETags, h.noDates = true, true },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Log(c.why)
			sourcetest.Run(t, func(t *testing.T) sourcetest.Fixture {
				f := newFixture(t, c.tls, c.credentials)
				if c.configure != nil {
					c.configure(f.host)
				}
				return f
			})
		})
	}
}
