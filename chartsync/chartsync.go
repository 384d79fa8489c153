package chartsync

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"time"
)

// A Source finds and fetches charts. Implementations are safe for concurrent
// use, bound every network call by the context and a limit of their own, and
// pass the conformance suite in sourcetest.
type Source interface {
	// Resolve returns the revision that spec means now. It asks the remote, as
	// cheaply as the protocol allows. Its errors wrap the sentinels below.
	Resolve(ctx context.Context, spec Spec) (Revision, error)

	// Fetch returns the chart of a revision that Resolve returned for the same
	// spec. A chart that is already in the store needs no network.
	Fetch(ctx context.Context, spec Spec, rev Revision) (Chart, error)
}

// Sentinel errors of the contract. A caller branches on them with errors.Is.
var (
	// ErrUnavailable says that the source could not be asked: a network error,
	// a timeout, an HTTP 5xx. Asking again may help.
	ErrUnavailable = errors.New("source unavailable")
	// ErrUnauthorized says that the source refused the credentials, or wants
	// some: HTTP 401 and 403 and git's equivalents.
	ErrUnauthorized = errors.New("source refused the credentials")
	// ErrNotFound says that the source answered and has no such thing: a chart
	// name, a version in the range, a ref, a path, an HTTP 404.
	ErrNotFound = errors.New("not found in source")
	// ErrInvalid says that what the source returned is not what it should be:
	// an index that is no YAML, a truncated archive, a wrong digest, a folder
	// without Chart.yaml, or more bytes than the limit.
	ErrInvalid = errors.New("invalid content in source")
	// ErrBadSpec says that the spec itself can never work, for example a
	// version that is no semver range.
	ErrBadSpec = errors.New("invalid chart spec")
)

// A Spec says which chart is wanted and where it comes from. Exactly one of
// Repository and Git is set.
type Spec struct {
	Repository  *RepositorySpec
	Git         *GitSpec
	Credentials Credentials
}

// URL returns the address of the source, without credentials.
func (s Spec) URL() string {
	switch {
	case s.Repository != nil:
		return s.Repository.URL
	case s.Git != nil:
		return s.Git.URL
	}
	return ""
}

// A RepositorySpec names a chart in an HTTP index.yaml repository.
type RepositorySpec struct {
	// URL of the repository; index.yaml is looked for below it.
	URL string
	// Name of the chart in the index.
	Name string
	// Version is a semver range as Helm understands it; empty means the newest
	// stable version.
	Version string
}

// A GitSpec names a chart directory in a git repository.
type GitSpec struct {
	// URL of the repository, http or https.
	URL string
	// Ref is what to follow. The zero Ref is the remote's HEAD.
	Ref Ref
	// Path of the chart's directory from the root of the repository, slashes
	// only; "" or "." is the root.
	Path string
}

// A Ref is what to follow in a git repository; at most one field is set.
type Ref struct {
	Branch string
	Tag    string
	// Commit is a full hash, 40 hexadecimal digits.
	Commit string
}

// String returns the ref in words, for messages: `branch "main"`, or "HEAD".
func (r Ref) String() string {
	switch {
	case r.Commit != "":
		return "commit " + r.Commit
	case r.Tag != "":
		return `tag "` + r.Tag + `"`
	case r.Branch != "":
		return `branch "` + r.Branch + `"`
	}
	return "HEAD"
}

// Credentials for a source: username and password for basic authentication, or
// a bearer token. The zero value is anonymous.
type Credentials struct {
	Username string
	Password string
	Token    string
}

// IsZero reports whether there are none.
func (c Credentials) IsZero() bool { return c == Credentials{} }

// Digest identifies the credentials in keys of caches: 64 hexadecimal digits,
// or "anonymous".
func (c Credentials) Digest() string {
	if c.IsZero() {
		return "anonymous"
	}
	sum := sha256.Sum256([]byte(c.Username + "\x00" + c.Password + "\x00" + c.Token))
	return hex.EncodeToString(sum[:])
}

// String keeps credentials out of logs and messages.
func (c Credentials) String() string { return "(redacted)" }

// GoString keeps credentials out of %#v too.
func (c Credentials) GoString() string { return "(redacted)" }

// A Revision is one immutable chart.
type Revision struct {
	// Name, Version and AppVersion as Chart.yaml or the index gives them.
	// AppVersion may be empty.
	Name       string
	Version    string
	AppVersion string
	// Digest identifies the content: "sha256:" and the digest of the archive
	// for a repository, "git-tree:" and the tree's hash for git. Never empty.
	Digest string
	// Location is where Fetch gets it: the archive's absolute URL, or the path
	// in the git repository.
	Location string
	// Commit is the newest commit that changed the chart; nil outside git.
	Commit *Commit
}

// A Commit is where a revision from git came from. Author and subject are
// claims of the committer, with control characters stripped.
type Commit struct {
	Hash    string
	Author  string
	Email   string
	Subject string
	Time    time.Time
}

// A Chart is a revision with its bytes.
type Chart struct {
	Revision
	// Archive is the packaged chart, gzip and tar as `helm package` writes it.
	Archive []byte
}
