// Command githost serves a folder of bare git repositories over HTTP, for the
// demo. Anybody who reaches it may push, so it listens on loopback only.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/fairlead-dev/fairlead/test/githost"
)

func main() {
	root := flag.String("root", ".", "folder of bare repositories; each is served at its own path")
	address := flag.String("address", "127.0.0.1:0", "loopback address and port to listen on; port 0 takes a free one")
	username := flag.String("username", "", "ask for this user name, by basic authentication")
	password := flag.String("password", "", "ask for this password, by basic authentication")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	opts := githost.Options{Username: *username, Password: *password, Push: true}
	if err := serve(ctx, *root, *address, opts); err != nil {
		fmt.Fprintln(os.Stderr, "githost:", err)
		os.Exit(1) //nolint:gocritic // the deferred stop only restores signals
	}
}

// serve listens until the context ends, and prints where.
func serve(ctx context.Context, root, address string, opts githost.Options) error {
	host, err := githost.Handler(root, opts)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	if tcp, ok := listener.Addr().(*net.TCPAddr); !ok || !tcp.IP.IsLoopback() {
		return errors.Join(fmt.Errorf("%s is no loopback address", address), listener.Close())
	}
	fmt.Printf("Serving %s at http://%s\n", root, listener.Addr())
	server := &http.Server{Handler: host, ReadHeaderTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err := <-ended:
		return err
	case <-ctx.Done():
		shut, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		return server.Shutdown(shut)
	}
}
