// Command demo is a site on which to log in by OAuth 1.0a, OAuth 2.0 and OpenID
// Connect, and to see what a login is made of: who the user is, an API call made
// with the token, how that is refreshed, and every check on the way with the clause that asks
// for it. A logout of OpenID Connect is one at the provider too.
//
//	go run ./registry/demo
//	go run ./registry/demo -config clients.json
//	go run ./registry/demo -cli
//
// The first has a button too for each provider of package compliance's table whose ID and
// secret are in the environment: GITHUB_CLIENT_ID and GITHUB_CLIENT_SECRET. Others of its
// settings are found there as well, by the keys of registry.Env:
// KEYCLOAK_PROVIDER_PARAMS='host=sso.example.com&realm=staff'. One that lacks something is left
// out, and so is one that wants an https callback, as Apple: the demo says why.
//
// The second has one for each client of a file beside those:
//
//	{"work": {"server_metadata_url": "https://sso.example.com/.well-known/openid-configuration"}}
//
// Its keys are those of registry.JSON. What a provider gives the client is in the environment.
// A client without an ID is left out.
//
// The third logs in from the command line, keeps the token in a file and renews it: by the
// browser, or with -device, or where there is none, by a code for another device.
//
// The site and a provider of each protocol run in this process, on one loopback
// address. Nothing is kept when it ends.
//
// It is meant to be read, too: site.go has the handlers that all three share, providers.go
// the three configurations that differ, others.go those of a file, session.go what an
// application does at login, tokens.go where it keeps tokens, page.go what people see, and
// cli.go the program for the command line.
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

const (
	defaultAddress = "127.0.0.1:8080"
	freePort       = "127.0.0.1:0"
)

func main() {
	address := flag.String("listen", "",
		"loopback `address` to listen on, as 127.0.0.1:9000 or localhost:9000\n"+
			"(default "+defaultAddress+", or any free port if that one is taken and no other "+
			"provider knows it)")
	config := flag.String("config", "",
		"JSON `file` of clients of other providers, whose IDs and secrets are in the environment")
	line := flag.Bool("cli", false, "log in from the command line instead")
	device := flag.Bool("device", false, "with -cli: by a code, even where there is a browser")
	flag.Parse()
	if flag.NArg() > 0 || *device && !*line || *line && *address+*config != "" {
		fmt.Fprintln(os.Stderr,
			"-device goes with -cli, -listen and -config without it, and nothing else goes")
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	var err error
	if *line {
		err = runCLI(ctx, cli{out: os.Stdout, device: *device})
	} else {
		err = run(ctx, *address, *config, os.Stdout)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

// run serves the demo until ctx is done.
func run(ctx context.Context, address, config string, out io.Writer) error {
	if config != "" || len(inEnvironment()) > 0 {
		address = cmp.Or(address, defaultAddress) // whose callback URLs providers know
	}
	listener, err := listen(address)
	if err != nil {
		return err
	}
	s, err := load("http://"+listener.Addr().String(), config)
	if err != nil {
		listener.Close()
		return err
	}
	s.tell(out)
	return serve(ctx, listener, s.handler)
}

// load makes the site, with the clients of a file if there is one.
func load(base, config string) (*site, error) {
	if config == "" {
		return newSite(base, nil, time.Now)
	}
	file, err := os.ReadFile(config)
	if err != nil {
		return nil, fmt.Errorf("-config: %w", err)
	}
	s, err := newSite(base, file, time.Now)
	if err != nil {
		return nil, fmt.Errorf("-config %s: %w", config, err)
	}
	return s, nil
}

// tell says what there is to know before the first login.
func (s *site) tell(out io.Writer) {
	for _, p := range s.others {
		fmt.Fprintf(out, "%s must know the callback URL %s/callback/%s\n", p.Name, s.base, p.Name)
	}
	for _, why := range s.leftOut {
		fmt.Fprintln(out, why)
	}
	fmt.Fprintf(out, "Open %s/ in a browser. Ctrl-C ends the demo.\n", s.base)
}

// serve serves until ctx is done.
func serve(ctx context.Context, listener net.Listener, handler http.Handler) error {
	server := &http.Server{Handler: handler, ReadHeaderTimeout: 10 * time.Second}
	closed := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(closed)
		shutdown(server)
	})
	if err := server.Serve(listener); err != http.ErrServerClosed {
		return err
	}
	<-closed
	return nil
}

// shutdown lets requests end that end soon.
func shutdown(server *http.Server) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if server.Shutdown(ctx) != nil {
		server.Close()
	}
}

// listen listens on address, or on one of its own choice if that is empty.
// Secrets and tokens go over plain http here, which RFC 8252, Section 8.3, leaves
// to loopback alone: anywhere else the network could read them.
func listen(address string) (net.Listener, error) {
	if address == "" {
		if l, err := net.Listen("tcp", defaultAddress); err == nil {
			return l, nil
		}
		address = freePort
	}
	addr, err := net.ResolveTCPAddr("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("-listen: %w", err)
	}
	if !addr.IP.IsLoopback() {
		return nil, fmt.Errorf("-listen %s: the address must be a loopback one, such as %s: "+
			"passwords and tokens are sent over http, which others on a network could read",
			address, defaultAddress)
	}
	return net.ListenTCP("tcp", addr)
}
