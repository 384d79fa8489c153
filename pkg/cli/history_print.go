package cli

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
)

// shortHash is how many digits of a commit are shown.
const shortHash = 7

// printHistory prints the attempts of a HelmRelease, the newest last, as `helm
// history` does.
func printHistory(out io.Writer, format output, one found) error {
	if format != asTable {
		raw, _, err := unstructured.NestedSlice(one.raw.Object, "status", "history")
		if err != nil {
			return fmt.Errorf("reading the history of HelmRelease %q: %w", one.release.Name, err)
		}
		if raw == nil {
			raw = []any{}
		}
		slices.Reverse(raw)
		return encode(out, format, raw)
	}
	t := &table{header: []string{"REVISION", "STARTED", "ACTION", "OUTCOME", "CHART", "APP VERSION", "DURATION", "CAUSE"}}
	for _, a := range slices.Backward(one.release.Status.History) {
		t.add(attemptCells(a)...)
		// How a success ended is told by its outcome.
		if a.Outcome != "Succeeded" {
			t.annotate(a.Message)
		}
	}
	return t.write(out)
}

func attemptCells(a v1alpha1.Attempt) []string {
	revision := none
	if a.Revision > 0 {
		revision = strconv.Itoa(a.Revision)
	}
	outcome := orNone(a.Outcome)
	if a.Count > 1 {
		outcome += " ×" + strconv.Itoa(a.Count)
	}
	return []string{revision, started(a.Started), a.Action, outcome, orNone(a.Chart), orNone(a.AppVersion), took(a.Duration), cause(a)}
}

// cause says why, with the commit if one brought it about.
func cause(a v1alpha1.Attempt) string {
	if a.Commit == "" {
		return orNone(a.Cause)
	}
	commit := a.Commit[:min(shortHash, len(a.Commit))]
	if strings.Contains(a.Cause, commit) {
		return a.Cause
	}
	by := "commit " + commit
	if a.Author != "" {
		by += " by " + a.Author
	}
	if a.Subject != "" {
		by += ": " + a.Subject
	}
	return strings.TrimSpace(a.Cause + " (" + by + ")")
}

func started(t *metav1.Time) string {
	if t.IsZero() {
		return none
	}
	return t.Local().Format(time.DateTime)
}

// took rounds to what a person would say.
func took(d *metav1.Duration) string {
	switch {
	case d == nil:
		return none
	case d.Duration < time.Second:
		return d.Round(time.Millisecond).String()
	case d.Duration < time.Minute:
		return d.Round(time.Second / 10).String()
	}
	return d.Round(time.Second).String()
}

func orNone(s string) string {
	if s == "" {
		return none
	}
	return s
}
