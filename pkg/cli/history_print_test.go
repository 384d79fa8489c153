package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
)

// anAttempt returns a successful upgrade that began some minutes ago.
func anAttempt(revision, minutesAgo int, change ...func(*v1alpha1.Attempt)) v1alpha1.Attempt {
	begun := metav1.NewTime(now.Add(-time.Duration(minutesAgo) * time.Minute))
	a := v1alpha1.Attempt{
		Revision: revision, Action: "Upgrade", Outcome: "Succeeded", Message: "Upgraded web",
		Chart: "web 0.2.0", AppVersion: "1.0", Cause: "values changed",
		Started: &begun, Duration: &metav1.Duration{Duration: 3271 * time.Millisecond},
	}
	for _, f := range change {
		f(&a)
	}
	return a
}

func TestPrintHistory(t *testing.T) {
	first := anAttempt(1, 30, func(a *v1alpha1.Attempt) { a.Action, a.Chart, a.Cause = "Install", "web 0.1.0", "first install" })
	cases := map[string]struct {
		why     string
		history []v1alpha1.Attempt
		want    string
	}{
		"NewestLast": {
			why:     "The order is that of helm history.",
			history: []v1alpha1.Attempt{anAttempt(2, 10), first},
			want: `
REVISION   STARTED               ACTION    OUTCOME     CHART       APP VERSION   DURATION   CAUSE
1          2026-11-22 11:30:00   Install   Succeeded   web 0.1.0   1.0           3.3s       first install
2          2026-11-22 11:50:00   Upgrade   Succeeded   web 0.2.0   1.0           3.3s       values changed
`,
		},
		"CommitAndAuthor": {
			why: "A change that came from git names commit, author and subject.",
			history: []v1alpha1.Attempt{anAttempt(2, 10, func(a *v1alpha1.Attempt) {
				a.Commit, a.Author, a.Subject, a.Cause = "0123456789abcdef", "Ada", "Use two replicas", "chart changed"
			})},
			want: `
REVISION   STARTED               ACTION    OUTCOME     CHART       APP VERSION   DURATION   CAUSE
2          2026-11-22 11:50:00   Upgrade   Succeeded   web 0.2.0   1.0           3.3s       chart changed (commit 0123456 by Ada: Use two replicas)
`,
		},
		"CommitInTheCause": {
			why: "What the cause already says is not said again.",
			history: []v1alpha1.Attempt{anAttempt(2, 10, func(a *v1alpha1.Attempt) {
				a.Commit, a.Author, a.Cause = "0123456789abcdef", "Ada", "commit 0123456 by Ada"
			})},
			want: `
REVISION   STARTED               ACTION    OUTCOME     CHART       APP VERSION   DURATION   CAUSE
2          2026-11-22 11:50:00   Upgrade   Succeeded   web 0.2.0   1.0           3.3s       commit 0123456 by Ada
`,
		},
		"FailureBetween": {
			why: "A failure's message stands below it and does not move the columns; repeats are counted.",
			history: []v1alpha1.Attempt{
				anAttempt(2, 1),
				anAttempt(0, 10, func(a *v1alpha1.Attempt) {
					a.Outcome, a.Count, a.AppVersion = "Failed", 3, ""
					a.Message = "rendering chart web 0.2.0: nil pointer evaluating interface {}.port"
					a.Duration = &metav1.Duration{Duration: 1234 * time.Microsecond}
				}),
				first,
			},
			want: `
REVISION   STARTED               ACTION    OUTCOME     CHART       APP VERSION   DURATION   CAUSE
1          2026-11-22 11:30:00   Install   Succeeded   web 0.1.0   1.0           3.3s       first install
-          2026-11-22 11:50:00   Upgrade   Failed ×3   web 0.2.0   -             1ms        values changed
   └ rendering chart web 0.2.0: nil pointer evaluating interface {}.port
2          2026-11-22 11:59:00   Upgrade   Succeeded   web 0.2.0   1.0           3.3s       values changed
`,
		},
		"UnderWay": {
			why: "An attempt that has not ended has no outcome and no duration.",
			history: []v1alpha1.Attempt{anAttempt(2, 10, func(a *v1alpha1.Attempt) {
				a.Outcome, a.Message, a.Duration, a.Started = "", "", nil, nil
			})},
			want: `
REVISION   STARTED   ACTION    OUTCOME   CHART       APP VERSION   DURATION   CAUSE
2          -         Upgrade   -         web 0.2.0   1.0           -          values changed
`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			one := seen(t, aRelease("shop", "web", func(hr *v1alpha1.HelmRelease) { hr.Status.History = tc.history }))
			var out strings.Builder
			if err := printHistory(&out, asTable, one); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(tc.want, "\n"), out.String()); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.why, diff)
			}
		})
	}
}

func TestPrintHistoryEncoded(t *testing.T) {
	cases := map[string]struct {
		why     string
		history []v1alpha1.Attempt
		format  output
		want    string
	}{
		"YAML": {
			why:     "The attempts alone, the newest last as in the table.",
			history: []v1alpha1.Attempt{{Revision: 2, Action: "Upgrade"}, {Revision: 1, Action: "Install"}},
			format:  asYAML,
			want:    "- action: Install\n  revision: 1\n- action: Upgrade\n  revision: 2\n",
		},
		"Nothing": {
			why:    "A program that reads the output finds an empty list, not null.",
			format: asJSON,
			want:   "[]\n",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			one := seen(t, aRelease("shop", "web", func(hr *v1alpha1.HelmRelease) { hr.Status.History = tc.history }))
			var out strings.Builder
			if err := printHistory(&out, tc.format, one); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, out.String()); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.why, diff)
			}
		})
	}
}
