// Package client is the hands of the Helm 3 engine: our own implementation of
// Helm's kube.Interface and of all its optional companions. Helm decides what to
// do, this package decides which requests that takes.
//
//   - Shared is made once per process and identity: the REST config, the mapper,
//     one REST client per group and version.
//   - Client is made from it for one operation of one release. It knows the
//     release's key, the bases, and the context that ends waits; it collects the
//     API server's warnings and every error that it returned, because Helm turns
//     some of them into text.
//   - A base is the manifest of an earlier revision whose objects and fields may
//     still be live: every revision since the last success, newest first, then
//     that success. Update merges against all of them.
//
// An apply is never cancelled: each request has a timeout of its own. Only Wait
// and WaitWithJobs end with the operation's context; hooks do not.
//
// Nothing is validated here; the API server does that and its warnings are
// collected. Nothing here knows about charts, values or records.
package client
