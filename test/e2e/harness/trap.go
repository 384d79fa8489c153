package harness

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
)

// A Write is a request that changes something.
type Write struct {
	// Verb is create, update, patch or delete.
	Verb string
	// Resource is with group and subresource, as
	// "helmreleases.fairlead.dev/status".
	Resource  string
	Namespace string
	// Name is empty for what is deleted as a collection, or created with a
	// generated name.
	Name string
}

// String returns the write in one line.
func (w Write) String() string { return w.Verb + " " + w.Resource + " " + w.Namespace + "/" + w.Name }

// Kind returns what many writes have in common.
func (w Write) Kind() string { return w.Verb + " " + w.Resource }

// bookkeeping are the resources whose writes say nothing about a release.
var bookkeeping = []string{"events", "events.events.k8s.io", "leases.coordination.k8s.io"}

// Moment is when, around a write, a trap springs.
type Moment string

// The moments.
const (
	// Before the API server has seen the write; it never will.
	Before Moment = "before"
	// AnswerLost is after the API server has done it and before the controller
	// has an answer; it never will.
	AnswerLost Moment = "answer lost"
	// After the API server has done it and the answer is on its way.
	After Moment = "after"
)

// Moments are all moments.
var Moments = []Moment{Before, AnswerLost, After}

// A Trap does something at one write, once.
type Trap struct {
	// Match says which writes count; nil means all but bookkeeping.
	Match func(Write) bool
	// Nth of the writes that match springs the trap; 0 means the first.
	Nth  int
	When Moment
	// Do is usually Controller.Kill.
	Do func()
}

// Arm sets a trap in the place of the one before, and forgets the writes so far.
func (p *Proxy) Arm(trap Trap) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trap, p.hits, p.sprung, p.writes = &trap, 0, false, nil
}

// Disarm removes the trap and forgets the writes so far.
func (p *Proxy) Disarm() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.trap, p.writes = nil, nil
}

// Sprung says whether the last trap has sprung.
func (p *Proxy) Sprung() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.sprung
}

// Writes returns the writes since Arm or Disarm, without bookkeeping.
func (p *Proxy) Writes() []Write {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.writes)
}

// note records a write and returns the trap if it springs now.
func (p *Proxy) note(w Write) *Trap {
	p.mu.Lock()
	defer p.mu.Unlock()
	kept := slices.Contains(bookkeeping, w.Resource)
	if !kept {
		p.writes = append(p.writes, w)
	}
	if p.trap == nil || p.sprung {
		return nil
	}
	if p.trap.Match == nil && kept || p.trap.Match != nil && !p.trap.Match(w) {
		return nil
	}
	p.hits++
	if p.hits < max(1, p.trap.Nth) {
		return nil
	}
	p.sprung = true
	return p.trap
}

// verbs are Kubernetes' words for HTTP methods.
var verbs = map[string]string{
	http.MethodPost: "create", http.MethodPut: "update", http.MethodPatch: "patch", http.MethodDelete: "delete",
}

// parseWrite reads what a request writes from its path, and the name of what is
// created from its body.
func parseWrite(method, path string, body []byte) Write {
	w := Write{Verb: verbs[method]}
	parts := strings.Split(strings.Trim(path, "/"), "/")
	group := ""
	switch {
	case parts[0] == "api" && len(parts) > 2: // api/VERSION/…
		parts = parts[2:]
	case parts[0] == "apis" && len(parts) > 3: // apis/GROUP/VERSION/…
		group, parts = "."+parts[1], parts[3:]
	default:
		w.Resource = path
		return w
	}
	// namespaces/NAME is a namespace, namespaces/NAME/RESOURCE is in one, but
	// for a namespace's own subresources.
	if parts[0] == "namespaces" && len(parts) > 2 && parts[2] != "status" && parts[2] != "finalize" {
		w.Namespace, parts = parts[1], parts[2:]
	}
	w.Resource = parts[0] + group
	if len(parts) > 1 {
		w.Name = parts[1]
	}
	if len(parts) > 2 {
		w.Resource += "/" + strings.Join(parts[2:], "/")
	}
	var created struct{ Metadata struct{ Name string } }
	if w.Name == "" && json.Unmarshal(body, &created) == nil {
		w.Name = created.Metadata.Name
	}
	return w
}
