package oauth1

import (
	"context"
	"fmt"
	"net/http"
	"net/url"

	"vouchsafe/httpclient"
	"vouchsafe/internal/verdict"
)

// responseLimit bounds the response to a request for credentials, in bytes.
const responseLimit = 64 << 10

// An exchange is a signed request for credentials, RFC 5849, Section 2, and what
// its response must be.
type exchange struct {
	name, clause string

	method   string
	url      *url.URL
	params   string      // form-encoded
	with     credentials // zero for those of the client alone
	protocol []Param     // beside those that every request has
	secrets  []string    // beside those of the credentials, never to be repeated

	check func(l *verdict.List, values map[string]string) // nil for nothing more
}

// fetch sends what x asks for and returns the credentials of its response.
func (c *Client) fetch(ctx context.Context, x exchange) (Record, error) {
	req, err := c.newRequest(ctx, x)
	if err != nil {
		return Record{}, err
	}
	resp, err := httpclient.Do(ctx, c.config().HTTP, req, responseLimit)
	if err != nil {
		return Record{}, fmt.Errorf("oauth1: %s: %w", x.name, err)
	}
	return c.readResponse(ctx, resp, x)
}

// newRequest builds the request of an exchange.
func (c *Client) newRequest(ctx context.Context, x exchange) (*http.Request, error) {
	signer, err := c.newSigner(x.with)
	if err != nil {
		return nil, err
	}
	u := *x.url
	req := &http.Request{Method: x.method, URL: &u, Header: make(http.Header)}
	if x.method == http.MethodGet {
		u.RawQuery = join(u.RawQuery, appendRecoded(nil, x.params))
	} else if x.params != "" {
		req.Header.Set("Content-Type", formType)
		replaceBody(req, []byte(x.params))
	}
	return signer.signRequest(checks(ctx), req.WithContext(ctx), x.protocol)
}
