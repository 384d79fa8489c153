package process

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
)

// attributes ties a child's life to its nursery's thread.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// Alive says whether a process exists and has not ended. One that has ended but
// that its parent has not asked about yet (a zombie) is not alive.
func Alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	// "pid (name) state …", where the name may hold anything.
	_, rest, found := bytes.Cut(stat[max(0, bytes.LastIndexByte(stat, ')')):], []byte(") "))
	return found && len(rest) > 0 && rest[0] != 'Z' && rest[0] != 'X'
}

// Marked says whether a process is alive and was started with this variable in
// its environment: a process id alone may have been given to somebody else.
func Marked(pid int, variable string) bool {
	environment, err := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
	if err != nil || !Alive(pid) {
		return false
	}
	for _, entry := range bytes.Split(environment, []byte{0}) {
		if string(entry) == variable {
			return true
		}
	}
	return false
}
