package client

import (
	"encoding/json"
	"fmt"
	"reflect"

	jsonpatch "gopkg.in/evanphx/json-patch.v4"
	"k8s.io/apimachinery/pkg/api/equality"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/types"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/jsonmergepatch"
	"k8s.io/apimachinery/pkg/util/strategicpatch"
	"k8s.io/client-go/kubernetes/scheme"
)

// native has Kubernetes' own kinds. They are merged by what their Go types say
// of lists; everything else, custom resources and their definitions, by JSON
// merge, as Helm does. It is a scheme of our own, because others may add custom
// kinds to client-go's.
var native = func() *runtime.Scheme {
	s := runtime.NewScheme()
	if err := scheme.AddToScheme(s); err != nil {
		panic(err)
	}
	return s
}()

// A merger makes patches for one kind.
type merger struct {
	kind types.PatchType
	gvk  schema.GroupVersionKind
	meta strategicpatch.LookupPatchMeta // nil for JSON merge
}

func mergerOf(gvk schema.GroupVersionKind) merger {
	obj, err := native.New(gvk)
	if err == nil {
		if meta, err := strategicpatch.NewPatchMetaFromStruct(obj); err == nil {
			return merger{kind: types.StrategicMergePatchType, gvk: gvk, meta: meta}
		}
	}
	return merger{kind: types.MergePatchType, gvk: gvk}
}

// patch returns the one patch that makes live what target says, and removes what
// any base wrote and target does not have; nil when nothing would change. What
// neither wrote stays. Without a base nothing is removed.
//
// The patches are computed one after the other, each on what the ones before
// would give. A base that adds nothing costs nothing, so with one base the patch
// is Helm's own.
func (m merger) patch(target, live *unstructured.Unstructured, bases []*unstructured.Unstructured) ([]byte, error) {
	modified, err := encode(target, target.GetAPIVersion())
	if err != nil {
		return nil, err
	}
	start, err := json.Marshal(live.Object)
	if err != nil {
		return nil, err
	}
	if len(bases) == 0 {
		bases = []*unstructured.Unstructured{target}
	}
	now, last, steps := start, []byte(nil), 0
	for _, b := range bases {
		original, err := encode(b, target.GetAPIVersion())
		if err != nil {
			return nil, err
		}
		step, err := m.threeWay(original, modified, now)
		if err != nil {
			return nil, err
		}
		next, err := m.apply(now, step)
		if err != nil {
			return nil, err
		}
		if !m.equal(now, next) {
			now, last = next, step
			steps++
		}
	}
	switch {
	case steps == 0 || m.equal(start, now):
		return nil, nil
	case steps == 1:
		return last, nil
	}
	return m.twoWay(start, now)
}

func (m merger) threeWay(original, modified, current []byte) ([]byte, error) {
	if m.meta == nil {
		return jsonmergepatch.CreateThreeWayJSONMergePatch(original, modified, current)
	}
	return strategicpatch.CreateThreeWayMergePatch(original, modified, current, m.meta, true)
}

func (m merger) twoWay(from, to []byte) ([]byte, error) {
	if m.meta == nil {
		return jsonpatch.CreateMergePatch(from, to)
	}
	return strategicpatch.CreateTwoWayMergePatchUsingLookupPatchMeta(from, to, m.meta)
}

func (m merger) apply(doc, patch []byte) ([]byte, error) {
	if m.meta == nil {
		return jsonpatch.MergePatch(doc, patch)
	}
	return strategicpatch.StrategicMergePatchUsingLookupPatchMeta(doc, patch, m.meta)
}

// equal reports whether the API server would store the same for both. Of native
// kinds we know that empty is like missing and that 1000m is 1.
func (m merger) equal(a, b []byte) bool {
	var x, y map[string]any
	if utiljson.Unmarshal(a, &x) != nil || utiljson.Unmarshal(b, &y) != nil {
		return false
	}
	if reflect.DeepEqual(x, y) {
		return true
	}
	if m.meta == nil {
		return false
	}
	s, err := m.typed(x)
	if err != nil {
		return false
	}
	t, err := m.typed(y)
	return err == nil && equality.Semantic.DeepEqual(s, t)
}

// typed converts strictly: a field that our types do not know, because the
// server is newer, makes it an error.
func (m merger) typed(content map[string]any) (runtime.Object, error) {
	obj, err := native.New(m.gvk)
	if err != nil {
		return nil, err
	}
	return obj, runtime.DefaultUnstructuredConverter.FromUnstructuredWithValidation(content, obj, true)
}

// encode returns the JSON of what a manifest sets: without nulls, which set
// nothing, and in the version of the target.
func encode(obj *unstructured.Unstructured, version string) ([]byte, error) {
	content, ok := withoutNulls(obj.Object).(map[string]any)
	if !ok {
		return nil, fmt.Errorf("it is not an object")
	}
	content["apiVersion"] = version
	return json.Marshal(content)
}

// withoutNulls copies a value, leaving out the nulls in maps.
func withoutNulls(value any) any {
	switch v := value.(type) {
	case map[string]any:
		out := make(map[string]any, len(v))
		for key, inner := range v {
			if inner != nil {
				out[key] = withoutNulls(inner)
			}
		}
		return out
	case []any:
		out := make([]any, len(v))
		for i, inner := range v {
			out[i] = withoutNulls(inner)
		}
		return out
	}
	return value
}
