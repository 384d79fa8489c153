package client

import (
	"reflect"

	"helm.sh/helm/v3/pkg/kube"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/cli-runtime/pkg/resource"
)

// objectKey identifies an object whatever the version of its kind.
type objectKey struct {
	kind      schema.GroupKind
	namespace string
	name      string
}

func keyOf(info *resource.Info) objectKey {
	return objectKey{info.Mapping.GroupVersionKind.GroupKind(), namespaceOf(info), info.Name}
}

// base is the objects of one earlier revision.
type base kube.ResourceList

// index has the objects of all bases.
type index struct {
	order []objectKey
	infos map[objectKey]*resource.Info
	was   map[objectKey][]*unstructured.Unstructured
}

// index returns the objects of the bases, and after those the ones that Helm
// itself takes for the original: the deployed revision, and the target's own
// objects where it adopts.
func (c *Client) index(original kube.ResourceList) index {
	ix := index{infos: map[objectKey]*resource.Info{}, was: map[objectKey][]*unstructured.Unstructured{}}
	for _, b := range c.parsedBases() {
		ix.add(kube.ResourceList(b))
	}
	ix.add(original)
	return ix
}

func (ix *index) add(infos kube.ResourceList) {
	for _, info := range infos {
		key := keyOf(info)
		obj, ok := info.Object.(*unstructured.Unstructured)
		if !ok {
			continue
		}
		if ix.infos[key] == nil {
			ix.order = append(ix.order, key)
			ix.infos[key] = info
		}
		if !has(ix.was[key], obj) {
			ix.was[key] = append(ix.was[key], obj)
		}
	}
}

func has(objects []*unstructured.Unstructured, obj *unstructured.Unstructured) bool {
	for _, o := range objects {
		if reflect.DeepEqual(o.Object, obj.Object) {
			return true
		}
	}
	return false
}

// parsedBases reads the bases once. Kinds that are no longer served are skipped:
// nothing of them is left. A base that cannot be read is skipped with a warning:
// Helm itself stored it after reading it.
func (c *Client) parsedBases() []base {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.parsed {
		return c.bases
	}
	c.parsed = true
	for _, manifest := range c.opts.Bases {
		objects, err := parse(manifest)
		if err != nil {
			c.warnings.add("an earlier revision cannot be read: what only it wrote stays: " + err.Error())
			continue
		}
		infos, unknown, err := c.lookUp(objects)
		if err != nil {
			c.warnings.add("an earlier revision cannot be read: what only it wrote stays: " + err.Error())
			continue
		}
		c.skipping(unknown)
		c.bases = append(c.bases, base(infos))
	}
	return c.bases
}

// forget lets go of what only an apply needs.
func (c *Client) forget() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.bases, c.parsed, c.opts.Bases = nil, true, nil
}
