package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"vouchsafe/httpclient"
	"vouchsafe/internal/braces"
	"vouchsafe/internal/hook"
	"vouchsafe/internal/refusal"
	"vouchsafe/internal/strictjson"
	"vouchsafe/internal/verdict"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
)

const (
	maxUserInfo    = 1 << 20
	userInfoClause = "OpenID Connect Core 1.0, Section 5.3.2"

	typeJSON = "application/json"
	typeJWT  = "application/jwt"
	typeForm = "application/x-www-form-urlencoded"
)

// UserInfo asks the UserInfo Endpoint with login's access token, OpenID Connect
// Core 1.0, Section 5.3. The answer must be about the subject of login's ID Token
// (Section 5.3.2).
//
// It is JSON or a signed JSON Web Token, which is verified with the provider's keys, and
// its iss, aud and times are checked if it has them. If [Config].UserInfo has an
// algorithm it must be signed with that, and if it has a Decrypter it must be encrypted:
// a signed token inside, or the claims alone where no algorithm is registered. Where none
// is, a token must be signed with one of userinfo_signing_alg_values_supported, or RS256
// if the metadata lists none.
//
// What the endpoint refuses is an [*oauth2.Error]: "invalid_token" says that the access
// token has ended. The request is a GET, or a POST where the token goes into the body, and
// is not repeated.
func (c *Client) UserInfo(ctx context.Context, login *Login) (*UserInfo, error) {
	l := verdict.New(ctx, checkError)
	if !l.Check(login != nil && c.verified(login.IDToken), "id_token",
		"must have been verified by this client before UserInfo", userInfoClause) {
		return nil, l.Err()
	}
	return c.UserInfoOf(ctx, login.Token, login.IDToken.Identity())
}

// UserInfoOf is [Client.UserInfo] for a token that was kept: who is whom it was given for,
// as the ID Token of the login said. The answer must be about that subject.
func (c *Client) UserInfoOf(
	ctx context.Context, tok *oauth2.Token, who Identity,
) (*UserInfo, error) {
	conn, err := c.provider.Get(ctx)
	if err != nil {
		return nil, err
	}
	l := verdict.New(ctx, checkError)
	l.Check(who.Subject != "" && c.config.acceptsIssuer(who.Issuer), "identity",
		"must be of a user of this provider", userInfoClause)
	l.Check(conn.provider.UserInfoEndpoint != "", "userinfo_endpoint",
		"must be configured, or in the metadata", userInfoClause)
	if l.Err() != nil {
		return nil, fmt.Errorf("oidc: UserInfo: %w", l.Err())
	}
	endpoint := conn.provider.UserInfoEndpoint
	transport, err := conn.oauth.Transport(tok, endpoint)
	if err != nil {
		return nil, fmt.Errorf("oidc: UserInfo endpoint: %w", err)
	}
	u, err := c.askUserInfo(ctx, conn, httpclient.With(c.config.HTTP, transport), UserInfoSource{
		Endpoint: endpoint,
		Issuer:   who.Issuer,
		Body:     c.config.UserInfoBody,
		Names:    c.config.UserInfoNames,
		Hooks:    c.config.Hooks.UserInfoResponse,
		Quirks:   c.config.Quirks,
		Fix:      c.config.UserInfoFix,
	})
	if err == nil {
		l.Check(u.Identity == who, "sub", "must be that of the ID Token", userInfoClause)
		err = l.Err()
	}
	if err != nil {
		return nil, fmt.Errorf("oidc: UserInfo: %w", err)
	}
	return u, nil
}

// verified reports whether t is an ID Token of this provider for this client.
func (c *Client) verified(t *IDToken) bool {
	return t != nil && t.token != nil && c.config.acceptsIssuer(t.Issuer) &&
		slices.Contains(t.Audience, c.config.ID)
}

