package cluster

import (
	"os"
	"slices"
	"sync"
	"time"

	"github.com/fairlead-dev/fairlead/test/controlplane/internal/process"
)

// grace is how long a program may take to end before it is made to.
const grace = 5 * time.Second

// crew is the running programs of one cluster.
type crew struct {
	home     *Home
	programs string
	server   string
	lost     func(error) // told when a program ends by itself

	nursery   *process.Nursery
	running   []*process.Process // in the order of their start
	dismissed chan struct{}
}

func newCrew(home *Home, programs, server string) *crew {
	return &crew{home: home, programs: programs, server: server, nursery: process.NewNursery(), dismissed: make(chan struct{})}
}

// start starts a program and watches over it.
func (c *crew) start(name string, args []string) error {
	p, err := c.nursery.Start(c.home.spec(c.programs, name, args...))
	if err != nil {
		return err
	}
	c.running = append(c.running, p)
	go func() {
		select {
		case <-p.Ended():
			c.lost(p.Failure())
		case <-c.dismissed:
		}
	}()
	return c.tell(false)
}

// tell writes down which processes there are.
func (c *crew) tell(ready bool) error {
	s := State{
		PID: os.Getpid(), Ready: ready, Server: c.server, Kubeconfig: c.home.Kubeconfig(),
		Processes: map[string]int{},
	}
	for _, p := range c.running {
		s.Processes[p.Name] = p.PID
	}
	return c.home.writeState(s)
}

// dismiss stops everything: first those that use the API server, then the API
// server, then etcd. It returns when no process is left.
func (c *crew) dismiss() {
	close(c.dismissed)
	served := min(2, len(c.running)) // etcd and the API server
	var clients sync.WaitGroup
	for _, p := range c.running[served:] {
		clients.Go(func() { p.Stop(grace) })
	}
	clients.Wait()
	for _, p := range slices.Backward(c.running[:served]) {
		p.Stop(grace)
	}
	c.nursery.Close()
}
