package oauth2

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"vouchsafe/httpclient"
	"vouchsafe/internal/hook"
	"vouchsafe/internal/refusal"
)

// A Placement is where a request to a resource carries the access token, RFC 6750,
// Section 2. The values are Authlib's, which calls it token_placement.
type Placement string

// The placements. The zero value means PlacementHeader.
const (
	// PlacementHeader is the Authorization header, Section 2.1.
	PlacementHeader Placement = "header"

	// PlacementBody is a parameter of the form body, Section 2.2. A request that has no
	// such body is an error.
	PlacementBody Placement = "body"

	// InsecurePlacementQuery is a parameter of the URL, Section 2.3. What is lost: logs,
	// histories and Referer headers get the token. RFC 9700, Section 4.3.2 forbids it.
	InsecurePlacementQuery Placement = "uri"
)

func (p Placement) known() bool {
	all := []Placement{"", PlacementHeader, PlacementBody, InsecurePlacementQuery}
	return slices.Contains(all, p)
}

// Transport returns a RoundTripper that sends tok's access token, where
// Config.TokenPlacement says, to the origins of the given URLs and nowhere else: a
// request to another origin is an error and not sent. Where an http.Client follows a
// redirect to another origin, which is then https, or http on loopback, that request and
// those it leads to go without the token. A request that brings an access token or an
// Authorization header of its own is an error (RFC 6750, Section 2).
// [httpclient.With] makes an http.Client of it, with a Timeout.
//
// It sends with the transport of the client's Config.HTTP, never changes a
// request, repeats none, and is safe for concurrent use. Errors are
// [*jose.CheckError]; that of another origin wraps [httpclient.ErrOrigin]. What the
// resource answers is for the caller to read: see [ResponseError].
func (c *Client) Transport(tok *Token, urls ...string) (http.RoundTripper, error) {
	if err := c.checkOwner(tok); err != nil {
		return nil, err
	}
	t, err := c.transport(urls)
	if err != nil {
		return nil, err
	}
	bound, err := t.with(tok)
	if err != nil {
		return nil, err
	}
	return roundTripper(bound.send), nil
}

// A roundTripper is a function, so that printing it shows no secret, nor walks
// through a transport that others are using.
type roundTripper func(*http.Request) (*http.Response, error)

// RoundTrip closes the body of req in every case, as its contract asks.
func (f roundTripper) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

type transport struct {
	token     string
	header    string // with the token
	placement Placement
	origins   httpclient.Origins
	hooks     []RequestHook
	base      http.RoundTripper
}

// transport returns one that has no token yet.
func (c *Client) transport(urls []string) (transport, error) {
	origins, err := httpclient.ParseOrigins(c.config.HTTP, urls...)
	if err != nil {
		return transport{}, refusal.Because(err, "urls",
			"must be absolute, https or http on loopback, at least one", originClause)
	}
	return transport{
		placement: c.config.TokenPlacement,
		origins:   origins,
		hooks:     c.config.Hooks.ProtectedRequest,
		base:      httpclient.Transport(c.config.HTTP),
	}, nil
}

func (t transport) with(tok *Token) (*transport, error) {
	if !tok.isBearer() {
		return nil, checkError("access_token", "must be there, of type Bearer",
			"RFC 6750, Section 2")
	}
	t.token, t.header = tok.AccessToken(), bearer+" "+tok.AccessToken()
	return &t, nil
}

// send sends a copy of req with the token.
func (t *transport) send(req *http.Request) (*http.Response, error) {
	authorized, err := t.authorize(req)
	if err != nil {
		closeBody(cmp.Or(authorized, req)) // the body of a copy may be a hook's
		return nil, err
	}
	resp, err := t.base.RoundTrip(authorized)
	if resp != nil {
		resp.Request = req // which, unlike the copy, can be shown
	}
	return resp, err
}

func closeBody(req *http.Request) {
	if req.Body != nil {
		req.Body.Close()
	}
}

// Transport returns a RoundTripper that sends the source's token to the origins of the
// given URLs and nowhere else, as that of [Client.Transport] does. A response with status
// 401 has the token replaced, once, unless it says that something else is wrong (RFC 6750,
// Section 3.1), and then the request sent again, if it has no body or one with GetBody. If
// the token cannot be replaced the response is returned as it came.
func (s *TokenSource) Transport(urls ...string) (http.RoundTripper, error) {
	t, err := s.client.transport(urls)
	if err != nil {
		return nil, err
	}
	return roundTripper(func(req *http.Request) (*http.Response, error) {
		return s.send(t, req)
	}), nil
}

func (s *TokenSource) send(t transport, req *http.Request) (*http.Response, error) {
	tok, err := s.Token(req.Context())
	if err != nil {
		closeBody(req)
		return nil, err
	}
	resp, err := s.sendWith(t, tok, req)
	if err != nil || !refusesToken(resp) || t.away(req) {
		return resp, err
	}
	other, err := s.replace(req.Context(), tok)
	if isUnsaved(err) {
		resp.Body.Close()
		return nil, err
	}
	again := req.Clone(req.Context())
	if err != nil || other.AccessToken() == tok.AccessToken() || !rewind(again) {
		return resp, nil
	}
	io.CopyN(io.Discard, resp.Body, 4<<10) // so that the connection serves again
	resp.Body.Close()
	return s.sendWith(t, other, again)
}

func (s *TokenSource) sendWith(
	t transport, tok *Token, req *http.Request,
) (*http.Response, error) {
	bound, err := t.with(tok)
	if err != nil {
		closeBody(req)
		return nil, err
	}
	return bound.send(req)
}

