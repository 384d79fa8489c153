package health

import (
	"context"
	"errors"
	"time"

	"k8s.io/apimachinery/pkg/api/meta"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/watch"
)

// explaining is how long a failed wait may take to find out why.
const explaining = 10 * time.Second

// errTimeout is the cause of the context of a wait that took too long.
var errTimeout = errors.New("timed out")

// An API is what a wait needs of the API server.
type API interface {
	// List returns objects of a kind.
	List(ctx context.Context, kind *meta.RESTMapping, namespace string, opts metav1.ListOptions) (*unstructured.UnstructuredList, error)
	// Watch returns the events of objects of a kind, as unstructured objects.
	Watch(ctx context.Context, kind *meta.RESTMapping, namespace string, opts metav1.ListOptions) (watch.Interface, error)
}

// An Object is something to wait for.
type Object struct {
	Kind      *meta.RESTMapping
	Namespace string
	Name      string
	// Seen is the object as the API server last returned it. Without it, or
	// without its resource version, the object is read first.
	Seen *unstructured.Unstructured
}

// Wait returns when the rule says Done of each object. It returns a
// *NotReadyError at the timeout or as soon as an object has failed for good, and
// the context's cause when ctx is cancelled.
func Wait(ctx context.Context, api API, objects []Object, rule Rule, timeout time.Duration) error {
	followers := look(api, objects, rule)
	if len(followers) == 0 {
		return nil
	}
	parent := ctx
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, errTimeout)
	defer cancel()
	updates := make(chan update)
	w := waiting{states: make([]seen, len(followers)), left: len(followers)}
	for i, f := range followers {
		w.states[i] = f.first
		if w.states[i].verdict != Failed {
			go f.run(ctx, func(s seen) { send(ctx, updates, update{i, s}) })
		}
	}
	err := w.until(ctx, updates)
	if !errors.Is(err, errTimeout) {
		return err
	}
	cancel() // before asking for pods: the watches are of no more use
	ctx, stop := context.WithTimeout(context.WithoutCancel(parent), explaining)
	defer stop()
	return w.explain(ctx, api, followers)
}

// look judges the objects as they were last seen and returns followers of those
// that are not done. Nothing of the objects is kept but a few words.
func look(api API, objects []Object, rule Rule) []*follower {
	var followers []*follower
	for _, o := range objects {
		f := &follower{api: api, rule: rule, kind: o.Kind, namespace: o.Namespace, name: o.Name}
		if o.Kind.Scope.Name() == meta.RESTScopeNameRoot {
			f.namespace = ""
		}
		f.first = seen{reason: "not seen yet"}
		if o.Seen != nil && o.Seen.GetResourceVersion() != "" {
			f.version = o.Seen.GetResourceVersion()
			f.first = f.judge(o.Seen)
		}
		if f.first.verdict != Done {
			followers = append(followers, f)
		}
	}
	return followers
}

// seen is what a wait remembers of an object.
type seen struct {
	verdict  Verdict
	reason   string
	selector string
}

type update struct {
	index int
	seen  seen
}

func send(ctx context.Context, updates chan<- update, u update) {
	select {
	case updates <- u:
	case <-ctx.Done():
	}
}

// waiting is the state of a wait.
type waiting struct {
	states []seen
	left   int
}

// until returns nil when all are done, errTimeout when the time is over or an
// object has failed, and else the context's cause.
func (w *waiting) until(ctx context.Context, updates <-chan update) error {
	for _, s := range w.states {
		if s.verdict == Failed {
			return errTimeout
		}
	}
	for {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case u := <-updates:
			w.states[u.index] = u.seen
			switch u.seen.verdict {
			case Failed:
				return errTimeout
			case Done:
				if w.left--; w.left == 0 {
					return nil
				}
			}
		}
	}
}

// explain makes the error, asking for the pods of the objects that it names.
func (w *waiting) explain(ctx context.Context, api API, followers []*follower) error {
	failed := &NotReadyError{}
	pending := &NotReadyError{}
	selectors := map[ObjectState]string{}
	for i, s := range w.states {
		f := followers[i]
		state := ObjectState{Kind: f.kind.GroupVersionKind.Kind, Namespace: f.namespace, Name: f.name, Reason: s.reason, Failed: s.verdict == Failed}
		selectors[state] = s.selector
		switch s.verdict {
		case Failed:
			failed.Objects = append(failed.Objects, state)
		case Pending:
			pending.Objects = append(pending.Objects, state)
		}
	}
	err := pending
	if len(failed.Objects) > 0 {
		err = failed
	}
	err.sort()
	for i := range err.Objects[:min(named, len(err.Objects))] {
		o := &err.Objects[i]
		if selector := selectors[*o]; selector != "" {
			if problem := ailingPod(ctx, api, o.Namespace, selector); problem != "" {
				o.Reason += "; " + problem
			}
		}
	}
	return err
}
