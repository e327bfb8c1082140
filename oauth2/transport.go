package oauth2

import (
	"errors"
	"net/http"

	"vouchsafe/httpclient"
)

// Transport returns a RoundTripper that sends tok's access token in the
// Authorization header, RFC 6750, Section 2.1, to the origins of the given URLs
// and nowhere else: a request to another origin, such as one that a redirect
// names, is an error and not sent. So is a request that brings an access token
// or an Authorization header of its own (RFC 6750, Section 2).
//
// It sends with the transport of the client's Config.HTTP, never changes a
// request, and is safe for concurrent use.
func (c *Client) Transport(tok *Token, urls ...string) (http.RoundTripper, error) {
	if tok.AccessToken() == "" {
		return nil, errors.New("oauth2: Transport needs a token")
	}
	origins, err := httpclient.ParseOrigins(c.config.HTTP, urls...)
	if err != nil {
		return nil, err
	}
	base := httpclient.Transport(c.config.HTTP)
	return &transport{tok, origins, func() http.RoundTripper { return base }}, nil
}

// A transport holds what it sends with as a function, so that printing it does
// not walk through a transport that others are using.
type transport struct {
	token   *Token
	origins httpclient.Origins
	base    func() http.RoundTripper
}

// RoundTrip closes the body of req in every case, as its contract asks.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	if err := t.check(req); err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	authorized := req.Clone(req.Context())
	if authorized.Header == nil {
		authorized.Header = http.Header{}
	}
	authorized.Header.Set("Authorization", "Bearer "+t.token.AccessToken())
	return t.base().RoundTrip(authorized)
}

func (t *transport) check(req *http.Request) error {
	if err := t.origins.Check(req); err != nil {
		return err
	}
	if len(httpclient.Fields(req.Header, "Authorization")) > 0 || req.URL.Query().Has("access_token") {
		return errors.New("oauth2: request already has an access token or an Authorization header")
	}
	return nil
}
