package cli

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestCalledAs(t *testing.T) {
	cases := map[string]struct {
		why  string
		args []string
		want string
	}{
		"Binary":      {why: "A path is not a name.", args: []string{"/usr/local/bin/fairlead"}, want: "fairlead"},
		"Plugin":      {why: "kubectl starts what is called kubectl-fairlead for `kubectl fairlead`.", args: []string{"/bin/kubectl-fairlead"}, want: "kubectl fairlead"},
		"TestProgram": {why: "Under any other name it is what it is.", args: []string{"cli.test"}, want: "fairlead"},
		"Nothing":     {why: "A program may be started without even its name.", want: "fairlead"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, calledAs(tc.args)); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.why, diff)
			}
		})
	}
}

func TestPluginUsage(t *testing.T) {
	root := newNamedRoot("kubectl fairlead")
	root.AddCommand(newVersionCommand(discard(), BuildInfo{}))
	var out strings.Builder
	root.SetOut(&out)
	root.SetArgs([]string{"version", "--help"})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(out.String(), "kubectl fairlead version [flags]") {
		t.Errorf("want the name that the person typed, got:\n%s", out.String())
	}
}

func TestCommandLine(t *testing.T) {
	cases := map[string]struct {
		why      string
		args     []string
		want     answer
		contains []string
		lacks    []string
	}{
		"UnknownVerb": {
			why:  "A typo is answered with what may be meant.",
			args: []string{"histroy"},
			want: answer{Err: "Error: unknown command \"histroy\" for \"fairlead\"\n\nDid you mean this?\n\thistory\n\n", Code: 1},
		},
		"UnknownFlag": {
			why:  "The usage is one command away, not in the way.",
			args: []string{"get", "--wide"},
			want: answer{Err: "Error: unknown flag: --wide\nSee 'fairlead get --help' for usage\n", Code: 1},
		},
		"HelpOfGet": {
			why:      "Help has what people use; the rest of kubectl's flags is where kubectl's help has it.",
			args:     []string{"get", "--help"},
			contains: []string{"-n, --namespace string", "-A, --all-namespaces", "--context string", "--kubeconfig string", "-o, --output format", "kubectl options"},
			lacks:    []string{"--as-group", "--tls-server-name"},
		},
		"Verbs": {
			why:      "Without a verb, they are listed.",
			contains: []string{"completion ", "get ", "history ", "repo ", "version "},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			got := run(tc.args...)
			if tc.contains == nil {
				if diff := cmp.Diff(tc.want, got); diff != "" {
					t.Errorf("%s\n-want +got:\n%s", tc.why, diff)
				}
				return
			}
			for _, text := range tc.contains {
				if got.Code != 0 || !strings.Contains(got.Out, text) {
					t.Errorf("%s\nwant %q in:\n%+v", tc.why, text, got)
				}
			}
			for _, text := range tc.lacks {
				if strings.Contains(got.Out, text) {
					t.Errorf("%s\nwant no %q in:\n%s", tc.why, text, got.Out)
				}
			}
		})
	}
}

func TestPrintVersions(t *testing.T) {
	v := versions{Version: "v0.1.0", Commit: "abc", GoVersion: "go1.26", Platform: "linux/amd64", Helm: "v3.22.0"}
	cases := map[string]struct {
		why    string
		format output
		want   string
	}{
		"Table": {why: "For people.", format: asTable, want: "fairlead v0.1.0 (commit abc, go1.26, linux/amd64)\nHelm SDK v3.22.0\n"},
		"YAML":  {why: "For programs.", format: asYAML, want: "commit: abc\ngoVersion: go1.26\nhelm: v3.22.0\nplatform: linux/amd64\nversion: v0.1.0\n"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			var out strings.Builder
			if err := printVersions(&out, tc.format, v); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, out.String()); diff != "" {
				t.Errorf("%s\n-want +got:\n%s", tc.why, diff)
			}
		})
	}
}
