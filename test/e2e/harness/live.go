package harness

import (
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/dynamic"
)

// Objects are what is live in a namespace, by kind and name, as "ConfigMap web".
// They are without what differs from one namespace, or one minute, to the other:
// two installs of the same are equal.
type Objects map[string]map[string]any

// derived are resources that controllers write about others, and what is ours.
var derived = []string{"endpoints", "endpointslices", "events", "leases", "helmreleases"}

// Live returns what is live in namespaces and that people or programs like Helm
// made: without what belongs to another object, what Kubernetes puts into every
// namespace, and Helm's own records.
func (e *Env) Live(t testing.TB, namespaces ...string) map[string]Objects {
	t.Helper()
	all := map[string]Objects{}
	for _, namespace := range namespaces {
		all[namespace] = Objects{}
	}
	client, err := dynamic.NewForConfig(e.Cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	for resource, namespaced := range e.resources(t) {
		if !namespaced {
			continue
		}
		in := metav1.NamespaceAll // one request is as good for many namespaces
		if len(namespaces) == 1 {
			in = namespaces[0]
		}
		list, err := client.Resource(resource).Namespace(in).List(t.Context(), metav1.ListOptions{})
		if err != nil {
			t.Fatalf("listing %s: %v", resource.Resource, err)
		}
		for i := range list.Items {
			obj := &list.Items[i]
			if objects, wanted := all[obj.GetNamespace()]; wanted && made(obj) {
				objects[obj.GetKind()+" "+obj.GetName()] = essence(obj)
			}
		}
	}
	return all
}

// made says whether somebody made an object.
func made(obj *unstructured.Unstructured) bool {
	return metav1.GetControllerOf(obj) == nil && !placed(obj)
}

// essence is what an object's maker brought.
func essence(obj *unstructured.Unstructured) map[string]any {
	for _, path := range [][]string{
		{"status"},
		{"metadata", "namespace"},
		{"metadata", "uid"},
		{"metadata", "resourceVersion"},
		{"metadata", "generation"},
		{"metadata", "creationTimestamp"},
		{"metadata", "managedFields"},
		{"metadata", "annotations", "deployment.kubernetes.io/revision"},
		{"metadata", "annotations", "meta.helm.sh/release-namespace"},
		{"spec", "clusterIP"},
		{"spec", "clusterIPs"},
	} {
		unstructured.RemoveNestedField(obj.Object, path...)
	}
	return obj.Object
}
