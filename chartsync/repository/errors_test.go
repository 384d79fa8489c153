package repository

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"helm.sh/helm/v3/pkg/repo"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/chartsync/sourcetest"
)

// wantProblem expects an error that wraps the sentinel, has text in it, and is
// one sentence that quotes no response.
func wantProblem(t *testing.T, err, sentinel error, text string) {
	t.Helper()
	if err == nil {
		t.Fatalf("want an error with %q", text)
	}
	got := err.Error()
	if !errors.Is(err, sentinel) {
		t.Errorf("want an error that wraps %q, got: %s", sentinel, got)
	}
	if !strings.Contains(got, text) {
		t.Errorf("want %q in: %s", text, got)
	}
	if strings.Contains(got, sentinel.Error()) || strings.ContainsAny(got, "\r\n") || strings.Contains(got, sourcetest.Body) {
		t.Errorf("not a sentence for people: %q", got)
	}
}

// fetchNewest resolves and fetches, and returns the first error.
func fetchNewest(t *testing.T, s chartsync.Source, spec chartsync.Spec) error {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	rev, err := s.Resolve(ctx, spec)
	if err != nil {
		return err
	}
	_, err = s.Fetch(ctx, spec, rev)
	return err
}

// TestErrorTexts breaks one thing each; $URL stands for the server's address.
func TestErrorTexts(t *testing.T) {
	good := podinfo1.Archive()
	newest := func(i *repo.IndexFile) *repo.ChartVersion { return i.Entries["podinfo"][0] }
	for name, c := range map[string]struct {
		why           string
		breaks        func(*host)
		name, version string
		is            error
		want          string
	}{
		"NoMatch": {
			why:     "The range is right, and nothing is in it: say what there is.",
			version: "~7.1", is: chartsync.ErrNotFound,
			want: `chart "podinfo" has no version matching "~7.1" in $URL/charts (newest: 1.0.0)`,
		},
		"OnlyPrereleases": {
			why:    "No range, and nothing stable.",
			breaks: func(h *host) { h.edit(func(i *repo.IndexFile) { newest(i).Version = "2.0.0-rc.1" }) },
			is:     chartsync.ErrNotFound,
			want:   `chart "podinfo" has no stable version in $URL/charts (newest: 2.0.0-rc.1)`,
		},
		"OnlyInvalidVersions": {
			why:    "Helm skips invalid entries, so do we; the rest is nothing.",
			breaks: func(h *host) { h.edit(func(i *repo.IndexFile) { newest(i).Version = "latest" }) },
			is:     chartsync.ErrNotFound, want: `chart "podinfo" has no valid version in $URL/charts`,
		},
		"NoSuchChart": {
			why:  "A repository with few charts says which.",
			name: "podinf", is: chartsync.ErrNotFound,
			want: `no chart "podinf" in $URL/charts (it has "podinfo")`,
		},
		"BadRange": {
			why:     "Nothing will make it work but an edit.",
			version: "six", is: chartsync.ErrBadSpec,
			want: `version "six" of chart "podinfo" is not a semver range: write "1.2.3", "~1.2" or ">=1.2 <2"`,
		},
		"NoIndex": {
			why:    "The usual mistake: a URL of something else.",
			breaks: func(h *host) { delete(h.files, "/charts/index.yaml") },
			is:     chartsync.ErrNotFound,
			want:   `no index.yaml at $URL/charts (HTTP 404): is this the URL of a Helm repository?`,
		},
		"EmptyIndex": {
			why:    "A web server that was stopped while writing.",
			breaks: func(h *host) { h.put("index.yaml", nil) },
			is:     chartsync.ErrInvalid, want: `index.yaml at $URL/charts is not the index of a Helm repository: it is empty`,
		},
		"IndexIsNoYAML": {
			why: "The line helps the owner; its text is not for us to show.",
			breaks: func(h *host) {
				h.put("index.yaml", []byte("apiVersion: v1\nentries:\n  podinfo: ["+sourcetest.Body+"\n"))
			},
			is: chartsync.ErrInvalid, want: `index.yaml at $URL/charts is not the index of a Helm repository: its YAML is wrong at line`,
		},
		"IndexIsHTML": {
			why:    "A login page with HTTP 200.",
			breaks: func(h *host) { h.put("index.yaml", []byte("<!doctype html><p>"+sourcetest.Body+"</p>")) },
			is:     chartsync.ErrInvalid, want: `its fields have other types than those of an index`,
		},
		"IndexIsOtherYAML": {
			why:    "Helm's own sign of an index is its apiVersion.",
			breaks: func(h *host) { h.put("index.yaml", []byte("name: "+sourcetest.Body+"\n")) },
			is:     chartsync.ErrInvalid, want: `it has no apiVersion`,
		},
		"IndexIsOtherJSON": {
			why:    "JSON is read too.",
			breaks: func(h *host) { h.put("index.yaml", []byte(`{"apiVersion": "v1", "entries": ["`+sourcetest.Body+`"]}`)) },
			is:     chartsync.ErrInvalid, want: `its JSON has a field of the wrong type`,
		},
		"IndexTooBig": {
			why:    "The limit holds while reading.",
			breaks: func(h *host) { h.put("index.yaml", make([]byte, 1<<20+1)) },
			is:     chartsync.ErrInvalid, want: `$URL/charts/index.yaml is bigger than the limit of 1048576 bytes`,
		},
		"ArchiveTooBig": {
			why:    "And for archives.",
			breaks: func(h *host) { h.put("archives/podinfo-1.0.0.tgz", make([]byte, 1<<19+1)) },
			is:     chartsync.ErrInvalid, want: `$URL/charts/archives/podinfo-1.0.0.tgz is bigger than the limit of 524288 bytes`,
		},
		"NoArchive": {
			why:    "The index is ahead of the archives, or they were cleaned up.",
			breaks: func(h *host) { delete(h.files, "/charts/archives/podinfo-1.0.0.tgz") },
			is:     chartsync.ErrNotFound,
			want:   `the archive of chart "podinfo" 1.0.0 in $URL/charts is not where the index says (HTTP 404)`,
		},
		"WrongDigest": {
			why:    "Both digests are needed to find who is wrong.",
			breaks: func(h *host) { h.put("archives/podinfo-1.0.0.tgz", podinfo2.Archive()) },
			is:     chartsync.ErrInvalid,
			want: `the archive of chart "podinfo" 1.0.0 in $URL/charts has the digest ` + digestOf(podinfo2.Archive()) +
				`, and should have ` + digestOf(good) + `: its Chart.yaml has another name or version`,
		},
		"Truncated": {
			why:    "With a digest in the index.",
			breaks: func(h *host) { h.put("archives/podinfo-1.0.0.tgz", good[:len(good)/2]) },
			is:     chartsync.ErrInvalid, want: `: it is truncated`,
		},
		"TruncatedWithoutDigest": {
			why: "And without.",
			breaks: func(h *host) {
				h.edit(func(i *repo.IndexFile) { newest(i).Digest = "" })
				h.put("archives/podinfo-1.0.0.tgz", good[:len(good)-10])
			},
			is:   chartsync.ErrInvalid,
			want: `the archive of chart "podinfo" 1.0.0 in $URL/charts is not usable: it is truncated`,
		},
		"ArchiveIsHTML": {
			why: "A login page again.",
			breaks: func(h *host) {
				h.edit(func(i *repo.IndexFile) { newest(i).Digest = "" })
				h.put("archives/podinfo-1.0.0.tgz", []byte("<html>"+sourcetest.Body))
			},
			is: chartsync.ErrInvalid, want: `is not usable: it is not a gzip file`,
		},
		"ArchiveIsNoTar": {
			why: "Gzip of something else.",
			breaks: func(h *host) {
				h.edit(func(i *repo.IndexFile) { newest(i).Digest = "" })
				h.put("archives/podinfo-1.0.0.tgz", gzipped([]byte(strings.Repeat(sourcetest.Body, 100))))
			},
			is: chartsync.ErrInvalid, want: `is not usable: it is not a tar file`,
		},
		"ArchiveOfAnother": {
			why: "Without a digest nothing else would notice.",
			breaks: func(h *host) {
				h.edit(func(i *repo.IndexFile) { newest(i).Digest = "" })
				h.put("archives/podinfo-1.0.0.tgz", sourcetest.Chart{Name: "other", Version: "1.0.0"}.Archive())
			},
			is: chartsync.ErrInvalid, want: `is not usable: its Chart.yaml has another name or version`,
		},
		"NoURL": {
			why:    "An entry without a download.",
			breaks: func(h *host) { h.edit(func(i *repo.IndexFile) { newest(i).URLs = nil }) },
			is:     chartsync.ErrInvalid, want: `chart "podinfo" 1.0.0 in $URL/charts has no download URL`,
		},
		"OCIURL": {
			why: "Some index repositories point into OCI registries.",
			breaks: func(h *host) {
				h.edit(func(i *repo.IndexFile) { newest(i).URLs[0] = "oci://registry.example.com/podinfo:1.0.0" })
			},
			is: chartsync.ErrInvalid, want: `chart "podinfo" 1.0.0 in $URL/charts has a download URL that is neither http nor https`,
		},
		"UnparsableURL": {
			why:    "An index can hold anything.",
			breaks: func(h *host) { h.edit(func(i *repo.IndexFile) { newest(i).URLs[0] = "http://[" + sourcetest.Body }) },
			is:     chartsync.ErrInvalid, want: `has a download URL that cannot be parsed`,
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t, false, chartsync.Credentials{})
			f.opts = append(f.opts, WithMaxIndexBytes(1<<20), WithMaxArchiveBytes(1<<19))
			f.Publish(t, podinfo1)
			if c.breaks != nil {
				c.breaks(f.host)
			}
			if c.name == "" {
				c.name = "podinfo"
			}
			s := f.Open(t, t.TempDir())
			err := fetchNewest(t, s, f.spec(c.name, c.version))
			t.Log(err)
			wantProblem(t, err, c.is, strings.ReplaceAll(c.want, "$URL", f.URL))

			// It recovers by itself when the cause goes away.
			f.Publish(t, podinfo1)
			if err := fetchNewest(t, s, f.Spec()); err != nil {
				t.Errorf("%s It should be over: %v", c.why, err)
			}
		})
	}
}

