package helm3

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"slices"
	"strings"

	helmrelease "helm.sh/helm/v3/pkg/release"
	apierrors "k8s.io/apimachinery/pkg/api/errors"

	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/health"
	"github.com/fairlead-dev/fairlead/release/helm3/client"
	"github.com/fairlead-dev/fairlead/release/helm3/records"
)

// failure is the one place where an error of Helm, of the API server or of our
// own becomes one that the rest of the program understands. It is redacted.
func (r *run) failure(err error) *release.Error {
	f := *r.classify(err)
	f.Err = err
	if f.Kind == release.KindValues && r.in != nil {
		explain(&f, r.in)
	}
	f.Message = strings.TrimSuffix(r.secrets.text(f.Message), ".")
	return &f
}

// kindRules are asked in order; the first that knows an error speaks.
var kindRules = []func(*run, error) *release.Error{
	panicked,     // whatever else it looks like
	ended,        // the wait was ended from outside
	fenced,       // we may not write
	tooLarge,     // a record the API server would not take
	unknownKinds, // nothing was sent
	conflict,     // nothing was written
	hookFailed,   // before notReady: a hook may be what is not ready
	notReady,     // in time
	noNamespace,  // before refused: it has a text of its own
	unavailable,  // before badRecord and refused: neither is to blame
	badRecord,    // storage
	refused,      // by the API server
}

func (r *run) classify(err error) *release.Error {
	if known := as[*release.Error](err); known != nil {
		return *known
	}
	cause := r.typed(err)
	for _, rule := range kindRules {
		if f := rule(r, cause); f != nil {
			return f
		}
	}
	text := err.Error()
	switch r.reached() {
	case rendering:
		if ofSchema(text) {
			return &release.Error{Kind: release.KindValues, Message: "the values do not fit the chart's schema", Deterministic: true}
		}
		return &release.Error{Kind: release.KindRender, Message: readRender(text), Deterministic: true}
	case rendered:
		return &release.Error{Kind: release.KindRender, Message: "the templates give no valid manifests: " + text, Deterministic: true}
	}
	return &release.Error{Kind: release.KindFailed, Message: text}
}

// as returns a pointer to the first error of a type, or nil.
func as[E error](err error) *E {
	var target E
	if errors.As(err, &target) {
		return &target
	}
	return nil
}

// typed returns err together with the error that Helm turned into its text:
// hooks and uninstalls lose it.
func (r *run) typed(err error) error {
	text := err.Error()
	for _, lost := range r.clientErrors() {
		if strings.Contains(text, lost.Error()) || saysNothing(text) {
			return &joined{outer: err, lost: lost}
		}
	}
	return err
}

// joined has the text of one error and the types of two.
type joined struct{ outer, lost error }

func (j *joined) Error() string {
	if saysNothing(j.outer.Error()) {
		return j.lost.Error()
	}
	return j.outer.Error()
}
func (j *joined) Unwrap() []error { return []error{j.lost, j.outer} }

func panicked(_ *run, err error) *release.Error {
	if p := as[*panicError](err); p != nil {
		return &release.Error{Kind: release.KindPanic, Message: (*p).Error()}
	}
	return nil
}

func ended(r *run, err error) *release.Error {
	message := err.Error()
	if cause := context.Cause(r.ctx); cause != nil {
		message = cause.Error()
	}
	switch ending(err) {
	case release.Superseded:
		return &release.Error{Kind: release.KindSuperseded, Message: message}
	case release.Interrupted:
		return &release.Error{Kind: release.KindStopping, Message: message}
	}
	return nil
}

func fenced(_ *run, err error) *release.Error {
	if text := fencedOff(err); text != "" {
		return &release.Error{Kind: release.KindUnavailable, Message: text}
	}
	return nil
}

func tooLarge(_ *run, err error) *release.Error {
	if t := as[*records.TooLargeError](err); t != nil {
		return &release.Error{Kind: release.KindTooLarge, Message: (*t).Error(), Deterministic: true}
	}
	return nil
}

func unknownKinds(_ *run, err error) *release.Error {
	if u := as[*client.UnknownKindsError](err); u != nil {
		return &release.Error{Kind: release.KindUnknownKinds, Message: (*u).Error(), Deterministic: true}
	}
	return nil
}

