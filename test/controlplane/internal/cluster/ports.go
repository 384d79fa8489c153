package cluster

import (
	"fmt"
	"net"
	"strconv"
)

// loopback is the only address anything listens on.
const loopback = "127.0.0.1"

// ports are the ones a cluster listens on.
type ports struct {
	etcd, etcdPeer, apiserver, kubelet int
}

// choosePorts asks the kernel for free ports; fixed, unless 0, is the API
// server's. Another program may still take one before its owner does: Up then
// starts anew with others.
func choosePorts(fixed int) (ports, error) {
	var p ports
	var held []net.Listener
	defer func() {
		for _, listener := range held {
			_ = listener.Close()
		}
	}()
	p.apiserver = fixed
	// All are held until all are chosen, so that no two are the same.
	for _, port := range []*int{&p.apiserver, &p.etcd, &p.etcdPeer, &p.kubelet} {
		listener, err := net.Listen("tcp", on(*port))
		if err != nil && *port != 0 {
			return p, fmt.Errorf("taking port %d for the API server: %w; choose another --port", *port, err)
		}
		if err != nil {
			return p, fmt.Errorf("looking for a free port: %w", err)
		}
		held = append(held, listener)
		*port = listener.Addr().(*net.TCPAddr).Port
	}
	return p, nil
}

// on is a port's address on loopback.
func on(port int) string { return net.JoinHostPort(loopback, strconv.Itoa(port)) }

func (p ports) server() string  { return "https://" + on(p.apiserver) }
func (p ports) etcdURL() string { return "http://" + on(p.etcd) }
func (p ports) peerURL() string { return "http://" + on(p.etcdPeer) }
