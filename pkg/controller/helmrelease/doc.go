// Package helmrelease reconciles HelmRelease objects.
//
// It introduces the rooms to each other that must not meet: it asks chartsync
// for a chart, composes values, observes storage through a release.Engine, lets
// release/decide choose, and starts the operation. Operations and lookups run
// in goroutines of their own and wake the object when they end, so no worker
// ever waits for pods or for a slow source.
//
// Steps record facts on a run; report, in status.go, is the only writer of
// status. The object is patched at most twice for an operation: before it and
// after it.
package helmrelease