// askUserInfo fetches the claims of a user and verifies them if they are signed.
func (c *Client) askUserInfo(ctx context.Context, conn *connection, client *http.Client,
	s UserInfoSource) (*UserInfo, error) {
	req, err := s.request(ctx, typeJSON+", "+typeJWT)
	if err != nil {
		return nil, err
	}
	if c.config.TokenPlacement == oauth2.PlacementBody && s.Body == "" { // a GET has no room
		req.Method, req.Body = http.MethodPost, http.NoBody
		req.Header.Set("Content-Type", typeForm)
	}
	resp, err := s.send(ctx, client, req)
	if err != nil {
		return nil, err
	}
	registered := c.config.UserInfo
	plain := registered.SigningAlgorithm == "" && registered.Decrypter == nil
	token := httpclient.HasMediaType(resp.Header, typeJWT)
	l := verdict.New(ctx, checkError)
	if !l.Check(token || plain && httpclient.HasMediaType(resp.Header, typeJSON), "content_type",
		"must be application/json, or application/jwt if that is registered", userInfoClause) {
		return nil, l.Err()
	}
	var m strictjson.Object
	if token {
		m, err = c.openUserInfo(ctx, conn, string(resp.Body), s)
	} else {
		m, err = s.parse(resp.Body)
	}
	if err != nil {
		return nil, err
	}
	return s.fixed(ctx, m)
}

// openUserInfo decrypts and verifies claims as they are registered to come, OpenID
// Connect Core 1.0, Section 5.3.4.
func (c *Client) openUserInfo(
	ctx context.Context, conn *connection, jwt string, s UserInfoSource,
) (strictjson.Object, error) {
	registered := c.config.UserInfo
	keys, algorithms, err := c.userInfoKeys(conn)
	if err != nil {
		return strictjson.Object{}, err
	}
	asked := signedObject{
		keys:       keys,
		algorithms: algorithms,
		issuer:     s.Issuer,
		known:      s.known(),
		clause:     userInfoClause,
	}
	if d := registered.Decrypter; d != nil {
		return c.decryptObject(ctx, jwt, d, registered.SigningAlgorithm == "", asked)
	}
	return c.verifyObject(ctx, jwt, asked)
}

// userInfoKeys returns what UserInfo is signed with.
func (c *Client) userInfoKeys(conn *connection) (jose.KeySource, []string, error) {
	registered := c.config.UserInfo.SigningAlgorithm
	if c.userInfoSecret != nil {
		return c.userInfoSecret, []string{registered}, nil
	}
	accepted, err := algorithms("userinfo_signing_alg_values_supported", registered,
		conn.provider.UserInfoSigningAlgValuesSupported)
	return conn.keys, accepted, err
}

// newRequest returns a request for a resource of one of the media types in accept: a GET, or if
// there is a body a POST of it.
func newRequest(ctx context.Context, url, accept, body string) (*http.Request, error) {
	method, sent := http.MethodGet, io.Reader(nil)
	if body != "" {
		method, sent = http.MethodPost, strings.NewReader(body)
	}
	req, err := http.NewRequestWithContext(ctx, method, url, sent)
	if err != nil {
		return nil, fmt.Errorf("%w: it does not parse", httpclient.ErrInsecureURL)
	}
	req.Header.Set("Accept", accept)
	return req, nil
}

// send sends req once. What is refused is an *oauth2.Error, beside the status.
func send(ctx context.Context, client *http.Client, req *http.Request) (
	*httpclient.Response, error) {
	resp, err := httpclient.Do(ctx, client, req, maxUserInfo)
	if err != nil {
		return nil, err
	}
	if resp.Status == http.StatusOK {
		return resp, nil
	}
	refusal := oauth2.ResponseError(&http.Response{StatusCode: resp.Status, Header: resp.Header})
	if refusal == nil {
		return nil, fmt.Errorf("status must be 200, is %d", resp.Status)
	}
	return nil, fmt.Errorf("status must be 200, is %d: %w", resp.Status, refusal)
}

