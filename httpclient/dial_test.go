package httpclient

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"
	"testing"
)

// The first and the last address of each range set aside, and its neighbours.
var publicTests = []struct {
	name        string
	below       string // public, or empty where another range is next
	first, last string
	above       string
}{
	{"this network", "", "0.0.0.0", "0.255.255.255", "1.0.0.0"},
	{"private 10", "9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0"},
	{"shared", "100.63.255.255", "100.64.0.0", "100.127.255.255", "100.128.0.0"},
	{"loopback", "126.255.255.255", "127.0.0.0", "127.255.255.255", "128.0.0.0"},
	{"link-local", "169.253.255.255", "169.254.0.0", "169.254.255.255", "169.255.0.0"},
	{"private 172", "172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0"},
	{"protocol assignments", "191.255.255.255", "192.0.0.0", "192.0.0.255", "192.0.1.0"},
	{"documentation 1", "192.0.1.255", "192.0.2.0", "192.0.2.255", "192.0.3.0"},
	{"6to4 relays", "192.88.98.255", "192.88.99.0", "192.88.99.255", "192.88.100.0"},
	{"private 192", "192.167.255.255", "192.168.0.0", "192.168.255.255", "192.169.0.0"},
	{"benchmarks", "198.17.255.255", "198.18.0.0", "198.19.255.255", "198.20.0.0"},
	{"documentation 2", "198.51.99.255", "198.51.100.0", "198.51.100.255", "198.51.101.0"},
	{"documentation 3", "203.0.112.255", "203.0.113.0", "203.0.113.255", "203.0.114.0"},
	{"multicast", "223.255.255.255", "224.0.0.0", "239.255.255.255", ""},
	{"reserved", "", "240.0.0.0", "255.255.255.255", ""},

	{"before unicast", "", "::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2000::"},
	{"protocol assignments and Teredo", "2000:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", "2001:200::"},
	{"documentation 4", "2001:db7:ffff:ffff:ffff:ffff:ffff:ffff",
		"2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", "2001:db9::"},
	{"6to4", "2001:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "2003::"},
	{"documentation 5", "3ffe:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", "3fff:1000::"},
	{"after unicast", "3fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		"4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""},

	{"loopback and compatible with IPv4", "", "::1", "::ffff:ffff", ""},
	{"translated IPv4", "", "::ffff:0:0:0", "::ffff:0:ffff:ffff", ""},
	{"NAT64", "", "64:ff9b::", "64:ff9b::ffff:ffff", ""},
	{"NAT64 of a network's own", "", "64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", ""},
	{"discard", "", "100::", "100::ffff:ffff:ffff:ffff", ""},
	{"segment routing", "", "5f00::", "5f00:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""},
	{"unique local", "", "fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""},
	{"link-local 6", "", "fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""},
	{"site-local", "", "fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", ""},
	{"multicast 6", "", "ff00::", "ff02::1", ""},
	{"a zone", "", "fe80::1%eth0", "2606:4700::1111%eth0", "2606:4700::1111"},
	{"nothing", "", "", "", ""},
}

func TestPublic(t *testing.T) {
	for _, tt := range publicTests {
		for _, text := range []string{tt.first, tt.last} {
			wantPublic(t, tt.name, text, false)
		}
		for _, text := range []string{tt.below, tt.above} {
			if text != "" {
				wantPublic(t, tt.name, text, true)
			}
		}
	}
}

// wantPublic asks for an address, and for the IPv6 form of one that is IPv4.
func wantPublic(t *testing.T, name, text string, want bool) {
	t.Helper()
	addr, _ := netip.ParseAddr(text) // the zero Addr for what is none
	if public(addr) != want {
		t.Errorf("%s: %s: got %v", name, text, !want)
	}
	if mapped := netip.AddrFrom16(addr.As16()); addr.Is4() && public(mapped.WithZone("eth0")) {
		t.Errorf("%s: %s, mapped, with a zone: got true", name, text)
	}
	if addr.Is4() && public(netip.AddrFrom16(addr.As16())) != want {
		t.Errorf("%s: %s, mapped: got %v", name, text, !want)
	}
}

func TestControlPublic(t *testing.T) {
	for address, want := range map[string]error{
		"93.184.216.34:443":          nil,
		"[2606:4700::1111]:443":      nil,
		"[::ffff:93.184.216.34]:443": nil,
		"10.0.0.1:443":               ErrAddress,
		"[::ffff:10.0.0.1]:443":      ErrAddress,
		"[2606:4700::1111%eth0]:443": ErrAddress,
		"93.184.216.34":              ErrAddress,
		"provider.example:443":       ErrAddress,
		"/run/socket":                ErrAddress,
		"":                           ErrAddress,
	} {
		if err := controlPublic(t.Context(), "tcp", address, nil); err != want {
			t.Errorf("%q: got %v, want %v", address, err, want)
		}
	}
}

// What listens on this host is out of reach, whatever way it is named.
func TestPublicOnly(t *testing.T) {
	raw := serve(t, func(w http.ResponseWriter, r *http.Request) { t.Error("reached") })
	_, port, _ := net.SplitHostPort(strings.TrimPrefix(raw, "http://"))
	for _, o := range []Options{
		{PublicOnly: true},
		{PublicOnly: true, InsecureHTTPHosts: []string{"127.0.0.1:" + port, "0.0.0.0:" + port}},
	} {
		client := New(o)
		for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]"} {
			target := "http://" + host + ":" + port + "/canary"
			resp, err := Do(t.Context(), client, request(t, "POST", target), 10)
			wantFailure(t, host, resp, err, ErrAddress)
			want := "httpclient: POST " + host + ":" + port + ": " + ErrAddress.Error()
			if err == nil || err.Error() != want {
				t.Errorf("got %v, want %s", err, want)
			}
			wantDirect(t, client, target)
		}
		wantDirect(t, client, "http://0.0.0.0:"+port)
		resp, err := Get(t.Context(), client, raw, 10)
		wantFailure(t, "Get", resp, err, ErrAddress)
	}
}

// wantDirect checks that client does not go to target by itself either.
func wantDirect(t *testing.T, client *http.Client, target string) {
	t.Helper()
	if _, err := client.Get(target); !errors.Is(err, ErrAddress) ||
		strings.Contains(err.Error(), "dial") {
		t.Errorf("%s: got %v", target, err)
	}
}

// A proxy would dial in the client's place.
func TestPublicOnlyTransport(t *testing.T) {
	guarded := New(Options{PublicOnly: true}).Transport.(*http.Transport)
	if guarded.Proxy != nil || guarded.DialContext == nil {
		t.Error("PublicOnly: has a proxy, or no dial of its own")
	}
	open := New(Options{}).Transport.(*http.Transport)
	if open.Proxy == nil || open.DialContext != nil {
		t.Error("has no proxy, or a dial of its own")
	}
}

// answerDNS answers one query with addr, if its type asks for IPv4, over conn, which
// it closes.
func answerDNS(t *testing.T, conn net.Conn, addr netip.Addr) {
	defer conn.Close()
	message := make([]byte, 512)
	n, err := conn.Read(message)
	if err != nil {
		t.Error(err)
		return
	}
	question := message[2+12 : n] // after the length and the header
	end := strings.IndexByte(string(question), 0) + 5
	answer := append([]byte{message[2], message[3], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0},
		question[:end]...)
	if question[end-3] == 1 { // A
		answer[7] = 1
		answer = append(answer, 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4)
		answer = append(answer, addr.AsSlice()...)
	}
	conn.Write(append([]byte{0, byte(len(answer))}, answer...))
}

// lying returns a resolver for which every name stands for loopback.
func lying(t *testing.T) *net.Resolver {
	dial := func(context.Context, string, string) (net.Conn, error) {
		ours, theirs := net.Pipe()
		go answerDNS(t, theirs, netip.MustParseAddr("127.0.0.1"))
		return ours, nil
	}
	return &net.Resolver{PreferGo: true, Dial: dial}
}

// A name is judged by the address that it turns out to be.
func TestDialPublicRebinding(t *testing.T) {
	reached := 0
	raw := serve(t, func(w http.ResponseWriter, r *http.Request) {
		reached++
		io.WriteString(w, "inside")
	})
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	target := "http://provider.example.:" + u.Port() + "/"
	for name, test := range map[string]struct {
		dialer  net.Dialer
		want    error
		reached int
	}{
		"guarded":   {net.Dialer{Resolver: lying(t), ControlContext: controlPublic}, ErrAddress, 0},
		"unguarded": {net.Dialer{Resolver: lying(t)}, nil, 1},
	} {
		reached = 0
		client := &http.Client{Transport: &http.Transport{DialContext: dialPublic(&test.dialer)}}
		resp, err := client.Get(target)
		if !errors.Is(err, test.want) || reached != test.reached {
			t.Errorf("%s: got %v, reached %d times", name, err, reached)
		}
		if err == nil {
			resp.Body.Close()
		}
	}
}

// Where no address can be judged, none is public: net has no control in js/wasm.
func TestDialPublicUnsupported(t *testing.T) {
	dial := dialPublic(&net.Dialer{ControlContext: func(context.Context, string, string,
		syscall.RawConn) error {
		return os.NewSyscallError("socket", errors.ErrUnsupported)
	}})
	if conn, err := dial(t.Context(), "tcp", "127.0.0.1:1"); err != ErrAddress || conn != nil {
		t.Errorf("got %v, %v", conn, err)
	}
}

// Other failures of dialling are told as they are.
func TestDialPublicError(t *testing.T) {
	down := errors.New("no name server")
	dial := dialPublic(&net.Dialer{Resolver: &net.Resolver{PreferGo: true,
		Dial: func(context.Context, string, string) (net.Conn, error) { return nil, down }}})
	conn, err := dial(t.Context(), "tcp", "provider.example.:443")
	if _, ok := errors.AsType[*net.DNSError](err); !ok || conn != nil {
		t.Errorf("got %v, %v", conn, err)
	}
}
