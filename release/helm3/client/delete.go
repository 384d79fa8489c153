package client

import (
	"context"
	"time"

	"helm.sh/helm/v3/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/cli-runtime/pkg/resource"

	"github.com/fairlead-dev/fairlead/release/health"
)

// Delete deletes objects and, in the background, what they own. It tries all of
// them; an object that is not there is no error.
func (c *Client) Delete(resources kube.ResourceList) (*kube.Result, []error) {
	return c.DeleteWithPropagationPolicy(resources, metav1.DeletePropagationBackground)
}

// DeleteWithPropagationPolicy is Delete with a say in what becomes of owned
// objects.
func (c *Client) DeleteWithPropagationPolicy(resources kube.ResourceList, policy metav1.DeletionPropagation) (*kube.Result, []error) {
	var failures []error
	res := &kube.Result{}
	errs := perKind(resources, func(info *resource.Info) error { return c.remove(info, policy, nil) }, func([]error) bool { return false })
	for i, err := range errs {
		if err != nil {
			failures = append(failures, c.note(err))
			continue
		}
		res.Deleted = append(res.Deleted, resources[i])
	}
	if len(failures) > 0 {
		return nil, failures
	}
	return res, nil
}

// remove deletes one object. If the answer says that it is gone already, waiting
// for that needs no request.
func (c *Client) remove(info *resource.Info, policy metav1.DeletionPropagation, only *metav1.Preconditions) error {
	var answer runtime.Object
	_, err := trying(func() (err error) {
		opts := &metav1.DeleteOptions{PropagationPolicy: &policy, Preconditions: only}
		answer, err = helper(info).DeleteWithOptions(namespaceOf(info), info.Name, opts)
		return err
	})
	if err != nil && !apierrors.IsNotFound(err) {
		return failed("deleting", info, err)
	}
	if err != nil || over(answer) {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.gone[info] = true
		return nil
	}
	refresh(info, answer)
	return nil
}

// WaitForDelete waits until objects are gone. It asks about none that the
// DELETE's answer said it of.
func (c *Client) WaitForDelete(resources kube.ResourceList, timeout time.Duration) error {
	c.mu.Lock()
	left := resources.Filter(func(info *resource.Info) bool { return !c.gone[info] })
	c.mu.Unlock()
	return c.note(health.Wait(context.Background(), api{c}, objects(left), health.Gone, timeout))
}

// over reports whether the answer to a DELETE says that the object is gone: it is
// a status, or the object as it was (for a Service). One that finalizers or a
// grace period hold is marked as being deleted.
func over(answer runtime.Object) bool {
	obj, ok := answer.(*unstructured.Unstructured)
	if !ok || obj.GetDeletionTimestamp() == nil {
		return true
	}
	grace := obj.GetDeletionGracePeriodSeconds()
	return len(obj.GetFinalizers()) == 0 && (grace == nil || *grace == 0)
}
