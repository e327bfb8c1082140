package registry

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"vouchsafe/httpclient"
	"vouchsafe/oidc"
)

// A registration is what a client is, until it is replaced.
type registration struct {
	name     string
	settings *settings
	config   Config
	http     *http.Client // that of the settings, as config has it
	protocol protocol
	digest   string // of what must not change between redirect and callback
	users    *users
}

// register makes a registration of a configuration that is complete.
func (s *settings) register(name string, c Config) (*registration, error) {
	c, err := c.filled()
	if err != nil {
		return nil, &ConfigError{Field: "Provider", Err: err}
	}
	if err := s.checkSite(c); err != nil {
		return nil, err
	}
	o := s.options
	o.HTTP = httpclient.Derive(cmp.Or(c.HTTP, o.HTTP), httpclient.DeriveOptions{
		UserAgent: c.UserAgent, Timeout: c.Timeout})
	p, err := c.protocol(o)
	if err != nil {
		return nil, err
	}
	c.ClientSecret = "" // the protocol has it, where printing does not reach
	return &registration{
		name: name, settings: s, config: c, http: o.HTTP, protocol: p,
		digest: c.digest(), users: &users{},
	}, nil
}

// checkSite refuses what no callback could be at.
func (s *settings) checkSite(c Config) error {
	if c.RedirectURI == "" {
		return nil
	}
	uri, err := s.resolve(c.RedirectURI)
	if err == nil && strings.HasPrefix(c.ResponseMode, "form_post") &&
		!strings.HasPrefix(uri, "https:") {
		err = errPosted
	}
	if err != nil {
		return &ConfigError{Field: "RedirectURI", Err: err}
	}
	return nil
}

var errPosted = errors.New("must be https for a ResponseMode of form_post")

// digest tells c from configurations that must not complete a login begun with it.
func (c Config) digest() string {
	h := sha256.New()
	for _, f := range []string{string(c.detect()), c.ClientID, c.Issuer, c.ServerMetadataURL,
		c.AuthorizeURL, c.AccessTokenURL} {
		fmt.Fprintf(h, "%d:%s", len(f), f)
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// bind returns an http.Client that sends t to the origin of url.
func (m *registration) bind(ctx context.Context, t Token, url string) (*http.Client, error) {
	transport, err := m.protocol.transport(ctx, t, url)
	if err != nil {
		return nil, err
	}
	return httpclient.With(m.http, transport), nil
}

// fetchUserInfo asks a provider without OpenID Connect who the user is.
func (m *registration) fetchUserInfo(ctx context.Context, login *Login) (*oidc.UserInfo, error) {
	s := oidc.UserInfoSource{
		Endpoint:       m.config.UserInfoEndpoint,
		Issuer:         m.config.IdentityIssuer,
		Names:          m.config.UserInfoNames,
		StringBooleans: m.config.Quirks.StringBooleans,
		Fix:            m.config.userInfoFix(),
	}
	for _, field := range []string{"UserInfoEndpoint", "IdentityIssuer"} {
		if m.config.at(field).IsZero() {
			return nil, &ConfigError{Client: m.name, Field: field, Err: errRequired}
		}
	}
	client, err := m.bind(ctx, login.Token, s.Endpoint)
	if err != nil {
		return nil, err
	}
	return oidc.FetchUserInfo(ctx, client, s)
}

// An apiKey is the key of the client that a UserInfoFix calls the API with, in a context.
type apiKey struct{}

// userInfoFix returns UserInfoFix as the packages below have it.
func (c Config) userInfoFix() func(context.Context, map[string]any) (map[string]any, error) {
	if c.UserInfoFix == nil {
		return nil
	}
	return func(ctx context.Context, claims map[string]any) (map[string]any, error) {
		api, ok := ctx.Value(apiKey{}).(*BoundClient)
		if !ok { // Client.OIDC was asked
			return nil, errNoAPI
		}
		return c.UserInfoFix(ctx, api, claims)
	}
}
