package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

func TestUp(t *testing.T) {
	root := t.TempDir()
	var first, second *controlplane
	var starts sync.WaitGroup
	programs(t) // fails here and not in two goroutines
	starts.Go(func() { second = inBackground(t, filepath.Join(root, "second")) })
	first = inForeground(t, filepath.Join(root, "first"), "--audit")
	starts.Wait()
	if second == nil {
		t.Fatal("the second control plane did not start")
	}

	t.Run("SameDirectory", func(t *testing.T) {
		output, err := first.run("controlplane", "up", "--dir", first.dir)
		if err == nil || !strings.Contains(output, "already runs here: "+first.dir) {
			t.Errorf("a second cluster in a directory: want a refusal that names it, got %v:\n%s", err, output)
		}
	})
	t.Run("Workloads", func(t *testing.T) {
		first.kubectl(t, "apply", "-f", filepath.Join("testdata", "workloads.yaml"))
		t.Run("Fates", func(t *testing.T) { fates(t, first) })
		t.Run("Deletion", func(t *testing.T) { deletion(t, first) })
	})
	t.Run("Audit", func(t *testing.T) { audit(t, first) })
	t.Run("Access", func(t *testing.T) {
		if answer, _ := first.run("kubectl", "auth", "can-i", "list", "secrets", "--as=nobody"); strings.TrimSpace(answer) != "no" {
			t.Errorf("may somebody without a role list secrets? want no, got %s", answer)
		}
		if version := first.kubectl(t, "version"); !strings.Contains(version, "Server Version: v1.") {
			t.Errorf("want a server that knows its version, got %s", version)
		}
	})
	t.Run("TheOtherOne", func(t *testing.T) {
		if got := second.kubectl(t, "get", "deployments,jobs,pods", "-A"); !strings.Contains(got, "No resources found") {
			t.Errorf("the second cluster is not empty:\n%s", got)
		}
	})

	t.Run("Interrupt", func(t *testing.T) {
		if err := first.cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		if err := first.wait(t); err != nil {
			t.Errorf("an interrupted control plane ends well, but: %v\n%s", err, first.stderr)
		}
		nothingIsLeft(t, first.dir)
	})
	t.Run("Down", func(t *testing.T) {
		second.kubectl(t, "get", "--raw", "/readyz") // it outlived the other
		if output, err := second.run("controlplane", "down", "--dir", second.dir); err != nil || output != "" {
			t.Errorf("stopping: %v\n%s", err, output)
		}
		nothingIsLeft(t, second.dir)
		output, err := second.run("controlplane", "down", "--dir", second.dir)
		if err != nil || !strings.Contains(output, "No control plane runs in") {
			t.Errorf("stopping twice is no error and says so, got %v\n%s", err, output)
		}
	})
}

// fates waits for what the simulated node makes of each workload.
func fates(t *testing.T, c *controlplane) {
	const ready = `{.status.conditions[?(@.type=="Ready")]`
	cases := map[string]struct {
		why  string
		wait []string
		want string // in the answer, if anything
	}{
		"Deployment":  {why: "Pods become ready.", wait: []string{"wait", "--for=condition=Available", "deployment/web"}},
		"StatefulSet": {why: "Pods with claims become ready, one after the other.", wait: []string{"rollout", "status", "statefulset/database"}},
		"Claim":       {why: "A claim without a class is bound.", wait: []string{"wait", "--for=jsonpath={.status.phase}=Bound", "pvc/data-database-0"}},
		"Endpoints": {
			why:  "Ready pods serve.",
			wait: []string{"wait", "--for=jsonpath={.endpoints[0].conditions.ready}=true", "endpointslice", "-l", "kubernetes.io/service-name=web"},
		},
		"Job":        {why: "A Job's pod does its work.", wait: []string{"wait", "--for=condition=Complete", "job/migrate"}},
		"FailingJob": {why: "A Job gives up after its backoffLimit.", wait: []string{"wait", "--for=condition=Failed", "job/failing"}},
		"BarePod":    {why: "Helm's test pods are bare and end.", wait: []string{"wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/bare"}},
		"FailingPod": {
			why:  "A failing test pod ends too, with an error.",
			wait: []string{"wait", "--for=jsonpath={.status.containerStatuses[0].state.terminated.reason}=Error", "pod/bare-failing"},
		},
		"NeverReady": {
			why:  "A pod runs but is not ready, and says why.",
			wait: []string{"wait", "--for=jsonpath=" + ready + ".reason}=ContainersNotReady", "pod", "-l", "app=never-ready"},
		},
		"CrashLoop": {
			why:  "A pod restarts again and again.",
			wait: []string{"wait", "--for=jsonpath={.status.containerStatuses[0].state.waiting.reason}=CrashLoopBackOff", "pod", "-l", "app=crash-loop"},
		},
		"Slow": {why: "A slow pod becomes ready.", wait: []string{"rollout", "status", "deployment/slow"}},
		"Log":  {why: "A hook's log can be read.", wait: []string{"logs", "bare"}, want: "simulated"},
	}
	// Waiting takes something to wait for.
	c.kubectl(t, "wait", "--for=jsonpath={.status.unavailableReplicas}=1", "deployment/never-ready", "deployment/crash-loop", "deployment/slow")
	c.kubectl(t, "rollout", "status", "statefulset/database")
	c.kubectl(t, "rollout", "status", "deployment/web")
	c.kubectl(t, "wait", "--for=create", "endpointslice", "-l", "kubernetes.io/service-name=web")
	t.Run("All", func(t *testing.T) {
		for name, tc := range cases {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				if name == "Log" {
					c.kubectl(t, "wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/bare")
				}
				if got := c.kubectl(t, tc.wait...); !strings.Contains(got, tc.want) {
					t.Errorf("%s\nwant %q, got %s", tc.why, tc.want, got)
				}
			})
		}
	})

	// The slow one has taken long enough for this to mean something.
	if got := c.kubectl(t, "get", "deployment", "never-ready", "-o", "jsonpath={.status.unavailableReplicas}"); got != "1" {
		t.Errorf("never-ready: want 1 unavailable replica, got %q", got)
	}
	times := strings.Fields(c.kubectl(t, "get", "pod", "-l", "app=slow",
		"-o", "jsonpath={.items[0].status.startTime} "+strings.Replace(ready, "{.", "{.items[0].", 1)+".lastTransitionTime}"))
	started, err1 := time.Parse(time.RFC3339, times[0])
	became, err2 := time.Parse(time.RFC3339, times[len(times)-1])
	if took := became.Sub(started); err1 != nil || err2 != nil || took < 10*time.Second {
		t.Errorf("slow: want about 15 s until it is ready, got %s (%v)", took, times)
	}
}

