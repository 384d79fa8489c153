package cli

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
)

var now = time.Date(2026, 11, 22, 12, 0, 0, 0, time.Local)

// seen returns a HelmRelease as the API server would give it.
func seen(t *testing.T, hr v1alpha1.HelmRelease) found {
	t.Helper()
	hr.APIVersion, hr.Kind = v1alpha1.GroupVersion.String(), "HelmRelease"
	raw, err := runtime.DefaultUnstructuredConverter.ToUnstructured(&hr)
	if err != nil {
		t.Fatal(err)
	}
	f, err := decode(unstructured.Unstructured{Object: raw})
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func aRelease(namespace, name string, change ...func(*v1alpha1.HelmRelease)) v1alpha1.HelmRelease {
	hr := v1alpha1.HelmRelease{ObjectMeta: metav1.ObjectMeta{
		Namespace: namespace, Name: name, CreationTimestamp: metav1.NewTime(now.Add(-90 * time.Minute)),
	}}
	for _, f := range change {
		f(&hr)
	}
	return hr
}

func released(chart, version string, revision int) func(*v1alpha1.HelmRelease) {
	return func(hr *v1alpha1.HelmRelease) {
		hr.Status.Chart = &v1alpha1.ResolvedChart{Name: chart, Version: version}
		hr.Status.Revision = revision
		hr.SetCondition(v1alpha1.True(v1alpha1.ConditionReady, v1alpha1.ReasonUpgradeSucceeded, "Upgraded to chart "+chart+" "+version))
	}
}

func failed(message string) func(*v1alpha1.HelmRelease) {
	return func(hr *v1alpha1.HelmRelease) {
		hr.SetCondition(v1alpha1.False(v1alpha1.ConditionReady, v1alpha1.ReasonUpgradeFailed, message))
	}
}

func TestPrintReleases(t *testing.T) {
	long := strings.Repeat("wait ", 40)
	cases := map[string]struct {
		why           string
		releases      []v1alpha1.HelmRelease
		withNamespace bool
		want          string
	}{
		"ReadyAndNot": {
			why: "Columns are as wide as their widest cell, as kubectl's are.",
			releases: []v1alpha1.HelmRelease{
				aRelease("shop", "web", released("web", "0.2.0", 12)),
				aRelease("shop", "postgres", failed("chart \"postgres\" has no version that matches ~99")),
			},
			want: `
NAME       READY   CHART   VERSION   REVISION   MESSAGE                                            AGE
web        True    web     0.2.0     12         Upgraded to chart web 0.2.0                        90m
postgres   False   -       -         -          Chart "postgres" has no version that matches ~99   90m
`,
		},
		"AllNamespaces": {
			why:           "With -A, the namespace comes first.",
			releases:      []v1alpha1.HelmRelease{aRelease("shop", "web", released("web", "0.2.0", 1))},
			withNamespace: true,
			want: `
NAMESPACE   NAME   READY   CHART   VERSION   REVISION   MESSAGE                       AGE
shop        web    True    web     0.2.0     1          Upgraded to chart web 0.2.0   90m
`,
		},
		"NobodyReported": {
			why:      "Silence of the controller is not readiness, and is said.",
			releases: []v1alpha1.HelmRelease{aRelease("shop", "web")},
			want: `
NAME   READY     CHART   VERSION   REVISION   MESSAGE                                              AGE
web    Unknown   -       -         -          No controller has reported on this HelmRelease yet   90m
`,
		},
		"LongMessage": {
			why:      "One long message does not make the whole table unreadable.",
			releases: []v1alpha1.HelmRelease{aRelease("shop", "web", failed(long))},
			want: `
NAME   READY   CHART   VERSION   REVISION   MESSAGE                                                                                                AGE
web    False   -       -         -          Wait ` + strings.Repeat("wait ", 18) + `wait…   90m
`,
		},
		"HostileMessage": {
			why:      "What others wrote cannot steer the terminal.",
			releases: []v1alpha1.HelmRelease{aRelease("shop", "web", failed("a\x1b[2Jb"))},
			want: `
NAME   READY   CHART   VERSION   REVISION   MESSAGE   AGE
web    False   -       -         -          A` + "\uFFFD" + `[2Jb    90m
`,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var all []found
			for _, hr := range tc.releases {
				all = append(all, seen(t, hr))
			}
			var out strings.Builder
			if err := printReleases(&out, asTable, all, tc.withNamespace, now); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(strings.TrimPrefix(tc.want, "\n"), out.String()); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.why, diff)
			}
		})
	}
}

func TestPrintReleasesEncoded(t *testing.T) {
	web := seen(t, aRelease("shop", "web", released("web", "0.2.0", 1)))
	web.raw.Object["status"].(map[string]any)["fromTheFuture"] = "kept"

	cases := map[string]struct {
		why   string
		print func(*strings.Builder) error
		want  []string
	}{
		"OneAsYAML": {
			why:   "One release is the object itself, with fields that this program does not know.",
			print: func(out *strings.Builder) error { return printRelease(out, asYAML, web, now) },
			want:  []string{"apiVersion: fairlead.dev/v1alpha1\nkind: HelmRelease\n", "  fromTheFuture: kept\n"},
		},
		"ManyAsYAML": {
			why:   "Several are a List, as kubectl prints it.",
			print: func(out *strings.Builder) error { return printReleases(out, asYAML, []found{web}, false, now) },
			want:  []string{"apiVersion: v1\nitems:\n- apiVersion: fairlead.dev/v1alpha1\n", "kind: List\n"},
		},
		"NoneAsJSON": {
			why:   "A program that reads the output finds an empty list, not null.",
			print: func(out *strings.Builder) error { return printReleases(out, asJSON, nil, false, now) },
			want:  []string{"\"items\": [],\n", "\"kind\": \"List\""},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := tc.print(&out); err != nil {
				t.Fatal(err)
			}
			for _, want := range tc.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("%s\nwant %q in:\n%s", tc.why, want, out.String())
				}
			}
		})
	}
}
