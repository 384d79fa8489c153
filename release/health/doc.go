// Package health waits until objects are ready.
//
// A Rule says of one object whether it is Done, Pending or Failed. Wait asks the
// Rule about each object as it was last seen, which costs no request, and
// follows those that are not done with one watch each, from the resource version
// that is known already. A wait ends when every object is done, when one has
// failed for good, at its timeout, or when its context is cancelled; then the
// context's cause is the error. Only a wait that fails asks for pods, to say
// what is wrong with them.
//
// The Rules: Ready and ReadyWithJobs for the objects of a release, Completed for
// hooks, Gone for deleted objects. Readiness follows kstatus, which waits for
// all replicas where Helm 3 lets a Deployment or a DaemonSet do with its minimum
// (replicas less maxUnavailable), and which also reads the conditions of custom
// resources, which Helm 3 never waits for. Other differences:
//
//   - A paused Deployment is ready, as with Helm.
//   - A Service of type LoadBalancer waits for its ingress, or has external IPs,
//     as with Helm.
//   - A DaemonSet or StatefulSet that is updated by hand (OnDelete) is ready as
//     soon as its controller has seen it, as with Helm.
//   - A ReplicationController is ready when its pods are, as with Helm.
//   - A Pod that succeeded is ready; Helm waits for it until the timeout. A Pod
//     that failed ends the wait; so does a failed Job when Jobs are waited for.
//   - A Deployment beyond its progress deadline is waited for until the timeout,
//     as with Helm: it may still get ready.
//   - An object that is deleted, or being deleted, is not ready.
//   - Waiting takes the right to list and watch what is not ready at once; Helm
//     takes get, and list for ReplicaSets and Pods.
//   - An object counts as ready once it has been; Helm wants all of them ready
//     at the same time.
//
// Nothing here knows about Helm, or writes to the cluster.
package health
