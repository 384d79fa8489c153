package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"k8s.io/cli-runtime/pkg/genericiooptions"

	"github.com/fairlead-dev/fairlead/pkg/charthost"
)

const (
	// headerPatience bounds how long a client may take to ask.
	headerPatience = 10 * time.Second
	// farewell is how long a download under way may go on after the interrupt.
	farewell = 5 * time.Second
)

func newRepoServeCommand(streams genericiooptions.IOStreams) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve DIR",
		Short: "Serve a folder of packaged charts as a Helm repository",
		Long: "Serve the .tgz charts of a folder as a Helm repository until interrupted. Its\n" +
			"index.yaml is made from what is in the folder whenever it is asked for, so a chart\n" +
			"that is put there is available at once.",
		Args:              takes(1, 1, "one folder"),
		ValidArgsFunction: completeFolder,
	}
	address := cmd.Flags().String("address", "127.0.0.1:8879", "Address to listen on; port 0 chooses a free one")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if err := mustBeFolder(args[0]); err != nil {
			return err
		}
		ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
		defer stop()
		return serveFolder(ctx, streams, args[0], *address)
	}
	return cmd
}

// serveFolder serves until the context ends.
func serveFolder(ctx context.Context, streams genericiooptions.IOStreams, dir, address string) error {
	handler, err := charthost.NewHandler(dir, reportTo(streams.ErrOut))
	if err != nil {
		return err
	}
	listener, err := listen(ctx, address)
	if err != nil {
		return err
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: headerPatience}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	if err := announce(streams.Out, dir, listener.Addr()); err != nil {
		return errors.Join(err, server.Close())
	}

	select {
	case err := <-ended:
		return fmt.Errorf("serving %q: %w", dir, err)
	case <-ctx.Done():
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), farewell)
	defer cancel()
	if err := server.Shutdown(last); err != nil {
		return server.Close()
	}
	return nil
}

func listen(ctx context.Context, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("address %s is in use: choose another with --address, for example 127.0.0.1:0 for any free port", address)
	case err != nil:
		return nil, fmt.Errorf("listening on %q: %w", address, err)
	}
	return listener, nil
}

// announce says where the repository is and what to do with it.
func announce(out io.Writer, dir string, address net.Addr) error {
	if absolute, err := filepath.Abs(dir); err == nil {
		dir = absolute
	}
	url := "http://" + reachable(address)
	_, err := fmt.Fprintf(out, "Serving %s at %s\n\n"+
		"  in a HelmRelease:  chart: {repository: {url: %q, name: NAME}}\n"+
		"  with Helm:         helm repo add charts %s\n\n"+
		"Press Ctrl-C to stop.\n", dir, url, url, url)
	return err
}

// reachable returns an address that a client on this machine can ask: all
// addresses of a machine are no address.
func reachable(address net.Addr) string {
	if tcp, ok := address.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("localhost:%d", tcp.Port)
	}
	return address.String()
}
