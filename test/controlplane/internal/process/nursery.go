package process

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
)

// Spec is a program to start.
type Spec struct {
	Name string   // what messages call it
	Path string   // the program's file
	Args []string // without the program's own name
	Env  []string // added to this program's environment
	Dir  string   // the working directory
	Log  string   // the file for its output; an older one is replaced
}

// Nursery starts processes from one thread that lives as long as they do.
//
// Linux sends the signal for a parent's death when the thread that started the
// child ends, not when the parent's process does, and Go ends threads as it
// sees fit. A nursery therefore keeps a thread of its own.
type Nursery struct {
	starts chan func()
}

// NewNursery returns a nursery, to be closed when all its processes have ended.
func NewNursery() *Nursery {
	n := &Nursery{starts: make(chan func())}
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the loop
		for start := range n.starts {
			start()
		}
	}()
	return n
}

// Close ends the nursery's thread, and with it whatever still runs.
func (n *Nursery) Close() { close(n.starts) }

// Start starts a program in a process group of its own, so that a Ctrl-C in the
// terminal reaches only its supervisor, who stops everything in order.
func (n *Nursery) Start(spec Spec) (*Process, error) {
	log, err := os.Create(spec.Log)
	if err != nil {
		return nil, fmt.Errorf("creating the log of %s: %w", spec.Name, err)
	}
	defer func() { _ = log.Close() }() // the child has its own descriptor

	cmd := exec.Command(spec.Path, spec.Args...)
	cmd.Env = append(os.Environ(), spec.Env...)
	cmd.Dir = spec.Dir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = attributes()

	started := make(chan error)
	n.starts <- func() { started <- cmd.Start() }
	if err := <-started; err != nil {
		return nil, fmt.Errorf("starting %s: %w", spec.Name, err)
	}

	p := &Process{Name: spec.Name, PID: cmd.Process.Pid, log: spec.Log, process: cmd.Process, ended: make(chan struct{})}
	go func() {
		p.result = cmd.Wait()
		close(p.ended)
	}()
	return p, nil
}