// A UserInfoSource says where a user's claims are and how to read them.
type UserInfoSource struct {
	Endpoint string // absolute URL
	Issuer   string // of the Identity

	// Body, if not empty, is what is asked, by POST instead of GET: JSON, or else a form.
	Body string

	// Names says where a provider keeps a standard claim, if not under its name: in a member,
	// {"sub": "id"}; where a JSON Pointer (RFC 6901) leads, {"sub": "/data/0/id"}; or in
	// several such places, in braces, with a text around them: {"name": "{first} {last}"},
	// which is no claim if one of them is empty. A whole number there is read as its digits. An
	// "email" from elsewhere is verified only if "email_verified" has an entry too, and so on.
	Names map[string]string

	// Hooks rewrite the response before it is read.
	Hooks []oauth2.ResponseHook

	// Quirks say how to read whether an address or a number was verified.
	Quirks Quirks

	// Fix, if not nil, returns the claims to go on with in place of those of the answer,
	// before Names is looked at and the subject is. It gets the members as they came, a
	// number as a [json.Number], and may change the map. What it returns is read as an
	// answer is, and believed; a "sub" that is a whole number there is read as its digits. Its
	// error is wrapped, beside a [*jose.CheckError] with the check "userinfo_fix". It must be
	// safe for concurrent use.
	Fix func(ctx context.Context, claims map[string]any) (map[string]any, error)
}

// FetchUserInfo fetches a user's claims with client, which sends the token: its
// Transport is one of package oauth1, oauth2 or this one. s must name an issuer,
// and the answer must be JSON and have a subject. Where an ID Token was issued, use
// [Client.UserInfo], which compares the two.
//
// What the endpoint refuses is an [*oauth2.Error]. The request is not repeated.
func FetchUserInfo(ctx context.Context, client *http.Client, s UserInfoSource) (*UserInfo, error) {
	return s.of(func() (*UserInfo, error) { return s.fetch(ctx, client) })
}

// ReadUserInfo reads a user's claims that a provider told otherwise than at a UserInfo
// Endpoint, beside a token for example: body is one JSON object, and s is as for
// [FetchUserInfo], but for its Endpoint.
func ReadUserInfo(ctx context.Context, body []byte, s UserInfoSource) (*UserInfo, error) {
	return s.of(func() (*UserInfo, error) {
		m, err := s.parse(body)
		if err != nil {
			return nil, err
		}
		return s.fixed(ctx, m)
	})
}

// of returns what read does, if it is known whose users they are.
func (s UserInfoSource) of(read func() (*UserInfo, error)) (*UserInfo, error) {
	if s.Issuer == "" {
		return nil, errors.New("oidc: UserInfoSource.Issuer is required: without it, " +
			"users of two providers could be taken for one")
	}
	u, err := read()
	if err != nil {
		return nil, fmt.Errorf("oidc: UserInfo: %w", err)
	}
	return u, nil
}

func (s UserInfoSource) fetch(ctx context.Context, client *http.Client) (*UserInfo, error) {
	req, err := s.request(ctx, typeJSON)
	if err != nil {
		return nil, err
	}
	resp, err := s.send(ctx, client, req)
	if err != nil {
		return nil, err
	}
	if !httpclient.HasMediaType(resp.Header, typeJSON) {
		return nil, checkError("content_type", "must be application/json", userInfoClause)
	}
	m, err := s.parse(resp.Body)
	if err != nil {
		return nil, err
	}
	return s.fixed(ctx, m)
}

// request builds the request, for an answer of one of the media types in accept.
func (s UserInfoSource) request(ctx context.Context, accept string) (*http.Request, error) {
	req, err := newRequest(ctx, s.Endpoint, accept, s.Body)
	if err != nil || s.Body == "" {
		return req, err
	}
	req.Header.Set("Content-Type", typeForm)
	if json.Valid([]byte(s.Body)) {
		req.Header.Set("Content-Type", typeJSON)
	}
	return req, nil
}

