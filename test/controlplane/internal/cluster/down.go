package cluster

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"syscall"
	"time"

	"github.com/fairlead-dev/fairlead/test/controlplane/internal/process"
)

// patience is how long Down waits before it insists.
const patience = 30 * time.Second

// Down stops the cluster in a directory and returns when none of its processes
// is left. Stopping one that doesn't run is no error: it reports false, and
// leaves no stale files.
func Down(ctx context.Context, dir string) (stopped bool, err error) {
	home, err := at(dir)
	if err != nil {
		return false, err
	}
	state, err := home.readState()
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if stopped, err = home.endSupervisor(ctx, state.PID); err != nil {
		return stopped, err
	}
	for name, pid := range state.Processes {
		if err := home.endOrphan(ctx, name, pid); err != nil {
			return stopped, err
		}
	}
	err = home.forget()
	return stopped, errors.Join(err, home.release())
}

// endSupervisor ends the process that holds the lock, if there is one, and
// returns with the lock.
func (h *Home) endSupervisor(ctx context.Context, pid int) (found bool, err error) {
	err = h.takeLock()
	if !errors.Is(err, ErrInUse) {
		return false, err
	}
	if err := syscall.Kill(pid, syscall.SIGTERM); err != nil {
		return true, fmt.Errorf("stopping the control plane, process %d: %w", pid, err)
	}
	deadline, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if waitUntil(deadline, func() bool { return h.takeLock() == nil }) {
		waitUntil(deadline, func() bool { return !process.Alive(pid) })
		return true, nil
	}
	if ctx.Err() != nil {
		return true, fmt.Errorf("waiting for the control plane, process %d, to stop: %w", pid, ctx.Err())
	}
	// Its children die with it.
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		return true, fmt.Errorf("killing the control plane, process %d: %w", pid, err)
	}
	return true, poll(ctx, "the control plane to die", func(context.Context) error { return h.takeLock() })
}

// endOrphan ends a program whose supervisor is gone. There is hardly ever one:
// the kernel kills them with it.
func (h *Home) endOrphan(ctx context.Context, name string, pid int) error {
	gone := func() bool { return !process.Marked(pid, h.mark()) }
	short, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if waitUntil(short, gone) {
		return nil
	}
	_ = syscall.Kill(pid, syscall.SIGKILL)
	last, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if !waitUntil(last, gone) {
		return fmt.Errorf("killing %s, process %d: it is still there", name, pid)
	}
	return nil
}

// waitUntil polls a condition and returns whether it came true in time.
func waitUntil(ctx context.Context, condition func() bool) bool {
	return poll(ctx, "", func(context.Context) error {
		if condition() {
			return nil
		}
		return errNotYet
	}) == nil
}

var errNotYet = errors.New("not yet")
