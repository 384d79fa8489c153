package repository

import (
	"bytes"
	"context"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"helm.sh/helm/v3/pkg/repo"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/chartsync/sourcetest"
)

var (
	podinfo1 = sourcetest.Chart{Version: "1.0.0", Text: "one"}
	podinfo2 = sourcetest.Chart{Version: "2.0.0", Text: "two"}
)

// mustResolve resolves and expects success.
func mustResolve(t *testing.T, s chartsync.Source, spec chartsync.Spec) chartsync.Revision {
	t.Helper()
	rev, err := s.Resolve(t.Context(), spec)
	if err != nil {
		t.Fatalf("Resolve: %v", err)
	}
	return rev
}

// mustFetch fetches and expects success.
func mustFetch(t *testing.T, s chartsync.Source, spec chartsync.Spec, rev chartsync.Revision) chartsync.Chart {
	t.Helper()
	c, err := s.Fetch(t.Context(), spec, rev)
	if err != nil {
		t.Fatalf("Fetch: %v", err)
	}
	return c
}

// entriesOf returns the parsed index that the source has, by identity: another
// map means that it was parsed again.
func entriesOf(t *testing.T, s chartsync.Source, spec chartsync.Spec) map[string][]entry {
	t.Helper()
	r, err := parse(spec, true)
	if err != nil {
		t.Fatal(err)
	}
	idx := s.(*Source).indexes.get(r.key())
	if idx == nil {
		t.Fatal("the source has no index")
	}
	return idx.charts
}

func TestUnchangedIndex(t *testing.T) {
	for name, c := range map[string]struct {
		why       string
		configure func(*host)
		want      string // the header that the second request carries
	}{
		"ETag":         {why: "One 304.", configure: func(h *host) { h.noDates = true }, want: "If-None-Match"},
		"LastModified": {why: "One 304.", configure: func(h *host) { h.noETags = true }, want: "If-Modified-Since"},
		"Neither":      {why: "The body comes again, and is not parsed.", configure: func(h *host) { h.noETags, h.noDates = true, true }},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, false, chartsync.Credentials{})
			c.configure(f.host)
			f.Publish(t, podinfo1)
			s := f.Open(t, t.TempDir())
			rev := mustResolve(t, s, f.Spec())
			parsed := entriesOf(t, s, f.Spec())
			parsed["a mark"] = nil
			if again := mustResolve(t, s, f.Spec()); again != rev {
				t.Errorf("want %+v again, got %+v", rev, again)
			}
			if _, same := entriesOf(t, s, f.Spec())["a mark"]; !same {
				t.Errorf("%s The index was parsed again", c.why)
			}
			conditional := f.Count(func(r *http.Request) bool { return c.want != "" && r.Header.Get(c.want) != "" })
			if n := f.Requests(); n != 2 || c.want != "" && conditional != 1 {
				t.Errorf("%s Want 2 requests, the second with %q; got %d and %d", c.why, c.want, n, conditional)
			}
		})
	}
}

func TestFreshDateIsNoValidator(t *testing.T) {
	// An index that changes twice in one second has one Last-Modified.
	f := newFixture(t, false, chartsync.Credentials{})
	f.host.noETags = true
	f.Publish(t, podinfo1)
	touch := func() {
		f.host.mu.Lock()
		defer f.host.mu.Unlock()
		file := f.host.files["/charts/index.yaml"]
		file.modified = time.Now()
		f.host.files["/charts/index.yaml"] = file
	}
	touch()
	s := f.Open(t, t.TempDir())
	mustResolve(t, s, f.Spec())
	f.Publish(t, podinfo2)
	touch()
	if rev := mustResolve(t, s, f.Spec()); rev.Version != podinfo2.Version {
		t.Errorf("want %s, got %s", podinfo2.Version, rev.Version)
	}
}

func TestConcurrentResolvesShareOneRequest(t *testing.T) {
	f := newFixture(t, false, chartsync.Credentials{})
	f.Publish(t, podinfo1)
	f.Publish(t, sourcetest.Chart{Name: "other", Version: "1.0.0"})
	s := f.Open(t, t.TempDir())
	f.Break(sourcetest.Slow)
	var group sync.WaitGroup
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	for i := range 20 {
		name := []string{"podinfo", "other"}[i%2]
		group.Go(func() {
			if _, err := s.Resolve(ctx, f.spec(name, "")); err != nil {
				t.Error(err)
			}
		})
	}
	// All of them wait by now, or come while the request is under way.
	r, err := parse(f.Spec(), true)
	if err != nil {
		t.Fatal(err)
	}
	for s.(*Source).asking.Waiting(r.key()) < 20 && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	f.Break(sourcetest.Healthy)
	group.Wait()
	if n := f.Requests(); n != 1 {
		t.Errorf("20 Resolves of one URL: want 1 request, got %d", n)
	}
}

