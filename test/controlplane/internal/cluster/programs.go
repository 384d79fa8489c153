package cluster

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/fairlead-dev/fairlead/test/controlplane/internal/process"
)

// Services get their addresses from here; the first is the API server's own.
const (
	serviceIPs     = "10.0.0.0/24"
	firstServiceIP = "10.0.0.1"
	podIPs         = "10.244.0.1/16"
)

// spec completes what a program needs to be started.
func (h *Home) spec(programs, name string, args ...string) process.Spec {
	return process.Spec{
		Name: name,
		Path: filepath.Join(programs, name),
		Args: args,
		// KWOK reads a configuration in the home directory if there is one.
		Env: []string{h.mark(), "HOME=" + h.dir},
		Dir: h.dir,
		Log: h.log(name),
	}
}

func (h *Home) etcdArgs(p ports) []string {
	return []string{
		"--name=local",
		"--data-dir=" + h.path("etcd"),
		"--listen-client-urls=" + p.etcdURL(),
		"--advertise-client-urls=" + p.etcdURL(),
		"--listen-peer-urls=" + p.peerURL(),
		"--initial-advertise-peer-urls=" + p.peerURL(),
		"--initial-cluster=local=" + p.peerURL(),
		// The data dies with the cluster, so nothing needs to reach the disk.
		"--unsafe-no-fsync",
		// The first election takes four heartbeats: a start waits for it.
		"--heartbeat-interval=100",
		"--election-timeout=1000",
		"--log-level=warn",
	}
}

func (h *Home) apiserverArgs(p ports, audit bool) []string {
	args := []string{
		"--etcd-servers=" + p.etcdURL(),
		"--bind-address=" + loopback,
		"--advertise-address=" + loopback,
		fmt.Sprintf("--secure-port=%d", p.apiserver),
		"--cert-dir=" + h.path("pki"),
		"--tls-cert-file=" + h.path("pki", "serving.crt"),
		"--tls-private-key-file=" + h.path("pki", "serving.key"),
		"--client-ca-file=" + h.path("pki", "ca.crt"),
		"--service-account-issuer=https://kubernetes.default.svc.cluster.local",
		"--service-account-key-file=" + h.path("pki", "tokens.key"),
		"--service-account-signing-key-file=" + h.path("pki", "tokens.key"),
		"--authorization-mode=Node,RBAC",
		"--service-cluster-ip-range=" + serviceIPs,
		"--allow-privileged=true",
		// The node's name is known to no resolver.
		"--kubelet-preferred-address-types=InternalIP",
		// An endpoint on loopback is refused, and nothing in here would use it.
		"--endpoint-reconciler-type=none",
		"--profiling=false",
	}
	if audit {
		args = append(args,
			"--audit-policy-file="+h.path("config", "audit.yaml"),
			"--audit-log-path="+h.auditLog(),
			"--audit-log-format=json",
			// A request has been written when its answer arrives.
			"--audit-log-mode=blocking",
			// Megabytes before the log is rotated: readers expect one file.
			"--audit-log-maxsize=100000",
		)
	}
	return args
}

func (h *Home) controllerManagerArgs() []string {
	return []string{
		"--kubeconfig=" + h.path("config", "kube-controller-manager.kubeconfig"),
		"--root-ca-file=" + h.path("pki", "ca.crt"),
		"--service-account-private-key-file=" + h.path("pki", "tokens.key"),
		"--leader-elect=false",
		"--secure-port=0",
		"--kube-api-qps=200",
		"--kube-api-burst=400",
		// Nothing is ever attached to the node, and this one never rests.
		"--controllers=*,-persistentvolume-attach-detach-controller",
		// A busy machine may starve the node's lease; its pods are to stay.
		"--node-monitor-grace-period=10m",
		"--profiling=false",
	}
}

func (h *Home) schedulerArgs() []string {
	return []string{
		"--kubeconfig=" + h.path("config", "kube-scheduler.kubeconfig"),
		"--leader-elect=false",
		"--secure-port=0",
		"--kube-api-qps=200",
		"--kube-api-burst=400",
		"--profiling=false",
	}
}

func (h *Home) kwokArgs(p ports) []string {
	return []string{
		"--kubeconfig=" + h.path("config", "kwok.kubeconfig"),
		"--config=" + h.path("config", "kwok.yaml"),
		"--manage-all-nodes=true",
		// With 0 the node flaps.
		"--node-lease-duration-seconds=40",
		"--cidr=" + podIPs,
		"--node-ip=" + loopback,
		"--node-name=" + nodeName,
		fmt.Sprintf("--node-port=%d", p.kubelet),
		"--server-address=" + on(p.kubelet),
		"--tls-cert-file=" + h.path("pki", "serving.crt"),
		"--tls-private-key-file=" + h.path("pki", "serving.key"),
	}
}

// mustHavePrograms says at once what a start would say late.
func mustHavePrograms(dir string) error {
	for _, name := range []string{"etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("finding %s: %w; build it with `make controlplane`", name, err)
		}
	}
	return nil
}