func TestStatusTexts(t *testing.T) {
	for name, c := range map[string]struct {
		why         string
		code        int
		credentials chartsync.Credentials
		is          error
		want        string
	}{
		"Anonymous401": {"Nothing was given.", 401, chartsync.Credentials{}, chartsync.ErrUnauthorized, "/index.yaml asks for credentials, and none are given (HTTP 401)"},
		"Given401":     {"Something was.", 401, chartsync.Credentials{Token: "t"}, chartsync.ErrUnauthorized, "/index.yaml refused the credentials (HTTP 401)"},
		"403":          {"Also what a storage bucket says of a file that is not there.", 403, chartsync.Credentials{}, chartsync.ErrUnauthorized, "/index.yaml does not allow access (HTTP 403)"},
		"410":          {"Gone is not there.", 410, chartsync.Credentials{}, chartsync.ErrNotFound, "(HTTP 410): is this the URL of a Helm repository?"},
		"429":          {"It will pass.", 429, chartsync.Credentials{}, chartsync.ErrUnavailable, "cannot answer now (HTTP 429)"},
		"500":          {"It may pass.", 500, chartsync.Credentials{}, chartsync.ErrUnavailable, "cannot answer now (HTTP 500)"},
		"405":          {"It is something else.", 405, chartsync.Credentials{}, chartsync.ErrInvalid, "gave an unexpected answer (HTTP 405)"},
		"204":          {"Success without content is none.", 204, chartsync.Credentials{}, chartsync.ErrInvalid, "gave an unexpected answer (HTTP 204)"},
		"304":          {"Nobody asked whether it changed.", 304, chartsync.Credentials{}, chartsync.ErrInvalid, "gave an unexpected answer (HTTP 304)"},
	} {
		t.Run(name, func(t *testing.T) {
			server := sourcetest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(c.code)
			}), chartsync.Credentials{})
			f := &fixture{Server: server, opts: []Option{WithLoopback(true)}}
			spec := f.Spec()
			spec.Credentials = c.credentials
			_, err := f.Open(t, t.TempDir()).Resolve(t.Context(), spec)
			t.Log(err)
			wantProblem(t, err, c.is, c.want)
		})
	}
}

