// Package helm3 performs releases with Helm 3: it is the release.Engine of
// today.
//
// One file per verb: install.go, upgrade.go, rollback.go, uninstall.go, and
// settle.go for what an interrupted one left. Every verb is a run (run.go): a
// session with Helm's storage (package records), a client of the cluster
// (package client), and one of Helm's actions between them. Helm's actions
// decide the order of things; the two interfaces beneath them decide which
// requests are made, what a wait is, and which revisions an update compares
// with.
//
//   - bases: the revisions since the last success, whose fields and objects
//     this operation has to take back.
//   - catalog: which kinds the cluster serves, shared by all runs.
//   - phase: how far a run has come, which tells what an error means.
//
// Helm's texts are read in one file, errors.go; nothing above this package
// matches a string. Whatever leaves this package as text has passed the
// redactor.
//
// Helm is never cancelled: its actions go on in the background when their
// context ends. The context of an operation ends only waits.
package helm3
