package registry

import (
	"context"
	"errors"
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

	// transport returns what sends the token to the origin of url, for one request.
	transport func(ctx context.Context, m *registration, url string) (http.RoundTripper, error)
}

// A BoundClient calls an API with a token, or without any. It is safe for concurrent use.
type BoundClient struct{ caller }

// WithToken returns a client that calls the provider's API with t.
func (c *Client) WithToken(t Token) *BoundClient {
	return c.bound(func(
		ctx context.Context, m *registration, url string,
	) (http.RoundTripper, error) {
		return m.protocol.transport(ctx, t, url)
	})
}

// WithoutToken returns a client that calls the provider's API without a token: nothing is
// fetched, added or signed. It is withhold_token in Authlib.
func (c *Client) WithoutToken() *BoundClient {
	return c.bound(func(_ context.Context, m *registration, _ string) (http.RoundTripper, error) {
		return httpclient.Transport(m.http), nil
	})
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
//
// Whose token it is each request says anew: its own context, and for what that does not
// know ctx, whose end is of no account. Its Timeout is Config.Timeout, or that of
// Config.HTTP or Options.HTTP.
func (b caller) HTTPClient(ctx context.Context) (*http.Client, error) {
	m, err := b.client.registration()
	if err != nil {
		return nil, err
	}
	hc, err := b.httpClient(ctx, m)
	if err != nil {
		return nil, b.client.wrap(err)
	}
	return hc, nil
}

func (b caller) httpClient(ctx context.Context, m *registration) (*http.Client, error) {
	if m.api == nil {
		return nil, &ConfigError{Client: m.name, Field: "APIBaseURL", Err: errRequired}
	}
	return httpclient.With(m.http, roundTripper(func(req *http.Request) (*http.Response, error) {
		req = req.WithContext(callingFor(req.Context(), ctx))
		transport, err := b.transportFor(req, m)
		if err != nil {
			closeBody(req)
			return nil, &unsentError{b.client.wrap(err)}
		}
		return transport.RoundTrip(req)
	})), nil
}

// transportFor returns what sends req, which must be for the API unless a redirect led to
// it: what leaves its origin then is for the transport to say.
func (b caller) transportFor(req *http.Request, m *registration) (http.RoundTripper, error) {
	if req.Response == nil {
		if err := m.api.origins.Check(req); err != nil {
			return nil, err
		}
	}
	return b.transport(req.Context(), m, m.config.APIBaseURL)
}

// A calling is the context of a request, and knows what another knows too.
type calling struct {
	context.Context
	also context.Context
}

// callingFor returns ctx, which knows what also knows too, but of nothing that ended that.
func callingFor(ctx, also context.Context) context.Context {
	return calling{ctx, context.WithoutCancel(also)}
}

func (c calling) Value(key any) any {
	if v := c.Context.Value(key); v != nil {
		return v
	}
	return c.also.Value(key)
}

// A roundTripper is a function, so that printing it shows nothing.
type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip closes the body of req in every case, as its contract asks.
func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// An unsentError is why there was nothing to send a request with.
type unsentError struct{ error }

func (e *unsentError) Unwrap() error { return e.error }

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}

// Get calls the API at ref, relative to Config.APIBaseURL: "user" is below it, whether or
// not that ends in a slash, "/user" is at the root of its host, and what leaves it by "../"
// is refused. For a URL of another origin the error wraps [httpclient.ErrOrigin], and
// no token is fetched or refreshed for it.
//
// For APIs at other hosts there is Client.OAuth2.
//
// A call whose ctx has a deadline ends then; another after Config.Timeout, or that of
// Config.HTTP or Options.HTTP. The caller closes the response's body, and looks at its status:
// [CheckStatus], [DecodeJSON].
func (b caller) Get(ctx context.Context, ref string) (*http.Response, error) {
	return b.call(ctx, http.MethodGet, ref, "", nil)
}

// Post sends body, of the media type contentType, to the API at ref, on the terms of
// [Client.Get]. Where the token may have to be replaced on the way, body should be one that
// can be sent again: a [*bytes.Reader], [*bytes.Buffer] or [*strings.Reader].
func (b caller) Post(
	ctx context.Context, ref, contentType string, body io.Reader,
) (*http.Response, error) {
	return b.call(ctx, http.MethodPost, ref, contentType, body)
}

