package harness

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/discovery"
	"k8s.io/client-go/dynamic"
)

// Standing are the objects that belong to the cluster and were there before.
type Standing map[string]bool

// Elsewhere returns the same cluster and controller with one more namespace: for
// tests of one controller that are not to see each other's objects.
func (e *Env) Elsewhere(t testing.TB) *Env {
	t.Helper()
	other := *e
	other.Namespace = e.NewNamespace(t)
	return &other
}

// Stand notes what is there before a release is installed.
func (e *Env) Stand(t testing.TB) Standing {
	t.Helper()
	standing := Standing{}
	for _, obj := range e.everything(t) {
		if obj.GetNamespace() == "" {
			standing[obj.GetKind()+" "+obj.GetName()] = true
		}
	}
	return standing
}

// Picture returns everything that the cluster holds because of a release: what
// is in the namespace, with what controllers made of it, and what came to the
// cluster as a whole. It waits until all of it is at rest: nothing is about to
// go, and controllers have done what the objects ask for.
//
// Two programs that do the same in one namespace, one after the other, leave
// equal pictures: nothing in them is drawn at random or tells the time.
func (e *Env) Picture(t testing.TB, before Standing) Objects {
	t.Helper()
	var picture Objects
	var busy string
	Eventually(t, Patience, "everything to be at rest", func() bool {
		picture, busy = e.look(t, before)
		return busy == ""
	}, func() string { return busy })
	return picture
}

// look returns what there is, and says what of it is not at rest.
func (e *Env) look(t testing.TB, before Standing) (picture Objects, busy string) {
	t.Helper()
	var all []*unstructured.Unstructured
	owners := map[string]bool{}
	for _, obj := range e.everything(t) {
		if obj.GetNamespace() == e.Namespace || obj.GetNamespace() == "" && !before[obj.GetKind()+" "+obj.GetName()] {
			all = append(all, obj)
			owners[string(obj.GetUID())] = true
		}
	}
	picture = Objects{}
	for _, obj := range all {
		if why := atWork(obj, owners); why != "" {
			busy = fmt.Sprintf("%s %s %s", obj.GetKind(), obj.GetName(), why)
		}
		if !placed(obj) {
			picture.add(neutral(obj))
		}
	}
	return picture, busy
}

// placed says whether Kubernetes puts an object into every namespace, or it is a
// record of Helm's. Those are not equal: ours are packed smaller, and tell more.
func placed(obj *unstructured.Unstructured) bool {
	switch obj.GetKind() + " " + obj.GetName() {
	case "ConfigMap kube-root-ca.crt", "ServiceAccount default":
		return true
	}
	kind, _, _ := unstructured.NestedString(obj.Object, "type")
	return obj.GetKind() == "Secret" && kind == "helm.sh/release.v1"
}

// atWork says what is not done about an object; nothing if it is at rest.
func atWork(obj *unstructured.Unstructured, owners map[string]bool) string {
	if obj.GetDeletionTimestamp() != nil {
		return "is being deleted"
	}
	for _, owner := range obj.GetOwnerReferences() {
		if owner.Kind != "Node" && !owners[string(owner.UID)] {
			return "has lost its owner"
		}
	}
	wanted, scales, _ := unstructured.NestedInt64(obj.Object, "spec", "replicas")
	if !scales {
		return ""
	}
	if seen, _, _ := unstructured.NestedInt64(obj.Object, "status", "observedGeneration"); seen != obj.GetGeneration() {
		return "was not looked at"
	}
	if there, _, _ := unstructured.NestedInt64(obj.Object, "status", "replicas"); there != wanted {
		return fmt.Sprintf("has %d of %d pods", there, wanted)
	}
	return ""
}

// add puts an object in. Several with one generated name get a number; they are
// made from one template.
func (o Objects) add(obj *unstructured.Unstructured) {
	name := obj.GetKind() + " " + obj.GetName()
	for n := 2; o[name] != nil; n++ {
		name = fmt.Sprintf("%s %s (%d)", obj.GetKind(), obj.GetName(), n)
	}
	o[name] = obj.Object
}

var (
	uid       = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	apiAccess = regexp.MustCompile(`kube-api-access-[a-z0-9]{5}`)
)