// send sends req once, and returns the response as Hooks make it.
func (s UserInfoSource) send(ctx context.Context, client *http.Client, req *http.Request) (
	*httpclient.Response, error) {
	resp, err := send(ctx, client, req)
	if err != nil {
		return nil, err
	}
	if err := hook.Call(ctx, s.Hooks, resp); err != nil {
		return nil, err
	}
	return resp, nil
}

// parse parses a UserInfo Response that is JSON.
func (s UserInfoSource) parse(body []byte) (strictjson.Object, error) {
	m, err := strictjson.Parse(string(body), s.known()...)
	if err != nil {
		return strictjson.Object{}, checkError("body", "must be one strict JSON object",
			userInfoClause)
	}
	return m, nil
}

// known are the members whose names must not come in other letters. Fix may get such, and put
// them right.
func (s UserInfoSource) known() []string {
	if s.Fix != nil {
		return nil
	}
	return slices.DeleteFunc(userInfoMembers(), func(claim string) bool {
		return s.Names[claim] != ""
	})
}

// fixed reads the claims that Fix makes of m.
func (s UserInfoSource) fixed(ctx context.Context, m strictjson.Object) (*UserInfo, error) {
	if s.Fix == nil {
		return s.userInfo(m)
	}
	claims, err := s.Fix(ctx, members(m))
	if err != nil {
		return nil, refusal.Because(err, "userinfo_fix", "must have claims to go on with",
			userInfoClause)
	}
	if n, ok := claims["sub"].(json.Number); ok && strings.Trim(string(n), digits) == "" {
		claims = maps.Clone(claims) // {"sub": claims["id"]} is the least that a Fix does
		claims["sub"] = string(n)
	}
	body, err := json.Marshal(claims)
	if err != nil || claims == nil { // the error would repeat a value
		return nil, checkError("userinfo_fix", "must return an object of JSON", userInfoClause)
	}
	s.Fix = nil
	return readUserInfo(body, s)
}

// members returns the members of m as encoding/json has them, numbers in all their digits.
func members(m strictjson.Object) map[string]any {
	list := map[string]any{}
	for name, value := range m.All() {
		d := json.NewDecoder(strings.NewReader(string(value)))
		d.UseNumber()
		var v any
		_ = d.Decode(&v) // which is JSON
		list[name] = v
	}
	return list
}

// readUserInfo reads a UserInfo Response that is JSON, as it is.
func readUserInfo(body []byte, s UserInfoSource) (*UserInfo, error) {
	m, err := s.parse(body)
	if err != nil {
		return nil, err
	}
	return s.userInfo(m)
}

// userInfo reads claims, which must have a subject: the string "sub", or what takes its
// place.
func (s UserInfoSource) userInfo(m strictjson.Object) (*UserInfo, error) {
	claims := rawClaims{}
	for name, value := range m.All() {
		claims[name] = value.Raw()
	}
	for claim, place := range s.Names {
		delete(claims, claim)
		if flag := claim + "_verified"; place != claim && s.Names[flag] == "" {
			delete(claims, flag) // which is said of another member
		}
		if v := valueAt(m, place); v != nil {
			claims[claim] = v
		}
	}
	subject := claims.text("sub")
	if subject == "" {
		return nil, checkError("sub", "must be a non-empty string", userInfoClause)
	}
	return newUserInfo(Identity{s.Issuer, subject}, claims, s.Quirks.flags()), nil
}

// valueAt returns what is at a place, or made of several in braces; nil if there is nothing. A
// whole number becomes a string of all its digits, of which a float64 has not enough.
func valueAt(m strictjson.Object, place string) json.RawMessage {
	if strings.Contains(place, "{") {
		text, _, ok := braces.Fill(place, func(inner string) string {
			s, _ := m.At(inner).Text()
			return s
		})
		if !ok {
			return nil
		}
		quoted, _ := json.Marshal(text)
		return quoted
	}
	v := m.At(place)
	if number, ok := v.Text(); ok && number == string(v) {
		return json.RawMessage(`"` + number + `"`)
	}
	return v.Raw()
}
