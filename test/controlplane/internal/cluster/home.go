package cluster

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// ErrInUse is returned by Up when another cluster lives in the directory.
var ErrInUse = errors.New("a control plane already runs here")

// Home is the directory of a cluster. Whoever holds its lock owns the rest.
type Home struct {
	dir  string
	lock *os.File
}

func (h *Home) path(elements ...string) string {
	return filepath.Join(append([]string{h.dir}, elements...)...)
}

// Kubeconfig is the file with which an administrator reaches the cluster.
func (h *Home) Kubeconfig() string { return h.path("kubeconfig") }

func (h *Home) lockFile() string          { return h.path("lock") }
func (h *Home) stateFile() string         { return h.path("controlplane.json") }
func (h *Home) auditLog() string          { return h.path("audit.log") }
func (h *Home) log(program string) string { return h.path("logs", program+".log") }

// at names a home without claiming it.
func at(dir string) (*Home, error) {
	if dir == "" {
		dir = DefaultDir()
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("resolving %q: %w", dir, err)
	}
	return &Home{dir: dir}, nil
}

// claim takes a directory for a new cluster and removes what an earlier one
// left there. It refuses a directory that holds anything else.
func claim(dir string) (*Home, error) {
	home, err := at(dir)
	if err != nil {
		return nil, err
	}
	if err := home.mustBeOurs(); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(home.dir, 0o700); err != nil {
		return nil, fmt.Errorf("creating the control plane's directory: %w", err)
	}
	if err := home.takeLock(); err != nil {
		return nil, err
	}
	if err := home.sweep(); err != nil {
		return nil, errors.Join(err, home.release())
	}
	return home, nil
}

// mustBeOurs protects a directory that was named by mistake.
func (h *Home) mustBeOurs() error {
	entries, err := os.ReadDir(h.dir)
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(entries) == 0 {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking into the control plane's directory: %w", err)
	}
	if _, err := os.Stat(h.lockFile()); err != nil {
		return fmt.Errorf("directory %s is not empty and was not made by controlplane: choose another --dir", h.dir)
	}
	return nil
}

// takeLock takes the lock, which the kernel frees when this process ends.
func (h *Home) takeLock() error {
	file, err := os.OpenFile(h.lockFile(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("opening the lock: %w", err)
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return fmt.Errorf("%w: %s; stop it with `controlplane down --dir %s`, or choose another --dir", ErrInUse, h.dir, h.dir)
		}
		return fmt.Errorf("locking %s: %w", h.lockFile(), err)
	}
	h.lock = file
	return nil
}

func (h *Home) release() error { return h.lock.Close() }

// sweep leaves an empty home: no etcd data, no keys, no logs of an earlier run.
func (h *Home) sweep() error {
	for _, name := range []string{"etcd", "pki", "config", "logs", "audit.log"} {
		if err := os.RemoveAll(h.path(name)); err != nil {
			return fmt.Errorf("removing what an earlier control plane left: %w", err)
		}
	}
	if err := h.forget(); err != nil {
		return err
	}
	for _, name := range []string{"pki", "config", "logs"} {
		if err := os.Mkdir(h.path(name), 0o700); err != nil {
			return fmt.Errorf("creating the control plane's directory: %w", err)
		}
	}
	return nil
}

// forget removes the files by which others would find a cluster here.
func (h *Home) forget() error {
	for _, file := range []string{h.stateFile(), h.Kubeconfig()} {
		if err := os.Remove(file); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("removing a stale file: %w", err)
		}
	}
	return nil
}
