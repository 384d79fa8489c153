package health

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// named is how many objects an error names.
const named = 3

// An ObjectState says why an object is not ready.
type ObjectState struct {
	Kind      string
	Namespace string // empty for kinds without namespaces
	Name      string
	// Reason is one line: `0 of 1 pods ready; pod web-6d4-x: container "app"
	// CrashLoopBackOff`.
	Reason string
	// Failed is set when the object will never be ready.
	Failed bool
}

// String is `Deployment shop/web: 0 of 1 pods ready`, or
// `Job shop/migrate failed: BackoffLimitExceeded`.
func (s ObjectState) String() string {
	name := s.Name
	if s.Namespace != "" {
		name = s.Namespace + "/" + name
	}
	if s.Failed {
		name += " failed"
	}
	return s.Kind + " " + name + ": " + s.Reason
}

// A NotReadyError says which objects were not ready, sorted by kind, namespace
// and name. When a failed object ended the wait, it has only the failed ones.
type NotReadyError struct {
	Objects []ObjectState
}

// Error names at most three objects.
func (e *NotReadyError) Error() string {
	var parts []string
	for _, s := range e.Objects[:min(named, len(e.Objects))] {
		parts = append(parts, s.String())
	}
	if more := len(e.Objects) - named; more > 0 {
		parts = append(parts, fmt.Sprintf("and %d more", more))
	}
	return strings.Join(parts, ", ")
}

func (e *NotReadyError) sort() {
	slices.SortFunc(e.Objects, func(a, b ObjectState) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Namespace, b.Namespace), cmp.Compare(a.Name, b.Name))
	})
}
