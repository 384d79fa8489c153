package process

import (
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// shell starts a script in a nursery that the test closes.
func shell(t *testing.T, script string) *Process {
	t.Helper()
	sh, err := exec.LookPath("sh")
	if err != nil {
		t.Fatal(err)
	}
	nursery := NewNursery()
	p, err := nursery.Start(Spec{
		Name: "script", Path: sh, Args: []string{"-c", script}, Env: []string{"MARK=here"},
		Dir: t.TempDir(), Log: filepath.Join(t.TempDir(), "script.log"),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Stop(time.Second)
		nursery.Close()
	})
	return p
}

func wait(t *testing.T, p *Process) {
	t.Helper()
	select {
	case <-p.Ended():
	case <-time.After(20 * time.Second):
		t.Fatal("the process has not ended")
	}
}

// waitForLog waits until the process has said something.
func waitForLog(t *testing.T, p *Process, want string) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		if strings.Contains(tail(p.log, tailLines), want) {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the process has not said %q", want)
		}
	}
}

func TestFailure(t *testing.T) {
	cases := map[string]struct {
		why    string
		script string
		want   []string
		not    string
	}{
		"QuotesTheLogsEnd": {
			why:    "The reason for an end is in the last lines, not in the first.",
			script: "for i in $(seq 1 40); do echo line $i.; done; exit 3",
			want:   []string{"script ended unexpectedly: exit status 3", "script.log:", "\tline 29.", "\tline 40."},
			not:    "line 28.",
		},
		"EmptyLog": {
			why:    "A program may end without a word.",
			script: "exit 0",
			want:   []string{"script ended unexpectedly: exit status 0; its log", "is empty"},
		},
		"Signal": {
			why:    "The kernel may end a program that takes too much memory.",
			script: "kill -9 $$",
			want:   []string{"script ended unexpectedly: signal: killed"},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			p := shell(t, tc.script)
			wait(t, p)
			got := p.Failure().Error()
			for _, want := range tc.want {
				if !strings.Contains(got, want) {
					t.Errorf("%s\nwant %q in:\n%s", tc.why, want, got)
				}
			}
			if tc.not != "" && strings.Contains(got, tc.not) {
				t.Errorf("%s\ndon't want %q in:\n%s", tc.why, tc.not, got)
			}
		})
	}
}

func TestStop(t *testing.T) {
	for name, script := range map[string]string{
		"Willing":   "echo up; exec sleep 60",
		"Unwilling": "trap '' TERM; echo up; while true; do sleep 0.1; done",
	} {
		t.Run(name, func(t *testing.T) {
			p := shell(t, script)
			waitForLog(t, p, "up")
			if !Alive(p.PID) || !Marked(p.PID, "MARK=here") {
				t.Error("a started process is alive and carries its mark")
			}
			if Marked(p.PID, "MARK=elsewhere") {
				t.Error("a process does not carry another's mark")
			}
			p.Stop(300 * time.Millisecond)
			if Alive(p.PID) || Marked(p.PID, "MARK=here") {
				t.Error("a stopped process is neither alive nor marked")
			}
		})
	}
}
