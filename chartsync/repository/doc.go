// Package repository is the source of charts in an HTTP index.yaml repository.
//
// Resolve asks for index.yaml conditionally and chooses a version as Helm does;
// Fetch downloads the archive once and checks it. The words:
//
//   - index: what index.yaml says, reduced to what choosing needs, and kept in
//     memory per URL and credentials, so that an unchanged index costs one
//     HTTP 304 and no parsing.
//   - entry: one version of one chart in an index.
//   - origin: scheme, host and port of the repository's URL. Credentials are
//     sent there and nowhere else, and not after a redirect has left it.
//
// What differs from Helm, on purpose: digests of the index are checked; an
// archive must be the chart that the index says it is; fields that Helm does
// not know do not spoil a whole index; credentials are not taken from a URL;
// link-local and metadata addresses are never asked, loopback only if allowed,
// and https does not redirect to http.
//
// Nothing here quotes what a server sent, except names of charts and versions
// that have the shape of such.
package repository
