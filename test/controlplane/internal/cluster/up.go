package cluster

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/fairlead-dev/fairlead/test/controlplane/internal/process"
)

// starts is how often Up tries again when somebody else took a port first.
const starts = 5

// Up starts a new, empty cluster, calls ready with its kubeconfig once it has
// proved to work, and keeps it until the context ends. It returns nil then, and
// an error that names the program if one of them ended by itself. Nothing runs
// any more when it returns.
func Up(ctx context.Context, o Options, ready func(kubeconfig string)) error {
	if err := mustHavePrograms(o.Programs); err != nil {
		return err
	}
	home, err := claim(o.Dir)
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		err = run(ctx, home, o, ready)
		if !lostPort(err) || o.Port != 0 || try == starts {
			break
		}
		fmt.Fprintln(o.Progress, "Another program took a port first: starting again")
		if err = home.sweep(); err != nil {
			break
		}
	}
	if err != nil {
		// Whoever started it in the background finds the reason here.
		_ = os.WriteFile(home.log("controlplane"), []byte(err.Error()+"\n"), 0o600)
	}
	return errors.Join(err, home.forget(), home.release())
}

// lostPort says whether a program found its port taken.
func lostPort(err error) bool {
	var failure *process.Failure
	return errors.As(err, &failure) && strings.Contains(failure.Tail, "address already in use")
}

// run does what Up promises, once, with ports of its own.
func run(ctx context.Context, home *Home, o Options, ready func(string)) error {
	ports, err := choosePorts(o.Port)
	if err != nil {
		return err
	}
	credentials, err := home.writeCredentials(ports.server())
	if err != nil {
		return err
	}
	if err := home.writeConfig(); err != nil {
		return err
	}
	api, err := newAPI(ports.server(), credentials)
	if err != nil {
		return err
	}

	c := newCrew(home, o.Programs, ports.server())
	defer c.dismiss()
	// From here on a program's end ends the context, with the reason.
	alive, lose := context.WithCancelCause(ctx)
	defer lose(nil)
	c.lost = lose
	// Down finds the cluster from here on.
	if err := c.tell(false); err != nil {
		return err
	}

	if err := start(alive, c, api, ports, o); err != nil {
		if ctx.Err() != nil {
			return nil // told to stop before it was ready
		}
		// The death of a program explains more than the failed request.
		if cause := context.Cause(alive); cause != nil {
			return cause
		}
		return err
	}
	api.close()
	if err := c.tell(true); err != nil {
		return err
	}
	ready(home.Kubeconfig())
	<-alive.Done()
	if ctx.Err() != nil {
		return nil
	}
	return context.Cause(alive)
}

// start starts the programs in the order in which they need one another.
func start(ctx context.Context, c *crew, api *api, p ports, o Options) error {
	begun := time.Now()
	ctx, cancel := context.WithTimeoutCause(ctx, o.Timeout, fmt.Errorf("%w of %s", context.DeadlineExceeded, o.Timeout))
	defer cancel()

	if err := c.start("etcd", c.home.etcdArgs(p)); err != nil {
		return err
	}
	if err := poll(ctx, "etcd", etcdHealthy(p)); err != nil {
		return err
	}
	if err := c.start("kube-apiserver", c.home.apiserverArgs(p, o.Audit)); err != nil {
		return err
	}
	if err := poll(ctx, "kube-apiserver", api.exists("/readyz")); err != nil {
		return err
	}
	if err := api.furnish(ctx); err != nil {
		return fmt.Errorf("furnishing the cluster: %w", err)
	}
	for name, args := range map[string][]string{
		"kube-controller-manager": c.home.controllerManagerArgs(),
		"kube-scheduler":          c.home.schedulerArgs(),
		"kwok":                    c.home.kwokArgs(p),
	} {
		if err := c.start(name, args); err != nil {
			return err
		}
	}
	if err := api.proveReady(ctx); err != nil {
		return err
	}
	fmt.Fprintf(o.Progress, "The control plane at %s is ready after %s\n", p.server(), time.Since(begun).Round(100*time.Millisecond))
	return nil
}
