package client

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"

	"helm.sh/helm/v3/pkg/kube"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apimachinery/pkg/util/yaml"
	"k8s.io/cli-runtime/pkg/resource"

	"github.com/fairlead-dev/fairlead/release"
)

// Build turns a stream of manifests into a list of objects. Lists are flattened.
// Nothing is validated. All unknown kinds are named in one UnknownKindsError.
func (c *Client) Build(reader io.Reader, _ bool) (kube.ResourceList, error) {
	manifest, err := io.ReadAll(reader)
	if err != nil {
		return nil, c.note(err)
	}
	objects, err := parse(manifest)
	if err != nil {
		return nil, c.note(err)
	}
	infos, unknown, err := c.resolve(objects)
	if err != nil {
		return nil, c.note(err)
	}
	lenient := c.lenient(manifest)
	if len(unknown) > 0 && !lenient {
		return nil, c.note(&UnknownKindsError{Kinds: unknown})
	}
	c.skipping(unknown)
	return infos, nil
}

// lenient reports whether a manifest is that of an earlier revision: what of it
// is not served cannot exist. The first manifest of an operation is the one to
// be applied, so a revision that is applied again is strictly read then.
func (c *Client) lenient(manifest []byte) bool {
	c.mu.Lock()
	c.builds++
	first := c.builds == 1
	c.mu.Unlock()
	if c.opts.Action == release.Uninstall {
		return true
	}
	return !first && slices.ContainsFunc(c.opts.Bases, func(base []byte) bool { return bytes.Equal(base, manifest) })
}

func (c *Client) skipping(unknown []string) {
	for _, kind := range unknown {
		c.warnings.add("the cluster no longer serves " + kind + ": objects of that kind were skipped")
	}
}

// resolve makes infos. It asks the mapper a second time, refreshed, about kinds
// that it does not know, and returns the names of those that stay unknown.
func (c *Client) resolve(objects []*unstructured.Unstructured) (kube.ResourceList, []string, error) {
	infos, unknown, err := c.lookUp(objects)
	if err == nil && len(unknown) > 0 && c.shared.refresh() {
		infos, unknown, err = c.lookUp(objects)
	}
	return infos, unknown, err
}

func (c *Client) lookUp(objects []*unstructured.Unstructured) (kube.ResourceList, []string, error) {
	var infos kube.ResourceList
	var unknown []string
	for _, obj := range objects {
		info, err := c.info(obj)
		switch {
		case meta.IsNoMatchError(err):
			name := kindName(obj.GroupVersionKind())
			if !slices.Contains(unknown, name) {
				unknown = append(unknown, name)
			}
		case err != nil:
			return nil, nil, err
		default:
			infos = append(infos, info)
		}
	}
	slices.Sort(unknown)
	return infos, unknown, nil
}

// info makes the info of one object, in the release's namespace if it names
// none.
func (c *Client) info(obj *unstructured.Unstructured) (*resource.Info, error) {
	gvk := obj.GroupVersionKind()
	mapping, err := c.shared.mapper.RESTMapping(gvk.GroupKind(), gvk.Version)
	if err != nil {
		if meta.IsNoMatchError(err) {
			return nil, err
		}
		return nil, fmt.Errorf("asking what the cluster serves as %s: %w", kindName(gvk), err)
	}
	client, err := c.restClient(mapping)
	if err != nil {
		return nil, err
	}
	if mapping.Scope.Name() == meta.RESTScopeNameNamespace && obj.GetNamespace() == "" {
		obj.SetNamespace(c.opts.Key.Namespace)
	}
	return &resource.Info{Client: client, Mapping: mapping, Namespace: obj.GetNamespace(), Name: obj.GetName(), Object: obj}, nil
}

func kindName(gvk schema.GroupVersionKind) string {
	return gvk.GroupVersion().String() + " " + gvk.Kind
}

// parse reads a stream of YAML or JSON documents. Its errors quote nothing of
// the content.
func parse(manifest []byte) ([]*unstructured.Unstructured, error) {
	var objects []*unstructured.Unstructured
	decoder := yaml.NewYAMLOrJSONDecoder(bytes.NewReader(manifest), 4096)
	for n := 1; ; n++ {
		var raw yamlDocument
		err := decoder.Decode(&raw)
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("parsing manifest %d: %w", n, err)
		}
		if len(raw) == 0 || string(raw) == "null" {
			continue
		}
		more, err := objectsIn(raw)
		if err != nil {
			return nil, fmt.Errorf("parsing manifest %d: %w", n, err)
		}
		objects = append(objects, more...)
	}
}

// yamlDocument keeps the JSON of a document.
type yamlDocument []byte

// UnmarshalJSON implements json.Unmarshaler.
func (d *yamlDocument) UnmarshalJSON(data []byte) error {
	*d = bytes.TrimSpace(bytes.Clone(data))
	return nil
}

func objectsIn(raw []byte) ([]*unstructured.Unstructured, error) {
	var content map[string]any
	if err := json.Unmarshal(raw, &content); err != nil {
		return nil, errors.New("it is not an object")
	}
	return flatten(content)
}

func flatten(content map[string]any) ([]*unstructured.Unstructured, error) {
	obj := &unstructured.Unstructured{Object: content}
	switch {
	case len(content) == 0:
		return nil, nil
	case obj.GetKind() == "":
		return nil, fmt.Errorf("the object named %q has no kind", obj.GetName())
	case obj.GetAPIVersion() == "":
		return nil, fmt.Errorf("the %s named %q has no apiVersion", obj.GetKind(), obj.GetName())
	case !obj.IsList():
		return []*unstructured.Unstructured{obj}, nil
	}
	var objects []*unstructured.Unstructured
	for _, item := range content["items"].([]any) {
		content, ok := item.(map[string]any)
		if !ok {
			return nil, errors.New("an item of a list is not an object")
		}
		more, err := flatten(content)
		if err != nil {
			return nil, err
		}
		objects = append(objects, more...)
	}
	return objects, nil
}
