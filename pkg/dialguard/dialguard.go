// Package dialguard refuses to dial addresses that no chart source has.
//
// URLs come from users and from what servers say, so what is checked is the
// address that a name resolved to, at the moment of the dial: neither DNS nor a
// redirect gets around it. Link-local addresses and the metadata services of
// clouds are never dialled, loopback only where a flag allows it. Private
// networks are where chart servers live.
package dialguard

import (
	"fmt"
	"net/netip"
	"syscall"
)

// A RefusedError is an address that our own rules forbid. Its text is the end of
// a sentence for the user: "its address 169.254.169.254 is link-local, which is
// never asked".
type RefusedError struct{ text string }

// Error says which rule.
func (r *RefusedError) Error() string { return r.text }

// metadata are the addresses outside link-local where clouds hand out the
// machine's own credentials.
var metadata = map[netip.Addr]bool{
	netip.MustParseAddr("fd00:ec2::254"):   true, // AWS
	netip.MustParseAddr("100.100.100.200"): true, // Alibaba Cloud
	netip.MustParseAddr("192.0.0.192"):     true, // Oracle Cloud
}

// nat64 holds IPv4 addresses in its last four bytes.
var nat64 = netip.MustParsePrefix("64:ff9b::/96")

// Check returns a *RefusedError if ip must not be dialled, or nil.
func Check(ip netip.Addr, loopback bool) error {
	ip = ip.Unmap().WithZone("")
	if nat64.Contains(ip) {
		b := ip.As16()
		ip = netip.AddrFrom4([4]byte(b[12:]))
	}
	refuse := func(kind string) error {
		return &RefusedError{text: fmt.Sprintf("its address %s is %s", ip, kind)}
	}
	switch {
	case ip.IsLinkLocalUnicast(), ip.IsLinkLocalMulticast(), ip.IsInterfaceLocalMulticast():
		return refuse("link-local, which is never asked")
	case ip.IsMulticast():
		return refuse("a multicast address, which is never asked")
	case metadata[ip]:
		return refuse("a cloud's metadata service, which is never asked")
	// Linux connects 0.0.0.0 to loopback.
	case !loopback && (ip.IsLoopback() || ip.IsUnspecified()):
		return refuse("loopback, which is not allowed here")
	}
	return nil
}

// Control returns the check as a net.Dialer has it.
func Control(loopback bool) func(network, address string, _ syscall.RawConn) error {
	return func(_, address string, _ syscall.RawConn) error {
		target, err := netip.ParseAddrPort(address)
		if err != nil {
			return &RefusedError{text: "its address is no IP address"}
		}
		return Check(target.Addr(), loopback)
	}
}
