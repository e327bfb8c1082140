package registry

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
	"strings"
	"unicode"

	"vouchsafe/httpclient"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// A Protocol is what a provider speaks.
type Protocol string

// The protocols.
const (
	ProtocolOAuth1 Protocol = "oauth1" // OAuth 1.0a, RFC 5849
	ProtocolOAuth2 Protocol = "oauth2" // OAuth 2.0, RFC 6749
	ProtocolOIDC   Protocol = "oidc"   // OpenID Connect
)

// A protocol is one of the three, seen alike.
type protocol interface {
	name() Protocol

	// authorize begins a login.
	authorize(ctx context.Context, o AuthorizeOptions) (begun, error)

	// key returns the parameter of a callback by which its transaction is found.
	key(ctx context.Context, params url.Values) (string, error)

	// callback completes a login.
	callback(ctx context.Context, params url.Values, transaction []byte) (*Login, error)

	// promisesIssuer reports whether each callback says whom it is from (RFC 9207).
	promisesIssuer(ctx context.Context) (bool, error)

	// userInfo says who the user is.
	userInfo(ctx context.Context, m *registration, login *Login) (*oidc.UserInfo, error)

	// refresh exchanges a token for a new one.
	refresh(ctx context.Context, t Token) (Token, error)

	// transport sends a token to the origins of URLs.
	transport(ctx context.Context, t Token, urls ...string) (http.RoundTripper, error)

	// stored returns the token that is kept under a key.
	stored(ctx context.Context, o oauth2.TokenSourceOptions) (stored, error)
}

// A begun is a login that has begun.
type begun struct {
	url         string
	key         string
	transaction []byte
}

var (
	errNoToken  = errors.New("the token must be one of this client's protocol")
	errNotOIDC  = errors.New("AuthorizeOptions.OIDC is of OpenID Connect")
	errNoAPI    = errors.New("Config.UserInfoFix is for Client.UserInfo")
	errRequired = errors.New("must be set")
	errEndpoint = fmt.Errorf("%w, or Issuer for OpenID Connect, or Provider for one of the table",
		errRequired)
	errWellKnown = errors.New("must not be the URL of metadata, which is for ServerMetadataURL")
)

// detect returns the protocol that c is of.
func (c Config) detect() Protocol {
	switch {
	case c.Protocol != "":
		return c.Protocol
	case c.RequestTokenURL != "":
		return ProtocolOAuth1
	case c.ServerMetadataURL != "", c.JWKSURI != "", c.JWKS != nil,
		slices.Contains(c.Scopes, "openid"), c.Issuer != "" && c.AuthorizeURL == "":
		return ProtocolOIDC
	}
	return ProtocolOAuth2
}

// protocol makes the client of the protocol that c is of.
func (c Config) protocol(o Options) (protocol, error) {
	if c.ClientID == "" {
		return nil, &ConfigError{Field: "ClientID", Err: errRequired}
	}
	p := c.detect()
	if p == ProtocolOAuth2 && c.ResponseType == "code" { // what it always is
		c.ResponseType = ""
	}
	if err := c.check(p, o.HTTP); err != nil {
		return nil, err
	}
	if err := c.rehearse(p, o.HTTP); err != nil {
		return nil, err
	}
	switch p {
	case ProtocolOAuth1:
		return c.oauth1(o)
	case ProtocolOIDC:
		return c.oidc(o)
	}
	return c.oauth2(o)
}

