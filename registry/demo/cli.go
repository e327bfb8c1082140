package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/oauth2"
	"vouchsafe/oauth2/native"
	"vouchsafe/oidc/oidctest"
)

// A cli is a program that logs its user in from the command line: by the browser, or where
// there is none by a code to enter on another device. It keeps the token in a file and
// renews it there.
type cli struct {
	out    io.Writer
	device bool                                           // even where there is a browser
	open   func(ctx context.Context, rawURL string) error // nil: the system's browser
}

const loginTime = 5 * time.Minute // that the user may take

// runCLI runs the command line's part of the demo, with a provider in this process.
func runCLI(ctx context.Context, c cli) error {
	provider := oidctest.NewServer(oidctest.Options{
		Name:      "OAuth 2.0 provider",
		LoginForm: true,
		Algorithm: "ES256",
		Clients:   []oidctest.Client{{ID: "cli"}}, // without a secret, which it could not keep
		Users: []oidctest.User{{
			Subject: "alice", Password: password,
			Name: "Alice Example", Email: "alice@example.com",
		}},
	})
	defer provider.Close()
	dir, err := os.MkdirTemp("", "vouchsafe-demo-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "tokens.json")
	source, tok, err := c.source(ctx, provider.Issuer(), path)
	if err != nil {
		return err
	}
	fmt.Fprintf(c.out, "It is kept in %s until this program ends.\n\n", path)
	if err := c.call(ctx, source, provider.Endpoint("me")); err != nil {
		return err
	}
	fmt.Fprint(c.out,
		"\nNow the provider ends the access token before its time. The same again:\n\n")
	provider.Revoke(tok.AccessToken())
	return c.call(ctx, source, provider.Endpoint("me"))
}

// source logs in, and returns the source of the token that it keeps in a file. A program
// that is run again would ask the source first.
func (c cli) source(ctx context.Context, issuer, path string,
) (*oauth2.TokenSource, *oauth2.Token, error) {
	store, err := native.NewFileStore(path)
	if err != nil {
		return nil, nil, err
	}
	server, err := oauth2.Discover(ctx, nil, issuer)
	if err != nil {
		return nil, nil, err
	}
	client, err := oauth2.New(oauth2.Config{ID: "cli", Server: server, Auth: oauth2.None()})
	if err != nil {
		return nil, nil, err
	}
	source, err := client.TokenSource(oauth2.TokenSourceOptions{
		Store:   store,
		Key:     oauth2.TokenKey{Name: "demo"},
		Changed: []func(context.Context, oauth2.TokenChange){c.changed},
	})
	if err != nil {
		return nil, nil, err
	}
	tok, err := c.logIn(ctx, client)
	if err != nil {
		return nil, nil, err
	}
	return source, tok, source.Save(ctx, tok)
}

// logIn logs the user in, in the browser or on another device.
func (c cli) logIn(ctx context.Context, client *oauth2.Client) (*oauth2.Token, error) {
	ctx, cancel := context.WithTimeout(ctx, loginTime)
	defer cancel()
	return native.Login(ctx, client, native.Options{
		Scopes: []string{"profile", "offline_access"},
		Device: c.device,
		Open:   c.open,
		Tell:   c.tell,
	})
}

// tell tells the user what to do.
func (c cli) tell(_ context.Context, i native.Instruction) error {
	if i.Device != nil {
		fmt.Fprintf(c.out, "Without a browser to open, there is a code. Open\n\n    %s\n\n"+
			"in any browser on this machine, as the provider is here, and enter the code\n\n"+
			"    %s\n\n",
			i.Device.VerificationURI, i.Device.UserCode)
	} else {
		fmt.Fprintf(c.out, "Your browser opens. If it does not, open\n\n    %s\n\n", i.URL)
	}
	fmt.Fprintf(c.out, "Log in as alice with the password %q. This waits for you.\n\n", password)
	return nil
}

// changed tells of a token that has been stored.
func (c cli) changed(_ context.Context, change oauth2.TokenChange) {
	fmt.Fprintf(c.out, "A token has been stored: %s.\n", change.Outcome)
}

// call calls the provider's API with the source's token.
func (c cli) call(ctx context.Context, source *oauth2.TokenSource, url string) error {
	transport, err := source.Transport(url)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	resp, err := httpclient.With(nil, transport).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	var user struct{ ID, Name string }
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(&user); err != nil {
		return fmt.Errorf("the answer of the API: %s: %w", resp.Status, err)
	}
	fmt.Fprintf(c.out, "GET %s: %s, the user is %s (%s).\n", url, resp.Status, user.ID, user.Name)
	return nil
}