// neutral returns an object without what is drawn at random or tells the time.
// What is written over again each time is left out too: who wrote which field
// (Helm and Fairlead call themselves differently), and the status. The
// generation stays: it counts the changes of the spec.
func neutral(obj *unstructured.Unstructured) *unstructured.Unstructured {
	obj = obj.DeepCopy()
	for _, path := range [][]string{
		{"status"},
		{"metadata", "uid"},
		{"metadata", "resourceVersion"},
		{"metadata", "creationTimestamp"},
		{"metadata", "managedFields"},
		{"spec", "clusterIP"},
		{"spec", "clusterIPs"},
		{"spec", "healthCheckNodePort"},
		{"spec", "claimRef", "resourceVersion"},
	} {
		unstructured.RemoveNestedField(obj.Object, path...)
	}
	if ports, _, _ := unstructured.NestedSlice(obj.Object, "spec", "ports"); obj.GetKind() == "Service" {
		for _, port := range ports {
			delete(port.(map[string]any), "nodePort")
		}
		_ = unstructured.SetNestedSlice(obj.Object, ports, "spec", "ports") // it was one
	}
	withoutBinding(obj)
	if stem := obj.GetGenerateName(); stem != "" && regexp.MustCompile("^"+stem+"[a-z0-9]{5}$").MatchString(obj.GetName()) {
		obj.SetName(stem + "*")
	}
	if claim, of, _ := unstructured.NestedString(obj.Object, "spec", "claimRef", "name"); of {
		obj.SetName("of " + claim)
	}
	text, err := json.Marshal(obj.Object)
	if err != nil {
		panic(err) // it came as JSON
	}
	text = uid.ReplaceAll(text, []byte("<uid>"))
	text = apiAccess.ReplaceAll(text, []byte("kube-api-access-*"))
	out := &unstructured.Unstructured{}
	if err := out.UnmarshalJSON(text); err != nil {
		panic(err)
	}
	return out
}

// bindingNotes begin the annotations that Kubernetes' volume controller writes.
// Which of them it writes depends on whether the volume or the claim comes first.
var bindingNotes = regexp.MustCompile(`^(pv|volume|volume\.beta)\.kubernetes\.io/`)

// withoutBinding takes off a claim or a volume what tells the course of their
// binding.
func withoutBinding(obj *unstructured.Unstructured) {
	if kind := obj.GetKind(); kind != "PersistentVolumeClaim" && kind != "PersistentVolume" {
		return
	}
	notes := obj.GetAnnotations()
	maps.DeleteFunc(notes, func(name, _ string) bool { return bindingNotes.MatchString(name) })
	if len(notes) == 0 {
		notes = nil // not even an empty map
	}
	obj.SetAnnotations(notes)
}

// unasked are resources that say nothing about a release: addresses are given
// out with Services, each time another.
var unasked = append([]string{"ipaddresses", "componentstatuses"}, derived...)

// everything lists the objects of the namespace and those that belong to the
// cluster, but for what controllers derive and what is ours.
func (e *Env) everything(t testing.TB) []*unstructured.Unstructured {
	t.Helper()
	client, err := dynamic.NewForConfig(e.Cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	var all []*unstructured.Unstructured
	for resource, namespaced := range e.resources(t) {
		list := client.Resource(resource).List
		if namespaced {
			list = client.Resource(resource).Namespace(e.Namespace).List
		}
		objects, err := list(t.Context(), metav1.ListOptions{})
		if apierrors.IsNotFound(err) {
			continue // a kind that has just been taken away
		}
		if err != nil {
			t.Fatalf("listing %s: %v", resource.Resource, err)
		}
		for i := range objects.Items {
			all = append(all, &objects.Items[i])
		}
	}
	// Pods of one generated name are told apart by their order.
	slices.SortFunc(all, func(a, b *unstructured.Unstructured) int { return strings.Compare(a.GetName(), b.GetName()) })
	return all
}

// resources are those that can be listed, and whether they are in namespaces.
func (e *Env) resources(t testing.TB) map[schema.GroupVersionResource]bool {
	t.Helper()
	client, err := discovery.NewDiscoveryClientForConfig(e.Cluster.Config)
	if err != nil {
		t.Fatal(err)
	}
	preferred, err := client.ServerPreferredResources()
	if err != nil && !discovery.IsGroupDiscoveryFailedError(err) {
		t.Fatal(err)
	}
	all := map[schema.GroupVersionResource]bool{}
	for _, list := range preferred {
		gv, err := schema.ParseGroupVersion(list.GroupVersion)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range list.APIResources {
			if slices.Contains(r.Verbs, "list") && !slices.Contains(unasked, r.Name) {
				all[gv.WithResource(r.Name)] = r.Namespaced
			}
		}
	}
	return all
}