// deletion checks that nothing waits for a kubelet that isn't there.
func deletion(t *testing.T, c *controlplane) {
	c.kubectl(t, "delete", "deployment/web", "statefulset/database", "pvc/data-database-0", "pvc/data-database-1", "--timeout=30s")
	// Pods ask for 30 s to end, which a real node would give them.
	c.kubectl(t, "wait", "--for=delete", "pod", "-l", "app in (web, database)", "--timeout=20s")
	c.kubectl(t, "wait", "--for=delete", "pv", "--all", "--timeout=60s")
	c.kubectl(t, "create", "namespace", "short-lived")
	c.kubectl(t, "delete", "namespace", "short-lived", "--timeout=60s")
}

// audit counts one client's requests, right after the answers.
func audit(t *testing.T, c *controlplane) {
	c.kubectl(t, "create", "configmap", "counted")
	c.kubectl(t, "delete", "configmap", "counted")
	content, err := os.ReadFile(filepath.Join(c.dir, "audit.log"))
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]int{}
	for line := range strings.Lines(string(content)) {
		var entry struct {
			Stage, Level, Verb, UserAgent string
			ObjectRef                     struct{ Resource, Name string }
		}
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("an entry is not JSON: %v\n%s", err, line)
		}
		if entry.Stage != "ResponseComplete" || entry.Level != "Metadata" {
			t.Fatalf("want only answered requests at level Metadata, got %s", line)
		}
		if strings.HasPrefix(entry.UserAgent, "kubectl/") && entry.ObjectRef.Name == "counted" {
			got[entry.Verb]++
		}
	}
	if got["create"] != 1 || got["delete"] != 1 {
		t.Errorf("want kubectl to have created and deleted once, got %v", got)
	}
}

func TestDeathOfAProgram(t *testing.T) {
	c := inForeground(t, filepath.Join(t.TempDir(), "cluster"))
	kill(t, c.pids(t)["kube-scheduler"])
	err := c.wait(t)
	if err == nil {
		t.Error("a control plane that lost a program must not end well")
	}
	for _, want := range []string{"kube-scheduler ended unexpectedly: signal: killed", "kube-scheduler.log", "Starting Kubernetes Scheduler"} {
		if !strings.Contains(c.stderr.String(), want) {
			t.Errorf("want %q in:\n%s", want, c.stderr)
		}
	}
	nothingIsLeft(t, c.dir)
}

func TestDeathOfTheSupervisor(t *testing.T) {
	c := inBackground(t, filepath.Join(t.TempDir(), "cluster"))
	kill(t, c.pids(t)["controlplane"])
	for deadline := time.Now().Add(20 * time.Second); len(processes(t, c.dir)) > 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("programs outlive their supervisor:\n%s", strings.Join(processes(t, c.dir), "\n"))
		}
	}
	if output, err := c.run("controlplane", "down", "--dir", c.dir); err != nil {
		t.Errorf("stopping a dead control plane: %v\n%s", err, output)
	}
	nothingIsLeft(t, c.dir)
}

func TestInterruptedStart(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "cluster")
	c := &controlplane{bin: programs(t), dir: dir}
	ended := make(chan string)
	go func() {
		output, _ := c.run("controlplane", "up", "--dir", dir)
		ended <- output
	}()
	for deadline := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		if found := processes(t, filepath.Join(dir, "etcd")); len(found) > 0 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("no program was started")
		}
	}
	if err := syscall.Kill(c.pids(t)["controlplane"], syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if output := <-ended; strings.Contains(output, "ready") {
		t.Errorf("an interrupted start says that it is ready:\n%s", output)
	}
	nothingIsLeft(t, dir)
}
