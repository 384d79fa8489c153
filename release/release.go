package release

import (
	"context"
	"fmt"
	"time"
)

// A Key names a Helm release: the namespace that holds Helm's storage and its
// objects, and the release's name.
type Key struct {
	Namespace string
	Name      string
}

// String returns "namespace/name".
func (k Key) String() string { return k.Namespace + "/" + k.Name }

// An Action is something that can be done to a release.
type Action string

// The actions. None means that there is nothing to do, or nothing that may be
// done now; the decision's reason tells which.
const (
	None      Action = "None"
	Install   Action = "Install"
	Upgrade   Action = "Upgrade"
	Rollback  Action = "Rollback"
	Uninstall Action = "Uninstall"
	// Supersede ends the wait of the operation under way, because newer inputs
	// have come.
	Supersede Action = "Supersede"
	// LetGo gives up a release that is being deleted without uninstalling it.
	LetGo Action = "LetGo"
	// Outside is in attempts only: a revision that somebody else wrote.
	Outside Action = "Outside"
)

// A Status is Helm's word for the state of a stored revision.
type Status string

// The statuses that Helm 3 stores.
const (
	StatusUnknown         Status = "unknown"
	StatusDeployed        Status = "deployed"
	StatusUninstalled     Status = "uninstalled"
	StatusSuperseded      Status = "superseded"
	StatusFailed          Status = "failed"
	StatusUninstalling    Status = "uninstalling"
	StatusPendingInstall  Status = "pending-install"
	StatusPendingUpgrade  Status = "pending-upgrade"
	StatusPendingRollback Status = "pending-rollback"
)

// Pending reports whether Helm was at work, or still is, when it wrote s.
func (s Status) Pending() bool {
	return s == StatusPendingInstall || s == StatusPendingUpgrade || s == StatusPendingRollback
}

// An Outcome is how an attempt ended.
type Outcome string

// The outcomes. Unknown is a revision that we did not see end.
const (
	OutcomeUnknown  Outcome = ""
	Succeeded       Outcome = "Succeeded"
	Failed          Outcome = "Failed"
	Superseded      Outcome = "Superseded"
	Interrupted     Outcome = "Interrupted"
	OutcomeUnderway Outcome = "Underway"
)

// A Chart is the chart of a release, as bytes.
type Chart struct {
	Name       string
	Version    string
	AppVersion string
	// Digest identifies the content.
	Digest string
	// Source is the address it came from, for messages; it has no credentials.
	Source string
	// Commit is the commit that last changed the chart; nil outside git.
	Commit *Commit
	// Archive returns the packaged chart. It may ask the network the first
	// time.
	Archive func(context.Context) ([]byte, error)
}

// String returns "name version", as messages have it.
func (c Chart) String() string { return c.Name + " " + c.Version }

// A Commit is a claim about who changed something in git.
type Commit struct {
	Hash    string
	Author  string
	Subject string
}

// Short returns the first seven digits of the hash.
func (c Commit) Short() string { return c.Hash[:min(7, len(c.Hash))] }

// A Strategy says what follows a failed action.
type Strategy string

// The strategies. RollBack and TryAgain are called Rollback and Retry in the
// API.
const (
	TryAgain  Strategy = "Retry"
	RollBack  Strategy = "Rollback"
	Remove    Strategy = "Uninstall"
	LeaveAsIs Strategy = "None"
)

// OnFailure says what follows a failed action and how often the same inputs are
// tried again after the first time.
type OnFailure struct {
	Strategy Strategy
	Retries  int
}

// ActionOptions are how an install or an upgrade is done.
type ActionOptions struct {
	Timeout      time.Duration
	Wait         bool
	DisableHooks bool
	OnFailure    OnFailure
}

// Digest identifies what may decide between success and failure of the same
// inputs: timeout, wait and hooks. A failure under other options is not held
// against these.
func (o ActionOptions) Digest() string {
	return fmt.Sprintf("%s,wait=%t,hooks=%t", o.Timeout, o.Wait, !o.DisableHooks)
}

// Options are how a release is performed. None of them changes what is applied,
// so none of them is part of the desired digest.
type Options struct {
	Install         ActionOptions
	Upgrade         ActionOptions
	CreateNamespace bool
	// MaxHistory is how many revisions Helm keeps; 0 keeps all.
	MaxHistory int
}

