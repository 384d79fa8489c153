package helmrelease

import (
	"slices"
	"time"

	"github.com/fairlead-dev/fairlead/release"
)

// fromHistory stands for the operation of a record that the history recognised.
const fromHistory = "known from the history"

// clockSlack covers that Helm's timestamps and ours in the status are whole
// seconds.
const clockSlack = 2 * time.Second

// recognise returns records with those marked as ours that stock Helm has
// written over since. `helm test` does so, and keeps no annotations; what is
// released is the same as before, and the history tells what that was.
func recognise(records []release.Record, history []release.Attempt) []release.Record {
	records = slices.Clone(records)
	for i := range records {
		r := &records[i]
		at := slices.IndexFunc(history, func(a release.Attempt) bool { return made(a, *r) })
		if r.Ours() || at < 0 {
			continue
		}
		a := history[at]
		r.Operation, r.Action, r.Outcome = fromHistory, a.Action, a.Outcome
		r.Chart, r.App, r.Cause, r.Commit = a.Chart, a.AppVersion, a.Cause, a.Commit
		if a.Action == release.Rollback {
			r.Tried = a.Digest // that of its target is not told
		} else {
			r.Digest = a.Digest
		}
	}
	return records
}

// made reports whether an attempt made a record: the time tells it from one of
// the same number that somebody else made after an uninstall.
func made(a release.Attempt, r release.Record) bool {
	failed := a.Outcome != release.Succeeded
	return a.Revision == r.Revision && a.Action != release.Outside && settled(r) && r.Status != release.StatusUninstalled &&
		failed == (r.Status == release.StatusFailed) &&
		!r.Created.Before(a.Started.Add(-clockSlack)) && !r.Created.After(a.Ended.Add(clockSlack))
}
