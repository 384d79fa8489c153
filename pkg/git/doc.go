// Package git reads git repositories over HTTP.
//
// The words:
//
//   - Mirror: the one local bare copy of a URL as certain credentials see it,
//     shared by everything that reads that URL with them. Mirrors keeps them.
//   - Ref: what to follow: a branch, a tag, a commit, or the remote's HEAD.
//   - Commit, tree, blob: git's own nouns, named by their hash in hexadecimal.
//
// Resolve asks the remote once (the advertisement of its refs, one round trip)
// and fetches only what is missing: full history, branches and tags, nothing
// else. Everything else reads the mirror on disk; there is no checkout.
//
// A mirror is safe under SIGKILL at any instant: a pack gets its name when it
// is complete, and the refs are replaced in one rename. A mirror that turns out
// to be damaged is thrown away and fetched again by Mend.
//
// This is the only package that imports go-git, and none of its types leave.
// Nothing here runs the git command, knows Kubernetes or knows charts.
//
// Errors are one sentence for the person who wrote the URL and wrap one of the
// sentinels below. They quote no bytes of a response, except the names of refs,
// and no credential.
package git
