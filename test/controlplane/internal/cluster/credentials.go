package cluster

import (
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/fairlead-dev/fairlead/test/controlplane/internal/pki"
)

// users are the clients that get a kubeconfig, by its file's name in Home.
//
// The controller manager is an administrator: its own role is made for one
// that acts through a service account for each controller.
var users = map[string]struct {
	name   string
	groups []string
}{
	"kubeconfig": {name: "fairlead:admin", groups: []string{"system:masters"}},
	"config/kube-controller-manager.kubeconfig": {name: "system:kube-controller-manager", groups: []string{"system:masters"}},
	"config/kube-scheduler.kubeconfig":          {name: "system:kube-scheduler"},
	"config/kwok.kubeconfig":                    {name: "fairlead:kwok", groups: []string{"system:masters"}},
}

// credentials are what this program itself needs to reach the API server.
type credentials struct {
	authority []byte
	admin     pki.Pair
}

// writeCredentials makes the cluster's keys, certificates and kubeconfigs.
func (h *Home) writeCredentials(server string) (credentials, error) {
	authority, err := pki.NewAuthority("fairlead-controlplane")
	if err != nil {
		return credentials{}, err
	}
	result := credentials{authority: authority.Cert}

	serving, err := authority.Server("kube-apiserver",
		[]string{"localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local"},
		[]net.IP{net.ParseIP(loopback), net.ParseIP(firstServiceIP)})
	if err != nil {
		return credentials{}, err
	}
	_, tokens, err := pki.NewKey()
	if err != nil {
		return credentials{}, err
	}
	for name, content := range map[string][]byte{
		"pki/ca.crt": authority.Cert, "pki/tokens.key": tokens,
		"pki/serving.crt": serving.Cert, "pki/serving.key": serving.Key,
	} {
		if err := os.WriteFile(h.path(name), content, 0o600); err != nil {
			return credentials{}, fmt.Errorf("writing a certificate: %w", err)
		}
	}

	for file, user := range users {
		pair, err := authority.Client(user.name, user.groups...)
		if err != nil {
			return credentials{}, err
		}
		if err := h.write(file, kubeconfig(server, authority.Cert, pair)); err != nil {
			return credentials{}, err
		}
		if h.path(file) == h.Kubeconfig() {
			result.admin = pair
		}
	}
	return result, nil
}

// kubeconfig holds everything itself, so that it can be copied anywhere.
func kubeconfig(server string, authority []byte, client pki.Pair) []byte {
	encode := base64.StdEncoding.EncodeToString
	return []byte(strings.NewReplacer(
		"$SERVER", server, "$CA", encode(authority), "$CERT", encode(client.Cert), "$KEY", encode(client.Key),
	).Replace(`apiVersion: v1
kind: Config
clusters:
- name: fairlead
  cluster:
    server: $SERVER
    certificate-authority-data: $CA
users:
- name: fairlead
  user:
    client-certificate-data: $CERT
    client-key-data: $KEY
contexts:
- name: fairlead
  context: {cluster: fairlead, user: fairlead}
current-context: fairlead
`))
}
