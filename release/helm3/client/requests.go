package client

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"helm.sh/helm/v3/pkg/kube"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	utilwait "k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/cli-runtime/pkg/resource"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/util/retry"
)

const (
	// manager is the field manager of everything that we write.
	manager = "fairlead"
	// requestTimeout bounds each request but watches.
	requestTimeout = 30 * time.Second
	// atOnce is how many requests of an operation are under way at a time.
	atOnce = 8
)

// patience is how requests are tried again: for about half a minute, which is
// what an API server needs to restart.
var patience = utilwait.Backoff{Duration: 250 * time.Millisecond, Factor: 2, Jitter: 0.2, Steps: 8}

// restClient returns the client of a kind for this operation.
func (c *Client) restClient(mapping *meta.RESTMapping) (resource.RESTClient, error) {
	shared, err := c.shared.client(mapping.GroupVersionKind.GroupVersion())
	if err != nil {
		return nil, err
	}
	return resource.NewClientWithOptions(shared, func(req *rest.Request) {
		req.Timeout(requestTimeout)
		req.WarningHandlerWithContext(&c.warnings)
	}), nil
}

// helper returns Helm's own way to ask about an object.
func helper(info *resource.Info) *resource.Helper {
	return resource.NewHelper(info.Client, info.Mapping).WithFieldManager(manager)
}

// transient reports whether a request may do better when it is tried again.
func transient(err error) bool {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return apierrors.IsConflict(err) || apierrors.IsServerTimeout(err) || apierrors.IsTimeout(err) ||
			apierrors.IsTooManyRequests(err) || apierrors.IsServiceUnavailable(err) || apierrors.IsInternalError(err)
	}
	var lost net.Error // *url.Error is one: everything that kept us from an answer
	return errors.As(err, &lost) || errors.Is(err, context.DeadlineExceeded)
}

// doubtful reports whether a request may have been done although it failed.
func doubtful(err error) bool {
	var status apierrors.APIStatus
	if errors.As(err, &status) {
		return apierrors.IsTimeout(err) || apierrors.IsServerTimeout(err)
	}
	return err != nil
}

// trying does a request until it is answered for good. It tells whether a try
// may have been done although it failed.
func trying(request func() error) (doubt bool, err error) {
	err = retry.OnError(patience, transient, func() error {
		err := request()
		doubt = doubt || doubtful(err)
		return err
	})
	return doubt, err
}

// get returns the live object without its managed fields, nil if there is none.
func get(info *resource.Info) (*unstructured.Unstructured, error) {
	var obj runtime.Object
	_, err := trying(func() (err error) {
		obj, err = helper(info).Get(namespaceOf(info), info.Name)
		return err
	})
	switch {
	case apierrors.IsNotFound(err):
		return nil, nil
	case err != nil:
		return nil, failed("reading", info, err)
	}
	return slim(obj), nil
}

// slim drops what nobody here reads.
func slim(obj runtime.Object) *unstructured.Unstructured {
	u, ok := obj.(*unstructured.Unstructured)
	if !ok {
		return &unstructured.Unstructured{Object: map[string]any{}}
	}
	unstructured.RemoveNestedField(u.Object, "metadata", "managedFields")
	return u
}

// refresh gives an info the object as the API server has it now.
func refresh(info *resource.Info, obj runtime.Object) {
	_ = info.Refresh(slim(obj), true)
}

// each calls do for all infos, a few at a time, and returns the errors in their
// order.
func each(infos kube.ResourceList, do func(int, *resource.Info) error) []error {
	errs := make([]error, len(infos))
	slots := make(chan struct{}, atOnce)
	var all sync.WaitGroup
	for i, info := range infos {
		slots <- struct{}{}
		all.Go(func() {
			defer func() {
				if r := recover(); r != nil {
					errs[i] = failed("handling", info, fmt.Errorf("panic: %v", r))
				}
				<-slots
			}()
			errs[i] = do(i, info)
		})
	}
	all.Wait()
	return errs
}

// perKind is each for one run of infos of a kind after the other: Helm sorts
// them so that what others need comes first. It stops after a kind when stop
// says so.
func perKind(infos kube.ResourceList, do func(*resource.Info) error, stop func([]error) bool) []error {
	var errs []error
	for len(infos) > 0 {
		n := 1
		for n < len(infos) && infos[n].Mapping.GroupVersionKind == infos[0].Mapping.GroupVersionKind {
			n++
		}
		these := each(infos[:n], func(_ int, info *resource.Info) error { return do(info) })
		errs = append(errs, these...)
		if stop(these) {
			break
		}
		infos = infos[n:]
	}
	return errs
}

// api is how waits ask.
type api struct{ c *Client }

// List implements health.API.
func (a api) List(ctx context.Context, kind *meta.RESTMapping, namespace string, opts metav1.ListOptions) (*unstructured.UnstructuredList, error) {
	client, err := a.c.restClient(kind)
	if err != nil {
		return nil, err
	}
	obj, err := client.Get().
		NamespaceIfScoped(namespace, kind.Scope.Name() == meta.RESTScopeNameNamespace).
		Resource(kind.Resource.Resource).
		VersionedParams(&opts, metav1.ParameterCodec).
		Do(ctx).Get()
	if err != nil {
		return nil, err
	}
	list, ok := obj.(*unstructured.UnstructuredList)
	if !ok {
		return nil, errors.New("the answer is not a list")
	}
	return list, nil
}

// Watch implements health.API.
func (a api) Watch(ctx context.Context, kind *meta.RESTMapping, namespace string, opts metav1.ListOptions) (watch.Interface, error) {
	client, err := a.c.shared.client(kind.GroupVersionKind.GroupVersion())
	if err != nil {
		return nil, err
	}
	opts.Watch = true
	return client.Get().
		NamespaceIfScoped(namespace, kind.Scope.Name() == meta.RESTScopeNameNamespace).
		Resource(kind.Resource.Resource).
		VersionedParams(&opts, metav1.ParameterCodec).
		Watch(ctx)
}
