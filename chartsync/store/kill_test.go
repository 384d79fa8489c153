package store

import (
	"bytes"
	"fmt"
	"math/rand"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// writerDir tells the test binary to be a writer on that folder.
const writerDir = "FAIRLEAD_TEST_STORE_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(writerDir); dir != "" {
		writeForever(dir)
	}
	os.Exit(m.Run())
}

const (
	killKeys = 40
	// killBytes is about half of what all keys need, so that eviction runs too.
	killBytes = 3 << 20
)

// content is what lies under key i: big enough for a write to be interrupted.
func content(i int) []byte {
	return bytes.Repeat(fmt.Appendf(nil, "chart %d.", i), 500*(i+1))
}

// writeForever puts entries until somebody kills the process.
func writeForever(dir string) {
	s, err := Open(dir, WithMaxBytes(killBytes))
	for err == nil {
		i := rand.Intn(killKeys)
		err = s.Put(fmt.Sprintf("git-tree:%d", i), content(i))
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// TestSIGKILL kills writers at random moments: what is read then is absent or
// right, and nothing is left over.
func TestSIGKILL(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	found, interrupted := 0, 0
	for range 15 {
		writers := []*exec.Cmd{startWriter(t, self, dir), startWriter(t, self, dir)}
		awaitEntry(t, dir)
		for _, w := range writers {
			time.Sleep(time.Duration(rand.Intn(20)) * time.Millisecond) // the moment is random, nothing waits for it
			if err := w.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			if err := w.Wait(); err == nil || w.ProcessState.ExitCode() != -1 {
				t.Fatalf("the writer ended by itself: %v", err)
			}
		}
		interrupted += len(glob(t, dir, tempPrefix+"*"))
		found += checkAfterKill(t, dir)
	}
	t.Logf("%d entries right, %d unfinished files removed", found, interrupted)
	if found == 0 {
		t.Error("the writers wrote nothing: this shows nothing")
	}
}

// checkAfterKill opens the store and returns how many entries it has; each of
// them must be right.
func checkAfterKill(t *testing.T, dir string) int {
	t.Helper()
	s, err := Open(dir, WithMaxBytes(killBytes))
	if err != nil {
		t.Fatal(err)
	}
	if left := glob(t, dir, tempPrefix+"*"); len(left) != 0 {
		t.Errorf("left over: %v", left)
	}
	found := 0
	for i := range killKeys {
		got, ok, err := s.Get(fmt.Sprintf("git-tree:%d", i))
		if err != nil {
			t.Fatal(err)
		}
		if ok && !bytes.Equal(got, content(i)) {
			t.Errorf("entry %d is wrong: %d bytes", i, len(got))
		}
		if ok {
			found++
		}
	}
	if left := glob(t, dir, "*"+suffix); len(left) != found {
		t.Errorf("%d entries lie there, %d were served", len(left), found)
	}
	_, total, err := s.entries()
	if err != nil || total > killBytes {
		t.Errorf("want at most %d bytes, got %d, %v", killBytes, total, err)
	}
	return found
}

// startWriter runs the test binary as a writer.
func startWriter(t *testing.T, self, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), writerDir+"="+dir)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	return cmd
}

// awaitEntry waits until the writers have begun.
func awaitEntry(t *testing.T, dir string) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for len(glob(t, dir, "*"+suffix)) == 0 {
		if time.Now().After(deadline) {
			t.Fatal("the writers write nothing")
		}
		time.Sleep(time.Millisecond)
	}
}

func glob(t *testing.T, dir, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, pattern))
	if err != nil {
		t.Fatal(err)
	}
	return files
}
