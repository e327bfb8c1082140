package registry

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"

	"vouchsafe/compliance"
	"vouchsafe/httpclient"
	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

// A Config says what a provider is and who the client is to it. ClientID is
// required; the rest depends on the protocol. Authlib's name for each field is
// the field's, in lower case with underscores, unless said otherwise.
type Config struct {
	// Provider names a row of package compliance's table, which fills the fields
	// that are empty here. If empty, nothing is filled in.
	Provider string

	// ClientID and ClientSecret are the client's credentials: in OAuth 1.0, the
	// consumer key and secret. A public client has no secret. Printing a Config
	// does not show the secret.
	ClientID     string
	ClientSecret string `json:"-"`

	// RequestTokenURL is where OAuth 1.0 gets temporary credentials, RFC 5849,
	// Section 2.1. It makes the provider one of OAuth 1.0.
	RequestTokenURL string

	// AuthorizeURL and AccessTokenURL are the authorization and the token endpoint
	// of either protocol. With OpenID Connect they go before the discovered ones.
	AuthorizeURL   string
	AccessTokenURL string

	// Issuer is the issuer identifier, exactly. An OAuth 2.0 server that sends iss
	// (RFC 9207) needs it too.
	Issuer string

	// ServerMetadataURL is where OpenID Connect's metadata is. If empty, it follows
	// from Issuer. Alone it serves where the issuer has no final slash.
	ServerMetadataURL string

	// JWKSURI is where the provider's keys are, if they are not to be discovered.
	JWKSURI string

	// UserInfoEndpoint is where [Client.UserInfo] asks who the user is.
	UserInfoEndpoint string

	// IdentityIssuer is the issuer of identities that UserInfo gives, for a provider
	// without OpenID Connect. UserInfoNames says where it keeps standard claims,
	// {"sub": "id"}; the subject must be one that never belongs to another user. An "email"
	// from elsewhere is verified only if "email_verified" has an entry too.
	// Authlib has a userinfo_compliance_fix instead.
	IdentityIssuer string
	UserInfoNames  map[string]string

	// APIBaseURL is what the URLs of API calls are relative to. Tokens are sent to
	// its origin only.
	APIBaseURL string

	// Scopes are the scopes asked for. Authlib has them in client_kwargs.
	Scopes []string

	// ResponseType and ResponseMode are those of [oidc.AuthorizationOptions]; OAuth 2.0
	// without OpenID Connect has ResponseMode only, OAuth 1.0 neither. With form_post and
	// form_post.jwt the provider's page posts to the callback, and the site must be https:
	// browsers send no cookie along otherwise. Where the response is in the fragment, call
	// [oauth2.RelayFragment] first in the handler of the callback. With "id_token" there is no
	// access token: what is known of the user is in Login.IDToken.
	ResponseType string
	ResponseMode string

	// AuthorizeParams are further parameters of the authorization request.
	AuthorizeParams url.Values

	// TokenEndpointAuthMethod is client_secret_basic, client_secret_post or none. If
	// empty, the method follows from the secret and the provider's metadata.
	TokenEndpointAuthMethod string
}

// clone returns a copy that shares nothing with c that its owner could change.
func (c Config) clone() Config {
	c.Scopes = slices.Clone(c.Scopes)
	c.UserInfoNames = maps.Clone(c.UserInfoNames)
	c.AuthorizeParams = maps.Clone(c.AuthorizeParams)
	for name, values := range c.AuthorizeParams {
		c.AuthorizeParams[name] = slices.Clone(values)
	}
	return c
}

// Format prints which provider and client a Config is of, whatever the verb.
func (c Config) Format(f fmt.State, _ rune) {
	io.WriteString(f, "registry.Config{Provider: "+c.Provider+", ClientID: "+c.ClientID+"}")
}

// LogValue gives a log what Format prints.
func (c Config) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(c)) }

// fill returns c with its empty fields taken from the row that it names.
func (c Config) fill() (Config, error) {
	if c.Provider == "" {
		return c, nil
	}
	row, ok := compliance.Lookup(c.Provider)
	if !ok {
		return c, errors.New("Provider names no row of the table of providers")
	}
	return c.fillFrom(row), nil
}

