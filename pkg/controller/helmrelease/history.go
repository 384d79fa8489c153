package helmrelease

import (
	"slices"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
	"github.com/fairlead-dev/fairlead/release"
)

// historyLimit bounds the attempts in status. Failures are counted there: it
// holds as many as a spec may allow (20 retries and the first try), each with
// its rollback.
const historyLimit = 50

// messageLimit bounds the message of an attempt, from the moment that it becomes
// history: what conditions say of it must not change with the next reconcile,
// and equal failures must stay equal.
const messageLimit = 1024

// causeLimit bounds the cause of an attempt in status.
const causeLimit = 512

// warningsLimit bounds the warnings of an attempt in status.
const warningsLimit = 5

// mergeHistory returns the attempts, newest first: those in status, those that
// ended since, and those that only Helm's storage knows, because somebody else
// made them or because the program died before it could tell.
func mergeHistory(run *run) []release.Attempt {
	history := attemptsFrom(run.hr.Status.History)
	newest := newestRevision(history)
	for _, end := range run.ended {
		history = push(history, completed(end.Attempt, run.observed.Records))
		newest = max(newest, end.Attempt.Revision)
		if end.Operation.Action == release.Uninstall && end.Attempt.Outcome == release.Succeeded {
			newest = 0
		}
	}
	for _, record := range run.observed.Records {
		if record.Revision > newest && settled(record) && !workedOn(record, run.observed.Underway) {
			history = push(history, attemptOf(record))
		}
	}
	return history[:min(len(history), historyLimit)]
}

// completed adds what only the record of an attempt knows: a rollback's chart is
// that of its target.
func completed(a release.Attempt, records []release.Record) release.Attempt {
	a.Message = shorten(a.Message, messageLimit)
	for _, r := range records {
		if a.Chart == "" && a.Revision == r.Revision {
			a.Chart, a.AppVersion = r.Chart, r.App
		}
	}
	return a
}

// newestRevision returns the newest revision in the history of the present
// release: an uninstall ends the life of the one before it, and a first revision
// begins one, also after an uninstall by somebody else.
func newestRevision(history []release.Attempt) int {
	newest := 0
	for _, a := range history {
		if a.Action == release.Uninstall && a.Outcome == release.Succeeded {
			break
		}
		newest = max(newest, a.Revision)
		if a.Revision == 1 {
			break
		}
	}
	return newest
}

// settled reports whether nobody works on a revision any more.
func settled(r release.Record) bool {
	return !r.Status.Pending() && r.Status != release.StatusUninstalling
}

// workedOn reports whether the operation under way wrote a record: its end will
// tell more than the record does.
func workedOn(r release.Record, op *release.Operation) bool { return op != nil && op.ID == r.Operation }

// attemptOf tells an attempt from its record alone.
func attemptOf(r release.Record) release.Attempt {
	attempt := release.Attempt{
		Revision: r.Revision, Action: r.Action, Outcome: r.Outcome, Digest: r.Digest, Chart: r.Chart, AppVersion: r.App,
		Commit: r.Commit, Cause: r.Cause, Started: r.Created, Ended: r.Modified, Count: 1,
	}
	if r.Action == release.Rollback {
		attempt.Digest = r.Tried
	}
	if !r.Ours() {
		attempt.Action, attempt.Cause = release.Outside, "changed outside Fairlead"
	}
	if attempt.Outcome == release.OutcomeUnknown {
		attempt.Outcome = release.Succeeded
		if r.Status == release.StatusFailed {
			attempt.Outcome = release.Failed
		}
	}
	if r.Ours() && attempt.Outcome != release.Succeeded {
		attempt.Reason = string(attempt.Outcome)
		attempt.Message = "ended " + string(r.Status) + "; see the description in helm history"
	}
	if attempt.Ended.Before(attempt.Started) {
		attempt.Ended = attempt.Started
	}
	return attempt
}

// push puts an attempt before the others, folding it into the newest one if that
// says the same.
func push(history []release.Attempt, a release.Attempt) []release.Attempt {
	if len(history) > 0 && repeats(history[0], a) {
		a.Count = max(1, history[0].Count) + max(1, a.Count)
		return append([]release.Attempt{a}, history[1:]...)
	}
	return slices.Insert(history, 0, a)
}

// repeats reports whether a later attempt failed the same way as an earlier one.
func repeats(earlier, later release.Attempt) bool {
	return earlier.Outcome == release.Failed && later.Outcome == release.Failed &&
		earlier.Action == later.Action && earlier.Reason == later.Reason && earlier.Message == later.Message &&
		earlier.Digest == later.Digest && earlier.Options == later.Options && earlier.Deterministic == later.Deterministic
}

func attemptsFrom(history []v1alpha1.Attempt) []release.Attempt {
	var out []release.Attempt
	for _, h := range history {
		a := release.Attempt{
			Revision: h.Revision, Action: release.Action(h.Action), Outcome: release.Outcome(h.Outcome),
			Reason: h.Reason, Message: h.Message, Digest: h.Digest, Options: h.Options, Deterministic: h.Deterministic,
			APISet: h.APISet, Warnings: h.Warnings, Chart: h.Chart, AppVersion: h.AppVersion, Cause: h.Cause, Count: max(1, h.Count),
			Commit: release.Commit{Hash: h.Commit, Author: h.Author, Subject: h.Subject},
		}
		if h.Started != nil {
			a.Started, a.Ended = h.Started.Time, h.Started.Time
		}
		if h.Duration != nil {
			a.Ended = a.Started.Add(h.Duration.Duration)
		}
		out = append(out, a)
	}
	return out
}

func attemptsTo(history []release.Attempt) []v1alpha1.Attempt {
	var out []v1alpha1.Attempt
	for _, a := range history {
		h := v1alpha1.Attempt{
			Revision: a.Revision, Action: string(a.Action), Outcome: string(a.Outcome), Reason: a.Reason,
			Message: a.Message, Digest: a.Digest, Options: a.Options, Deterministic: a.Deterministic,
			APISet: a.APISet, Chart: a.Chart, AppVersion: a.AppVersion, Cause: shorten(a.Cause, causeLimit),
			Commit: a.Commit.Hash, Author: shorten(a.Commit.Author, 128), Subject: shorten(a.Commit.Subject, 256),
			Started: &metav1.Time{Time: a.Started.UTC().Truncate(time.Second)},
		}
		for _, warning := range a.Warnings[:min(len(a.Warnings), warningsLimit)] {
			h.Warnings = append(h.Warnings, shorten(warning, 256))
		}
		if a.Count > 1 {
			h.Count = a.Count
		}
		if took := a.Ended.Sub(a.Started); took > 0 {
			h.Duration = &metav1.Duration{Duration: took.Round(10 * time.Millisecond)}
		}
		out = append(out, h)
	}
	return out
}

func shorten(s string, limit int) string {
	runes := []rune(s)
	if len(runes) <= limit {
		return s
	}
	return string(runes[:limit-1]) + "…"
}
