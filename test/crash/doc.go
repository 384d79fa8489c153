// Package crash kills the controller (SIGKILL) around every write of every
// operation, starts it again, and looks whether each release ends as its spec
// asks.
//
// An operation is first performed on one release, which is never disturbed: it
// tells which writes there are, and how the others have to end. Then for each
// write there are releases that a proxy before the API server stops before it,
// after it, and with its answer lost. When all of them stand still, each at a
// place of its own, the controller is killed once for all.
package crash