func TestIndexesArePerCredentials(t *testing.T) {
	f := newFixture(t, false, chartsync.Credentials{})
	f.Publish(t, podinfo1)
	s := f.Open(t, t.TempDir())
	mustResolve(t, s, f.Spec())
	other := f.Spec()
	other.Credentials = chartsync.Credentials{Token: "another"}
	mustResolve(t, s, other)
	if n := f.Count(func(r *http.Request) bool { return r.Header.Get("If-None-Match") != "" }); n != 0 {
		t.Errorf("what one's credentials got validated another's request, %d times", n)
	}
}

func TestIndexWithoutDigests(t *testing.T) {
	f := newFixture(t, false, chartsync.Credentials{})
	f.host.noDigests = true
	f.Publish(t, podinfo1)
	s := f.Open(t, t.TempDir())
	rev := mustResolve(t, s, f.Spec())
	if want := digestOf(podinfo1.Archive()); rev.Digest != want {
		t.Errorf("want the digest of the archive %s, got %s", want, rev.Digest)
	}
	if c := mustFetch(t, s, f.Spec(), rev); !bytes.Equal(c.Archive, podinfo1.Archive()) {
		t.Error("want the archive")
	}
	mustResolve(t, s, f.Spec())
	if n := f.Downloads(); n != 1 {
		t.Errorf("resolved twice and fetched: want 1 download, got %d", n)
	}

	// A changed index may come with a changed archive: it is asked for, and has not.
	f.PublishUnrelated(t)
	mustFetch(t, s, f.Spec(), mustResolve(t, s, f.Spec()))
	notModified := f.Count(func(r *http.Request) bool {
		return strings.HasSuffix(r.URL.Path, ".tgz") && r.Header.Get("If-None-Match") != ""
	})
	if n := f.Downloads(); n != 2 || notModified != 1 {
		t.Errorf("after another chart came: want 1 conditional request more, got %d and %d", n, notModified)
	}

	changed := podinfo1
	changed.Text = "changed"
	f.Publish(t, changed)
	f.host.edit(func(i *repo.IndexFile) { i.Generated = time.Now().Add(time.Hour) })
	if rev := mustResolve(t, s, f.Spec()); rev.Digest != digestOf(changed.Archive()) {
		t.Errorf("want the digest of the changed archive, got %s", rev.Digest)
	}
}

func TestCompressedIndex(t *testing.T) {
	// Web servers compress text. The limit is for the unpacked size.
	f := newFixture(t, false, chartsync.Credentials{})
	f.Publish(t, podinfo1)
	f.Publish(t, podinfo2)
	f.host.compress = true
	s := f.Open(t, t.TempDir())
	mustFetch(t, s, f.Spec(), mustResolve(t, s, f.Spec()))
	f.opts = append(f.opts, WithMaxIndexBytes(int64(len(f.host.files["/charts/index.yaml"].content)-1)))
	_, err := f.Open(t, t.TempDir()).Resolve(t.Context(), f.Spec())
	wantProblem(t, err, chartsync.ErrInvalid, "bigger than the limit")
}

func TestUserAgent(t *testing.T) {
	f := newFixture(t, false, chartsync.Credentials{})
	f.Publish(t, podinfo1)
	f.opts = append(f.opts, WithUserAgent("fairlead/1.2.3"))
	if err := fetchNewest(t, f.Open(t, t.TempDir()), f.Spec()); err != nil {
		t.Fatal(err)
	}
	if n := f.Count(func(r *http.Request) bool { return r.UserAgent() == "fairlead/1.2.3" }); n != 2 {
		t.Errorf("want the name in both requests, got it in %d", n)
	}
}

func TestForgetsIndexesThatNobodyAsksFor(t *testing.T) {
	var x indexes
	for i := range 3 * maxIndexes {
		x.use("always", &index{})
		x.use(strings.Repeat("k", i+1), &index{})
	}
	if len(x.byKey) != maxIndexes || len(x.recent) != maxIndexes || x.get("always") == nil {
		t.Errorf("want %d indexes, the one in use among them; got %d", maxIndexes, len(x.byKey))
	}
}
