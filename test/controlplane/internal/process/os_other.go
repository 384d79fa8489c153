//go:build !linux

package process

import "syscall"

// attributes cannot tie a child's life to its parent's here: only Linux can.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// Alive says whether a process exists.
func Alive(pid int) bool { return syscall.Kill(pid, 0) == nil }

// Marked says whether a process exists: only Linux shows its environment.
func Marked(pid int, _ string) bool { return Alive(pid) }
