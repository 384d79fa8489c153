package client

import (
	"helm.sh/helm/v3/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/resource"
)

// What Helm and we write on objects.
const (
	releaseNameAnnotation      = "meta.helm.sh/release-name"
	releaseNamespaceAnnotation = "meta.helm.sh/release-namespace"
	hookAnnotation             = "helm.sh/hook"
)

// Create makes objects, one kind after the other. An object of the release
// proper that exists and is this release's is updated: it is left from a try
// whose answer was lost. After the release's objects what only the bases have is
// deleted.
func (c *Client) Create(resources kube.ResourceList) (*kube.Result, error) {
	if len(resources) == 0 {
		return nil, kube.ErrNoObjectsVisited
	}
	main := c.ofRelease(resources)
	var bases index
	if main {
		bases = c.index(nil)
	}
	err := join(perKind(resources, func(info *resource.Info) error { return c.create(info, bases, main) }, anyFailed))
	res := &kube.Result{Created: resources}
	if err == nil && main {
		res.Deleted, err = c.prune(bases, resources)
	}
	if err != nil {
		if c.namespaceExists(resources, err) {
			return nil, err // Helm asks to create it every time
		}
		return nil, c.note(err)
	}
	return res, nil
}

// ofRelease tells the objects of a release from hooks and namespaces: Helm marks
// them with the release's name.
func (c *Client) ofRelease(resources kube.ResourceList) bool {
	for _, info := range resources {
		if c.ours(info.Object) {
			return true
		}
	}
	return false
}

// ours reports whether an object says that it belongs to this release.
func (c *Client) ours(obj runtime.Object) bool {
	key := c.opts.Key
	return annotation(obj, releaseNameAnnotation) == key.Name && annotation(obj, releaseNamespaceAnnotation) == key.Namespace &&
		annotation(obj, hookAnnotation) == ""
}

func annotation(obj runtime.Object, name string) string {
	accessor, err := meta.Accessor(obj)
	if err != nil {
		return ""
	}
	return accessor.GetAnnotations()[name]
}

func (c *Client) namespaceExists(resources kube.ResourceList, err error) bool {
	return len(resources) == 1 && resources[0].Mapping.GroupVersionKind.Kind == "Namespace" &&
		resources[0].Name == c.opts.Key.Namespace && apierrors.IsAlreadyExists(err)
}

// create makes one object. If it exists after a try whose answer was lost, that
// try has made it.
func (c *Client) create(info *resource.Info, bases index, main bool) error {
	var obj runtime.Object
	doubt, err := trying(func() (err error) {
		obj, err = helper(info).Create(namespaceOf(info), true, info.Object)
		return err
	})
	switch {
	case err == nil:
		refresh(info, obj)
		return nil
	case !apierrors.IsAlreadyExists(err) || (!doubt && !main):
		return failed("creating", info, err)
	}
	live, readErr := get(info)
	switch {
	case readErr != nil:
		return readErr
	case live == nil:
		return failed("creating", info, err)
	case main && c.ours(live):
		return c.patch(info, live, bases)
	case !main && doubt:
		refresh(info, live)
		return nil
	}
	return failed("creating", info, err)
}

func anyFailed(errs []error) bool { return join(errs) != nil }
