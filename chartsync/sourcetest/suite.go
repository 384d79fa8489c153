package sourcetest

import (
	"context"
	"encoding/base64"
	"errors"
	"io"
	"log"
	"strings"
	"testing"
	"time"

	"github.com/fairlead-dev/fairlead/chartsync"
)

// patience bounds every call of the suite; quickly bounds a cancelled one.
const (
	patience = 30 * time.Second
	quickly  = 2 * time.Second
)

// A check is one sentence about sources, and how to try it.
type check struct {
	why string
	run func(t *testing.T, newFixture func(*testing.T) Fixture)
}

// checks is the suite.
var checks = map[string]check{
	"ResolvesTheNewest":               {"A newer chart is seen by the next Resolve, nobody restarts anything.", resolvesTheNewest},
	"EqualContentEqualDigest":         {"A digest is of the content: two servers with the same chart give the same one.", equalContentEqualDigest},
	"OtherContentOtherDigest":         {"The same version with other content is another revision.", otherContentOtherDigest},
	"UnrelatedChangeKeepsTheRevision": {"A change beside the chart upgrades nothing.", unrelatedChangeKeepsTheRevision},
	"RevisionIsImmutable":             {"Fetch gives the revision it was asked for, though the source moved on.", revisionIsImmutable},
	"ReplacedContentIsNeverServed":    {"Other bytes under a known revision are an error at most, never an answer.", replacedContentIsNeverServed},
	"ArchiveIsAChart":                 {"Helm loads the archive, and it is the revision's name and version.", archiveIsAChart},
	"DownloadsOnce":                   {"A chart is downloaded once, however often it is asked for.", downloadsOnce},
	"DownloadsOnceAcrossARestart":     {"The store outlives the process.", downloadsOnceAcrossARestart},
	"StoreNeedsNoServer":              {"A chart in the store needs no network.", storeNeedsNoServer},
	"ConcurrentCallersShare":          {"Fifty releases of one chart are one download.", concurrentCallersShare},
	"CancellationIsHonoured":          {"A superseded wait ends at once.", cancellationIsHonoured},
	"CancellationIsPersonal":          {"One caller's cancellation does not fail those who share its request.", cancellationIsPersonal},
	"WrongCredentials":                {"Wrong credentials are refused, and the message shows none.", wrongCredentials},
	"CacheIsPerCredentials":           {"Nobody gets from a cache what their own credentials would not fetch.", cacheIsPerCredentials},
	"SharingIsPerCredentials":         {"Callers share a request only with those who have equal credentials.", sharingIsPerCredentials},
	"RevokedCredentials":              {"Credentials that stop working are noticed, though everything is in caches.", revokedCredentials},
	"LostServerComesBack":             {"A server that is down is unavailable, and found again by itself.", lostServerComesBack},
	"MissingIsNotFound":               {"What is not there is said to be not there.", missingIsNotFound},
	"MissingAppears":                  {"What was not there is found when it comes.", missingAppears},
	"MalformedIsABadSpec":             {"A spec that can never work costs the server nothing.", malformedIsABadSpec},
	"CredentialsInURLStayHidden":      {"Who writes a password into the URL does not read it in a message.", credentialsInURLStayHidden},
}

// Run runs every check against fixtures of its own.
func Run(t *testing.T, newFixture func(t *testing.T) Fixture) {
	t.Helper()
	for name, c := range checks {
		t.Run(name, func(t *testing.T) {
			t.Log(c.why)
			c.run(t, newFixture)
		})
	}
}

// session is a fixture with a source open on it.
type session struct {
	Fixture
	source chartsync.Source
	dir    string
}

// open starts a fixture with charts published in order, and a source on it.
func open(t *testing.T, newFixture func(*testing.T) Fixture, charts ...Chart) *session {
	t.Helper()
	f, dir := newFixture(t), t.TempDir()
	for _, c := range charts {
		f.Publish(t, c)
	}
	return &session{Fixture: f, source: f.Open(t, dir), dir: dir}
}

// restart opens the source again on the same folder.
func (s *session) restart(t *testing.T) {
	t.Helper()
	s.source = s.Open(t, s.dir)
}

// resolve resolves spec and expects a complete revision.
func (s *session) resolve(t *testing.T, spec chartsync.Spec) chartsync.Revision {
	t.Helper()
	rev, err := s.tryResolve(t, spec)
	if err != nil {
		t.Fatalf("Resolve: %v", err)
	}
	if rev.Name == "" || rev.Version == "" || rev.Digest == "" {
		t.Fatalf("Resolve: incomplete revision: %+v", rev)
	}
	return rev
}

// tryResolve resolves spec within the suite's patience.
func (s *session) tryResolve(t *testing.T, spec chartsync.Spec) (chartsync.Revision, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return s.source.Resolve(ctx, spec)
}

// fetch fetches a revision and expects it to come whole.
func (s *session) fetch(t *testing.T, spec chartsync.Spec, rev chartsync.Revision) chartsync.Chart {
	t.Helper()
	c, err := s.tryFetch(t, spec, rev)
	if err != nil {
		t.Fatalf("Fetch: %v", err)
	}
	if c.Revision.Digest != rev.Digest || c.Name != rev.Name || c.Version != rev.Version {
		t.Fatalf("Fetch: asked for %s %s %s, got %s %s %s",
			rev.Name, rev.Version, rev.Digest, c.Name, c.Version, c.Revision.Digest)
	}
	return c
}

// tryFetch fetches a revision within the suite's patience.
func (s *session) tryFetch(t *testing.T, spec chartsync.Spec, rev chartsync.Revision) (chartsync.Chart, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	return s.source.Fetch(ctx, spec, rev)
}

// wantError expects an error for people: it wraps the sentinel, is one line,
// and shows neither a credential nor a response's bytes.
func wantError(t *testing.T, err, sentinel error, spec chartsync.Spec) {
	t.Helper()
	if err == nil {
		t.Fatalf("want an error that wraps %q, got none", sentinel)
	}
	if !errors.Is(err, sentinel) {
		t.Errorf("want an error that wraps %q, got: %v", sentinel, err)
	}
	wantPresentable(t, err, spec.Credentials)
}

// wantPresentable expects an error that may be shown to anybody.
func wantPresentable(t *testing.T, err error, c chartsync.Credentials) {
	t.Helper()
	text := err.Error()
	if text == "" || strings.ContainsAny(text, "\r\n") {
		t.Errorf("want one line, got %q", text)
	}
	secrets := map[string]string{
		"the body of a response": Body, "the password": c.Password, "the token": c.Token,
		"the digest of the credentials": c.Digest(),
	}
	if c.Password != "" {
		secrets["the basic authentication"] = base64.StdEncoding.EncodeToString([]byte(c.Username + ":" + c.Password))
	}
	if c.IsZero() {
		delete(secrets, "the digest of the credentials")
	}
	for what, secret := range secrets {
		if secret != "" && strings.Contains(text, secret) {
			t.Errorf("the message shows %s: %s", what, text)
		}
	}
}

// discardLog returns a logger that says nothing.
func discardLog() *log.Logger { return log.New(io.Discard, "", 0) }
