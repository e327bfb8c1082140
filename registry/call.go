package registry

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"vouchsafe/httpclient"
)

// A caller calls a provider's API.
type caller struct {
	client *Client

	// transport returns what sends the token to the origin of url.
	transport func(ctx context.Context, m *registration, url string) (http.RoundTripper, error)
}

// A BoundClient calls an API with a token, or without any. It is safe for concurrent use.
type BoundClient struct{ caller }

// WithToken returns a client that calls the provider's API with t.
func (c *Client) WithToken(t Token) *BoundClient {
	return c.bound(func(ctx context.Context, m *registration, url string) (http.RoundTripper, error) {
		return m.protocol.transport(ctx, t, url)
	})
}

// WithoutToken returns a client that calls the provider's API without a token.
func (c *Client) WithoutToken() *BoundClient {
	return c.bound(nil) // TODO(calls)
}

func (c *Client) bound(
	transport func(context.Context, *registration, string) (http.RoundTripper, error),
) *BoundClient {
	return &BoundClient{caller{c, transport}}
}

// HTTPClient returns an http.Client that sends the token to the origin of
// Config.APIBaseURL, and to no other: a request elsewhere is an error. A redirect
// elsewhere is followed without the token, and with OAuth 1.0 an error. It is for
// any library that takes an http.Client.
func (b caller) HTTPClient(ctx context.Context) (*http.Client, error) {
	m, err := b.client.registration()
	if err != nil {
		return nil, err
	}
	if m.config.APIBaseURL == "" {
		return nil, b.client.wrap(errors.New("calling its API needs Config.APIBaseURL"))
	}
	transport, err := b.transport(ctx, m, m.config.APIBaseURL)
	if err != nil {
		return nil, b.client.wrap(err)
	}
	return httpclient.With(m.settings.options.HTTP, transport), nil
}

// Get calls the API at ref, relative to Config.APIBaseURL: "user" is below it,
// "/user" is at the root of its host. For a URL of another origin the error wraps
// [httpclient.ErrOrigin]. The caller closes the response's body, and looks at its
// status.
func (b caller) Get(ctx context.Context, ref string) (*http.Response, error) {
	m, err := b.client.registration()
	if err != nil {
		return nil, err
	}
	target, err := join(m.settings.options.HTTP, m.config.APIBaseURL, ref)
	if err != nil {
		return nil, b.client.wrap(err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, nil)
	if err != nil {
		return nil, b.client.wrap(errors.New("API URL does not parse"))
	}
	req.Header.Set("User-Agent", httpclient.UserAgent)
	return b.Do(req)
}

// Post, Put and Patch send a body of a media type, Delete none, on the terms of Get.
func (b caller) Post(ctx context.Context, ref, contentType string, body io.Reader) (*http.Response, error) {
	return nil, errors.New("TODO(calls)")
}

// Do sends req, whose URL is absolute, with the token. The caller closes the
// response's body. An error names the host and nothing else of the request.
func (b caller) Do(req *http.Request) (*http.Response, error) {
	bound, err := b.HTTPClient(req.Context())
	if err != nil {
		return nil, err
	}
	resp, err := bound.Do(req)
	if err != nil {
		return nil, httpclient.ExchangeError(req, err)
	}
	return resp, nil
}

// join puts a reference below a base URL, whether or not that ends in a slash. A
// relative one that would leave the base is refused; whether an absolute one may
// have the token is for the transport to say.
func join(hc *http.Client, base, ref string) (string, error) {
	b, err := httpclient.CheckURL(hc, base)
	if err != nil {
		return "", fmt.Errorf("APIBaseURL: %w", err)
	}
	if !strings.HasSuffix(b.Path, "/") {
		b = b.JoinPath("/")
	}
	r, err := url.Parse(ref)
	if err != nil || strings.Contains(ref, `\`) {
		return "", errors.New("API URL does not parse")
	}
	u := b.ResolveReference(r)
	if slices.Contains(strings.Split(u.Path, "/"), "..") {
		return "", errors.New("API URL must not have escaped dot segments")
	}
	if !r.IsAbs() && !strings.HasPrefix(ref, "/") && !strings.HasPrefix(u.Path, b.Path) {
		return "", errors.New("API URL must be below APIBaseURL, or begin with a slash")
	}
	return u.String(), nil
}
