package client

import (
	"errors"

	"helm.sh/helm/v3/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/resource"
)

// Update makes the cluster's objects what target says: creates those that are
// missing, patches those that differ, and deletes what original or a base has
// and target has not. With force objects are replaced instead of patched.
//
// Helm merges custom resources without looking at the live object here; we
// always look, as UpdateThreeWayMerge does.
func (c *Client) Update(original, target kube.ResourceList, force bool) (*kube.Result, error) {
	res, err := c.update(original, target, force)
	return res, c.note(err)
}

// UpdateThreeWayMerge is Update.
func (c *Client) UpdateThreeWayMerge(original, target kube.ResourceList, force bool) (*kube.Result, error) {
	return c.Update(original, target, force)
}

func (c *Client) update(original, target kube.ResourceList, force bool) (*kube.Result, error) {
	res := &kube.Result{}
	bases := c.index(original)
	lives := make([]*unstructured.Unstructured, len(target))
	err := join(each(target, func(i int, info *resource.Info) (err error) {
		lives[i], err = get(info)
		return err
	}))
	if err != nil {
		return res, err
	}
	live := map[*resource.Info]*unstructured.Unstructured{}
	for i, info := range target {
		live[info] = lives[i]
		if lives[i] == nil {
			res.Created = append(res.Created, info)
		} else {
			res.Updated = append(res.Updated, info)
		}
	}
	if err := c.conflicts(target, live, bases); err != nil {
		return &kube.Result{}, err
	}
	errs := perKind(target, func(info *resource.Info) error {
		switch {
		case live[info] == nil:
			return c.create(info, bases, true)
		case force:
			return replace(info)
		}
		return c.patch(info, live[info], bases)
	}, anyCreateFailed)
	if err := join(errs); err != nil {
		return res, err
	}
	res.Deleted, err = c.prune(bases, target)
	return res, err
}

// anyCreateFailed stops an update where Helm's stops: what comes later may need
// the object.
func anyCreateFailed(errs []error) bool {
	for _, err := range errs {
		var object *ObjectError
		if errors.As(err, &object) && object.Verb == "creating" {
			return true
		}
	}
	return false
}

// conflicts refuses objects that no revision of this release has had and that
// belong to another release. Helm checks installs and upgrades by itself, but
// not rollbacks.
func (c *Client) conflicts(target kube.ResourceList, live map[*resource.Info]*unstructured.Unstructured, bases index) error {
	var found []string
	for _, info := range target {
		obj := live[info]
		if obj == nil || bases.infos[keyOf(info)] != nil || c.ours(obj) {
			continue
		}
		if owner := annotation(obj, releaseNameAnnotation); owner != "" {
			found = append(found, objectName(info.Mapping.GroupVersionKind.Kind, namespaceOf(info), info.Name)+
				" belongs to release "+annotation(obj, releaseNamespaceAnnotation)+"/"+owner)
		}
	}
	if len(found) == 0 {
		return nil
	}
	return &ConflictError{Objects: found}
}

// patch merges target into the live object; it makes no request when nothing
// would change.
func (c *Client) patch(info *resource.Info, live *unstructured.Unstructured, bases index) error {
	target, ok := info.Object.(*unstructured.Unstructured)
	if !ok {
		return failed("updating", info, errors.New("it is not an object"))
	}
	m := mergerOf(info.Mapping.GroupVersionKind)
	data, err := m.patch(target, live, bases.was[keyOf(info)])
	if err != nil {
		return failed("updating", info, err)
	}
	if data == nil {
		refresh(info, live)
		return nil
	}
	var obj runtime.Object
	_, err = trying(func() (err error) {
		obj, err = helper(info).Patch(namespaceOf(info), info.Name, m.kind, data, nil)
		return err
	})
	switch {
	case apierrors.IsNotFound(err):
		return c.create(info, bases, false) // it went away meanwhile
	case err != nil:
		return failed("updating", info, err)
	}
	refresh(info, obj)
	return nil
}

// replace overwrites the live object, as Helm does when it is forced.
func replace(info *resource.Info) error {
	var obj runtime.Object
	_, err := trying(func() (err error) {
		obj, err = helper(info).Replace(namespaceOf(info), info.Name, true, info.Object)
		return err
	})
	if err != nil {
		return failed("updating", info, err)
	}
	refresh(info, obj)
	return nil
}
