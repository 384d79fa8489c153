package dialguard_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/fairlead-dev/fairlead/pkg/dialguard"
)

func TestCheck(t *testing.T) {
	for address, c := range map[string]struct {
		why                string
		ok, okWithLoopback bool
	}{
		"93.184.215.14":          {"A public address.", true, true},
		"10.1.2.3":               {"A repository inside the cluster.", true, true},
		"fd12::1":                {"The same in IPv6.", true, true},
		"64:ff9b::5db8:d70e":     {"A public address behind NAT64.", true, true},
		"127.0.0.1":              {"What listens beside the operator.", false, true},
		"127.8.9.10":             {"All of 127/8 is loopback.", false, true},
		"::1":                    {"The same in IPv6.", false, true},
		"::ffff:127.0.0.1":       {"The same, mapped.", false, true},
		"0.0.0.0":                {"Linux connects it to loopback.", false, true},
		"::":                     {"The same in IPv6.", false, true},
		"169.254.169.254":        {"Clouds give away credentials there.", false, false},
		"::ffff:169.254.169.254": {"The same, mapped.", false, false},
		"64:ff9b::a9fe:a9fe":     {"The same, through NAT64.", false, false},
		"fe80::1":                {"Link-local in IPv6.", false, false},
		"fe80::1%eth0":           {"With a zone.", false, false},
		"fd00:ec2::254":          {"AWS in IPv6, not link-local.", false, false},
		"100.100.100.200":        {"Alibaba Cloud.", false, false},
		"224.0.0.1":              {"Multicast.", false, false},
		"239.1.2.3":              {"Multicast beyond the link.", false, false},
	} {
		ip := netip.MustParseAddr(address)
		if got := dialguard.Check(ip, false) == nil; got != c.ok {
			t.Errorf("%s: %s Allowed: want %v, got %v", address, c.why, c.ok, got)
		}
		if got := dialguard.Check(ip, true) == nil; got != c.okWithLoopback {
			t.Errorf("%s: %s Allowed with loopback: want %v, got %v", address, c.why, c.okWithLoopback, got)
		}
	}
}

func TestControl(t *testing.T) {
	for address, want := range map[string]string{
		"192.0.2.1:443":      "",
		"127.0.0.1:80":       "its address 127.0.0.1 is loopback",
		"[::ffff:0:0]:80":    "its address 0.0.0.0 is loopback",
		"169.254.169.254:80": "is link-local, which is never asked",
		"elsewhere":          "its address is no IP address",
	} {
		err := dialguard.Control(false)("tcp", address, nil)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q, got %v", address, want, err)
		}
	}
}
