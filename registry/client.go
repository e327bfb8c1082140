package registry

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"

	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// A Client is the client of one registered provider. Its methods that call the API use the
// token that FetchToken returns. It is safe for concurrent use.
type Client struct {
	caller
	registry *Registry
	name     string
	pending  *Config // before Registry.Init; the registry's mutex guards it
	current  atomic.Pointer[registration]
}

func newClient(r *Registry, name string) *Client {
	c := &Client{registry: r, name: name}
	c.caller = caller{c, c.fetched}
	return c
}

// registration returns what the client is now.
func (c *Client) registration() (*registration, error) {
	if m := c.current.Load(); m != nil {
		return m, nil
	}
	c.registry.mu.RLock() // which Registry.Init has until it is done
	defer c.registry.mu.RUnlock()
	if m := c.current.Load(); m != nil {
		return m, nil
	}
	if c.registry.settings.Load() == nil {
		return nil, c.wrap(ErrNotInitialized)
	}
	return nil, notRegistered(c.name)
}

// wrap says whose error it is, if that does not say it itself.
func (c *Client) wrap(err error) error {
	if _, ok := err.(*ConfigError); ok {
		return err
	}
	return fmt.Errorf("registry: %q: %w", c.name, err)
}

// unsaved reports whether the client has a token that its store has not.
func (c *Client) unsaved() bool {
	m := c.current.Load()
	return m != nil && m.users.unsaved()
}

// provider returns the digest of what the client is, empty if it is nothing yet.
func (c *Client) provider() string {
	if m := c.current.Load(); m != nil {
		return m.digest
	}
	return ""
}

// Name returns the name that the client is registered under.
func (c *Client) Name() string { return c.name }

// Protocol returns what the provider speaks, empty before [Registry.Init].
func (c *Client) Protocol() Protocol {
	if m := c.current.Load(); m != nil {
		return m.protocol.name()
	}
	return ""
}

// OAuth1 returns the client of package oauth1 that does the work, nil if the provider is not
// one of OAuth 1.0.
func (c *Client) OAuth1() *oauth1.Client {
	p, _ := c.protocol().(oauth1Protocol)
	return p.client
}

// OAuth2 returns the client of package oauth2 that does the work: for grants without a user,
// introspection, revocation, whose endpoints Config.OAuth2.Server has, and for the APIs of other
// hosts. With OpenID Connect the provider is discovered first. It is an error if the provider is
// one of OAuth 1.0.
func (c *Client) OAuth2(ctx context.Context) (*oauth2.Client, error) {
	m, err := c.registration()
	if err != nil {
		return nil, err
	}
	switch p := m.protocol.(type) {
	case oauth2Protocol:
		return p.client, nil
	case oidcProtocol:
		return p.client.OAuth(ctx)
	}
	return nil, c.wrap(errors.New("the provider does not speak OAuth 2.0"))
}

// OIDC returns the client of package oidc that does the work, nil if the provider does not
// speak OpenID Connect.
func (c *Client) OIDC() *oidc.Client {
	p, _ := c.protocol().(oidcProtocol)
	return p.client
}

func (c *Client) protocol() protocol {
	if m := c.current.Load(); m != nil {
		return m.protocol
	}
	return nil
}

// Refresh exchanges a token for a new one, by its refresh token. Store what it
// returns before using it: t may not work again.
func (c *Client) Refresh(ctx context.Context, t Token) (Token, error) {
	m, err := c.registration()
	if err != nil {
		return Token{}, err
	}
	renewed, err := m.protocol.refresh(ctx, t)
	if err != nil {
		return Token{}, c.wrap(err)
	}
	return renewed, nil
}
