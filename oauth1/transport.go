package oauth1

import (
	"net/http"

	"vouchsafe/httpclient"
)

// Transport returns a RoundTripper that signs requests with tok, or with
// [NoToken], and hands them to the transport of [Config].HTTP. It is safe for
// concurrent use.
//
// It serves the origins of the given URLs, at least one, which are https, or
// http on loopback. A request to another origin is refused before anything is
// sent, so that no redirect takes a signature elsewhere; one within is signed
// anew. Refused, too, is a request that carries an Authorization header or a
// parameter beginning with oauth_ already. These errors are [*CheckError]; that
// of another origin wraps [httpclient.ErrOrigin].
//
// The request itself is left as it is. Its form body
// (application/x-www-form-urlencoded), at most 10 MiB, is read, signed and sent;
// any other body is neither read nor signed (RFC 5849, Section 3.4.1.3.1), unless
// [Config].BodyHash says so. What the provider answers is for the caller to read:
// see [ResponseError].
func (c *Client) Transport(tok *Token, urls ...string) (http.RoundTripper, error) {
	signer, err := c.signerOf(tok)
	if err != nil {
		return nil, err
	}
	origins, err := httpclient.ParseOrigins(c.config().HTTP, urls...)
	if err != nil {
		return nil, because(err, "urls",
			"must be absolute URLs, https or http on loopback, at least one", originClause)
	}
	t := &transport{c, signer, origins, httpclient.Transport(c.config().HTTP)}
	return roundTripper(func() *transport { return t }), nil
}

// A counterfeit server must not get what an honest one would accept.
const originClause = "RFC 5849, Section 4.3"

type transport struct {
	client  *Client
	signer  *signer
	origins httpclient.Origins
	base    http.RoundTripper
}

// A roundTripper is a function, so that printing it shows no secret, nor walks
// through a transport that others are using.
type roundTripper func() *transport

// RoundTrip closes the body of req in every case, as its contract asks.
func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) {
	t := f()
	signed, err := t.sign(req)
	if err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	resp, err := t.base.RoundTrip(signed)
	if err == nil && resp.StatusCode == http.StatusUnauthorized && t.client.config().CorrectClock {
		t.client.learn(newError(resp.StatusCode, resp.Header, "", nil, nil), resp.Header)
	}
	return resp, err
}

func (t *transport) sign(req *http.Request) (*http.Request, error) {
	l := checks(req.Context())
	if !l.Result("origin", originClause, t.checkOrigin(req)) {
		return nil, l.Err()
	}
	return t.signer.signRequest(l, req, nil)
}

func (t *transport) checkOrigin(req *http.Request) error {
	return because(t.origins.Check(req), "origin",
		"must be one that the transport was made for", originClause)
}
