package process

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"time"
)

// tailLines is how much of a log an unexpected end quotes.
const tailLines = 12

// Process is a started program.
type Process struct {
	Name string
	PID  int

	log     string
	process *os.Process
	ended   chan struct{}
	result  error // set before ended is closed
}

// Ended is closed when the process has ended.
func (p *Process) Ended() <-chan struct{} { return p.ended }

// Failure describes an end that nobody asked for. Call it after Ended.
func (p *Process) Failure() *Failure {
	how := "exit status 0"
	if p.result != nil {
		how = p.result.Error()
	}
	return &Failure{Name: p.Name, How: how, Log: p.log, Tail: tail(p.log, tailLines)}
}

// Stop asks the process to end, insists after the grace period, and returns
// when it has ended.
func (p *Process) Stop(grace time.Duration) {
	// An error means that it has ended already, which Ended tells as well.
	_ = p.process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(grace):
		_ = p.process.Kill()
		<-p.ended
	}
}

// Failure is the unexpected end of a process.
type Failure struct {
	Name string
	How  string // the exit status or signal
	Log  string // the log's file
	Tail string // the log's last lines
}

func (f *Failure) Error() string {
	if f.Tail == "" {
		return fmt.Sprintf("%s ended unexpectedly: %s; its log %s is empty", f.Name, f.How, f.Log)
	}
	return fmt.Sprintf("%s ended unexpectedly: %s; the end of %s:\n%s", f.Name, f.How, f.Log, f.Tail)
}

// tail returns a file's last lines, indented, or nothing if it has none.
func tail(file string, lines int) string {
	content, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	text := strings.TrimRight(string(content), "\n")
	if text == "" {
		return ""
	}
	all := strings.Split(text, "\n")
	return "\t" + strings.Join(all[max(0, len(all)-lines):], "\n\t")
}
