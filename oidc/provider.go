package oidc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"vouchsafe/httpclient"
	"vouchsafe/internal/strictjson"
	"vouchsafe/internal/verdict"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
)

// A Provider is OpenID Provider metadata, OpenID Connect Discovery 1.0, Section 3.
type Provider struct {
	oauth2.AuthorizationServer

	UserInfoEndpoint                 string   `json:"userinfo_endpoint"`
	IDTokenSigningAlgValuesSupported []string `json:"id_token_signing_alg_values_supported"`
}

const (
	wellKnown   = "/.well-known/openid-configuration"
	maxMetadata = 1 << 20
)

// metadataURL returns where the configuration of issuer is, OpenID Connect
// Discovery 1.0, Section 4.1.
func metadataURL(issuer string) string { return strings.TrimSuffix(issuer, "/") + wellKnown }

// discover fetches the provider configuration of issuer at url.
func discover(ctx context.Context, client *http.Client, url, issuer string) (Provider, error) {
	resp, err := httpclient.Get(ctx, client, url, maxMetadata)
	if err != nil {
		return Provider{}, fmt.Errorf("oidc: discovery: %w", err)
	}
	return readMetadata(ctx, resp.Body, issuer)
}

// readMetadata reads a provider configuration and accepts it if it is that of
// issuer, exactly (OpenID Connect Discovery 1.0, Section 4.3).
func readMetadata(ctx context.Context, body []byte, issuer string) (Provider, error) {
	l := verdict.New(ctx, checkError)
	var p Provider
	l.Check(strictjson.Unmarshal(string(body), &p) == nil,
		"metadata", "must be one strict JSON object", "OpenID Connect Discovery 1.0, Section 4.2")
	l.Check(p.Issuer == issuer, "issuer", "must be the issuer asked for",
		"OpenID Connect Discovery 1.0, Section 4.3")
	l.Check(!isHTTPS(issuer) || p.allHTTPS(), "endpoints", "must be https as the issuer is",
		"OpenID Connect Discovery 1.0, Section 3")
	if l.Err() != nil {
		return Provider{}, fmt.Errorf("oidc: discovery: %w", l.Err())
	}
	return p, nil
}

// allHTTPS reports whether no endpoint is sent to by http, on this machine say.
func (p Provider) allHTTPS() bool {
	for _, e := range []string{p.AuthorizationEndpoint, p.TokenEndpoint, p.JWKSURI,
		p.RevocationEndpoint, p.IntrospectionEndpoint, p.DeviceAuthorizationEndpoint,
		p.UserInfoEndpoint} {
		if e != "" && !isHTTPS(e) {
			return false
		}
	}
	return true
}

func isHTTPS(raw string) bool {
	u, err := url.Parse(raw)
	return err == nil && u.Scheme == "https"
}

// merge returns p with the fields that over sets in place of p's.
func (p Provider) merge(over Provider) Provider {
	for _, f := range []struct{ to, from *string }{
		{&p.AuthorizationEndpoint, &over.AuthorizationEndpoint},
		{&p.TokenEndpoint, &over.TokenEndpoint},
		{&p.JWKSURI, &over.JWKSURI},
		{&p.RevocationEndpoint, &over.RevocationEndpoint},
		{&p.IntrospectionEndpoint, &over.IntrospectionEndpoint},
		{&p.DeviceAuthorizationEndpoint, &over.DeviceAuthorizationEndpoint},
		{&p.UserInfoEndpoint, &over.UserInfoEndpoint},
	} {
		*f.to = cmp.Or(*f.from, *f.to)
	}
	for _, f := range []struct{ to, from *[]string }{
		{&p.TokenEndpointAuthMethodsSupported, &over.TokenEndpointAuthMethodsSupported},
		{&p.TokenEndpointAuthSigningAlgValuesSupported, &over.TokenEndpointAuthSigningAlgValuesSupported},
		{&p.RevocationEndpointAuthMethodsSupported, &over.RevocationEndpointAuthMethodsSupported},
		{&p.IntrospectionEndpointAuthMethodsSupported, &over.IntrospectionEndpointAuthMethodsSupported},
		{&p.CodeChallengeMethodsSupported, &over.CodeChallengeMethodsSupported},
		{&p.IDTokenSigningAlgValuesSupported, &over.IDTokenSigningAlgValuesSupported},
	} {
		if *f.from != nil {
			*f.to = *f.from
		}
	}
	if over.AuthorizationResponseIssParameterSupported {
		p.AuthorizationResponseIssParameterSupported = true
	}
	return p
}

// checkRequired refuses a provider that nobody could log in at, OpenID Connect
// Discovery 1.0, Section 3.
func (p Provider) checkRequired() error {
	const clause = "OpenID Connect Discovery 1.0, Section 3"
	switch "" {
	case p.AuthorizationEndpoint:
		return checkError("authorization_endpoint", "must be present", clause)
	case p.TokenEndpoint:
		return checkError("token_endpoint", "must be present", clause)
	}
	return nil
}

// complete reports whether p says all that a login needs without discovery.
func (p Provider) complete() bool {
	return p.AuthorizationEndpoint != "" && p.TokenEndpoint != "" && p.JWKSURI != ""
}

// algorithms returns the ID Token algorithms accepted: the one registered, or
// those of ours that the provider advertises, RS256 if it advertises none
// (OpenID Connect Core 1.0, Section 3.1.3.7, rule 7).
func (p Provider) algorithms(registered string) ([]string, error) {
	if registered != "" {
		return []string{registered}, nil
	}
	if len(p.IDTokenSigningAlgValuesSupported) == 0 {
		return []string{"RS256"}, nil
	}
	var both []string
	for _, ours := range idTokenAlgorithms() {
		if slices.Contains(p.IDTokenSigningAlgValuesSupported, ours) {
			both = append(both, ours)
		}
	}
	if len(both) == 0 {
		return nil, errors.New("oidc: provider advertises no ID Token algorithm that this module has")
	}
	return both, nil
}

// idTokenAlgorithms are those whose keys a provider publishes. What is keyed with the
// client secret is left out.
func idTokenAlgorithms() []string {
	return slices.DeleteFunc(jose.SignatureAlgorithms(),
		func(name string) bool { return strings.HasPrefix(name, "HS") })
}
