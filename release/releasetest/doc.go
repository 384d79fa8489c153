// Package releasetest helps to test what has to do with Helm releases.
//
//   - Observed and its options build what rules decide from: records, attempts
//     and their order, in a line each.
//   - Chart packs a chart out of readable files.
//   - Conformance is the suite that every release.Engine passes, run against a
//     real API server with nodes that only pretend (see test/controlplane).
//
// Nothing here is part of the program.
package releasetest
