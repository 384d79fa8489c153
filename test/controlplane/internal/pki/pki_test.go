package pki

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"testing"
)

func TestCertificates(t *testing.T) {
	authority, err := NewAuthority("test")
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := NewAuthority("test")
	if err != nil {
		t.Fatal(err)
	}
	server, err := authority.Server("server", []string{"localhost"}, []net.IP{net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	client, err := authority.Client("someone", "some-group")
	if err != nil {
		t.Fatal(err)
	}

	cases := map[string]struct {
		why   string
		pair  Pair
		roots *Authority
		use   x509.ExtKeyUsage
		host  string
		ok    bool
	}{
		"ServerByAddress": {
			why:  "Clients reach the API server by its address.",
			pair: server, roots: authority, use: x509.ExtKeyUsageServerAuth, host: "127.0.0.1", ok: true,
		},
		"ServerByAnotherAddress": {
			why:  "A certificate is worth nothing if it is good for every address.",
			pair: server, roots: authority, use: x509.ExtKeyUsageServerAuth, host: "127.0.0.2",
		},
		"Client": {
			why:  "Users are who their certificate says.",
			pair: client, roots: authority, use: x509.ExtKeyUsageClientAuth, ok: true,
		},
		"ClientAsServer": {
			why:  "A user's key must not let its owner pose as the API server.",
			pair: client, roots: authority, use: x509.ExtKeyUsageServerAuth,
		},
		"AnotherClustersClient": {
			why:  "Two clusters on one machine don't trust each other's users.",
			pair: client, roots: stranger, use: x509.ExtKeyUsageClientAuth,
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			pair, err := tls.X509KeyPair(tc.pair.Cert, tc.pair.Key)
			if err != nil {
				t.Fatal(err)
			}
			roots := x509.NewCertPool()
			roots.AppendCertsFromPEM(tc.roots.Cert)
			_, err = pair.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: tc.host, KeyUsages: []x509.ExtKeyUsage{tc.use}})
			if (err == nil) != tc.ok {
				t.Errorf("%s\nVerify: want ok %v, got %v", tc.why, tc.ok, err)
			}
		})
	}

	pair, err := tls.X509KeyPair(client.Cert, client.Key)
	if err != nil {
		t.Fatal(err)
	}
	if subject := pair.Leaf.Subject; subject.CommonName != "someone" || len(subject.Organization) != 1 || subject.Organization[0] != "some-group" {
		t.Errorf("client's subject: want user someone in some-group, got %s", subject)
	}
}