func (c Config) fillFrom(row compliance.Provider) Config {
	for _, f := range []struct {
		to  *string
		row string
	}{
		{&c.RequestTokenURL, row.RequestTokenURL},
		{&c.AuthorizeURL, row.AuthorizeURL},
		{&c.AccessTokenURL, row.AccessTokenURL},
		{&c.Issuer, row.Issuer},
		{&c.ServerMetadataURL, row.ServerMetadataURL},
		{&c.APIBaseURL, row.APIBaseURL},
		{&c.UserInfoEndpoint, row.UserInfoEndpoint},
		{&c.IdentityIssuer, row.IdentityIssuer},
		{&c.TokenEndpointAuthMethod, row.TokenEndpointAuthMethod},
	} {
		*f.to = cmp.Or(*f.to, f.row)
	}
	if c.Scopes == nil {
		c.Scopes = row.Scopes
	}
	if c.UserInfoNames == nil {
		c.UserInfoNames = row.UserInfoNames
	}
	return c
}

// protocol makes the client of the protocol that c is of.
func (c Config) protocol(o Options) (protocol, error) {
	switch {
	case c.RequestTokenURL != "":
		return c.oauth1(o)
	case c.ServerMetadataURL != "", c.JWKSURI != "", slices.Contains(c.Scopes, "openid"),
		c.Issuer != "" && c.AuthorizeURL == "":
		return c.oidc(o)
	}
	return c.oauth2(o)
}

func (c Config) oauth1(o Options) (protocol, error) {
	if len(c.Scopes) > 0 || c.Issuer != "" || c.ServerMetadataURL != "" || c.JWKSURI != "" ||
		c.TokenEndpointAuthMethod != "" || c.ResponseType != "" || c.ResponseMode != "" {
		return nil, errors.New("RequestTokenURL is of OAuth 1.0; Scopes, Issuer, ServerMetadataURL, " +
			"JWKSURI, TokenEndpointAuthMethod, ResponseType and ResponseMode are not")
	}
	if c.AuthorizeURL == "" {
		return nil, errors.New("AuthorizeURL is required") // which oauth1 can do without
	}
	client, err := oauth1.New(oauth1.Config{
		ID:                     c.ClientID,
		Secret:                 c.ClientSecret,
		TemporaryCredentialURL: c.RequestTokenURL,
		AuthorizationURL:       c.AuthorizeURL,
		TokenURL:               c.AccessTokenURL,
		HTTP:                   o.HTTP,
		Now:                    o.Now,
	})
	return oauth1Protocol{client}, err
}

func (c Config) oauth2(o Options) (protocol, error) {
	if c.AuthorizeURL == "" || c.AccessTokenURL == "" { // which oauth2 can do without
		return nil, errors.New("AuthorizeURL and AccessTokenURL are required")
	}
	if c.ResponseType != "" {
		return nil, errors.New("ResponseType is of OpenID Connect")
	}
	auth, err := c.authentication()
	if err != nil {
		return nil, err
	}
	client, err := oauth2.New(oauth2.Config{
		ID:     c.ClientID,
		Server: c.server(),
		Auth:   auth,
		HTTP:   o.HTTP,
		Now:    o.Now,
	})
	return oauth2Protocol{client}, err
}

func (c Config) authentication() (oauth2.ClientAuthentication, error) {
	return oauth2.AuthenticationFor(c.TokenEndpointAuthMethod, oauth2.Credentials{Secret: c.ClientSecret})
}

func (c Config) oidc(o Options) (protocol, error) {
	auth, err := c.authentication()
	if err != nil {
		return nil, err
	}
	client, err := oidc.New(oidc.Config{
		Issuer:            c.Issuer,
		ServerMetadataURL: c.ServerMetadataURL,
		Provider: oidc.Provider{
			AuthorizationServer: c.server(),
			UserInfoEndpoint:    c.UserInfoEndpoint,
		},
		ID:   c.ClientID,
		Auth: auth,
		HTTP: o.HTTP,
		Now:  o.Now,
	})
	return oidcProtocol{client}, err
}

func (c Config) server() oauth2.AuthorizationServer {
	return oauth2.AuthorizationServer{
		Issuer:                c.Issuer,
		AuthorizationEndpoint: c.AuthorizeURL,
		TokenEndpoint:         c.AccessTokenURL,
		JWKSURI:               c.JWKSURI,
	}
}

// check refuses URLs that no protocol looks at when its client is made.
func (c Config) check(client *http.Client) error {
	for name, raw := range map[string]string{
		"APIBaseURL": c.APIBaseURL, "UserInfoEndpoint": c.UserInfoEndpoint} {
		if raw == "" {
			continue
		}
		if _, err := httpclient.CheckURL(client, raw); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}
