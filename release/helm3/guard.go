package helm3

import (
	"fmt"
	"io"
	"runtime/debug"
	"time"

	"helm.sh/helm/v3/pkg/kube"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fairlead-dev/fairlead/release/helm3/client"
)

// A panicError is a panic that was caught.
type panicError struct {
	value any
	// stack is for a debugger; it is never told.
	stack []byte
}

func (e *panicError) Error() string { return fmt.Sprintf("panic: %v", e.value) }

// caught turns a panic into an error. Helm works in goroutines of its own, where
// nobody else could catch it: a panic there would end the program.
func caught(err *error) {
	if p := recover(); p != nil {
		*err = &panicError{value: p, stack: debug.Stack()}
	}
}

// guarded is a client whose panics are errors. Only what Helm calls in its own
// goroutines is guarded here.
type guarded struct{ *client.Client }

// Build implements kube.Interface.
func (g guarded) Build(r io.Reader, validate bool) (list kube.ResourceList, err error) {
	defer caught(&err)
	return g.Client.Build(r, validate)
}

// Create implements kube.Interface.
func (g guarded) Create(list kube.ResourceList) (res *kube.Result, err error) {
	defer caught(&err)
	return g.Client.Create(list)
}

// Update implements kube.Interface.
func (g guarded) Update(original, target kube.ResourceList, force bool) (res *kube.Result, err error) {
	// Helm reads the result of an update that failed.
	defer func() {
		if res == nil {
			res = &kube.Result{}
		}
	}()
	defer caught(&err)
	return g.Client.Update(original, target, force)
}

// Wait implements kube.Interface.
func (g guarded) Wait(list kube.ResourceList, timeout time.Duration) (err error) {
	defer caught(&err)
	return g.Client.Wait(list, timeout)
}

// WatchUntilReady implements kube.Interface.
func (g guarded) WatchUntilReady(list kube.ResourceList, timeout time.Duration) (err error) {
	defer caught(&err)
	return g.Client.WatchUntilReady(list, timeout)
}

// WaitForDelete implements kube.InterfaceExt.
func (g guarded) WaitForDelete(list kube.ResourceList, timeout time.Duration) (err error) {
	defer caught(&err)
	return g.Client.WaitForDelete(list, timeout)
}

// Delete implements kube.Interface.
func (g guarded) Delete(list kube.ResourceList) (*kube.Result, []error) {
	return g.DeleteWithPropagationPolicy(list, metav1.DeletePropagationBackground)
}

// DeleteWithPropagationPolicy implements kube.InterfaceDeletionPropagation.
func (g guarded) DeleteWithPropagationPolicy(list kube.ResourceList, policy metav1.DeletionPropagation) (res *kube.Result, errs []error) {
	err := func() (err error) {
		defer caught(&err)
		res, errs = g.Client.DeleteWithPropagationPolicy(list, policy)
		return nil
	}()
	if err != nil {
		errs = []error{err}
	}
	return res, errs
}
