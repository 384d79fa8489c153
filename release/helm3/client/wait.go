package client

import (
	"context"
	"errors"
	"time"

	"helm.sh/helm/v3/pkg/kube"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/cli-runtime/pkg/resource"

	"github.com/fairlead-dev/fairlead/release/health"
)

// podKind is the kind of pods.
var podKind = &meta.RESTMapping{
	Resource:         corev1.SchemeGroupVersion.WithResource("pods"),
	GroupVersionKind: corev1.SchemeGroupVersion.WithKind("Pod"),
	Scope:            meta.RESTScopeNamespace,
}

// Wait waits until the objects are ready, except for Jobs. It ends with the
// cause of the operation's context when that is cancelled.
func (c *Client) Wait(resources kube.ResourceList, timeout time.Duration) error {
	return c.wait(resources, health.Ready, timeout)
}

// WaitWithJobs is Wait, but Jobs must complete.
func (c *Client) WaitWithJobs(resources kube.ResourceList, timeout time.Duration) error {
	return c.wait(resources, health.ReadyWithJobs, timeout)
}

func (c *Client) wait(resources kube.ResourceList, rule health.Rule, timeout time.Duration) error {
	waited := objects(resources)
	// A thousand releases may wait at a time, and Helm holds on to the list.
	c.forget()
	for _, info := range resources {
		info.Object = stub(info.Object)
	}
	return c.note(health.Wait(c.opts.Wait, api{c}, waited, rule, timeout))
}

func objects(resources kube.ResourceList) []health.Object {
	list := make([]health.Object, len(resources))
	for i, info := range resources {
		seen, _ := info.Object.(*unstructured.Unstructured)
		list[i] = health.Object{Kind: info.Mapping, Namespace: namespaceOf(info), Name: info.Name, Seen: seen}
	}
	return list
}

// stub keeps what identifies an object.
func stub(obj any) *unstructured.Unstructured {
	small := &unstructured.Unstructured{Object: map[string]any{}}
	if full, ok := obj.(*unstructured.Unstructured); ok {
		small.SetGroupVersionKind(full.GroupVersionKind())
		small.SetNamespace(full.GetNamespace())
		small.SetName(full.GetName())
		small.SetUID(full.GetUID())
		small.SetResourceVersion(full.GetResourceVersion())
	}
	return small
}

// WatchUntilReady waits for the Jobs and Pods of a hook to do their work.
// Nothing but its timeout ends it: a hook is never left half done.
func (c *Client) WatchUntilReady(resources kube.ResourceList, timeout time.Duration) error {
	work := resources.Filter(func(info *resource.Info) bool {
		kind := info.Mapping.GroupVersionKind.GroupKind()
		return kind.String() == "Job.batch" || kind.String() == "Pod"
	})
	err := health.Wait(context.Background(), api{c}, objects(work), health.Completed, timeout)
	var late *health.NotReadyError
	if errors.As(err, &late) && len(late.Objects) > 0 {
		first := late.Objects[0]
		err = &HookError{Kind: first.Kind, Namespace: first.Namespace, Name: first.Name, Err: err}
	}
	return c.note(err)
}

// WaitAndGetCompletedPodPhase waits until a pod has succeeded or failed.
func (c *Client) WaitAndGetCompletedPodPhase(name string, timeout time.Duration) (corev1.PodPhase, error) {
	phase := make(chan corev1.PodPhase, 1)
	rule := func(obj *unstructured.Unstructured) (health.Verdict, string) {
		if obj == nil {
			return health.Pending, "not found"
		}
		text, _, _ := unstructured.NestedString(obj.Object, "status", "phase")
		if p := corev1.PodPhase(text); p == corev1.PodSucceeded || p == corev1.PodFailed {
			phase <- p
			return health.Done, ""
		}
		return health.Pending, "phase " + text
	}
	pod := health.Object{Kind: podKind, Namespace: c.opts.Key.Namespace, Name: name}
	if err := health.Wait(context.Background(), api{c}, []health.Object{pod}, rule, timeout); err != nil {
		return corev1.PodUnknown, c.note(err)
	}
	return <-phase, nil
}
