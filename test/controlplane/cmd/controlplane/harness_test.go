package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// patience is for a machine that does other things as well.
const patience = 2 * time.Minute

// programs is the directory with the built programs, without which these tests
// fail: skipping them would look like success.
func programs(t *testing.T) string {
	t.Helper()
	dir := os.Getenv("FAIRLEAD_K8S_BIN")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "..", "bin", "k8s")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "controlplane")); err != nil {
		t.Fatalf("the local Kubernetes is not built: run `make controlplane`, or set FAIRLEAD_K8S_BIN (%v)", err)
	}
	return dir
}

// controlplane is a running one, and what it says.
type controlplane struct {
	bin, dir string
	cmd      *exec.Cmd // nil in the background
	stderr   *bytes.Buffer
	ended    chan error
}

// inForeground starts a control plane and returns when it is ready.
func inForeground(t *testing.T, dir string, flags ...string) *controlplane {
	t.Helper()
	bin := programs(t)
	c := &controlplane{bin: bin, dir: dir, stderr: &bytes.Buffer{}, ended: make(chan error, 1)}
	c.cmd = exec.Command(filepath.Join(bin, "controlplane"), append([]string{"up", "--dir", dir}, flags...)...)
	c.cmd.Stderr = c.stderr
	stdout, err := c.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.cmd.Process.Kill() })
	path, err := bufio.NewReader(stdout).ReadString('\n')
	go func() { c.ended <- c.cmd.Wait() }()
	if err != nil {
		t.Fatalf("starting a control plane: %v\n%s", <-c.ended, c.stderr)
	}
	if want := filepath.Join(dir, "kubeconfig") + "\n"; path != want {
		t.Fatalf("output: want %q, got %q", want, path)
	}
	return c
}

// wait returns how the process in the foreground ended.
func (c *controlplane) wait(t *testing.T) error {
	t.Helper()
	select {
	case err := <-c.ended:
		return err
	case <-time.After(patience):
		t.Fatal("the control plane has not ended")
		return nil
	}
}

// inBackground starts a control plane with --detach.
func inBackground(t *testing.T, dir string, flags ...string) *controlplane {
	t.Helper()
	c := &controlplane{bin: programs(t), dir: dir}
	output, err := c.run("controlplane", append([]string{"up", "--detach", "--dir", dir}, flags...)...)
	if err != nil {
		t.Fatalf("starting a control plane: %v\n%s", err, output)
	}
	t.Cleanup(func() { _, _ = c.run("controlplane", "down", "--dir", dir) })
	return c
}

// run runs one of the built programs as a user of this cluster.
func (c *controlplane) run(program string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(c.bin, program), args...)
	cmd.Env = append(os.Environ(), "KUBECONFIG="+filepath.Join(c.dir, "kubeconfig"))
	output, err := cmd.CombinedOutput()
	return string(output), err
}

// kubectl runs kubectl, which must succeed.
func (c *controlplane) kubectl(t *testing.T, args ...string) string {
	t.Helper()
	output, err := c.run("kubectl", args...)
	if err != nil {
		t.Fatalf("kubectl %s: %v\n%s", strings.Join(args, " "), err, output)
	}
	return output
}

// pids reads what controlplane.json says of the processes, by name.
func (c *controlplane) pids(t *testing.T) map[string]int {
	t.Helper()
	content, err := os.ReadFile(filepath.Join(c.dir, "controlplane.json"))
	if err != nil {
		t.Fatal(err)
	}
	var state struct {
		PID       int
		Processes map[string]int
	}
	if err := json.Unmarshal(content, &state); err != nil {
		t.Fatal(err)
	}
	state.Processes["controlplane"] = state.PID
	return state.Processes
}

func kill(t *testing.T, pid int) {
	t.Helper()
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// processes returns the command lines that name a directory, as every program
// of its cluster does.
func processes(t *testing.T, dir string) []string {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, file := range files {
		// A process that has ended meanwhile is none.
		if line, err := os.ReadFile(file); err == nil && bytes.Contains(line, []byte(dir)) {
			found = append(found, string(bytes.ReplaceAll(line, []byte{0}, []byte(" "))))
		}
	}
	return found
}

// nothingIsLeft looks for processes and for files that tell of a cluster.
func nothingIsLeft(t *testing.T, dir string) {
	t.Helper()
	if found := processes(t, dir); len(found) > 0 {
		t.Errorf("processes are left:\n%s", strings.Join(found, "\n"))
	}
	for _, name := range []string{"kubeconfig", "controlplane.json"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			t.Errorf("%s is left", name)
		}
	}
}
