package httpclient

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"slices"
	"syscall"
)

// ErrAddress is the error, wrapped, of a connection that [Options].PublicOnly
// refuses. It does not say which address the name of the host stands for.
var ErrAddress = errors.New("httpclient: address must be public")

// The global unicast addresses of IPv6 that IANA hands out (RFC 4291, Section 2.4).
var globalUnicast = netip.MustParsePrefix("2000::/3")

// What is set aside within unicast, by the special-purpose address registries of
// IANA (RFC 6890, Section 2.2), and multicast.
var notPublic = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"),       // this network
	netip.MustParsePrefix("10.0.0.0/8"),      // private
	netip.MustParsePrefix("100.64.0.0/10"),   // shared, of carriers
	netip.MustParsePrefix("127.0.0.0/8"),     // loopback
	netip.MustParsePrefix("169.254.0.0/16"),  // link-local
	netip.MustParsePrefix("172.16.0.0/12"),   // private
	netip.MustParsePrefix("192.0.0.0/24"),    // protocol assignments
	netip.MustParsePrefix("192.0.2.0/24"),    // documentation
	netip.MustParsePrefix("192.88.99.0/24"),  // 6to4 relays
	netip.MustParsePrefix("192.168.0.0/16"),  // private
	netip.MustParsePrefix("198.18.0.0/15"),   // benchmarks
	netip.MustParsePrefix("198.51.100.0/24"), // documentation
	netip.MustParsePrefix("203.0.113.0/24"),  // documentation
	netip.MustParsePrefix("224.0.0.0/4"),     // multicast
	netip.MustParsePrefix("240.0.0.0/4"),     // reserved, broadcast
	netip.MustParsePrefix("2001::/23"),       // protocol assignments, Teredo
	netip.MustParsePrefix("2001:db8::/32"),   // documentation
	netip.MustParsePrefix("2002::/16"),       // 6to4, an IPv4 address inside
	netip.MustParsePrefix("3fff::/20"),       // documentation
}

// public reports whether addr is a unicast address that means the same everywhere; one
// with a zone does not.
func public(addr netip.Addr) bool {
	if addr.Zone() != "" {
		return false
	}
	addr = addr.Unmap() // which loses the zone
	if !addr.Is4() && !globalUnicast.Contains(addr) {
		return false
	}
	return !slices.ContainsFunc(notPublic, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// controlPublic is a [net.Dialer]'s ControlContext: it sees the address that is about
// to be dialled, after all names were resolved.
func controlPublic(_ context.Context, _, address string, _ syscall.RawConn) error {
	if ap, err := netip.ParseAddrPort(address); err != nil || !public(ap.Addr()) {
		return ErrAddress
	}
	return nil
}

// A dialFunc is an http.Transport's DialContext.
type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// dialPublic is d's DialContext, whose control is [controlPublic], with an error that
// does not say the address. That there is a DialContext keeps js/wasm from using fetch,
// which would connect anywhere; what is left there supports no control.
func dialPublic(d *net.Dialer) dialFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, network, address)
		if errors.Is(err, ErrAddress) || errors.Is(err, errors.ErrUnsupported) {
			return nil, ErrAddress
		}
		return conn, err
	}
}
