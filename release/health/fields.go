package health

import (
	"fmt"
	"strings"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/labels"
	"k8s.io/apimachinery/pkg/runtime"
)

// is reports the group and kind of an object, whatever its version.
func is(obj *unstructured.Unstructured, group, kind string) bool {
	return groupKind(obj) == group+"/"+kind
}

func groupKind(obj *unstructured.Unstructured) string {
	gvk := obj.GroupVersionKind()
	return gvk.Group + "/" + gvk.Kind
}

func text(obj *unstructured.Unstructured, path ...string) string {
	s, _, _ := unstructured.NestedString(obj.Object, path...)
	return s
}

func number(obj *unstructured.Unstructured, unset int64, path ...string) int64 {
	n, found, err := unstructured.NestedInt64(obj.Object, path...)
	if err != nil || !found {
		return unset
	}
	return n
}

// observed reports whether the controller has seen the current spec.
func observed(obj *unstructured.Unstructured) bool {
	return number(obj, 0, "status", "observedGeneration") >= obj.GetGeneration()
}

// condition returns the condition of a type if it is True.
func condition(obj *unstructured.Unstructured, kind string) map[string]any {
	all, _, _ := unstructured.NestedFieldNoCopy(obj.Object, "status", "conditions")
	list, _ := all.([]any)
	for _, entry := range list {
		if c, ok := entry.(map[string]any); ok && c["type"] == kind && c["status"] == "True" {
			return c
		}
	}
	return nil
}

// podSelector returns the selector of a workload's pods, or "".
func podSelector(obj *unstructured.Unstructured) string {
	raw, found, err := unstructured.NestedMap(obj.Object, "spec", "selector")
	if err != nil || !found {
		return ""
	}
	switch groupKind(obj) {
	case "/ReplicationController":
		set, _, _ := unstructured.NestedStringMap(obj.Object, "spec", "selector")
		return labels.SelectorFromSet(set).String()
	case "apps/Deployment", "apps/StatefulSet", "apps/DaemonSet", "apps/ReplicaSet", "batch/Job":
	default:
		return ""
	}
	var typed metav1.LabelSelector
	if err := runtime.DefaultUnstructuredConverter.FromUnstructured(raw, &typed); err != nil {
		return ""
	}
	selector, err := metav1.LabelSelectorAsSelector(&typed)
	if err != nil {
		return ""
	}
	return selector.String()
}

func count(have, want int64, what string) string {
	return fmt.Sprintf("%d of %d %s", have, want, what)
}

func orElse(value any, otherwise string) string {
	if s, ok := value.(string); ok && s != "" {
		return s
	}
	return otherwise
}

// oneLine keeps a message from elsewhere to one line of bearable length.
func oneLine(s string) string {
	const most = 200
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
