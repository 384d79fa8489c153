package harness

import (
	"bytes"
	"context"
	"os/exec"
	"strings"
	"testing"
)

// Kubectl runs kubectl in the test's namespace and returns what it prints. It
// fails the test when kubectl fails.
func (e *Env) Kubectl(t testing.TB, args ...string) string {
	t.Helper()
	return e.mustRun(t, "", mustProgram(t, k8sVariable, "kubectl"), append([]string{"--namespace", e.Namespace}, args...)...)
}

// Apply hands YAML to `kubectl apply`.
func (e *Env) Apply(t testing.TB, manifests string) {
	t.Helper()
	e.mustRun(t, manifests, mustProgram(t, k8sVariable, "kubectl"), "--namespace", e.Namespace, "apply", "--filename", "-")
}

// Helm runs stock Helm in the test's namespace and returns what it prints.
func (e *Env) Helm(t testing.TB, args ...string) string {
	t.Helper()
	return e.mustRun(t, "", mustProgram(t, helmVariable), append([]string{"--namespace", e.Namespace}, args...)...)
}

// Fairlead runs a verb of the built binary in the test's namespace.
func (e *Env) Fairlead(t testing.TB, args ...string) string {
	t.Helper()
	return e.mustRun(t, "", mustProgram(t, binVariable), append(args, "--namespace", e.Namespace)...)
}

// Run runs a program against the cluster and returns what it wrote to stdout
// and stderr, and how it ended.
func (e *Env) Run(ctx context.Context, stdin, path string, args ...string) (stdout, stderr string, err error) {
	cmd := exec.CommandContext(ctx, path, args...)
	// Nothing of the machine's own Helm or kubectl leaks in.
	cmd.Env = []string{"KUBECONFIG=" + e.Cluster.Kubeconfig, "HOME=" + e.Cluster.dir, "PATH=/usr/bin:/bin", "TZ=UTC"}
	cmd.Stdin = strings.NewReader(stdin)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err = cmd.Run()
	return out.String(), errOut.String(), err
}

func (e *Env) mustRun(t testing.TB, stdin, path string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	stdout, stderr, err := e.Run(ctx, stdin, path, args...)
	if err != nil {
		t.Fatalf("%s %s: %v\n%s%s", path, strings.Join(args, " "), err, stdout, stderr)
	}
	return stdout
}
