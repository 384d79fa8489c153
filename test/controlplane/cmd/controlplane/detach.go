package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
)

// backgroundMark tells a process that it is the one in the background.
const backgroundMark = "FAIRLEAD_CONTROLPLANE_BACKGROUND"

// detach starts this program again in a session of its own, without --detach,
// and waits until it has printed its kubeconfig's path or ended.
func detach(ctx context.Context, args []string) error {
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program: %w", err)
	}
	// The last of a flag's values counts.
	cmd := exec.Command(self, append(append([]string{"up"}, args...), "--detach=false")...)
	cmd.Env = append(os.Environ(), backgroundMark+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return fmt.Errorf("listening to the control plane: %w", err)
	}
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return fmt.Errorf("listening to the control plane: %w", err)
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the control plane in the background: %w", err)
	}

	// What it says until it is ready is for the person waiting here.
	relayed := make(chan struct{})
	go func() {
		_, _ = io.Copy(os.Stderr, stderr)
		close(relayed)
	}()
	stopped := context.AfterFunc(ctx, func() { _ = cmd.Process.Signal(syscall.SIGTERM) })
	defer stopped()

	path, err := bufio.NewReader(stdout).ReadString('\n')
	if err == nil {
		fmt.Println(strings.TrimSpace(path))
		return nil
	}
	<-relayed
	_ = cmd.Wait()
	if ctx.Err() != nil {
		return errors.New("interrupted before the control plane was ready")
	}
	return errors.New("the control plane did not start")
}
