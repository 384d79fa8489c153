// Package release holds the nouns of a Helm release's life.
//
//   - Desired is what the user asked for: a chart, composed values and options.
//     Its digest decides whether anything changed.
//   - Observed is what Helm's storage and our own memory say now.
//   - Decision is the one next action, chosen from the two by release/decide.
//   - Operation is one action under way; at most one per release.
//   - Attempt is the record of an operation, or of a failure before one.
//   - Cause says why: which commit, chart version, values, or which person.
//
// An Engine performs operations. Only bytes, maps and the nouns of this package
// cross the seam between an engine and the rest of the program, so that Helm's
// next major version can sit beside this one.
//
// Nothing here knows about HelmRelease objects, about chart sources or about
// Helm's packages.
package release
