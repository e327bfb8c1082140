package oauth1

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"vouchsafe/httpclient"
	"vouchsafe/internal/verdict"
)

// formLimit bounds the form body of a request to be signed, in bytes: it is
// held in memory.
const formLimit = 10 << 20

const formClause = "RFC 5849, Section 3.4.1.3.1"

// Transport returns a RoundTripper that signs requests with tok and hands them
// to the transport of [Config].HTTP. It is safe for concurrent use.
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
// any other body is neither read nor signed (RFC 5849, Section 3.4.1.3.1).
func (c *Client) Transport(tok *Token, urls ...string) (http.RoundTripper, error) {
	if tok == nil || tok.reveal == nil {
		return nil, &CheckError{"token", "must not be empty", "RFC 5849, Section 3.1"}
	}
	origins, err := httpclient.ParseOrigins(urls...)
	if err != nil {
		e := &CheckError{"urls", "must be absolute URLs, at least one", originClause}
		return nil, fmt.Errorf("%w: %w", e, err)
	}
	base := httpclient.Transport(c.http)
	return &transport{c, *tok, origins, func() http.RoundTripper { return base }}, nil
}

// A counterfeit server must not get what an honest one would accept.
const originClause = "RFC 5849, Section 4.3"

// A transport holds what it sends with as a function, so that printing it does
// not walk through a transport that others are using.
type transport struct {
	client  *Client
	token   Token
	origins httpclient.Origins
	base    func() http.RoundTripper
}

// RoundTrip closes the body of req in every case, as its contract asks.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	signed, err := t.sign(req)
	if err != nil {
		if req.Body != nil {
			req.Body.Close()
		}
		return nil, err
	}
	return t.base().RoundTrip(signed)
}

// sign returns a signed copy of req. It closes the body of req only if it
// succeeds and the copy has one of its own.
func (t *transport) sign(req *http.Request) (*http.Request, error) {
	l := checks(req.Context())
	u := target(req)
	t.check(l, req)
	if l.Err() != nil {
		return nil, l.Err()
	}
	body, err := readFormBody(req)
	form := ParseParams(string(body))
	l.Result("form_body", formClause, err)
	checkParams(l, slices.Concat(form, ParseParams(u.RawQuery)))
	if l.Err() != nil {
		return nil, l.Err()
	}
	signed := req.Clone(req.Context())
	if body != nil {
		replaceBody(signed, body)
	}
	if signed.Header == nil {
		signed.Header = make(http.Header)
	}
	tok := credentials{t.token.Token(), t.token.Secret()}
	signed.Header.Set("Authorization", t.client.sign(req.Method, u, form, tok))
	return signed, nil
}

// target returns the URL of req with the host that the Host header will have
// (RFC 5849, Section 3.4.1.2).
func target(req *http.Request) *url.URL {
	if req.URL == nil {
		return &url.URL{}
	}
	u := *req.URL
	if req.Host != "" {
		u.Host = req.Host
	}
	return &u
}

// check makes the checks that come before the body is touched.
func (t *transport) check(l *verdict.List, req *http.Request) {
	l.Result("origin", originClause, t.checkOrigin(req))
	l.Check(len(httpclient.Fields(req.Header, "Authorization")) == 0, "authorization",
		"must not be in the request already", "RFC 5849, Section 3.5")
}

func (t *transport) checkOrigin(req *http.Request) error {
	if err := t.origins.Check(req); err != nil {
		e := &CheckError{"origin", "must be one that the transport was made for", originClause}
		return fmt.Errorf("%w: %w", e, err)
	}
	return nil
}

func checkParams(l *verdict.List, params []Param) {
	name := protocolParam(params)
	need := "must not contain one that begins with oauth_"
	if plain(name) {
		need = "must not contain " + name
	}
	l.Check(name == "", "parameters", need, "RFC 5849, Section 3.5")
}

// readFormBody returns the form body of req, or nil if it has none.
func readFormBody(req *http.Request) ([]byte, error) {
	if req.Body == nil || !slices.ContainsFunc(httpclient.Fields(req.Header, "Content-Type"), isForm) {
		return nil, nil
	}
	body, err := io.ReadAll(io.LimitReader(req.Body, formLimit+1))
	if err != nil {
		return nil, fmt.Errorf("oauth1: form body: %w", err)
	}
	if len(body) > formLimit {
		return nil, &CheckError{"form_body", "must be at most 10 MiB", formClause}
	}
	return body, nil
}

func isForm(contentType string) bool {
	mediaType, _, _ := strings.Cut(contentType, ";")
	return strings.EqualFold(strings.TrimSpace(mediaType), "application/x-www-form-urlencoded")
}

// replaceBody gives req a body that can be sent more than once.
func replaceBody(req *http.Request, body []byte) {
	req.Body.Close()
	req.GetBody = func() (io.ReadCloser, error) {
		if len(body) == 0 {
			return http.NoBody, nil
		}
		return io.NopCloser(bytes.NewReader(body)), nil
	}
	req.Body, _ = req.GetBody()
	if req.ContentLength <= 0 { // else net/http finds out whether it is right
		req.ContentLength = int64(len(body))
	}
}