// What is of some protocols only, and what is not to be set in OAuth1, OAuth2 and OIDC because
// Config has it.
var limited = []struct {
	of     []Protocol
	fields string
}{
	{[]Protocol{ProtocolOAuth1}, "RequestTokenURL RequestTokenParams SignatureMethod " +
		"SignatureType RSAKey Realm ForceIncludeBody OAuth1"},
	{[]Protocol{ProtocolOAuth2}, "OAuth2"},
	{[]Protocol{ProtocolOIDC}, "ServerMetadataURL ResponseType EndSessionEndpoint OIDC"},
	{[]Protocol{ProtocolOAuth2, ProtocolOIDC}, "PrivateKey RefreshTokenURL RefreshTokenParams " +
		"Issuer JWKSURI JWKS ResponseMode Scopes TokenEndpointAuthMethod " +
		"RevocationEndpointAuthMethod ClientAuthentication TokenPlacement Leeway Quirks.Quirks " +
		"Quirks.InsecureMissingNonce Dialect.ParameterNames Dialect.CodeParameter " +
		"Dialect.Headers Dialect.TokenResponse Dialect.SecretIssuer Dialect.SecretKeyID " +
		"Dialect.SecretAudience Dialect.CallbackParameters Dialect.StandardBase64Keys " +
		"Hooks.AuthorizationRequest Hooks.AuthorizationResponse " +
		"Hooks.AccessTokenRequest Hooks.AccessTokenResponse " +
		"Hooks.RefreshTokenRequest Hooks.RefreshTokenResponse Hooks.DeviceAuthorizationRequest " +
		"Hooks.DeviceAuthorizationResponse Hooks.RevokeTokenRequest Hooks.IntrospectTokenRequest " +
		"Hooks.KeySetResponse Hooks.ProtectedRequest"},
	{[]Protocol{ProtocolOAuth1, ProtocolOAuth2}, "IdentityIssuer"},
	{nil, "OAuth1.ID OAuth1.Secret OAuth1.SignatureMethod OAuth1.PrivateKey OAuth1.Placement " +
		"OAuth1.Realm OAuth1.BodyHash OAuth1.TemporaryCredentialURL " +
		"OAuth1.TemporaryCredentialParams OAuth1.AuthorizationURL OAuth1.TokenURL " +
		"OAuth1.TokenParams OAuth1.HTTP OAuth1.Now"},
	{nil, "OAuth2.ID OAuth2.Server.Issuer OAuth2.Server.AuthorizationEndpoint " +
		"OAuth2.Server.TokenEndpoint OAuth2.Server.JWKSURI OAuth2.Keys OAuth2.Auth " +
		"OAuth2.RevocationAuth OAuth2.RefreshEndpoint OAuth2.RefreshParams OAuth2.TokenPlacement " +
		"OAuth2.Leeway OAuth2.Quirks OAuth2.Hooks OAuth2.HTTP OAuth2.Now"},
	{nil, "OIDC.Issuer OIDC.ServerMetadataURL OIDC.Provider.Issuer " +
		"OIDC.Provider.AuthorizationEndpoint OIDC.Provider.TokenEndpoint OIDC.Provider.JWKSURI " +
		"OIDC.Provider.UserInfoEndpoint OIDC.Provider.EndSessionEndpoint OIDC.ID OIDC.Auth " +
		"OIDC.Keys OIDC.UserInfoBody OIDC.Replays " +
		"OIDC.UserInfoNames OIDC.UserInfoFix OIDC.RevocationAuth OIDC.RefreshEndpoint " +
		"OIDC.RefreshParams OIDC.TokenPlacement OIDC.Leeway OIDC.Quirks OIDC.Hooks " +
		"OIDC.HTTP OIDC.Now"},
}

// check refuses fields that are not of the protocol, and URLs that cannot be asked.
func (c Config) check(p Protocol, hc *http.Client) error {
	if !slices.Contains([]Protocol{ProtocolOAuth1, ProtocolOAuth2, ProtocolOIDC}, p) {
		return &ConfigError{Field: "Protocol", Err: errors.New("must be one of this package's")}
	}
	for _, l := range limited {
		for field := range strings.FieldsSeq(l.fields) {
			if !slices.Contains(l.of, p) && !c.at(field).IsZero() {
				return &ConfigError{Field: field, Err: c.notOf(p, l.of)}
			}
		}
	}
	for field := range strings.FieldsSeq("RequestTokenURL AuthorizeURL AccessTokenURL " +
		"RefreshTokenURL ServerMetadataURL JWKSURI UserInfoEndpoint EndSessionEndpoint") {
		raw := c.at(field).String()
		if raw == "" {
			continue
		}
		// Which refuses braces in a host: what comes with a token does not choose one.
		if _, err := httpclient.CheckURL(hc, raw); err != nil {
			return &ConfigError{Field: field, Err: err}
		}
	}
	if strings.Contains(c.Issuer, "/.well-known/") {
		return &ConfigError{Field: "Issuer", Err: errWellKnown}
	}
	if strings.ContainsFunc(c.UserAgent, unicode.IsControl) {
		return &ConfigError{Field: "UserAgent", Err: errors.New("must be one line")}
	}
	return nil
}

func (c Config) notOf(p Protocol, of []Protocol) error {
	switch {
	case of == nil:
		return errors.New("is for Config itself, or for Options, to say")
	case c.Protocol == "":
		return fmt.Errorf("is not of the protocol %s, which the other fields make it", p)
	}
	return fmt.Errorf("is not of the protocol %s", p)
}

// at returns the field at a path of names with dots between them.
func (c Config) at(path string) reflect.Value {
	v := reflect.ValueOf(c)
	for name := range strings.SplitSeq(path, ".") {
		v = v.FieldByName(name)
	}
	return v
}
