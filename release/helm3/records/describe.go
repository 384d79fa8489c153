package records

import (
	"regexp"
	"strings"

	"github.com/fairlead-dev/fairlead/release"
)

// The bounds of texts, in bytes. A cause leaves room for Helm's failure.
const (
	maxDescription = 512
	maxCause       = 300
	maxWord        = 128
	ellipsis       = "..."
)

// failurePrefix is how Helm begins a failure's description.
var failurePrefix = regexp.MustCompile(`^(Upgrade|Release|Rollback) "[^"]*" failed: `)

// describe returns the description of a record: the cause first, because Helm's
// own texts are long and the cause is what `helm history` is asked for. What
// Helm says is added only where it says more than the status.
func describe(head string, status release.Status, text string) string {
	text = strings.TrimPrefix(strings.TrimPrefix(text, head), ": ") // It was read back.
	switch status {
	case release.StatusFailed:
		text = failurePrefix.ReplaceAllString(text, "failed: ")
	case release.StatusUninstalling, release.StatusUninstalled, release.StatusUnknown, release.StatusSuperseded:
	default:
		text = ""
	}
	return join(head, text)
}

// headline returns "Upgrade: chart podinfo 6.5.0 -> 6.5.1 (commit …)".
func headline(action release.Action, cause release.Cause) string {
	return oneLine(join(string(action), strings.TrimSpace(cause.String())), maxCause)
}

// join puts a colon between two texts unless one of them is empty, and bounds
// the whole.
func join(head, text string) string {
	if head == "" || text == "" {
		return oneLine(head+text, maxDescription)
	}
	return oneLine(head+": "+text, maxDescription)
}