func conflict(r *run, err error) *release.Error {
	if c := as[*client.ConflictError](err); c != nil {
		return &release.Error{Kind: release.KindConflict, Message: (*c).Error()}
	}
	if text := readConflict(err.Error(), r.op.Key); text != "" {
		return &release.Error{Kind: release.KindConflict, Message: text}
	}
	return nil
}

func hookFailed(r *run, err error) *release.Error {
	h := as[*client.HookError](err)
	event, reason := readHook(err.Error())
	switch {
	case h != nil:
		reason = r.late(*as[*health.NotReadyError](err))
	case event == "", unavailable(r, err) != nil: // which says nothing about the hook
		return nil
	default:
		if o := as[*client.ObjectError](err); o != nil {
			reason = (*o).Error()
		}
	}
	where := event
	if failed := r.failedHook(); failed != nil {
		if where == "" {
			where = r.event(failed)
		}
		where += " hook " + failed.Path
	} else {
		where += " hook"
	}
	return &release.Error{Kind: release.KindHook, Message: strings.TrimSpace(where) + ": " + reason}
}

// failedHook is the hook of this run that Helm marked as failed last.
func (r *run) failedHook() *helmrelease.Hook {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.latest == nil {
		return nil
	}
	var last *helmrelease.Hook
	for _, h := range r.latest.Hooks {
		if h.LastRun.Phase == helmrelease.HookPhaseFailed && (last == nil || h.LastRun.CompletedAt.After(last.LastRun.CompletedAt)) {
			last = h
		}
	}
	return last
}

// event is what of a hook's events belongs to the run's action.
func (r *run) event(h *helmrelease.Hook) string {
	word := strings.ToLower(string(r.op.Action))
	if r.op.Action == release.Uninstall {
		word = "delete"
	}
	i := slices.IndexFunc(h.Events, func(e helmrelease.HookEvent) bool { return strings.HasSuffix(string(e), word) })
	if i < 0 {
		return ""
	}
	return string(h.Events[i])
}

func notReady(r *run, err error) *release.Error {
	n := as[*health.NotReadyError](err)
	if n == nil {
		return nil
	}
	return &release.Error{Kind: release.KindNotReady, Message: r.late(*n)}
}

// late says what was not ready, and that the time was up if nothing else ended
// the wait.
func (r *run) late(n *health.NotReadyError) string {
	if slices.ContainsFunc(n.Objects, func(o health.ObjectState) bool { return o.Failed }) {
		return n.Error()
	}
	return fmt.Sprintf("timed out after %s: %s", r.timeout, n)
}

func noNamespace(_ *run, err error) *release.Error {
	status := as[*apierrors.StatusError](err)
	if status == nil || !apierrors.IsNotFound(*status) {
		return nil
	}
	d := (*status).ErrStatus.Details
	if d == nil || d.Kind != "namespaces" {
		return nil
	}
	return &release.Error{Kind: release.KindRefused, Message: fmt.Sprintf("namespace %s does not exist: create it, or set install.createNamespace", d.Name)}
}

// unavailable is an API server that does not answer, or not now. One whose
// admission webhook does not answer refuses.
func unavailable(_ *run, err error) *release.Error {
	away := as[*url.Error](err) != nil || as[net.Error](err) != nil
	if status := as[*apierrors.StatusError](err); status != nil {
		code := (*status).ErrStatus.Code
		away = (code >= 500 || code == 429) && !ofWebhook((*status).Error())
	}
	if !away {
		return nil
	}
	return &release.Error{Kind: release.KindUnavailable, Message: "the cluster does not answer: " + err.Error()}
}

// badRecord is a failure of storage. Only a rollback needs a record that it
// cannot decode; it never will.
func badRecord(_ *run, err error) *release.Error {
	if s := as[*storageError](err); s != nil {
		never := errors.Is(err, records.ErrUndecodable)
		return &release.Error{Kind: release.KindStorage, Message: (*s).Error(), Deterministic: never}
	}
	return nil
}

func refused(_ *run, err error) *release.Error {
	text := err.Error()
	if o := as[*client.ObjectError](err); o != nil {
		text = (*o).Error()
	} else if as[*apierrors.StatusError](err) == nil {
		return nil
	}
	return &release.Error{Kind: release.KindRefused, Message: text}
}
