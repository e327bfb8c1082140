package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"vouchsafe/httpclient"
)

// absolute makes a redirect URI absolute, and refuses one that the browser's
// answer would not be safe on: not https, nor http on loopback.
func (s *settings) absolute(redirectURI string) (string, error) {
	if strings.HasPrefix(redirectURI, "/") {
		if s.base == nil {
			return "", errors.New("a redirect URI given as a path needs Options.BaseURL")
		}
		redirectURI = s.base.Scheme + "://" + s.base.Host + redirectURI
	}
	u, err := httpclient.CheckURL(nil, redirectURI)
	if err != nil {
		return "", fmt.Errorf("redirect URI: %w", err)
	}
	if !strings.HasPrefix(redirectURI, u.Scheme+":") {
		return "", errors.New("redirect URI must have its scheme in lower case")
	}
	return redirectURI, nil
}

// origin returns a URL of this site: Options.BaseURL, or else another that is likely to be.
func (s *settings) origin(otherwise string) string {
	if s != nil && s.base != nil {
		return s.base.String()
	}
	return otherwise
}

// maxRedirects bounds how many redirect URIs are remembered.
const maxRedirects = 10_000

// claim keeps one redirect URI from serving two providers that could be mixed
// up: unless each says in its callbacks whom they are from, nothing else would
// tell (RFC 9700, Section 4.4.2).
func (r *Registry) claim(ctx context.Context, c *Client, redirectURI string) error {
	name := r.owner(c, redirectURI)
	if name == c.name {
		return nil
	}
	owner, err := r.Resolve(ctx, name) // who may be a tenant that was not used for long
	if errors.Is(err, ErrNotRegistered) {
		r.inherit(c, redirectURI, name)
		return r.claim(ctx, c, redirectURI) // another may have been faster
	}
	if err != nil {
		return err
	}
	for _, each := range []*Client{owner, c} {
		m, err := each.registration()
		if err != nil {
			return err
		}
		promised, err := m.protocol.promisesIssuer(ctx)
		if err != nil {
			return err
		}
		if !promised {
			return &ConfigError{Client: c.name, Field: "RedirectURI", Err: fmt.Errorf(
				"must not be that of %q: %q does not send iss (RFC 9700, Section 4.4.2)",
				owner.name, each.name)}
		}
	}
	return nil
}

// owner returns the name of who was the first to use a redirect URI.
func (r *Registry) owner(c *Client, redirectURI string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if name := r.redirects[redirectURI]; name != "" {
		return name
	}
	for other := range r.redirects {
		if len(r.redirects) < maxRedirects {
			break
		}
		delete(r.redirects, other)
	}
	if r.redirects == nil {
		r.redirects = map[string]string{}
	}
	r.redirects[redirectURI] = c.name
	return c.name
}

// inherit gives c the redirect URI of one who is no more.
func (r *Registry) inherit(c *Client, redirectURI, from string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.redirects[redirectURI] == from {
		r.redirects[redirectURI] = c.name
	}
}