func TestNetworkTexts(t *testing.T) {
	closed := closedAddress(t)
	plain := newFixture(t, false, chartsync.Credentials{})
	secure := newFixture(t, true, chartsync.Credentials{})
	slow := newFixture(t, false, chartsync.Credentials{})
	slow.Break(sourcetest.Slow)
	down := newFixture(t, false, chartsync.Credentials{})
	down.Break(sourcetest.Down)
	short := sourcetest.NewServer(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "1000")
		_, _ = w.Write([]byte(sourcetest.Body))
	}), chartsync.Credentials{})

	for name, c := range map[string]struct {
		why  string
		url  string
		opts []Option
		want string
	}{
		"UnresolvableHost":  {"A typing error, or DNS is down.", "http://charts.invalid", nil, "asking http://charts.invalid/index.yaml: "},
		"ConnectionRefused": {"Nobody listens.", "http://" + closed, nil, "asking http://" + closed + "/index.yaml: connection refused"},
		"UnknownAuthority":  {"A private CA that we do not know.", secure.URL, []Option{WithRootCAs(nil)}, "its certificate is signed by an unknown authority"},
		"WrongHost":         {"The certificate is another host's.", strings.Replace(secure.URL, "127.0.0.1", "localhost", 1), secure.opts, "its certificate is for another host than localhost"},
		"NoTLS":             {"https where http is spoken.", strings.Replace(plain.URL, "http:", "https:", 1), nil, "it speaks http, not https"},
		"Timeout":           {"It takes the request and never answers.", slow.URL, []Option{WithTimeout(50 * time.Millisecond)}, "no answer in time (50ms at most)"},
		"Dropped":           {"It hangs up.", down.URL, nil, "the connection was closed before the answer was complete"},
		"ShortBody":         {"It hangs up in the middle.", short.URL, nil, "the connection was closed before the answer was complete"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fixture{Server: &sourcetest.Server{}, opts: append([]Option{WithLoopback(true)}, c.opts...)}
			spec := f.Spec()
			spec.Repository.URL = c.url
			_, err := f.Open(t, t.TempDir()).Resolve(t.Context(), spec)
			t.Log(err)
			wantProblem(t, err, chartsync.ErrUnavailable, c.want)
		})
	}
}

