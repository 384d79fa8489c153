package harness

import (
	"slices"
	"testing"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
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
	for _, resource := range e.listable(t) {
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

// listable are the resources in namespaces that can be listed.
func (e *Env) listable(t testing.TB) []schema.GroupVersionResource {
	t.Helper()
	client, err := discovery.NewDiscoveryClientForConfig(e.Cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	lists, err := client.ServerPreferredNamespacedResources()
	if err != nil {
		t.Fatal(err)
	}
	var all []schema.GroupVersionResource
	for _, list := range lists {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list.APIResources {
			if slices.Contains(r.Verbs, "list") && !slices.Contains(derived, r.Name) {
				all = append(all, gv.WithResource(r.Name))
			}
		}
	}
	return all
}

// made says whether somebody made an object.
func made(obj *unstructured.Unstructured) bool {
	if metav1.GetControllerOf(obj) != nil {
		return false
	}
	switch obj.GetKind() + " " + obj.GetName() {
	case "ConfigMap kube-root-ca.crt", "ServiceAccount default":
		return false
	}
	kind, _, _ := unstructured.NestedString(obj.Object, "type")
	return obj.GetKind() != "Secret" || kind != "helm.sh/release.v1"
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
