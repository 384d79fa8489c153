package health

import (
	"context"
	"fmt"
	"time"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/util/wait"
	"k8s.io/apimachinery/pkg/watch"
	"k8s.io/utils/ptr"
)

// A follower watches one object by its name. A watch of a whole kind would take
// fewer requests for a release of many equal kinds, but it would wake every
// waiting release of a namespace for each event of any other.
type follower struct {
	api       API
	rule      Rule
	kind      *meta.RESTMapping
	namespace string
	name      string
	// version is the resource version to go on from; empty when the object has
	// to be read first.
	version string
	first   seen
}

// run reports what it sees until the object is done or has failed, or ctx ends.
// Watches that break are begun again, from the last version if the API server
// still knows it.
func (f *follower) run(ctx context.Context, report func(seen)) {
	defer func() {
		if r := recover(); r != nil {
			report(seen{verdict: Failed, reason: fmt.Sprintf("looking at it: panic: %v", r)})
		}
	}()
	retry := newBackoff()
	for ctx.Err() == nil {
		over, moved := f.follow(ctx, report)
		if over {
			return
		}
		if moved {
			retry = newBackoff()
		}
		pause(ctx, retry.Step())
	}
}

func newBackoff() *wait.Backoff {
	return &wait.Backoff{Duration: 100 * time.Millisecond, Factor: 2, Jitter: 0.5, Steps: 20, Cap: 30 * time.Second}
}

func pause(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// follow looks if it must, and watches until the watch ends. It tells whether
// that was all, and whether it got anywhere.
func (f *follower) follow(ctx context.Context, report func(seen)) (over, moved bool) {
	if f.version == "" {
		s, err := f.read(ctx)
		if err != nil {
			return f.trouble(ctx, "reading", err, report), false
		}
		report(s)
		if s.verdict != Pending {
			return true, true
		}
	}
	events, err := f.api.Watch(ctx, f.kind, f.namespace, f.options(f.version))
	if err != nil {
		return f.trouble(ctx, "watching", err, report), false
	}
	defer events.Stop()
	for event := range events.ResultChan() {
		if event.Type == watch.Error {
			return f.trouble(ctx, "watching", apierrors.FromObject(event.Object), report), moved
		}
		moved = true
		obj, ok := event.Object.(*unstructured.Unstructured)
		if !ok {
			continue
		}
		f.version = obj.GetResourceVersion()
		if event.Type == watch.Bookmark {
			continue
		}
		if event.Type == watch.Deleted {
			obj = nil
		}
		s := f.judge(obj)
		report(s)
		if s.verdict != Pending {
			return true, true
		}
	}
	return false, moved
}

// read gets the object, and the version to watch from, with a list: a get has no
// version to go on from when the object is not there.
func (f *follower) read(ctx context.Context) (seen, error) {
	list, err := f.api.List(ctx, f.kind, f.namespace, f.options(""))
	if err != nil {
		return seen{}, err
	}
	f.version = list.GetResourceVersion()
	if len(list.Items) == 0 {
		return f.judge(nil), nil
	}
	return f.judge(&list.Items[0]), nil
}

func (f *follower) options(version string) metav1.ListOptions {
	opts := metav1.ListOptions{FieldSelector: fields.OneTermEqualSelector("metadata.name", f.name).String()}
	if version != "" {
		opts.ResourceVersion = version
		opts.AllowWatchBookmarks = true
		opts.TimeoutSeconds = ptr.To[int64](600)
	}
	return opts
}

// trouble reports what may not be watched at all as failed; of a kind that went
// away, the object went too. Everything else is tried again, after a fresh read
// if the API server did answer.
func (f *follower) trouble(ctx context.Context, doing string, err error, report func(seen)) (over bool) {
	if ctx.Err() != nil {
		return true
	}
	if f.version != "" && apierrors.ReasonForError(err) != metav1.StatusReasonUnknown {
		f.version = ""
	}
	s := seen{reason: doing + " it: " + oneLine(err.Error())}
	switch {
	case apierrors.IsForbidden(err), apierrors.IsMethodNotSupported(err):
		s.verdict = Failed
	case apierrors.IsNotFound(err):
		s = f.judge(nil)
	}
	report(s)
	return s.verdict != Pending
}

func (f *follower) judge(obj *unstructured.Unstructured) seen {
	var s seen
	s.verdict, s.reason = f.rule(obj)
	if obj != nil && s.verdict != Done {
		s.selector = podSelector(obj)
	}
	return s
}
