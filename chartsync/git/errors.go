package git

import (
	"errors"
	"fmt"
	"strings"
	"unicode"

	"github.com/fairlead-dev/fairlead/chartsync"
	"github.com/fairlead-dev/fairlead/pkg/git"
)

// sourceError is one sentence for the user of the release. Its kind is a
// sentinel of chartsync; the sentence does not repeat it.
type sourceError struct {
	kind  error
	text  string
	cause error
}

// Error returns the sentence.
func (e *sourceError) Error() string { return e.text }

// Unwrap returns the sentinel and, if there is one, the cause.
func (e *sourceError) Unwrap() []error {
	if e.cause == nil {
		return []error{e.kind}
	}
	return []error{e.kind, e.cause}
}

// errorf returns an error of a kind.
func errorf(kind error, format string, args ...any) error {
	return &sourceError{kind: kind, text: fmt.Sprintf(format, args...)}
}

// kinds says which sentinel of chartsync stands for which of pkg/git. A mirror
// that stays damaged after it was mended is no different from a lost remote.
var kinds = []struct{ of, as error }{
	// First: an unreadable remote wraps the damage that it shows as.
	{git.ErrInvalid, chartsync.ErrInvalid},
	{git.ErrUnauthorized, chartsync.ErrUnauthorized},
	{git.ErrNotFound, chartsync.ErrNotFound},
	{git.ErrBadSpec, chartsync.ErrBadSpec},
	{git.ErrUnavailable, chartsync.ErrUnavailable},
	{git.ErrDamaged, chartsync.ErrUnavailable},
}

// translated gives an error of pkg/git its sentinel of chartsync, and keeps the
// sentence.
func translated(err error) error {
	var ours *sourceError
	if err == nil || errors.As(err, &ours) {
		return err
	}
	return &sourceError{kind: kindOf(err), text: err.Error(), cause: err}
}

// kindOf returns the sentinel of chartsync for an error of pkg/git. What is
// unknown may pass.
func kindOf(err error) error {
	for _, k := range kinds {
		if errors.Is(err, k.of) {
			return k.as
		}
	}
	return chartsync.ErrUnavailable
}

// at adds a place to an error of pkg/git that knows only a path.
func at(place string, err error) error {
	if errors.Is(err, git.ErrNotFound) || errors.Is(err, git.ErrInvalid) {
		return &sourceError{kind: kindOf(err), text: err.Error() + " " + place, cause: err}
	}
	return err
}

// oneLine shortens the text of a parser to one line that fits into a message.
func oneLine(err error) string {
	text := strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool {
		return unicode.IsControl(r) || unicode.IsSpace(r)
	}), " ")
	if runes := []rune(text); len(runes) > 300 {
		text = string(runes[:299]) + "…"
	}
	return text
}

// shown names a directory in a message.
func shown(path string) string {
	if path == "" {
		return "the root directory"
	}
	return fmt.Sprintf("%q", path)
}

// short abbreviates a commit for people.
func short(commit string) string { return commit[:min(7, len(commit))] }
