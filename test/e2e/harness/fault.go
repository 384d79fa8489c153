package harness

import (
	"maps"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
)

// A Fault is a way in which a ChartRepo fails.
type Fault string

// The faults.
const (
	// Sound is no fault.
	Sound Fault = ""
	// Unauthorized asks everybody who they are (401).
	Unauthorized Fault = "unauthorized"
	// Missing has neither index nor charts (404).
	Missing Fault = "missing"
	// Failing answers 503.
	Failing Fault = "failing"
	// GarbageIndex has an index.yaml that is not YAML.
	GarbageIndex Fault = "garbage index"
	// WrongDigests has an index.yaml with digests that are not the archives'.
	WrongDigests Fault = "wrong digests"
	// MissingArchives has the index and no chart (404).
	MissingArchives Fault = "missing archives"
	// TruncatedArchives has an index without digests, and only the first half
	// of each archive.
	TruncatedArchives Fault = "truncated archives"
	// HalfArchives has only the first half of each archive, and an index with
	// digests that show it.
	HalfArchives Fault = "half archives"
)

// WrongDigest is the digest that WrongDigests shows. Of digits alone it would be
// a number to YAML.
var WrongDigest = strings.Repeat("badcafe0", 8)

var digests = regexp.MustCompile(`(?m)^(\s*digest:\s*"?(?:sha256:)?)[0-9a-f]{64}`)

// serve answers a request as the fault would have it.
func (f Fault) serve(w http.ResponseWriter, r *http.Request, sound http.Handler) {
	index := strings.HasSuffix(r.URL.Path, "/index.yaml")
	archive := strings.HasSuffix(r.URL.Path, ".tgz")
	switch {
	case f == Unauthorized:
		w.Header().Set("WWW-Authenticate", `Basic realm="charts"`)
		http.Error(w, "who are you?", http.StatusUnauthorized)
	case f == Missing, f == MissingArchives && archive:
		http.NotFound(w, r)
	case f == Failing:
		http.Error(w, "not now", http.StatusServiceUnavailable)
	case f == GarbageIndex && index:
		changed(w, r, sound, func(string) string { return "<html>\n\t{{ not: yaml ]\n" })
	case f == WrongDigests && index:
		changed(w, r, sound, func(text string) string {
			return digests.ReplaceAllString(text, "${1}"+WrongDigest)
		})
	case f == TruncatedArchives && index:
		changed(w, r, sound, func(text string) string {
			return regexp.MustCompile(`(?m)^\s*digest:.*\n`).ReplaceAllString(text, "")
		})
	case (f == TruncatedArchives || f == HalfArchives) && archive:
		changed(w, r, sound, func(bytes string) string { return bytes[:len(bytes)/2] })
	default:
		sound.ServeHTTP(w, r)
	}
}

// changed answers with another body than the sound one. It says nothing by
// which the answer could be cached, and is no "not modified" either.
func changed(w http.ResponseWriter, r *http.Request, sound http.Handler, change func(string) string) {
	r = r.Clone(r.Context())
	r.Header.Del("If-None-Match")
	r.Header.Del("If-Modified-Since")
	r.Header.Del("Accept-Encoding")
	answer := httptest.NewRecorder()
	sound.ServeHTTP(answer, r)
	maps.Copy(w.Header(), answer.Header())
	for _, name := range []string{"Etag", "Last-Modified", "Content-Length"} {
		w.Header().Del(name)
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write([]byte(change(answer.Body.String()))) // the client may be gone
}
