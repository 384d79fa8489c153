package cluster

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestClaim(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	first, err := claim(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := claim(dir); !errors.Is(err, ErrInUse) || !strings.Contains(err.Error(), "controlplane down --dir "+dir) {
		t.Errorf("claiming a home twice: want ErrInUse and how to end it, got %v", err)
	}

	for _, file := range []string{first.Kubeconfig(), first.stateFile(), first.auditLog(), first.log("etcd")} {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := first.release(); err != nil {
		t.Fatal(err)
	}
	second, err := claim(dir)
	if err != nil {
		t.Fatalf("claiming a home that was left: %v", err)
	}
	for _, file := range []string{second.Kubeconfig(), second.stateFile(), second.auditLog(), second.log("etcd")} {
		if _, err := os.Stat(file); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s of an earlier cluster is still there", filepath.Base(file))
		}
	}
	if err := second.release(); err != nil {
		t.Fatal(err)
	}
}

func TestClaimRefusesForeignDirectory(t *testing.T) {
	dir := t.TempDir()
	diary := filepath.Join(dir, "etcd", "diary")
	if err := os.MkdirAll(filepath.Dir(diary), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(diary, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := claim(dir); err == nil || !strings.Contains(err.Error(), "choose another --dir") {
		t.Errorf("claiming somebody's directory: want advice, got %v", err)
	}
	if _, err := os.Stat(diary); err != nil {
		t.Errorf("claiming somebody's directory touched it: %v", err)
	}
}

func TestDownWithoutCluster(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "never")
	if stopped, err := Down(t.Context(), dir); stopped || err != nil {
		t.Errorf("want nothing stopped and no error, got %v, %v", stopped, err)
	}
	if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
		t.Error("looking for a cluster made its directory")
	}
}

func TestChoosePorts(t *testing.T) {
	p, err := choosePorts(0)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{p.etcd: true, p.etcdPeer: true, p.apiserver: true, p.kubelet: true}
	if len(seen) != 4 || seen[0] {
		t.Errorf("want four different ports, got %+v", p)
	}
	if fixed, err := choosePorts(p.apiserver); err != nil || fixed.apiserver != p.apiserver {
		t.Errorf("want port %d as asked for, got %+v, %v", p.apiserver, fixed, err)
	}
}

func TestKwokConfigNamesTheLog(t *testing.T) {
	config, err := kwokConfig("/home/container.log")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"name: node-ready", "name: pod-start", "name: claim-provision", "logsFile: /home/container.log"} {
		if !strings.Contains(string(config), want) {
			t.Errorf("want %q in KWOK's configuration", want)
		}
	}
	if strings.Contains(string(config), "LOGFILE") {
		t.Error("a placeholder is left")
	}
}