// Put is [Client.Post] with the method PUT.
func (b caller) Put(
	ctx context.Context, ref, contentType string, body io.Reader,
) (*http.Response, error) {
	return b.call(ctx, http.MethodPut, ref, contentType, body)
}

// Patch is [Client.Post] with the method PATCH.
func (b caller) Patch(
	ctx context.Context, ref, contentType string, body io.Reader,
) (*http.Response, error) {
	return b.call(ctx, http.MethodPatch, ref, contentType, body)
}

// Delete is [Client.Get] with the method DELETE.
func (b caller) Delete(ctx context.Context, ref string) (*http.Response, error) {
	return b.call(ctx, http.MethodDelete, ref, "", nil)
}

func (b caller) call(
	ctx context.Context, method, ref, contentType string, body io.Reader,
) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, "", body)
	if err != nil {
		return nil, b.client.wrap(err)
	}
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	return b.send(req, ref)
}

// Do sends req, whose URL may be relative as in [Client.Get], with the token, on the terms
// of Get. req is not changed. An error names the host and nothing else of the request.
func (b caller) Do(req *http.Request) (*http.Response, error) {
	if req.URL == nil {
		closeBody(req)
		return nil, b.client.wrap(errNoURL)
	}
	return b.send(req.Clone(req.Context()), req.URL.String())
}

// send sends req, which is the caller's own, to the API at ref.
func (b caller) send(req *http.Request, ref string) (*http.Response, error) {
	hc, err := b.prepare(req, ref)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	resp, err := hc.Do(req)
	if unsent, ok := errors.AsType[*unsentError](err); ok {
		return nil, unsent.error
	}
	if err != nil {
		return nil, httpclient.ExchangeError(req, err)
	}
	return resp, nil
}

// prepare gives req its URL and returns what sends it.
func (b caller) prepare(req *http.Request, ref string) (*http.Client, error) {
	m, err := b.client.registration()
	if err != nil {
		return nil, err
	}
	hc, err := b.httpClient(req.Context(), m)
	if err != nil {
		return nil, b.client.wrap(err)
	}
	if req.URL, err = m.api.join(ref); err != nil {
		return nil, b.client.wrap(err)
	}
	if _, ends := req.Context().Deadline(); ends {
		hc.Timeout = 0
	}
	return hc, nil
}

var errNoURL = errors.New("API URL does not parse")

// separates reports what some servers take for a slash.
func separates(c rune) bool { return c == '/' || c == '\\' }

// climbs reports a segment that some servers take for "..", RFC 3986, Section 3.3 of them.
func climbs(segment string) bool {
	segment, _, _ = strings.Cut(segment, ";")
	return segment == ".."
}

// An api is what the URLs of API calls are relative to, with a final slash, and where they may
// lead.
type api struct {
	base    *url.URL
	origins httpclient.Origins
}

// newAPI returns the api at a base URL, nil if that is empty.
func newAPI(hc *http.Client, base string) (*api, error) {
	if base == "" {
		return nil, nil
	}
	b, err := httpclient.CheckURL(hc, base)
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(b.Path, "/") {
		b = b.JoinPath("/")
	}
	origins, err := httpclient.ParseOrigins(hc, base)
	if err != nil {
		return nil, err
	}
	return &api{b, origins}, nil
}

// join puts a reference below the base. A relative one that would leave the base is refused;
// whether an absolute one may have the token is for the transport to say.
func (a *api) join(ref string) (*url.URL, error) {
	r, err := url.Parse(ref)
	if err != nil || strings.Contains(ref, `\`) {
		return nil, errNoURL
	}
	u := a.base.ResolveReference(r)
	if slices.ContainsFunc(strings.FieldsFunc(u.Path, separates), climbs) {
		return nil, errors.New("API URL must not have escaped dot segments")
	}
	if !r.IsAbs() && !strings.HasPrefix(ref, "/") && !strings.HasPrefix(u.Path, a.base.Path) {
		return nil, errors.New("API URL must be below APIBaseURL, or begin with a slash")
	}
	return u, nil
}
