package cli

import (
	"io"
	"strconv"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/util/duration"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
)

// messageWidth keeps the table of many releases readable; one release alone
// gets its whole message.
const messageWidth = 100

// none is what a cell says when there is nothing to say.
const none = "-"

// printRelease prints one HelmRelease.
func printRelease(out io.Writer, format output, one found, now time.Time) error {
	if format != asTable {
		return encode(out, format, one.raw.Object)
	}
	t := releaseTable([]found{one}, false, now, 0)
	return t.write(out)
}

// printReleases prints a list of HelmReleases.
func printReleases(out io.Writer, format output, all []found, withNamespace bool, now time.Time) error {
	if format == asTable {
		t := releaseTable(all, withNamespace, now, messageWidth)
		return t.write(out)
	}
	items := make([]any, 0, len(all))
	for _, one := range all {
		items = append(items, one.raw.Object)
	}
	return encode(out, format, map[string]any{
		"apiVersion": "v1", "kind": "List", "metadata": map[string]any{"resourceVersion": ""}, "items": items,
	})
}

func releaseTable(all []found, withNamespace bool, now time.Time, width int) *table {
	t := &table{header: []string{"NAME", "READY", "CHART", "VERSION", "REVISION", "MESSAGE", "AGE"}}
	if withNamespace {
		t.header = append([]string{"NAMESPACE"}, t.header...)
	}
	for _, one := range all {
		cells := releaseCells(&one.release, now, width)
		if withNamespace {
			cells = append([]string{one.release.Namespace}, cells...)
		}
		t.add(cells...)
	}
	return t
}

func releaseCells(hr *v1alpha1.HelmRelease, now time.Time, width int) []string {
	ready, message := readiness(hr)
	if width > 0 {
		message = cut(message, width)
	}
	chart, version := none, none
	if hr.Status.Chart != nil {
		chart, version = hr.Status.Chart.Name, hr.Status.Chart.Version
	}
	revision := none
	if hr.Status.Revision > 0 {
		revision = strconv.Itoa(hr.Status.Revision)
	}
	return []string{hr.Name, ready, chart, version, revision, message, age(hr.CreationTimestamp, now)}
}

// readiness returns the state and the message of Ready. An object on which no
// controller has reported is a sign that none is there.
func readiness(hr *v1alpha1.HelmRelease) (string, string) {
	c := hr.Condition(v1alpha1.ConditionReady)
	if c == nil {
		return string(metav1.ConditionUnknown), "No controller has reported on this HelmRelease yet"
	}
	return string(c.Status), c.Message
}

func age(created metav1.Time, now time.Time) string {
	if created.IsZero() {
		return none
	}
	return duration.HumanDuration(now.Sub(created.Time))
}
