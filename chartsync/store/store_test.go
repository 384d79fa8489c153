package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/fairlead-dev/fairlead/chartsync"
)

// clock is a time that moves when it is told to.
type clock struct{ at time.Time }

func (c *clock) now() time.Time { c.at = c.at.Add(time.Second); return c.at }

func openStore(t *testing.T, dir string, opts ...Option) *Store {
	t.Helper()
	c := &clock{at: time.Unix(1700000000, 0)}
	s, err := Open(dir, append([]Option{WithClock(c.now)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func wantEntry(t *testing.T, s *Store, key string, want []byte) {
	t.Helper()
	got, ok, err := s.Get(key)
	if err != nil || !ok || !bytes.Equal(got, want) {
		t.Errorf("Get(%q): want %d bytes, got %d, %v, %v", key, len(want), len(got), ok, err)
	}
}

func wantAbsent(t *testing.T, s *Store, key string) {
	t.Helper()
	if got, ok, err := s.Get(key); ok || err != nil {
		t.Errorf("Get(%q): want nothing, got %d bytes, %v, %v", key, len(got), ok, err)
	}
}

func TestPutAndGet(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a[b]", "store")
	s := openStore(t, dir)
	wantAbsent(t, s, "git-tree:abc")
	for _, data := range [][]byte{[]byte("first"), []byte("second"), {}} {
		if err := s.Put("git-tree:abc", data); err != nil {
			t.Fatal(err)
		}
		wantEntry(t, s, "git-tree:abc", data)
		wantEntry(t, openStore(t, dir), "git-tree:abc", data)
	}
}

func TestPutChecksSha256(t *testing.T) {
	s := openStore(t, t.TempDir())
	sum := sha256.Sum256([]byte("data"))
	key := "sha256:" + hex.EncodeToString(sum[:])
	if err := s.Put(key, []byte("other data")); err == nil {
		t.Error("want an error for data under a digest that it does not have")
	}
	wantAbsent(t, s, key)
	if err := s.Put(key, []byte("data")); err != nil {
		t.Error(err)
	}
	wantEntry(t, s, key, []byte("data"))
}

func TestDamagedEntryIsNeverServed(t *testing.T) {
	data := bytes.Repeat([]byte("chart"), 1000)
	for name, c := range map[string]struct {
		why    string
		damage func(raw []byte) []byte
	}{
		"Torn":         {"A machine that stopped may keep the head of a file.", func(raw []byte) []byte { return raw[:len(raw)/2] }},
		"TornInHeader": {"Or only a part of the header.", func(raw []byte) []byte { return raw[:headerSize/2] }},
		"Empty":        {"Or the name alone.", func([]byte) []byte { return nil }},
		"BitFlip":      {"Disks rot.", func(raw []byte) []byte { raw[len(raw)-7] ^= 1; return raw }},
		"HeaderFlip":   {"The header is no exception.", func(raw []byte) []byte { raw[headerSize-5] ^= 1; return raw }},
		"Zeros":        {"A file may have its size and none of its bytes.", func(raw []byte) []byte { clear(raw); return raw }},
		"Longer":       {"Nor is anything behind the data ignored.", func(raw []byte) []byte { return append(raw, 'x') }},
	} {
		t.Run(name, func(t *testing.T) {
			s := openStore(t, t.TempDir())
			if err := s.Put("git-tree:abc", data); err != nil {
				t.Fatal(err)
			}
			path := s.path("git-tree:abc")
			raw, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, c.damage(raw), 0o600); err != nil {
				t.Fatal(err)
			}
			wantAbsent(t, s, "git-tree:abc")
			if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s The damaged file should be gone: %v", c.why, err)
			}
		})
	}
}

func TestEviction(t *testing.T) {
	data := bytes.Repeat([]byte("x"), 1000)
	dir := t.TempDir()
	s := openStore(t, dir, WithMaxBytes(int64(3*(len(data)+headerSize))))
	for _, key := range []string{"a", "b", "c"} {
		if err := s.Put(key, data); err != nil {
			t.Fatal(err)
		}
	}
	wantEntry(t, s, "a", data) // now b is the one that nobody read for longest
	if err := s.Put("d", data); err != nil {
		t.Fatal(err)
	}
	wantAbsent(t, s, "b")
	for _, key := range []string{"a", "c", "d"} {
		wantEntry(t, s, key, data)
	}
	if err := s.Put("huge", make([]byte, 10000)); err != nil {
		t.Fatal(err)
	}
	wantAbsent(t, s, "huge")
	wantEntry(t, s, "d", data)

	small := openStore(t, dir, WithMaxBytes(int64(len(data)+headerSize))) // opened again with a lower bound
	wantAbsent(t, small, "a")
	wantEntry(t, small, "d", data)
}

func TestKeyIsPerCredentials(t *testing.T) {
	spec := chartsync.Spec{Repository: &chartsync.RepositorySpec{URL: "https://charts.example.com"}}
	other, wrong := spec, spec
	other.Repository = &chartsync.RepositorySpec{URL: "https://evil.example.com"}
	wrong.Credentials = chartsync.Credentials{Token: "guess"}
	if Key(spec, "sha256:a") == Key(other, "sha256:a") || Key(spec, "sha256:a") == Key(wrong, "sha256:a") {
		t.Error("two URLs or two credentials share a key")
	}
	if got := digestOf(Key(spec, "sha256:a")); got != "sha256:a" {
		t.Errorf("a key starts with its digest, got %q", got)
	}
}

func TestOpenRemovesLeftovers(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{tempPrefix + "1", "somebody-elses-file"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	openStore(t, dir)
	files, err := os.ReadDir(dir)
	if err != nil || len(files) != 1 || files[0].Name() != "somebody-elses-file" {
		t.Errorf("want only the file that is not ours, got %v, %v", files, err)
	}
}

func TestWritersSurviveOpeners(t *testing.T) {
	// Opening removes unfinished files, those of living writers in other
	// processes too: these write again.
	dir := t.TempDir()
	s := openStore(t, dir, WithClock(time.Now))
	for i := range 30 {
		var group sync.WaitGroup
		group.Go(func() {
			if _, err := Open(dir); err != nil {
				t.Error(err)
			}
		})
		key := fmt.Sprintf("git-tree:%d", i)
		if err := s.Put(key, content(i)); err != nil {
			t.Error(err)
		}
		group.Wait()
		wantEntry(t, s, key, content(i))
	}
}

func TestFillLoadsOnce(t *testing.T) {
	s := openStore(t, t.TempDir(), WithClock(time.Now))
	var loads atomic.Int32
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() {
			data, err := s.Fill(t.Context(), "git-tree:abc", func(context.Context) ([]byte, error) {
				loads.Add(1)
				return []byte("chart"), nil
			})
			if err != nil || string(data) != "chart" {
				t.Errorf("Fill: %q, %v", data, err)
			}
		})
	}
	group.Wait()
	if loads.Load() != 1 {
		t.Errorf("want 1 load, got %d", loads.Load())
	}
	_, err := s.Fill(t.Context(), "other", func(context.Context) ([]byte, error) { return nil, errors.New("no such thing") })
	if err == nil || !strings.Contains(err.Error(), "no such thing") {
		t.Errorf("want the error of load, got %v", err)
	}
	wantAbsent(t, s, "other")
}
