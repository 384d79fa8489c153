package helm3_test

import (
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/client-go/dynamic"

	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/releasetest"
)

var definitions = schema.GroupVersionResource{
	Group: "apiextensions.k8s.io", Version: "v1", Resource: "customresourcedefinitions",
}

func definition() *unstructured.Unstructured {
	return &unstructured.Unstructured{Object: map[string]any{
		"apiVersion": "apiextensions.k8s.io/v1",
		"kind":       "CustomResourceDefinition",
		"metadata":   map[string]any{"name": "anchors.helm3.fairlead.dev"},
		"spec": map[string]any{
			"group": "helm3.fairlead.dev", "scope": "Namespaced",
			"names": map[string]any{"kind": "Anchor", "listKind": "AnchorList", "plural": "anchors", "singular": "anchor"},
			"versions": []any{map[string]any{
				"name": "v1", "served": true, "storage": true,
				"schema": map[string]any{"openAPIV3Schema": map[string]any{"type": "object"}},
			}},
		},
	}}
}

// A release whose kind is not served must be tried again as soon as it is, and
// not before.
func TestAPISetFollowsDefinitions(t *testing.T) {
	cfg := releasetest.Cluster(t)
	namespace(t, cfg, "apis")
	e := started(t, cfg)
	changes := make(chan struct{}, 10)
	e.OnAPISetChange(func() { changes <- struct{}{} })
	req := request(map[string]string{"templates/anchor.yaml": "apiVersion: helm3.fairlead.dev/v1\nkind: Anchor\nmetadata: {name: a}\n"})
	before := e.APISet()
	if _, err := e.Install(t.Context(), operation(release.Install, "apis"), req); kindOf(err) != release.KindUnknownKinds {
		t.Fatalf("got %v, want an unknown kind", err)
	}
	if e.APISet() != before {
		t.Error("the API set changed without a reason")
	}

	client, err := dynamic.NewForConfig(cfg)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.Resource(definitions).Create(t.Context(), definition(), metav1.CreateOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, changes, "a new kind")
	with := e.APISet()
	if with == before {
		t.Error("the API set is as it was")
	}
	if _, err := e.Install(t.Context(), operation(release.Install, "apis"), req); err != nil {
		t.Errorf("installing a kind that is served now: %v", err)
	}

	if err := client.Resource(definitions).Delete(t.Context(), "anchors.helm3.fairlead.dev", metav1.DeleteOptions{}); err != nil {
		t.Fatal(err)
	}
	await(t, changes, "a lost kind")
	if got := e.APISet(); got != before {
		t.Errorf("API set %q after the kind went, want %q again", got, before)
	}
	// What cannot exist any more does not hold the release.
	_, err = e.Uninstall(t.Context(), operation(release.Uninstall, "apis"), release.UninstallRequest{Timeout: 10 * time.Second, Wait: true})
	if err != nil {
		t.Errorf("uninstalling a release whose kind is gone: %v", err)
	}
}

func await(t *testing.T, changes <-chan struct{}, what string) {
	t.Helper()
	select {
	case <-changes:
	case <-time.After(30 * time.Second):
		t.Fatalf("nobody told of %s", what)
	}
}
