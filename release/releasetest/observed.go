package releasetest

import (
	"fmt"
	"time"

	"github.com/fairlead-dev/fairlead/release"
)

// Now is the time that Observed shows.
var Now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)

// APISet is the set of kinds that Observed shows.
const APISet = "apis-1"

// An Option adds something to what is observed.
type Option func(*release.Observed)

// Observed is what storage and memory say after the options, taken in order:
// records are oldest first, each a minute younger than the one before, and the
// newest is a minute old. Without options nothing was ever installed.
func Observed(opts ...Option) release.Observed {
	o := release.Observed{Now: Now, APISet: APISet}
	for _, opt := range opts {
		opt(&o)
	}
	n := len(o.Records)
	for i := range o.Records {
		at := Now.Add(time.Duration(i-n) * time.Minute)
		if o.Records[i].Created.IsZero() {
			o.Records[i].Created = at
		}
		if o.Records[i].Modified.IsZero() {
			o.Records[i].Modified = at
		}
	}
	return o
}

// Deployed adds a revision of ours that succeeded. The one deployed before it
// becomes superseded, as Helm does it.
func Deployed(revision int, digest string) Option {
	return func(o *release.Observed) {
		supersede(o)
		o.Records = append(o.Records, release.Record{
			Revision:  revision,
			Status:    release.StatusDeployed,
			Operation: operation(revision),
			Action:    firstOrNext(revision),
			Digest:    digest,
			Outcome:   release.Succeeded,
		})
	}
}

// FailedRecord adds a revision of ours that failed.
func FailedRecord(revision int, digest string, action release.Action) Option {
	return Record(release.Record{
		Revision:  revision,
		Status:    release.StatusFailed,
		Operation: operation(revision),
		Action:    action,
		Digest:    digest,
		Outcome:   release.Failed,
	})
}

// Failed adds a failed revision of ours after the newest, with the digest
// "digest-<revision>".
func Failed(action release.Action) Option {
	return func(o *release.Observed) {
		revision := next(o)
		FailedRecord(revision, fmt.Sprintf("digest-%d", revision), action)(o)
	}
}

// Ended adds a failed revision of ours with another outcome: superseded or
// interrupted.
func Ended(revision int, digest string, action release.Action, outcome release.Outcome) Option {
	return Record(release.Record{
		Revision:  revision,
		Status:    release.StatusFailed,
		Operation: operation(revision),
		Action:    action,
		Digest:    digest,
		Outcome:   outcome,
	})
}

// RolledBack adds a revision of ours that went back to a digest, because
// another one failed.
func RolledBack(revision int, digest, tried string) Option {
	return func(o *release.Observed) {
		supersede(o)
		o.Records = append(o.Records, release.Record{
			Revision:  revision,
			Status:    release.StatusDeployed,
			Operation: operation(revision),
			Action:    release.Rollback,
			Digest:    digest,
			Tried:     tried,
			Outcome:   release.Succeeded,
		})
	}
}

// Pending adds a revision that is being worked on, or was when its operation
// was cut off: one of ours or somebody else's.
func Pending(revision int, status release.Status, ours bool) Option {
	r := release.Record{Revision: revision, Status: status}
	if ours {
		r.Operation = operation(revision)
		r.Action = map[release.Status]release.Action{
			release.StatusPendingInstall:  release.Install,
			release.StatusPendingUpgrade:  release.Upgrade,
			release.StatusPendingRollback: release.Rollback,
			release.StatusUninstalling:    release.Uninstall,
		}[status]
		r.Outcome = release.OutcomeUnderway
	}
	return Record(r)
}

// ByOthers adds a revision that somebody else wrote, as stock Helm would. If it
// is deployed, the one deployed before it becomes superseded.
func ByOthers(revision int, status release.Status) Option {
	return func(o *release.Observed) {
		if status == release.StatusDeployed {
			supersede(o)
		}
		o.Records = append(o.Records, release.Record{Revision: revision, Status: status})
	}
}

// Record adds a revision as it is.
func Record(r release.Record) Option {
	return func(o *release.Observed) { o.Records = append(o.Records, r) }
}

// History adds attempts, newest first, before those that are there.
func History(attempts ...release.Attempt) Option {
	return func(o *release.Observed) {
		for i := range attempts {
			attempts[i].Count = max(1, attempts[i].Count)
		}
		o.History = append(attempts, o.History...)
	}
}

// Tries adds n failed upgrades to a digest: the records and the attempts.
func Tries(digest string, n int) Option {
	return func(o *release.Observed) {
		for range n {
			revision := next(o)
			FailedRecord(revision, digest, release.Upgrade)(o)
			History(release.Attempt{
				Revision: revision,
				Action:   release.Upgrade,
				Outcome:  release.Failed,
				Reason:   string(release.KindNotReady),
				Message:  "timed out",
				Digest:   digest,
				APISet:   APISet,
				Ended:    Now.Add(-time.Minute),
			})(o)
		}
	}
}

// NeverStored adds an attempt that failed before Helm stored a revision.
func NeverStored(action release.Action, digest string, kind release.Kind, deterministic bool) Option {
	return History(release.Attempt{
		Action:        action,
		Outcome:       release.Failed,
		Reason:        string(kind),
		Message:       "it failed before a revision was stored",
		Digest:        digest,
		Deterministic: deterministic,
		APISet:        APISet,
		Ended:         Now.Add(-time.Minute),
	})
}

// Underway shows an operation that works on the release.
func Underway(action release.Action, digest string) Option {
	return func(o *release.Observed) {
		o.Underway = &release.Operation{
			ID:      operation(next(o)),
			Action:  action,
			Digest:  digest,
			Started: Now.Add(-time.Minute),
		}
	}
}

// Aged moves the newest record into the past.
func Aged(by time.Duration) Option {
	return func(o *release.Observed) {
		last := o.Last()
		last.Created, last.Modified = Now.Add(-by), Now.Add(-by)
	}
}

// With changes what is observed in any other way.
func With(change func(*release.Observed)) Option { return change }

func supersede(o *release.Observed) {
	for i := range o.Records {
		if o.Records[i].Status == release.StatusDeployed {
			o.Records[i].Status = release.StatusSuperseded
		}
	}
}

func next(o *release.Observed) int {
	if last := o.Last(); last != nil {
		return last.Revision + 1
	}
	return 1
}

func firstOrNext(revision int) release.Action {
	if revision == 1 {
		return release.Install
	}
	return release.Upgrade
}

func operation(revision int) string { return fmt.Sprintf("operation-%d", revision) }
