package cluster

import "context"

// nodeName is the one simulated node's.
const nodeName = "node"

// capacity is more than any test asks for.
var capacity = object{"cpu": "1000", "memory": "1Ti", "ephemeral-storage": "1Ti", "pods": "10000"}

var node = object{
	"apiVersion": "v1", "kind": "Node",
	"metadata": object{
		"name": nodeName,
		"labels": object{
			"kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux", "kubernetes.io/hostname": nodeName,
			"node.kubernetes.io/instance-type": "simulated", "topology.kubernetes.io/zone": "local",
		},
	},
	"status": object{
		"capacity": capacity, "allocatable": capacity,
		"nodeInfo": object{
			"architecture": "amd64", "operatingSystem": "linux", "kubeletVersion": "v1.36.3",
			"bootID": "", "containerRuntimeVersion": "kwok", "kernelVersion": "simulated", "kubeProxyVersion": "",
			"machineID": "", "osImage": "simulated", "systemUUID": "",
		},
	},
}

// storageClass gives every claim that names no class a volume at once.
var storageClass = object{
	"apiVersion": "storage.k8s.io/v1", "kind": "StorageClass",
	"metadata": object{
		"name":        "standard",
		"annotations": object{"storageclass.kubernetes.io/is-default-class": "true"},
	},
	"provisioner": "fairlead.dev/test-volume", "reclaimPolicy": "Delete", "volumeBindingMode": "Immediate",
}

// canary is a pod that shows that admission, scheduler and node do their work.
var canary = object{
	"apiVersion": "v1", "kind": "Pod",
	"metadata": object{"name": "canary"},
	"spec": object{
		"restartPolicy":                 "Never",
		"terminationGracePeriodSeconds": 0,
		"containers":                    []object{{"name": "canary", "image": "canary"}},
	},
}

const systemPods = "/api/v1/namespaces/kube-system/pods"

// furnish puts the node and the storage class into a fresh cluster.
func (a *api) furnish(ctx context.Context) error {
	if err := a.create(ctx, "/api/v1/nodes", node); err != nil {
		return err
	}
	return a.create(ctx, "/apis/storage.k8s.io/v1/storageclasses", storageClass)
}

// proveReady waits until every part of the cluster has shown that it works, the
// last two by running a pod.
func (a *api) proveReady(ctx context.Context) error {
	for _, wait := range []struct {
		what string
		ask  func(context.Context) error
	}{
		{"the node", a.nodeReady},
		{"the default service account", a.exists("/api/v1/namespaces/default/serviceaccounts/default")},
		{"the system's service account", a.exists("/api/v1/namespaces/kube-system/serviceaccounts/default")},
		{"a first pod to be admitted", func(ctx context.Context) error { return a.create(ctx, systemPods, canary) }},
		{"a first pod to run", a.podSucceeded(systemPods + "/canary")},
	} {
		if err := poll(ctx, wait.what, wait.ask); err != nil {
			return err
		}
	}
	return a.delete(ctx, systemPods+"/canary")
}
