// Package e2e tests the built binary as its users meet it: a process beside a
// real API server, with charts from real servers. What the tests stand on is
// in the harness; the charts they use are in testdata/charts.
//
// Tests look only at what users can see: objects, Helm's own records, what the
// programs print, and the API server's audit log.
package e2e