// Desired is what the user asked for.
type Desired struct {
	Key Key
	// Chart is nil when the source has not told it; then Digest is empty too.
	Chart  *Chart
	Values map[string]any
	// ValuesDigest is the digest of the composed values.
	ValuesDigest string
	// Digest identifies everything that changes what is applied.
	Digest  string
	Options Options
	// Suspended is set when the user asked for no action at all.
	Suspended bool
	// Deleted is set when the user deleted the HelmRelease.
	Deleted bool
	// Orphan keeps the Helm release when the HelmRelease is deleted.
	Orphan bool
}

// A Record is one revision in Helm's storage, as its labels and annotations
// tell it; its body is not read for it.
type Record struct {
	Revision int
	Status   Status
	// Created and Modified are Helm's own timestamps, to the second.
	Created  time.Time
	Modified time.Time
	// Operation is the id of the operation that wrote it; empty when somebody
	// else did. The fields below are known only when it is not empty.
	Operation string
	Action    Action
	// Digest is the desired digest of what this revision holds. A rollback has
	// that of its target.
	Digest  string
	Outcome Outcome
	Cause   string
	Chart   string // name and version, as Chart.String has them
	App     string // appVersion
	Commit  Commit
	// Tried is the desired digest whose failure a rollback answers.
	Tried string
}

// Ours reports whether an operation of Fairlead wrote the record last.
func (r Record) Ours() bool { return r.Operation != "" }

// Observed is what Helm's storage and our own memory say now.
type Observed struct {
	Now time.Time
	// Records in Helm's storage, oldest first.
	Records []Record
	// Underway is the operation that works on the release now, if any.
	Underway *Operation
	// ClaimedBy names the other HelmRelease that has this Helm release, if any,
	// as "namespace/name".
	ClaimedBy string
	// History are the attempts, newest first, with those that left no record.
	History []Attempt
	// APISet identifies the set of kinds that the cluster serves. It changes
	// when a kind comes or goes.
	APISet string
	// Stopping is set when the program is about to end: nothing is begun.
	Stopping bool
}

// Last returns the newest record, or nil.
func (o Observed) Last() *Record {
	if len(o.Records) == 0 {
		return nil
	}
	return &o.Records[len(o.Records)-1]
}

// A Decision is the one next action and why.
type Decision struct {
	Action Action
	// Reason is one of the constants of release/decide.
	Reason string
	// Message is one sentence for the user; empty when there is nothing to say.
	Message string
	// Cause is written into the history by the action.
	Cause Cause
	// Target is the revision that a rollback goes to.
	Target int
	// After asks for another look after that time; 0 means that only an event
	// or the interval brings one.
	After time.Duration
}

// A Cause says why an action was taken.
type Cause struct {
	// Text is one line: `chart podinfo 6.5.0 -> 6.5.1`.
	Text string
	// Commit that brought it; zero outside git.
	Commit Commit
}

// String returns the cause as Helm's description carries it: the text, then
// the commit with its author and subject if there is one.
func (c Cause) String() string {
	switch {
	case c.Commit.Hash == "":
		return c.Text
	case c.Commit.Author == "":
		return c.Text + " (commit " + c.Commit.Short() + ")"
	}
	return c.Text + " (commit " + c.Commit.Short() + " by " + c.Commit.Author + ": " + c.Commit.Subject + ")"
}

// An Operation is one action under way.
type Operation struct {
	// ID is unique for ever; it marks the records that the operation writes.
	ID     string
	Key    Key
	Action Action
	// Digest is the desired digest that the operation realises. For a rollback
	// it is the digest whose failure is answered; see Record.Tried.
	Digest  string
	Cause   Cause
	Reason  string
	Target  int
	Started time.Time
}

// An Attempt is the record of an operation, or of a failure before one.
type Attempt struct {
	// Revision that Helm stored; 0 if none was.
	Revision int
	Action   Action
	Outcome  Outcome
	// Reason and Message say how it ended.
	Reason  string
	Message string
	// Digest is the desired digest that was tried.
	Digest string
	// Options identifies how it was tried: see ActionOptions.Digest. Empty when
	// that is not known.
	Options string
	// Deterministic is set on a failure before a revision that the same inputs
	// on the same cluster will always bring again.
	Deterministic bool
	// APISet is that of the cluster at the time; see Observed.APISet.
	APISet     string
	Chart      string // name and version
	AppVersion string
	Commit     Commit
	Cause      string
	Started    time.Time
	Ended      time.Time
	// Warnings that the API server sent.
	Warnings []string
	// Count is how many equal attempts in a row this one stands for; at least 1.
	Count int
}
