// Package git is the source of charts that lie in a git repository.
//
// A chart's revision is the hash of its directory's tree, so a commit beside
// the chart changes nothing: equal digest, equal Commit. Charts are read from
// the mirror (package pkg/git), without a checkout, and packaged the same way
// every time: equal trees give equal archives.
//
// What counts as the chart is what Helm's own directory loader would read:
// .helmignore is honoured, symbolic links inside the chart are followed, and
// dependencies are taken as they lie under charts/. Submodules, links that
// leave the chart and Git LFS pointers are errors that say so.
//
// Nothing here talks to a network or knows go-git; nothing here renders.
package git
