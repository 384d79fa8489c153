package v1alpha1

// What the controller writes on objects and reads from them.
const (
	// Finalizer holds a HelmRelease until its Helm release is uninstalled.
	Finalizer = "fairlead.dev/uninstall"
	// ReconcileAtAnnotation asks the source for something newer, once per value.
	// Any value will do; a time is usual.
	ReconcileAtAnnotation = "fairlead.dev/reconcile-at"
)
