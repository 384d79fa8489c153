// Package sourcetest is the conformance suite that every chart source passes.
//
// A source's own test hands Run a Fixture: a real local server with one chart
// source in it, that the suite can publish to, break and count requests of.
//
//	func TestSourceConformance(t *testing.T) {
//		sourcetest.Run(t, func(t *testing.T) sourcetest.Fixture { return newFixture(t) })
//	}
//
// Every check opens fixtures of its own, so newFixture returns a fresh, empty
// server each time. Server does most of a Fixture's work: it wraps any
// http.Handler, asks for credentials, counts, and breaks on demand; a fixture
// embeds it and adds what is particular to its kind. Run the suite once for
// each way in: plain, TLS, basic authentication, bearer token.
//
// A fixture whose Spec has credentials is private: its server refuses anybody
// else, and the suite tries to get around that.
//
// What a source promises beyond the suite (ranges, refs, limits of size and
// time, texts of errors) belongs into its own tests.
package sourcetest

import (
	"testing"

	"github.com/fairlead-dev/fairlead/chartsync"
)

// A Fixture is one server with one chart source in it, empty at first.
type Fixture interface {
	// Open returns a source that keeps whatever it keeps (store, mirrors,
	// indexes) below dir. Opening the same dir again is what a restart of the
	// process does; the suite then no longer uses the source opened before.
	Open(t *testing.T, dir string) chartsync.Source

	// Spec follows the newest chart that Publish published, with credentials
	// that the server accepts: no version range, or the default branch.
	Spec() chartsync.Spec
	// Missing has Spec's credentials and well-formed coordinates of something
	// that the server does not have: another chart name, another path.
	Missing() chartsync.Spec
	// Malformed is a spec that can never work: a range that is none, a path
	// outside the repository.
	Malformed() chartsync.Spec

	// Publish makes c what Spec resolves to. The suite publishes rising
	// versions, or other content under the same version: that replaces it.
	Publish(t *testing.T, c Chart)
	// PublishUnrelated changes something beside the chart: a commit to another
	// folder, another chart in the index.
	PublishUnrelated(t *testing.T)

	// Break makes the server misbehave until the next call; Break(Healthy)
	// repairs it.
	Break(how Breakage)
	// Requests is how many HTTP requests the server has seen.
	Requests() int
	// Downloads is how many of them transferred chart content: GETs of an
	// archive, git fetches. Questions that are cheap (an index, ls-remote) do
	// not count.
	Downloads() int
}

// A Breakage is a way for a server to misbehave.
type Breakage string

// The breakages that every source meets.
const (
	// Healthy is no breakage.
	Healthy Breakage = "Healthy"
	// Down drops every connection without an answer.
	Down Breakage = "Down"
	// Failing answers everything with HTTP 503.
	Failing Breakage = "Failing"
	// Refusing answers everything with HTTP 401.
	Refusing Breakage = "Refusing"
	// Slow takes requests and answers none of them until the next Break; then
	// those that still wait are served.
	Slow Breakage = "Slow"
)

// Body is what Failing and Refusing answer with. No error may quote it.
const Body = "BODY-OF-A-RESPONSE"
