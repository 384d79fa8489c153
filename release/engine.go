package release

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// An Engine performs operations through one version of Helm. It is safe for
// concurrent use for different releases; the caller runs at most one operation
// per release. Every implementation passes the conformance suite of
// releasetest.
//
// The context of an operation never stops an apply or a hook: cancelling it
// ends the wait for readiness, and its cause (context.Cause) becomes the reason.
// Cancel with ErrSuperseded, wrapped or as it is, or with ErrStopping.
//
// Each verb begins by settling what an interrupted operation of ours left
// (pending records), reads storage live once before its first write, and
// returns an *Error when it fails.
type Engine interface {
	// Records returns the revisions in storage, oldest first, from a watch: no
	// request is made. It includes everything that this process wrote.
	Records(key Key) []Record

	// APISet identifies the kinds that the cluster serves now, from a watch.
	APISet() string

	// Install makes the first revision, or replaces a failed first one: hooks
	// run as at a first install, and objects that only an earlier failed
	// revision had are removed.
	Install(ctx context.Context, op Operation, req Request) (Result, error)

	// Upgrade makes the next revision. Objects and fields that any revision
	// since the last success wrote, and this one does not have, are removed.
	Upgrade(ctx context.Context, op Operation, req Request) (Result, error)

	// Rollback makes a new revision that equals op.Target.
	Rollback(ctx context.Context, op Operation, req RollbackRequest) (Result, error)

	// Uninstall removes the objects and the whole history. A release that is
	// not there is no error.
	Uninstall(ctx context.Context, op Operation, req UninstallRequest) (Result, error)
}

// A Request is what an install or an upgrade needs.
type Request struct {
	Chart           Chart
	Values          map[string]any
	Timeout         time.Duration
	Wait            bool
	DisableHooks    bool
	CreateNamespace bool
	MaxHistory      int
}

// A RollbackRequest is what a rollback needs.
type RollbackRequest struct {
	Timeout      time.Duration
	Wait         bool
	DisableHooks bool
	MaxHistory   int
}

// An UninstallRequest is what an uninstall needs.
type UninstallRequest struct {
	Timeout      time.Duration
	Wait         bool
	DisableHooks bool
}

// A Result is what an operation did.
type Result struct {
	// Revision that Helm stored; 0 for an uninstall.
	Revision int
	// Warnings that the API server sent, each once.
	Warnings []string
}

// The causes that end a wait; see Engine.
var (
	// ErrSuperseded says that newer inputs came while the operation waited.
	ErrSuperseded = errors.New("superseded")
	// ErrStopping says that the program is about to end.
	ErrStopping = errors.New("interrupted by a restart of the controller")
)

// A Kind is the kind of a failed operation. It becomes the reason in a
// condition.
type Kind string

// The kinds of failure.
const (
	// KindFailed is a failure that no other kind describes.
	KindFailed Kind = "Failed"
	// KindFetch is a chart that could not be fetched; trying again may help.
	KindFetch Kind = "ChartNotFetched"
	// KindChart is a chart that Helm cannot load or that does not fit the
	// cluster (kubeVersion).
	KindChart Kind = "ChartInvalid"
	// KindValues is values that the chart's schema refuses.
	KindValues Kind = "ValuesInvalid"
	// KindRender is templates that fail, or that give no valid manifests.
	KindRender Kind = "RenderFailed"
	// KindUnknownKinds is manifests with kinds that the cluster does not serve.
	KindUnknownKinds Kind = "KindsNotServed"
	// KindConflict is objects that exist and belong to somebody else.
	KindConflict Kind = "ObjectsOwnedByOthers"
	// KindRefused is an object that the API server refused: invalid, forbidden,
	// denied by admission.
	KindRefused Kind = "ObjectRefused"
	// KindNotReady is objects that were not ready in time.
	KindNotReady Kind = "NotReady"
	// KindHook is a hook that failed or did not end in time.
	KindHook Kind = "HookFailed"
	// KindSuperseded is a wait that newer inputs ended.
	KindSuperseded Kind = "Superseded"
	// KindStopping is a wait that the end of the program ended.
	KindStopping Kind = "Stopping"
	// KindTooLarge is a release record above what the API server stores.
	KindTooLarge Kind = "RecordTooLarge"
	// KindStorage is Helm's storage that could not be read or written.
	KindStorage Kind = "StorageFailed"
	// KindUnavailable is an API server that does not answer, or a lost lease.
	KindUnavailable Kind = "ClusterUnavailable"
	// KindPanic is a panic in the operation, ours or Helm's.
	KindPanic Kind = "Panicked"
)

// An Error is how an operation fails. Its text is one sentence for the user, and
// no value of a Secret is in it.
type Error struct {
	Kind Kind
	// Message is one line, lower-case, without a full stop.
	Message string
	// Revision that Helm stored for the operation; 0 if it failed before.
	Revision int
	// Deterministic is set when the same inputs on the same cluster will always
	// fail so.
	Deterministic bool
	// Warnings that the API server sent until then.
	Warnings []string
	// Err is the error beneath, if any; its text may hold secrets, so it is
	// only for errors.Is and errors.As.
	Err error
}

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Unwrap returns the error beneath.
func (e *Error) Unwrap() error { return e.Err }

// Errorf makes an Error of a kind.
func Errorf(kind Kind, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Message: err.Error(), Err: errors.Unwrap(err)}
}
