package records

import (
	"strings"
	"unicode"
	"unicode/utf8"

	rspb "helm.sh/helm/v3/pkg/release"

	"github.com/fairlead-dev/fairlead/release"
)

// The annotations of a record that an operation of ours wrote. They are not
// labels, because stock Helm copies labels from one revision to the next.
const (
	annotationPrefix    = "fairlead.dev/"
	annotationOperation = annotationPrefix + "operation"
	annotationAction    = annotationPrefix + "action"
	annotationDigest    = annotationPrefix + "digest"
	annotationTried     = annotationPrefix + "tried"
	annotationOutcome   = annotationPrefix + "outcome"
	annotationCause     = annotationPrefix + "cause"
	annotationChart     = annotationPrefix + "chart"
	annotationApp       = annotationPrefix + "app-version"
	annotationCommit    = annotationPrefix + "commit"
	annotationAuthor    = annotationPrefix + "author"
	annotationSubject   = annotationPrefix + "subject"
)

// Details are what a Session needs beyond the operation.
type Details struct {
	// Digest is the desired digest of what the new revision holds; empty means
	// the operation's, or for a rollback that of its target's record.
	Digest string
	// Chart is "name version" and App the appVersion; empty means those of the
	// chart in the release.
	Chart, App string
	// Redact removes secrets from Helm's texts before they are stored as the
	// description; nil changes nothing.
	Redact func(string) string
}

// annotations returns what marks the record that this operation creates.
// Unknown facts have no annotation.
func (s *Session) annotations(rls *rspb.Release) map[string]string {
	op, target := s.op, s.record(s.op.Target)
	digest, tried := first(s.details.Digest, op.Digest), ""
	chart, app := s.details.Chart, s.details.App
	if op.Action == release.Rollback {
		digest, tried = first(s.details.Digest, target.Digest), op.Digest
		chart, app = first(chart, target.Chart), first(app, target.App)
	}
	if meta := rls.Chart; meta != nil && meta.Metadata != nil {
		chart = first(chart, release.Chart{Name: meta.Metadata.Name, Version: meta.Metadata.Version}.String())
		app = first(app, meta.Metadata.AppVersion)
	}
	all := map[string]string{
		annotationOperation: op.ID,
		annotationAction:    string(op.Action),
		annotationDigest:    digest,
		annotationTried:     tried,
		annotationOutcome:   string(release.OutcomeUnderway),
		annotationCause:     oneLine(op.Cause.Text, maxCause),
		annotationChart:     oneLine(chart, maxWord),
		annotationApp:       oneLine(app, maxWord),
		annotationCommit:    oneLine(op.Cause.Commit.Hash, maxWord),
		annotationAuthor:    oneLine(op.Cause.Commit.Author, maxWord),
		annotationSubject:   oneLine(op.Cause.Commit.Subject, maxWord),
	}
	for name, value := range all {
		if value == "" {
			delete(all, name)
		}
	}
	return all
}

// first returns the first text that is not empty.
func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}

// oneLine replaces control characters, folds space and keeps at most limit
// bytes. Commits and errors come from outside.
func oneLine(text string, limit int) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || r == utf8.RuneError {
			return ' '
		}
		return r
	}, text)
	text = strings.Join(strings.Fields(text), " ")
	if len(text) <= limit {
		return text
	}
	cut := limit - len(ellipsis)
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + ellipsis
}
