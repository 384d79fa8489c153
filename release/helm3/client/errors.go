package client

import (
	"errors"
	"slices"
	"strings"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	"k8s.io/cli-runtime/pkg/resource"
)

// UnknownKindsError says that manifests have kinds that the cluster does not
// serve.
type UnknownKindsError struct {
	// Kinds, sorted, each once, as "apps/v1 Deployment".
	Kinds []string
}

// Error names the kinds.
func (e *UnknownKindsError) Error() string {
	return "the cluster does not serve " + strings.Join(e.Kinds, ", ")
}

// An ObjectError is a request about one object that failed; errors.As finds the
// API server's status beneath, if it answered.
type ObjectError struct {
	// Verb is "reading", "creating", "updating", "deleting" or, after a panic,
	// "handling".
	Verb      string
	Kind      string
	Namespace string // empty for kinds without namespaces
	Name      string
	// Fields that the API server found invalid, if it did, sorted.
	Fields []string
	Err    error
}

// Error is `updating Deployment shop/web: spec.selector: field is immutable`.
func (e *ObjectError) Error() string {
	return e.Verb + " " + objectName(e.Kind, e.Namespace, e.Name) + ": " + e.detail()
}

// detail is the API server's message without what it says of the object.
func (e *ObjectError) detail() string {
	var status apierrors.APIStatus
	if !errors.As(e.Err, &status) {
		return e.Err.Error()
	}
	details := status.Status().Details
	if !apierrors.IsInvalid(e.Err) || details == nil || len(details.Causes) == 0 {
		return strings.Join(strings.Fields(e.Err.Error()), " ")
	}
	var causes []string
	for _, cause := range details.Causes {
		text := strings.Join(strings.Fields(cause.Message), " ")
		if cause.Field != "" {
			text = cause.Field + ": " + text
		}
		if !slices.Contains(causes, text) {
			causes = append(causes, text)
		}
	}
	return strings.Join(causes, ", ")
}

// Unwrap returns the error beneath.
func (e *ObjectError) Unwrap() error { return e.Err }

// Refused reports whether the API server understood the request and said no, so
// that the same request will not do better.
func (e *ObjectError) Refused() bool {
	return apierrors.ReasonForError(e.Err) != "" && !transient(e.Err)
}

// failed makes an ObjectError.
func failed(verb string, info *resource.Info, err error) error {
	e := &ObjectError{Verb: verb, Kind: info.Mapping.GroupVersionKind.Kind, Namespace: namespaceOf(info), Name: info.Name, Err: err}
	var status apierrors.APIStatus
	if errors.As(err, &status) && apierrors.IsInvalid(err) && status.Status().Details != nil {
		for _, cause := range status.Status().Details.Causes {
			if cause.Field != "" && !slices.Contains(e.Fields, cause.Field) {
				e.Fields = append(e.Fields, cause.Field)
			}
		}
		slices.Sort(e.Fields)
	}
	return e
}

// A ConflictError says that objects exist and belong to somebody else.
type ConflictError struct {
	// Objects, as `Deployment shop/web belongs to release shop/other`.
	Objects []string
}

// Error names the objects.
func (e *ConflictError) Error() string { return strings.Join(e.Objects, ", ") }

// A HookError says that a hook did not do its work. The error beneath is a
// *health.NotReadyError.
type HookError struct {
	Kind      string
	Namespace string
	Name      string
	Err       error
}

// Error is `Job shop/migrate failed: BackoffLimitExceeded`. Err is the
// *health.NotReadyError of it.
func (e *HookError) Error() string { return e.Err.Error() }

// Unwrap returns the error beneath.
func (e *HookError) Unwrap() error { return e.Err }

// several are errors of several objects, on one line.
type several []error

// join returns nil, the only error, or several.
func join(errs []error) error {
	errs = slices.DeleteFunc(slices.Clone(errs), func(err error) bool { return err == nil })
	switch len(errs) {
	case 0:
		return nil
	case 1:
		return errs[0]
	}
	return several(errs)
}

// Error names the first few.
func (s several) Error() string {
	const most = 5
	var parts []string
	for _, err := range s[:min(most, len(s))] {
		parts = append(parts, err.Error())
	}
	if len(s) > most {
		parts = append(parts, "and more")
	}
	return strings.Join(parts, "; ")
}

// Unwrap returns them all.
func (s several) Unwrap() []error { return s }

func objectName(kind, namespace, name string) string {
	if namespace == "" {
		return kind + " " + name
	}
	return kind + " " + namespace + "/" + name
}

// namespaceOf is empty for kinds without namespaces, whatever the manifest says.
func namespaceOf(info *resource.Info) string {
	if info.Mapping.Scope.Name() == meta.RESTScopeNameRoot {
		return ""
	}
	return info.Namespace
}