func TestGarbageIsNotQuoted(t *testing.T) {
	// Go's own error for an answer that is no HTTP quotes it.
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("SSH-2.0-" + sourcetest.Body + "\r\n"))
			_ = conn.Close()
		}
	}()
	f := &fixture{Server: &sourcetest.Server{URL: "http://" + listener.Addr().String()}, opts: []Option{WithLoopback(true)}}
	_, err = f.Open(t, t.TempDir()).Resolve(t.Context(), f.Spec())
	t.Log(err)
	wantProblem(t, err, chartsync.ErrUnavailable, "asking http://")
}

// closedAddress returns an address where nobody listens.
func closedAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

func TestBadSpecs(t *testing.T) {
	for name, c := range map[string]struct {
		why  string
		spec chartsync.Spec
		want string
	}{
		"Git":        {"Another source's.", chartsync.Spec{Git: &chartsync.GitSpec{}}, "names no repository"},
		"NoURL":      {"Nothing is there.", repositorySpec("", "podinfo", ""), `"" is not the URL of a repository`},
		"OCI":        {"Another source's.", repositorySpec("oci://example.com", "podinfo", ""), `"oci://example.com" is not the URL of a repository`},
		"NoHost":     {"A path is none.", repositorySpec("https:///charts", "podinfo", ""), "is not the URL of a repository"},
		"Unparsable": {"Its text is not shown: a password may be in it.", repositorySpec("https://u:p%zz@example.com", "podinfo", ""), "the repository's URL cannot be parsed"},
		"Userinfo":   {"It would be shown in every list of objects.", repositorySpec("https://u:p@example.com/x?token=q", "podinfo", ""), "the URL of repository https://example.com/x holds credentials: put them into a Secret"},
		"NoName":     {"Which chart?", repositorySpec("https://example.com", "", ""), "the spec names no chart of repository https://example.com"},
		"LinkLocal":  {"No DNS will change that.", repositorySpec("http://169.254.169.254/latest", "podinfo", ""), "its address 169.254.169.254 is link-local, which is never asked"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &fixture{Server: &sourcetest.Server{}}
			s := f.Open(t, t.TempDir())
			_, err := s.Resolve(t.Context(), c.spec)
			wantProblem(t, err, chartsync.ErrBadSpec, c.want)
			_, err = s.Fetch(t.Context(), c.spec, chartsync.Revision{Digest: "sha256:0"})
			wantProblem(t, err, chartsync.ErrBadSpec, c.want)
		})
	}
	broken := repositorySpec("https://example.com", "podinfo", "")
	broken.Credentials.Token = "token\n"
	_, err := (&fixture{Server: &sourcetest.Server{}}).Open(t, t.TempDir()).Resolve(t.Context(), broken)
	wantProblem(t, err, chartsync.ErrBadSpec, "the token for https://example.com contains a line break")
}

