// Package chartsync turns a chart source into a chart.
//
// A Source answers two questions: which Revision does this Spec mean now, and
// give me the Chart of that Revision. Resolve is cheap and conditional (an
// ETag, an ls-remote). A Revision is immutable: equal digests mean equal bytes,
// so Fetch downloads once and the store answers from then on.
//
// The words:
//
//   - Spec: what a user asked for: an index repository with a chart name and a
//     semver range, or a git URL with a ref and a path.
//   - Credentials: what the user gave to reach it. Caches are keyed by URL and
//     credentials, so nobody gets from a cache what their own credentials would
//     not fetch.
//   - Revision: one immutable chart: name, version, digest, and the commit if
//     it came from git.
//   - Chart: a Revision and its bytes, as a packaged chart (.tgz).
//
// Every error that a Source returns is one sentence for the user of the release
// and wraps one of the sentinels of this package; a sentinel tells the caller
// whether asking again may help. No error quotes bytes of a response, and none
// contains a credential.
//
// Nothing here knows about HelmRelease objects or about Helm releases.
package chartsync
