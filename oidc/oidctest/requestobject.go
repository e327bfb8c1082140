package oidctest

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"vouchsafe/jose"
)

// requestParams returns the parameters that count: those of the request object alone, if
// there is one (RFC 9101, Section 6.3).
func (p *Provider) requestParams(ctx context.Context, client Client, params url.Values) (
	url.Values, Fault) {
	object, uri := params.Get("request"), params.Get("request_uri")
	switch {
	case repeated(params):
		return nil, RepeatedParameter
	case object != "" && uri != "":
		return nil, SeveralRequestObjects
	case object == "" && uri == "" && client.RequireRequestObject:
		return nil, MissingRequestObject
	case object == "" && uri == "":
		return params, ""
	}
	if uri != "" {
		var fault Fault
		if object, fault = p.fetchRequestObject(ctx, uri); fault != "" {
			return nil, fault
		}
	}
	claims, fault := p.openRequestObject(ctx, client, object)
	if fault != "" {
		return nil, fault
	}
	inside, ok := requestObjectParams(claims)
	if !ok {
		return nil, RequestObjectContent
	}
	return inside, checkBeside(inside, params)
}

// checkBeside checks what is beside a request object: the client, and of OpenID Connect
// enough to make a request that is complete without the object (OpenID Connect Core 1.0,
// Section 6.1). RFC 9101, Section 5 wants no more than the client.
func checkBeside(inside, beside url.Values) Fault {
	openID := slices.Contains(strings.Fields(inside.Get("scope")), "openid")
	asked := beside.Get("response_type")
	switch {
	case inside.Get("client_id") != beside.Get("client_id"):
		return OtherClientID
	case (openID || asked != "") && asked != inside.Get("response_type"):
		return OtherResponseType
	case openID && !slices.Contains(strings.Fields(beside.Get("scope")), "openid"):
		return OpenIDInObjectAlone
	}
	return ""
}

const (
	requestObjectSize = 64 << 10
	fetchTime         = 5 * time.Second
	requestObjectType = "oauth-authz-req+jwt"
)

// fetchRequestObject is RFC 9101, Section 5.2.3. The URI is one of 512 octets at most
// (Section 5.2), by https, or on loopback.
func (p *Provider) fetchRequestObject(ctx context.Context, uri string) (string, Fault) {
	u, err := url.Parse(uri)
	if err != nil || len(uri) > 512 || !fetchable(u) {
		return "", WrongRequestURI
	}
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, uri, nil)
	if err != nil {
		return "", WrongRequestURI
	}
	resp, err := p.do(req)
	if err != nil {
		return "", UnfetchedRequestObject
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, requestObjectSize+1))
	media, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	typed := media == "application/"+requestObjectType || media == "application/jwt"
	if err != nil || len(body) > requestObjectSize || resp.StatusCode != http.StatusOK || !typed {
		return "", UnfetchedRequestObject
	}
	return string(body), ""
}

// do sends a request to a client, and follows no redirect.
func (p *Provider) do(req *http.Request) (*http.Response, error) {
	req.Close = true
	client := http.Client{}
	if p.options.HTTP != nil {
		client = *p.options.HTTP
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}
	return client.Do(req)
}

func fetchable(u *url.URL) bool {
	addr, _ := netip.ParseAddr(u.Hostname())
	loopback := u.Hostname() == "localhost" || addr.IsLoopback()
	return u.Host != "" && (u.Scheme == "https" || u.Scheme == "http" && loopback)
}

// openRequestObject decrypts a request object, if it is encrypted, and verifies it, RFC 9101,
// Sections 6.1 and 6.2. A type tells it from other tokens of the client, but need not be there
// (Section 10.8).
func (p *Provider) openRequestObject(ctx context.Context, client Client, object string) (
	map[string]json.RawMessage, Fault) {
	if strings.Count(object, ".") == 4 {
		inner, err := p.decrypt(ctx, object)
		if err != nil {
			return nil, UndecryptableRequestObject
		}
		object = inner
	}
	header, err := jose.Peek(object)
	if err != nil || client.Keys == nil {
		return nil, UnsignedRequestObject
	}
	typ := "" // which takes JWT, and none
	if strings.HasSuffix(strings.ToLower(header.Type), requestObjectType) {
		typ = requestObjectType
	}
	v, err := jose.NewVerifier(jose.VerifierConfig{
		Keys: client.Keys, Algorithms: jose.SignatureAlgorithms(), Issuer: client.ID,
		Audience: p.Issuer(), Type: typ, Now: p.options.Now, MaxSize: requestObjectSize,
	})
	if err != nil {
		return nil, UnsignedRequestObject
	}
	token, err := v.Verify(ctx, object)
	if err != nil {
		return nil, requestObjectFault(err)
	}
	if token.Subject == client.ID {
		return nil, RequestObjectSubject
	}
	var claims map[string]json.RawMessage
	if token.Claims(&claims) != nil {
		return nil, RequestObjectContent
	}
	return claims, ""
}

func (p *Provider) decrypt(ctx context.Context, object string) (string, error) {
	d, err := jose.NewDecrypter(jose.DecrypterConfig{
		Keys:        jose.NewSet(p.encryption),
		Algorithms:  p.encryption.Algorithms(),
		Encryptions: jose.ContentEncryptions(),
		MaxSize:     requestObjectSize,
	})
	if err != nil {
		return "", err
	}
	opened, err := d.Decrypt(ctx, object)
	if err != nil {
		return "", err
	}
	return string(opened.Plaintext()), nil
}

// requestObjectFault names the check that a request object did not pass.
func requestObjectFault(err error) Fault {
	check, _ := errors.AsType[*jose.CheckError](err)
	if check == nil {
		return UnsignedRequestObject
	}
	switch check.Check {
	case "typ":
		return RequestObjectType
	case "iss":
		return RequestObjectIssuer
	case "aud":
		return RequestObjectAudience
	case "exp", "nbf", "iat":
		return RequestObjectExpiry
	case "claims", "payload":
		return RequestObjectContent
	}
	return UnsignedRequestObject
}

// requestObjectParams turns claims into the parameters that they stand for, RFC 9101, Section
// 4: max_age is a number, claims and authorization_details are JSON of their own, resource
// may be a list, and all others are strings. A request object has no other in it.
func requestObjectParams(claims map[string]json.RawMessage) (url.Values, bool) {
	params := url.Values{}
	for name, text := range claims {
		switch name {
		case "iss", "aud", "exp", "nbf", "iat", "jti", "sub":
			continue
		case "request", "request_uri":
			return nil, false
		}
		var list []string
		var value *string
		isText := json.Unmarshal(text, &value) == nil && value != nil
		switch native := slices.Contains(nativeParams, name); {
		case isText && !native:
			params.Set(name, *value)
		case name == "resource" && json.Unmarshal(text, &list) == nil:
			params[name] = list
		case !isText && native:
			params.Set(name, string(text))
		default:
			return nil, false
		}
	}
	return params, true
}

// nativeParams are those that are no strings in a request object.
var nativeParams = []string{"max_age", "claims", "authorization_details"}
