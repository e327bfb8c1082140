package oauth2

import (
	"errors"
	"net/http"

	"vouchsafe/httpclient"
)

// Transport returns a RoundTripper that sends tok's access token in the
// Authorization header, RFC 6750, Section 2.1, to the origins of the given URLs
// and nowhere else: a request to another origin, such as one that a redirect
// names, is an error and not sent. A request that brings an Authorization header
// of its own is refused too.
//
// It sends with the transport of the client's Config.HTTP, never changes a
// request, and is safe for concurrent use.
func (c *Client) Transport(tok *Token, urls ...string) (http.RoundTripper, error) {
	if tok.AccessToken() == "" {
		return nil, errors.New("oauth2: Transport needs a token")
	}
	origins, err := httpclient.ParseOrigins(urls...)
	if err != nil {
		return nil, err
	}
	return &transport{tok, origins, httpclient.Transport(c.config.HTTP)}, nil
}

type transport struct {
	token   *Token
	origins httpclient.Origins
	base    http.RoundTripper
}

func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	err := t.origins.Check(req.Context(), req.URL)
	if err == nil && req.Header.Get("Authorization") != "" {
		err = errors.New("oauth2: request already has an Authorization header")
	}
	if err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	signed := req.Clone(req.Context())
	signed.Header.Set("Authorization", "Bearer "+t.token.AccessToken())
	return t.base.RoundTrip(signed)
}
