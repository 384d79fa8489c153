package client

import (
	"helm.sh/helm/v3/pkg/kube"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/cli-runtime/pkg/resource"
)

// Prune deletes what the bases have and target does not, if it is this
// release's and not to be kept. Create and Update do it by themselves; Helm
// calls neither for a release without objects.
func (c *Client) Prune(target kube.ResourceList) error {
	_, err := c.prune(c.index(nil), target)
	return c.note(err)
}

// prune looks at each left-over object before it deletes it. An object that
// target has under another group (Ingress once was in extensions) is the same
// one: its uid tells.
func (c *Client) prune(bases index, target kube.ResourceList) (kube.ResourceList, error) {
	keep := map[objectKey]bool{}
	uids := map[types.UID]bool{}
	for _, info := range target {
		keep[keyOf(info)] = true
		if obj, ok := info.Object.(*unstructured.Unstructured); ok && obj.GetUID() != "" {
			uids[obj.GetUID()] = true
		}
	}
	var left kube.ResourceList
	for _, key := range bases.order {
		if !keep[key] {
			left = append(left, bases.infos[key])
		}
	}
	live := make([]*unstructured.Unstructured, len(left))
	err := join(each(left, func(i int, info *resource.Info) (err error) {
		live[i], err = get(info)
		return err
	}))
	if err != nil {
		return nil, err
	}
	var deleted kube.ResourceList
	var errs []error
	for i, info := range left {
		obj := live[i]
		if obj == nil || uids[obj.GetUID()] || !c.ours(obj) || annotation(obj, kube.ResourcePolicyAnno) == kube.KeepPolicy {
			continue
		}
		uid := obj.GetUID()
		err := c.remove(info, metav1.DeletePropagationBackground, &metav1.Preconditions{UID: &uid})
		errs = append(errs, err)
		if err == nil {
			deleted = append(deleted, info)
		}
	}
	return deleted, join(errs)
}
