// Package cluster runs a local Kubernetes: etcd, kube-apiserver,
// kube-controller-manager, kube-scheduler and KWOK with one simulated node, all
// on loopback and all children of this program.
//
// Everything a cluster keeps lies in one Home, a directory that belongs to one
// running cluster at a time. Up starts a new, empty cluster there and keeps it
// until it is told to stop or until one of its processes dies; Down stops one
// from another process.
//
// Nothing here imports Kubernetes: the programs are built by cmd/kubernetes and
// found next to this one. The few API requests that starting takes are plain
// HTTP.
package cluster
