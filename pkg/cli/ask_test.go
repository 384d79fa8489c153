package cli

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/fairlead-dev/fairlead/api/v1alpha1"
)

// inCluster creates a namespace of this test with HelmReleases in it, each with
// the status that a controller would have written.
func inCluster(t *testing.T, namespace string, names ...string) {
	t.Helper()
	create(t, &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}})
	for _, name := range names {
		hr := aRelease(namespace, name)
		hr.Spec.Chart.Repository = &v1alpha1.RepositoryChart{URL: "https://charts.example.com", Name: "web"}
		hr.Spec.Interval.Duration = 60e9
		hr.Spec.Install.Timeout.Duration = 60e9
		hr.Spec.Upgrade.Timeout.Duration = 60e9
		create(t, &hr)
		released("web", "0.2.0", 1)(&hr)
		hr.Status.History = []v1alpha1.Attempt{{Revision: 1, Action: "Install", Outcome: "Succeeded", Cause: "first install"}}
		if err := cluster.Status().Update(t.Context(), &hr); err != nil {
			t.Fatal(err)
		}
	}
}

func create(t *testing.T, o client.Object) {
	t.Helper()
	if err := cluster.Create(t.Context(), o); err != nil {
		t.Fatal(err)
	}
}

func TestAsking(t *testing.T) {
	inCluster(t, "shop", "web", "postgres")
	inCluster(t, "empty")

	const header = "NAME       READY   CHART   VERSION   REVISION   MESSAGE                       AGE\n"
	const upgraded = "True    web     0.2.0     1          Upgraded to chart web 0.2.0   "
	cases := map[string]struct {
		why  string
		args []string
		want answer
	}{
		"All": {
			why:  "All of one namespace, by name.",
			args: []string{"get", "-n", "shop"},
			want: answer{Out: header + "postgres   " + upgraded + "AGE\n" + "web        " + upgraded + "AGE\n"},
		},
		"NoneHere": {
			why:  "An empty answer says where it looked, on stderr as kubectl does.",
			args: []string{"get"},
			want: answer{Err: "No HelmReleases found in default namespace.\n"},
		},
		"NoSuchRelease": {
			why:  "The namespace is the first thing one gets wrong.",
			args: []string{"get", "wep", "-n", "shop"},
			want: answer{Err: "Error: helmreleases.fairlead.dev \"wep\" not found in namespace \"shop\"\n", Code: 1},
		},
		"NoHistoryOf": {
			why:  "All verbs say it the same way.",
			args: []string{"history", "web"},
			want: answer{Err: "Error: helmreleases.fairlead.dev \"web\" not found in namespace \"default\"\n", Code: 1},
		},
		"History": {
			why:  "The attempts of one release.",
			args: []string{"history", "web", "-n", "shop"},
			want: answer{Out: "REVISION   STARTED   ACTION    OUTCOME     CHART   APP VERSION   DURATION   CAUSE\n" +
				"1          -         Install   Succeeded   -       -             -          first install\n"},
		},
		"HistoryAsJSON": {
			why:  "What programs read.",
			args: []string{"history", "web", "-n", "shop", "-o", "json"},
			want: answer{Out: `[
    {
        "action": "Install",
        "cause": "first install",
        "outcome": "Succeeded",
        "revision": 1
    }
]
`},
		},
		"NameFromAllNamespaces": {
			why:  "As with kubectl, a name belongs to one namespace.",
			args: []string{"get", "web", "-A"},
			want: answer{Err: "Error: a HelmRelease cannot be got by name from all namespaces: use -n instead of -A\n" +
				"See 'fairlead get --help' for usage\n", Code: 1},
		},
		"UnknownFormat": {
			why:  "The message has what would be right.",
			args: []string{"get", "-o", "xml"},
			want: answer{Err: "Error: invalid argument \"xml\" for \"-o, --output\" flag: must be one of table, json, yaml\n" +
				"See 'fairlead get --help' for usage\n", Code: 1},
		},
		"TooManyNames": {
			why:  "A verb says what it takes.",
			args: []string{"history", "web", "postgres"},
			want: answer{Err: "Error: fairlead history takes the name of a HelmRelease, not 2 arguments\n" +
				"See 'fairlead history --help' for usage\n", Code: 1},
		},
		"NoSuchContext": {
			why:  "kubectl's flags reach the kubeconfig.",
			args: []string{"get", "--context", "prod"},
			want: answer{Err: "Error: reading the kubeconfig: invalid configuration: context was not found for specified context: prod\n", Code: 1},
		},
		"CompletedNames": {
			why:  "Tab offers the names with their state.",
			args: []string{"__complete", "history", "-n", "shop", ""},
			want: answer{Out: "postgres\tReady True\nweb\tReady True\n:4\n", Err: "Completion ended with directive: ShellCompDirectiveNoFileComp\n"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := run(tc.args...)
			got.Out = withoutAge(got.Out)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.why, diff)
			}
		})
	}

	t.Run("AllNamespaces", func(t *testing.T) {
		got := run("get", "-A", "-o", "json")
		if got.Code != 0 || strings.Count(got.Out, `"kind": "HelmRelease"`) != 2 || strings.Contains(got.Out, "managedFields") {
			t.Errorf("want both releases without managed fields, got: %+v", got)
		}
	})
}