func repositorySpec(url, name, version string) chartsync.Spec {
	return chartsync.Spec{Repository: &chartsync.RepositorySpec{URL: url, Name: name, Version: version}}
}

func TestStoreThatFails(t *testing.T) {
	// It is our disk, not the source: nothing is wrong with the release.
	f := newFixture(t, false, chartsync.Credentials{})
	f.Publish(t, podinfo1)
	dir := t.TempDir()
	s := f.Open(t, dir)
	if err := os.RemoveAll(dir); err != nil {
		t.Fatal(err)
	}
	wantProblem(t, fetchNewest(t, s, f.Spec()), chartsync.ErrUnavailable, "keeping a chart in the store")
}

// archiveOf returns a gzipped tar of files.
func archiveOf(t *testing.T, files map[string]string) []byte {
	t.Helper()
	var buf bytes.Buffer
	tw := tar.NewWriter(&buf)
	for name, content := range files {
		err := tw.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg})
		if err == nil {
			_, err = tw.Write([]byte(content))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := tw.Close(); err != nil {
		t.Fatal(err)
	}
	return gzipped(buf.Bytes())
}

func TestUnusableArchives(t *testing.T) {
	rev := chartsync.Revision{Name: "podinfo", Version: "1.0.0"}
	good := podinfo1.Archive()
	damaged := bytes.Clone(good)
	damaged[len(damaged)/2] ^= 0xff
	trailer := bytes.Clone(good)
	trailer[len(trailer)-6] ^= 0xff // in the checksum, which Helm does not reach
	const meta = "apiVersion: v2\nname: podinfo\nversion: 1.0.0\n"
	for name, c := range map[string]struct {
		why     string
		archive []byte
		want    string
	}{
		"Good":        {"It is usable.", good, ""},
		"Garbage":     {"Bytes behind the end hurt nobody.", append(bytes.Clone(good), "garbage"...), ""},
		"Empty":       {"Nothing at all.", nil, "it is truncated"},
		"NoTrailer":   {"All files are there, the end is not.", good[:len(good)-4], "it is truncated"},
		"Checksum":    {"The end is there, and wrong.", trailer, "it is damaged"},
		"NoFiles":     {"A tar of nothing.", archiveOf(t, nil), "no files in chart archive"},
		"NoChartYAML": {"Something else was packaged.", archiveOf(t, map[string]string{"podinfo/values.yaml": ""}), "Chart.yaml file is missing"},
		"BadChartYAML": {"What is wrong in it is not quoted.", archiveOf(t, map[string]string{"podinfo/Chart.yaml": sourcetest.Body + ": ["}),
			"cannot load Chart.yaml"},
		"BadMetadata": {"Helm's own text quotes the version.", archiveOf(t, map[string]string{"podinfo/Chart.yaml": "name: podinfo\nversion: " + sourcetest.Body}),
			"Helm does not load it"},
		"Upwards": {"A path that leads out.", archiveOf(t, map[string]string{"podinfo/Chart.yaml": meta, "podinfo/../../x": ""}),
			"chart illegally references parent directory"},
		"OtherVersion": {"It is not what the index says.", archiveOf(t, map[string]string{"podinfo/Chart.yaml": strings.Replace(meta, "1.0.0", "1.0.1", 1)}),
			"its Chart.yaml has another name or version"},
		"SameVersion": {"Written in another way.", archiveOf(t, map[string]string{"podinfo/Chart.yaml": strings.Replace(meta, "1.0.0", "v1.0", 1)}), ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := loads(c.archive, rev); err != nil {
				got = err.Error()
			}
			if got != c.want {
				t.Errorf("%s Want %q, got %q", c.why, c.want, got)
			}
		})
	}
	if err := loads(damaged, rev); err == nil {
		t.Error("want an error for a damaged archive")
	}
}
