// Package harness is what the tests of the built binary stand on.
//
//   - A Cluster is a local Kubernetes (test/controlplane), one for each test
//     package, with Fairlead's custom resource definitions; see Main.
//   - An Env is one test's part of it: a namespace, and a Controller, which is
//     `fairlead controller` as a process of its own that can be stopped, killed
//     and started again.
//   - A ChartRepo and a GitRepo are sources of charts that run in the test's own
//     process; a ChartRepo can be broken in many ways.
//   - A Diary has every state that a HelmRelease went through.
//   - Requests are what the controller asked the API server for, from the audit
//     log.
//   - A Proxy stands in front of the API server and sees every write; with a
//     Halt, releases stop around one of theirs, as if the controller had died
//     there.
//
// Everything waits for a condition with a deadline, and what does not come is
// reported with the object's status and the end of the controller's log. Every
// process ends with the test, also when the test is killed.
package harness