// withoutAge replaces what depends on how fast the test is.
func withoutAge(table string) string {
	lines := strings.SplitAfter(table, "\n")
	for i, line := range lines[1:] {
		if before, _, ok := cutAge(line); ok {
			lines[i+1] = before + "AGE\n"
		}
	}
	return strings.Join(lines, "")
}

// cutAge splits a line before a last word such as "3s".
func cutAge(line string) (before, last string, ok bool) {
	line = strings.TrimSuffix(line, "\n")
	i := strings.LastIndex(line, " ") + 1
	last = line[i:]
	return line[:i], last, len(last) > 1 && last[0] >= '0' && last[0] <= '9' && strings.HasSuffix(last, "s")
}

// TestWithoutCluster shows what is said when there is nobody to ask.
func TestWithoutCluster(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	nothing := filepath.Join(t.TempDir(), "empty")
	if err := os.WriteFile(nothing, nil, 0o600); err != nil {
		t.Fatal(err)
	}

	cases := map[string]struct {
		why        string
		kubeconfig string
		args       []string
		want       string
	}{
		"Refused": {
			why:        "kubectl's own sentence.",
			kubeconfig: nothing,
			args:       []string{"get", "--server", "http://" + closed},
			want:       "Error: the connection to the server " + closed + " was refused - did you specify the right host or port?\n",
		},
		"NoKubeconfig": {
			why:        "Said before a guessed server is asked.",
			kubeconfig: nothing,
			args:       []string{"get"},
			want:       "Error: no cluster is configured: set KUBECONFIG, or use --kubeconfig or --server\n",
		},
		"MissingKubeconfig": {
			why:        "The named file is missing.",
			kubeconfig: nothing,
			args:       []string{"get", "--kubeconfig", "/nowhere/kubeconfig"},
			want:       "Error: reading the kubeconfig: stat /nowhere/kubeconfig: no such file or directory\n",
		},
		"WrongCredentials": {
			why:        "As kubectl, without the server's words.",
			kubeconfig: "",
			args:       []string{"get", "--token", "wrong"},
			want:       "Error: you must be logged in to the server (Unauthorized)\n",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			config := tc.kubeconfig
			if config == "" {
				config = withoutCertificate(t)
			}
			want := answer{Err: tc.want, Code: 1}
			if diff := cmp.Diff(want, runWith(t.Context(), config, tc.args...)); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.why, diff)
			}
		})
	}
}

// withoutCertificate returns a kubeconfig that knows the server and no user.
func withoutCertificate(t *testing.T) string {
	t.Helper()
	content, err := os.ReadFile(kubeconfig)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(content)) {
		if !strings.Contains(line, "client-certificate-data") && !strings.Contains(line, "client-key-data") {
			lines = append(lines, line)
		}
	}
	file := filepath.Join(t.TempDir(), "kubeconfig")
	if err := os.WriteFile(file, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// TestWithoutCRDs shows what is said when Fairlead is not installed.
func TestWithoutCRDs(t *testing.T) {
	want := answer{Err: "Error: the cluster does not know HelmReleases (helmreleases.fairlead.dev): install Fairlead's custom resource " +
		"definitions first, `kubectl apply -f deploy/crds` in Fairlead's repository\n", Code: 1}
	if diff := cmp.Diff(want, beforeCRDs); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}
