package helm3

import (
	"context"
	"fmt"
	"sync"
	"time"

	"helm.sh/helm/v3/pkg/action"
	helmrelease "helm.sh/helm/v3/pkg/release"
	"helm.sh/helm/v3/pkg/storage"

	"github.com/fairlead-dev/fairlead/release"
	"github.com/fairlead-dev/fairlead/release/helm3/client"
	"github.com/fairlead-dev/fairlead/release/helm3/records"
)

// A phase is how far a run has come. It tells what an error means that Helm gave
// no type.
type phase int

const (
	preparing phase = iota // nothing is rendered
	rendering              // Helm has the chart and the values
	rendered               // there is a manifest, not yet a record
	recorded               // there is a record
)

// A run is one operation under way.
type run struct {
	engine  *Engine
	op      release.Operation
	timeout time.Duration
	maxKeep int

	// ctx ends waits; background never ends: no apply stops half-way.
	ctx, background context.Context

	session *records.Session
	client  *client.Client
	secrets *redactor
	// in is set until the templates are rendered.
	in *inputs
	// free gives the CPU slot back, if the run has one.
	free func()

	// empty is set when an uninstall has left no object.
	empty bool

	mu       sync.Mutex
	phase    phase
	latest   *helmrelease.Release // the one that Helm stored last
	warnings []string
}

// A verb is what a run does between settling and tidying up.
type verb func(r *run) error

// perform wraps every verb: it settles first, makes errors typed, and leaves no
// pending record behind.
func (e *Engine) perform(ctx context.Context, r *run, details records.Details, do verb) (release.Result, error) {
	r.engine, r.ctx, r.background = e, ctx, context.WithoutCancel(ctx)
	r.secrets, r.free = &redactor{}, func() {}
	details.Redact = r.secrets.text
	r.session = e.store.Session(r.background, r.op, details)
	err := r.inOrder(r.begin, r.settle, func() error { return do(r) }, r.tidy)
	r.free()
	if err == nil {
		own, _ := r.session.Own() // an uninstall has none
		return release.Result{Revision: own.Revision, Warnings: r.warned()}, nil
	}
	failure := r.failure(err)
	r.settleOwn(failure)
	// What is stored counts as tried, and may do better the next time.
	failure.Deterministic = failure.Deterministic && failure.Revision == 0
	failure.Warnings = r.warned()
	return release.Result{Revision: failure.Revision, Warnings: failure.Warnings}, failure
}

// inOrder runs steps until one fails.
func (r *run) inOrder(steps ...func() error) (err error) {
	defer caught(&err)
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// begin makes no run that is over before it has begun.
func (r *run) begin() error {
	if err := r.ended(); err != nil {
		return err
	}
	if _, err := r.engine.kinds.get(r.ctx); err != nil {
		return &release.Error{Kind: release.KindUnavailable, Message: err.Error(), Err: err}
	}
	return nil
}

// tidy keeps the history short. A history that is too long is no failure.
func (r *run) tidy() error {
	if r.op.Action == release.Uninstall {
		return nil
	}
	if err := r.session.Prune(r.background, r.maxKeep); err != nil {
		r.warn(fmt.Sprintf("the history was not shortened: %v", err))
	}
	return nil
}

// configuration is a fresh one for each action: Helm keeps state in it.
func (r *run) configuration() (*action.Configuration, error) {
	served, err := r.engine.kinds.get(r.ctx)
	if err != nil {
		return nil, err
	}
	capabilities := *served.capabilities
	discard := func(string, ...any) {}
	releases := storage.Init(recorder{Session: r.session, run: r})
	releases.Log = discard
	return &action.Configuration{
		RESTClientGetter: getter{config: overheard(r.engine.config, r.secrets), kinds: r.engine.kinds},
		Releases:         releases,
		KubeClient:       guarded{Client: r.client},
		Capabilities:     &capabilities,
		Log:              discard,
		HookOutputFunc:   discardLogs,
	}, nil
}

// connect makes the client of the run.
func (r *run) connect(bases []base) {
	var manifests [][]byte
	for _, b := range bases {
		manifests = append(manifests, b.manifest)
	}
	r.client = r.engine.hands.For(client.Options{
		Key:    r.op.Key,
		Action: r.op.Action,
		Bases:  manifests,
		Wait:   r.ctx,
	})
}

// ended returns why the run should stop, if it should.
func (r *run) ended() error {
	if r.ctx.Err() == nil {
		return nil
	}
	return context.Cause(r.ctx)
}

func (r *run) reach(p phase) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.phase = max(r.phase, p)
}

func (r *run) reached() phase {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.phase
}

func (r *run) warn(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.warnings = append(r.warnings, text)
}

// warned returns all warnings, each once, redacted.
func (r *run) warned() []string {
	r.mu.Lock()
	all := append([]string(nil), r.warnings...)
	r.mu.Unlock()
	if r.client != nil {
		all = append(all, r.client.Warnings()...)
	}
	var out []string
	seen := map[string]bool{}
	for _, w := range all {
		if w = r.secrets.text(w); !seen[w] {
			seen[w] = true
			out = append(out, w)
		}
	}
	return out
}
