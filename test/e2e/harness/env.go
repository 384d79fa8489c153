package harness

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
)

// An Env is one test's part of the cluster.
type Env struct {
	Cluster    *Cluster
	Client     client.WithWatch
	Controller *Controller
	// Namespace is the test's own.
	Namespace string
}

// New gives a test a namespace and a running controller. Both go with the test,
// and so do the HelmReleases in the namespace: those that cannot be uninstalled
// fail the test.
//
// One controller at a time serves a cluster, so tests that use it don't run in
// parallel.
func New(t testing.TB, opts ...Option) *Env {
	t.Helper()
	cluster := SharedCluster(t)
	e := &Env{Cluster: cluster, Client: cluster.Client}
	// First, so that it is stopped last: it has finalizers to serve.
	e.Controller = newController(t, cluster, opts...)
	e.Namespace = e.NewNamespace(t)
	return e
}

var (
	namespaces atomic.Int64
	notInNames = regexp.MustCompile(`[^a-z0-9]+`)
)

// NewNamespace creates one more namespace that goes with the test.
func (e *Env) NewNamespace(t testing.TB) string {
	t.Helper()
	// A new name each time: a namespace takes a while to go.
	label := strings.Trim(notInNames.ReplaceAllString(strings.ToLower(t.Name()), "-"), "-")
	name := strings.Trim(label[:min(40, len(label))], "-") + fmt.Sprintf("-%d", namespaces.Add(1))
	namespace := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if err := e.Client.Create(t.Context(), namespace); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), Patience)
		defer cancel()
		e.removeReleases(ctx, t, name)
		if err := e.Client.Delete(ctx, namespace); err != nil && !apierrors.IsNotFound(err) {
			t.Errorf("deleting namespace %s: %v", name, err)
		}
	})
	return name
}

// In returns the same part of the cluster with another namespace for its own,
// such as one of NewNamespace's.
func (e *Env) In(namespace string) *Env {
	other := *e
	other.Namespace = namespace
	return &other
}

// removeReleases deletes the HelmReleases of a namespace and waits until the
// controller has let them go. The next test must not find them.
func (e *Env) removeReleases(ctx context.Context, t testing.TB, namespace string) {
	in := client.InNamespace(namespace)
	if err := e.Client.DeleteAllOf(ctx, &v1alpha1.HelmRelease{}, in); err != nil {
		t.Errorf("deleting the HelmReleases of %s: %v", namespace, err)
		return
	}
	var left v1alpha1.HelmReleaseList
	gone := func() bool {
		err := e.Client.List(ctx, &left, in)
		return err == nil && len(left.Items) == 0
	}
	patience, cancel := context.WithTimeout(ctx, Patience/2)
	defer cancel()
	if e.Controller.Running() && !t.Failed() {
		if err := poll(patience, gone); err == nil {
			return
		}
		t.Errorf("the HelmReleases of %s were deleted and did not go:%s", namespace, describe(left.Items))
	}
	if gone() {
		return
	}
	for i := range left.Items {
		hr := &left.Items[i]
		// Without a resource version: a controller that still runs writes too.
		none := client.RawPatch(types.MergePatchType, []byte(`{"metadata":{"finalizers":null}}`))
		if err := e.Client.Patch(ctx, hr, none); err != nil && !apierrors.IsNotFound(err) {
			t.Errorf("taking the finalizer off %s: %v", hr.Name, err)
		}
	}
}

func describe(all []v1alpha1.HelmRelease) string {
	var text strings.Builder
	for i := range all {
		fmt.Fprintf(&text, "\n%s", Status(&all[i]))
	}
	return text.String()
}

// Create creates objects, in the test's namespace if they name none.
func (e *Env) Create(t testing.TB, objects ...client.Object) {
	t.Helper()
	for _, o := range objects {
		if o.GetNamespace() == "" {
			o.SetNamespace(e.Namespace)
		}
		if err := e.Client.Create(t.Context(), o); err != nil {
			t.Fatalf("creating %T %s: %v", o, o.GetName(), err)
		}
	}
}

// Get reads an object by the name and namespace in it; the namespace defaults to
// the test's. It returns false when there is none.
func (e *Env) Get(t testing.TB, o client.Object) bool {
	t.Helper()
	if o.GetNamespace() == "" {
		o.SetNamespace(e.Namespace)
	}
	err := e.Client.Get(t.Context(), client.ObjectKeyFromObject(o), o)
	if err != nil && !apierrors.IsNotFound(err) {
		t.Fatalf("reading %T %s: %v", o, o.GetName(), err)
	}
	return err == nil
}

// ReconcileNow asks for a release to be looked at, as `kubectl annotate` would,
// and returns the value to wait for in status.lastHandledReconcileAt.
func (e *Env) ReconcileNow(t testing.TB, name string) string {
	t.Helper()
	at := time.Now().Format(time.RFC3339Nano)
	e.Change(t, name, func(hr *v1alpha1.HelmRelease) {
		metav1.SetMetaDataAnnotation(&hr.ObjectMeta, v1alpha1.ReconcileAtAnnotation, at)
	})
	return at
}

// Change changes a HelmRelease, as a commit would: by a patch that has only the
// difference. It returns the object with its new generation.
func (e *Env) Change(t testing.TB, name string, change func(*v1alpha1.HelmRelease)) *v1alpha1.HelmRelease {
	t.Helper()
	hr := e.Release(t, name)
	before := hr.DeepCopy()
	change(hr)
	if err := e.Client.Patch(t.Context(), hr, client.MergeFrom(before)); err != nil {
		t.Fatalf("changing HelmRelease %s: %v", name, err)
	}
	return hr
}

// Release reads a HelmRelease, which must be there.
func (e *Env) Release(t testing.TB, name string) *v1alpha1.HelmRelease {
	t.Helper()
	hr := &v1alpha1.HelmRelease{ObjectMeta: metav1.ObjectMeta{Name: name}}
	if !e.Get(t, hr) {
		t.Fatalf("there is no HelmRelease %s", name)
	}
	return hr
}

// Delete deletes a HelmRelease and returns when it is gone.
func (e *Env) Delete(t testing.TB, name string) {
	t.Helper()
	hr := e.Release(t, name)
	if err := e.Client.Delete(t.Context(), hr); err != nil {
		t.Fatalf("deleting HelmRelease %s: %v", name, err)
	}
	last := hr
	Eventually(t, Patience, "HelmRelease "+name+" to go", func() bool {
		now := &v1alpha1.HelmRelease{ObjectMeta: metav1.ObjectMeta{Name: name}}
		there := e.Get(t, now)
		if there {
			last = now
		}
		return !there || now.UID != hr.UID
	}, func() string { return Status(last) })
}
