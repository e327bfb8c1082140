package oidc

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"vouchsafe/httpclient"
	"vouchsafe/internal/discovery"
	"vouchsafe/internal/verdict"
)

const (
	metadataClause = "OpenID Connect Discovery 1.0, Section 3"

	wellKnown = discovery.OpenID
)

// An EndpointMove is an endpoint that new metadata has on another host, or by another
// scheme or port, than the metadata before it.
type EndpointMove struct {
	Name string // in the metadata: "token_endpoint"

	// From is empty where the endpoint was not there before, and no other was where it is.
	From, To string // URLs
}

// A discovered provider is its metadata as it is used, and as it was fetched.
type discovered struct {
	provider Provider // of which nothing is known to be there
	copied   *discovery.Copy[Provider]
}

// discover returns the provider's metadata, with what is configured in place of what is
// fetched; or held, which may be nil, if that is still good.
func (c *Client) discover(ctx context.Context, held *discovered) (*discovered, error) {
	if held == nil {
		held = &discovered{}
	}
	places := c.config.metadataPlaces()
	if len(places) == 0 {
		return &discovered{provider: c.config.settle(Provider{})}, nil
	}
	copied, err := discovery.Fetch(ctx, c.config.HTTP, places, held.copied,
		func(resp *httpclient.Response) (Provider, error) {
			return c.config.readMetadata(ctx, resp)
		})
	if err != nil {
		return nil, fmt.Errorf("oidc: discovery: %w", err)
	}
	if copied == held.copied {
		return held, nil
	}
	found := &discovered{c.config.settle(copied.Value), copied}
	if err := c.config.reportMoves(ctx, held.provider, found.provider); err != nil {
		return nil, fmt.Errorf("oidc: discovery: %w", err)
	}
	return found, nil
}

// metadataPlaces returns where the metadata may be, in order; nowhere if all is configured.
// What most providers have is asked for first.
func (c *Config) metadataPlaces() []string {
	if c.ServerMetadataURL != "" {
		return []string{c.ServerMetadataURL}
	}
	issuer, err := url.Parse(c.Issuer)
	if err != nil || c.complete() {
		return nil
	}
	return slices.Compact([]string{
		discovery.Appended(issuer, discovery.OpenID),
		discovery.Inserted(issuer, discovery.OpenID),
		discovery.Inserted(issuer, discovery.Server),
	})
}

// settle returns metadata as it is used.
func (c *Config) settle(p Provider) Provider {
	p = p.merge(c.Provider)
	p.Issuer = c.Issuer
	return p
}

// readMetadata accepts metadata if it is that of the issuer, exactly. Endpoints that are
// configured are not looked at in it.
func (c *Config) readMetadata(ctx context.Context, resp *httpclient.Response) (Provider, error) {
	l := verdict.New(ctx, checkError)
	var p Provider
	discovery.Read(l, resp, &p, "OpenID Connect Discovery 1.0, Section 4.2")
	l.Check(p.Issuer == c.Issuer, "issuer",
		"must be the issuer asked for, with or without a final slash as that",
		"OpenID Connect Discovery 1.0, Section 4.3")
	configured := discovery.Endpoints(c.Provider)
	endpoints := slices.DeleteFunc(discovery.Endpoints(p), func(e discovery.Endpoint) bool {
		_, ok := endpointOf(configured, e.Name)
		return ok
	})
	discovery.CheckEndpoints(l, c.HTTP, c.Issuer, endpoints, metadataClause)
	return p, l.Err()
}

func endpointOf(list []discovery.Endpoint, name string) (discovery.Endpoint, bool) {
	for _, e := range list {
		if e.Name == name {
			return e, true
		}
	}
	return discovery.Endpoint{}, false
}

// reportMoves tells EndpointMoved of the endpoints that new has elsewhere than old, which is
// zero at first.
func (c *Config) reportMoves(ctx context.Context, old, new Provider) error {
	if c.EndpointMoved == nil {
		return nil
	}
	for _, m := range moves(discovery.Endpoints(old), discovery.Endpoints(new)) {
		if err := c.EndpointMoved(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// moves returns the endpoints of new that are not where they were in old, or, if they were
// not there, where none was.
func moves(old, new []discovery.Endpoint) []EndpointMove {
	if len(old) == 0 {
		return nil
	}
	var list []EndpointMove
	for _, e := range new {
		from, had := endpointOf(old, e.Name)
		same := func(o discovery.Endpoint) bool { return httpclient.SameOrigin(o.URL, e.URL) }
		if had && !same(from) || !had && !slices.ContainsFunc(old, same) {
			list = append(list, EndpointMove{e.Name, from.URL, e.URL})
		}
	}
	return list
}
