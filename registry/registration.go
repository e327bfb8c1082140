package registry

import (
	"cmp"
	"errors"
	"net/http"
	"strings"

	"vouchsafe/httpclient"
	"vouchsafe/internal/digest"
	"vouchsafe/oidc"
)

// A registration is what a client is, until it is replaced.
type registration struct {
	name     string
	settings *settings
	config   Config
	http     *http.Client // that of the settings, as config has it
	api      *api         // nil if config has none
	protocol protocol
	source   oidc.UserInfoSource // of users, but for its Endpoint
	digest   string              // of what must not change between redirect and callback
	users    *users
}

// register makes a registration of a configuration that is complete.
func (s *settings) register(name string, c Config) (*registration, error) {
	c, err := c.filled()
	if err != nil {
		return nil, err
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
	api, err := newAPI(o.HTTP, c.APIBaseURL)
	if err != nil {
		return nil, &ConfigError{Field: "APIBaseURL", Err: err}
	}
	c.ClientSecret = "" // the protocol has it, where printing does not reach
	return &registration{
		name: name, settings: s, config: c, http: o.HTTP, api: api, protocol: p,
		source: c.userInfoSource(), digest: c.digest(), users: &users{},
	}, nil
}

// checkSite refuses what no callback could be at.
func (s *settings) checkSite(c Config) error {
	if c.RedirectURI == "" {
		return nil
	}
	uri, err := s.absolute(c.RedirectURI)
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
	return digest.Of(string(c.detect()), c.ClientID, c.Issuer, c.ServerMetadataURL,
		c.AuthorizeURL, c.AccessTokenURL)[:22] // 132 bits: the cookie has little room
}