// refusesToken reports whether a resource refuses the token itself, and not what it is
// used for, or how.
func refusesToken(resp *http.Response) bool {
	if resp.StatusCode != http.StatusUnauthorized {
		return false
	}
	return !slices.ContainsFunc(ParseChallenges(resp.Header), func(c Challenge) bool {
		code := c.Params["error"]
		return code != "" && code != "invalid_token"
	})
}

// rewind gives a request its body again, and reports whether it could.
func rewind(req *http.Request) bool {
	if req.Body == nil || req.Body == http.NoBody {
		return true
	}
	if req.GetBody == nil {
		return false
	}
	body, err := req.GetBody()
	req.Body = body
	return err == nil
}

// authorize returns a copy of req with the token, or req as it is where redirects have led
// elsewhere.
func (t *transport) authorize(req *http.Request) (*http.Request, error) {
	l := checks(req.Context())
	err := t.checkOrigin(req)
	if t.away(req) && !errors.Is(err, httpclient.ErrInsecureURL) {
		return req, t.checkLeft(req)
	}
	l.Result("origin", originClause, err)
	l.Check(!hasToken(req), "authorization", "must not be in the request already",
		"RFC 6750, Section 2")
	if err := l.Err(); err != nil {
		return nil, err
	}
	authorized := req.Clone(req.Context())
	if authorized.Header == nil {
		authorized.Header = http.Header{}
	}
	if err := t.place(authorized); err != nil {
		return nil, err
	}
	return authorized, t.rewrite(req.Context(), authorized)
}

// away reports whether one of the redirects that led to req named another origin: who
// was asked there must not choose what the token is used for.
func (t *transport) away(req *http.Request) bool {
	for r := req; r != nil && r.Response != nil; r = r.Response.Request {
		if errors.Is(t.origins.Check(r), httpclient.ErrOrigin) {
			return true
		}
	}
	return false
}

// checkLeft refuses a redirect elsewhere that has the token in its URL, where a server has
// put what it found in the one before.
func (t *transport) checkLeft(req *http.Request) error {
	text := req.URL.String()
	for range 3 { // as it is, encoded, and within a URL that is a parameter
		if strings.Contains(text, t.token) ||
			strings.Contains(strings.ReplaceAll(text, "+", " "), t.token) {
			return checkError("authorization", "must not be in a redirect", "RFC 6750, Section 5.3")
		}
		decoded, err := url.PathUnescape(text)
		if err != nil {
			break
		}
		text = decoded
	}
	return nil
}

const originClause = "RFC 6750, Section 5.3"

func (t *transport) checkOrigin(req *http.Request) error {
	return refusal.Because(t.origins.Check(req), "origin",
		"must be one that the transport was made for", originClause)
}

// hasToken reports whether a request brings credentials of its own.
func hasToken(req *http.Request) bool {
	return len(httpclient.Fields(req.Header, "Authorization")) > 0 ||
		req.URL != nil && hasParam(req.URL.RawQuery, tokenParam)
}

// rewrite has the hooks rewrite a request, which must not go elsewhere then.
func (t *transport) rewrite(ctx context.Context, req *http.Request) error {
	if err := hook.Call(ctx, t.hooks, req); err != nil {
		return fmt.Errorf("oauth2: protected request: %w", err)
	}
	if len(t.hooks) == 0 {
		return nil
	}
	return t.checkOrigin(req)
}

const tokenParam = "access_token"

// hasParam reports whether a query has a parameter called name, however it is encoded,
// and for those too who take a semicolon for a separator.
func hasParam(query, name string) bool {
	separates := func(r rune) bool { return r == '&' || r == ';' }
	for pair := range strings.FieldsFuncSeq(query, separates) {
		key, _, _ := strings.Cut(pair, "=")
		if key == name {
			return true
		}
		if strings.Contains(key, "%") {
			if key, err := url.QueryUnescape(key); err == nil && key == name {
				return true
			}
		}
	}
	return false
}

// place puts the token where it belongs.
func (t *transport) place(req *http.Request) error {
	switch t.placement {
	case PlacementBody:
		return t.placeInBody(req)
	case InsecurePlacementQuery:
		req.URL.RawQuery = strings.Trim(req.URL.RawQuery+"&"+t.pair(), "&")
		// RFC 6750, Section 2.3: no cache may keep it.
		req.Header.Set("Cache-Control", "no-store")
	default:
		req.Header.Set("Authorization", t.header)
	}
	return nil
}

func (t *transport) pair() string { return tokenParam + "=" + url.QueryEscape(t.token) }

// maxForm bounds a form that gets the token, in bytes.
const maxForm = 10 << 20

// placeInBody adds the token to a form, RFC 6750, Section 2.2. The body is read and
// closed, and the copy has one that can be sent again.
func (t *transport) placeInBody(req *http.Request) error {
	const clause = "RFC 6750, Section 2.2"
	// The empty method is GET.
	bodiless := []string{"", http.MethodGet, http.MethodHead, http.MethodTrace, http.MethodConnect}
	if !httpclient.HasMediaType(req.Header, formType) || req.Body == nil ||
		slices.Contains(bodiless, req.Method) || req.Header.Get("Content-Encoding") != "" {
		return checkError("body", "must be a form as it is, of a method other than GET", clause)
	}
	defer req.Body.Close()
	body, err := io.ReadAll(io.LimitReader(req.Body, maxForm+1))
	if err != nil {
		return fmt.Errorf("oauth2: request body: %w", err)
	}
	form := string(body)
	if len(body) > maxForm || hasParam(form, tokenParam) {
		return checkError("body", "must be at most 10 MiB, without an access token", clause)
	}
	setBody(req, strings.Trim(form+"&"+t.pair(), "&"))
	return nil
}
