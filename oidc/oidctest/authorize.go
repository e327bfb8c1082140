package oidctest

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A request is an authorization request that was found good, or a device's.
type request struct {
	client      Client
	redirectURI string
	types       []string // what the response brings
	mode        string   // and how, of responseModes, but never jwt
	state       string
	nonce       string
	challenge   string
	scopes      []string
	acr         string
	claims      claimsRequest
	subject     string // who must log in, if not empty
	hint        string // who may be about to
	session     string // that the login goes on in, if it is one
	silent      bool   // nothing may be shown to the user
	create      bool   // the user may be new
	userCode    string // of a device
}

// A grant is what a user granted: the worth of a code or a refresh token.
type grant struct {
	request
	user    User
	sid     string    // of the session
	at      time.Time // when the user logged in
	used    bool
	revoked bool
}

const codeLife = time.Minute

// serveAuthorize takes an authorization request, RFC 6749, Section 4.1.1, by GET or POST
// (OpenID Connect Core 1.0, Section 3.1.2.1). While the client and its redirection
// endpoint are not known to be good, the browser is sent nowhere (RFC 6749, Section
// 4.1.2.1).
func (p *Provider) serveAuthorize(w http.ResponseWriter, r *http.Request) {
	params, _ := browserParams(w, r)
	client, ok := p.client(params.Get("client_id"))
	if !ok {
		p.refusePage(w, UnknownClient)
		return
	}
	object, fault := p.requestParams(r.Context(), client, params)
	if fault == "" {
		params = object
	}
	if !client.mayRedirectTo(params.Get("redirect_uri")) {
		if fault == "" {
			fault = WrongRedirectURI
		}
		p.refusePage(w, fault)
		return
	}
	req := newRequest(client, params)
	if fault == "" {
		fault = p.checkRequest(&req, params)
	}
	if fault != "" {
		p.refuseRequest(w, r, req, fault)
		return
	}
	p.logIn(w, r, req)
}

// browserParams are the parameters that the browser comes with, by GET or POST. The error is
// that of a form.
func browserParams(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if r.Method != http.MethodPost {
		return r.URL.Query(), nil
	}
	r.Body = http.MaxBytesReader(w, r.Body, 64<<10)
	err := r.ParseForm()
	return r.PostForm, err
}

// newRequest reads what is needed to answer a request, and what is taken as it is.
func newRequest(client Client, params url.Values) request {
	req := request{
		client:      client,
		redirectURI: params.Get("redirect_uri"),
		types:       parseResponseType(params.Get("response_type")),
		state:       params.Get("state"),
		nonce:       params.Get("nonce"),
		challenge:   params.Get("code_challenge"),
		scopes:      strings.Fields(params.Get("scope")),
		hint:        params.Get("login_hint"),
	}
	req.setMode(params.Get("response_mode"))
	return req
}

// checkRequest reads the rest of a request, and returns the fault in it.
func (p *Provider) checkRequest(req *request, params url.Values) Fault {
	if req.types == nil {
		return WrongResponseType
	}
	if !req.setMode(params.Get("response_mode")) {
		return WrongResponseMode
	}
	if fault := req.checkSecrets(params); fault != "" {
		return fault
	}
	if fault := p.readLogin(req, params); fault != "" {
		return fault
	}
	return p.checkFresh(*req)
}

// checkSecrets checks what binds the response to the request.
func (req request) checkSecrets(params url.Values) Fault {
	method := params.Get("code_challenge_method")
	switch {
	case req.state == "":
		return MissingState
	case req.has("id_token") && !slices.Contains(req.scopes, "openid"):
		return IDTokenWithoutOpenID
	case req.has("id_token") && req.nonce == "":
		return MissingNonce
	case !req.has("code"):
		return ""
	case req.challenge == "":
		return MissingChallenge
	case method != "S256" || !isHash(req.challenge):
		return WrongChallenge
	}
	return ""
}

// isHash reports whether s is a SHA-256 hash in base64url without padding, in its one
// spelling.
func isHash(s string) bool {
	hash, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil && len(hash) == sha256.Size && len(s) == 43
}

// readLogin reads what a request says of the login itself, OpenID Connect Core 1.0, Section
// 3.1.2.1. The login is new each time, so that max_age is met, whatever it is.
func (p *Provider) readLogin(req *request, params url.Values) Fault {
	asked := strings.Fields(params.Get("prompt"))
	req.silent, req.create = slices.Contains(asked, "none"), slices.Contains(asked, "create")
	unknown := func(s string) bool { return !slices.Contains(prompts, s) }
	if req.silent && len(asked) > 1 || slices.ContainsFunc(asked, unknown) {
		return WrongPrompt
	}
	if params.Has("max_age") {
		if _, err := strconv.ParseUint(params.Get("max_age"), 10, 31); err != nil {
			return WrongMaxAge
		}
	}
	claims, ok := parseClaims(params.Get("claims"))
	if !ok {
		return WrongClaims
	}
	req.claims = claims
	req.acr, _, _ = strings.Cut(params.Get("acr_values"), " ")
	if req.acr == "" {
		req.acr = claims.idToken["acr"].wanted()
	}
	req.subject = claims.idToken["sub"].wanted()
	if text := params.Get("id_token_hint"); text != "" {
		h, ok := p.readHint(text, req.client)
		if !ok {
			return WrongIDTokenHint
		}
		req.subject, req.session = h.Subject, h.Session
	}
	return ""
}

// checkFresh checks that what must be new in each request is. What has another fault does
// not use it up.
func (p *Provider) checkFresh(req request) Fault {
	switch {
	case !p.first("state", req.state):
		return RepeatedState
	case req.has("code") && !p.first("challenge", req.challenge):
		return RepeatedChallenge
	case req.nonce != "" && !p.first("nonce", req.nonce):
		return RepeatedNonce
	}
	return ""
}

// repeated reports whether a parameter comes twice that must not: all but
// resource (RFC 8707, Section 2).
func repeated(params url.Values) bool {
	for name, values := range params {
		if len(values) > 1 && name != "resource" {
			return true
		}
	}
	return false
}

// first reports whether a value of a kind is seen for the first time.
func (p *Provider) first(kind, value string) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := kind + " " + value
	seen := p.seen[key]
	p.seen[key] = true
	return !seen
}

// approve sends the browser back with what it is to bring, or lets the device in.
func (p *Provider) approve(w http.ResponseWriter, r *http.Request, req request, user User) {
	if req.userCode != "" {
		p.decideDevice(w, req.userCode, &user)
		return
	}
	p.mu.Lock()
	g := p.newGrant(req, user)
	p.mu.Unlock()
	answer, err := p.answer(g)
	if err != nil {
		http.Error(w, "the ID Token cannot be signed", http.StatusInternalServerError)
		return
	}
	p.respond(w, r, req, answer)
}

// answer makes what a response brings, OpenID Connect Core 1.0, Sections 3.2.2.5 and 3.3.2.5.
func (p *Provider) answer(g *grant) (url.Values, error) {
	answer := url.Values{}
	if g.has("code") {
		code := rand.Text()
		p.mu.Lock()
		p.codes[code] = g
		p.mu.Unlock()
		answer.Set("code", code)
	}
	if g.has("token") {
		answer.Set("access_token", p.newAccessToken(g, g.scopes))
		answer.Set("token_type", "Bearer")
		answer.Set("expires_in", strconv.Itoa(int(p.options.TokenLife/time.Second)))
		answer.Set("scope", strings.Join(g.scopes, " "))
	}
	if !g.has("id_token") {
		return answer, nil
	}
	idToken, err := p.idToken(g, beside{
		accessToken: answer.Get("access_token"), code: answer.Get("code"), state: g.state,
	}, false)
	answer.Set("id_token", idToken)
	return answer, err
}

// deny sends the browser back without a code, or refuses the device.
func (p *Provider) deny(w http.ResponseWriter, r *http.Request, req request) {
	p.refuse(UserDenied)
	if req.userCode != "" {
		p.decideDevice(w, req.userCode, nil)
		return
	}
	p.respond(w, r, req, url.Values{"error": {"access_denied"}})
}

// refuseRequest keeps a fault and sends the browser back with it.
func (p *Provider) refuseRequest(w http.ResponseWriter, r *http.Request, req request, f Fault) {
	p.refuse(f)
	p.respond(w, r, req, url.Values{
		"error": {requestErrorCode(f)}, "error_description": {string(f)},
	})
}

// requestErrorCode is that of RFC 6749, Section 4.1.2.1, of OpenID Connect Core 1.0, Section
// 3.1.2.6, or of RFC 9101, Section 7.
func requestErrorCode(f Fault) string {
	switch f {
	case WrongResponseType:
		return "unsupported_response_type"
	case IDTokenWithoutOpenID:
		return "invalid_scope"
	case LoginRequired:
		return "login_required"
	case WrongRequestURI, UnfetchedRequestObject:
		return "invalid_request_uri"
	case UndecryptableRequestObject, UnsignedRequestObject, RequestObjectType,
		RequestObjectIssuer, RequestObjectAudience, RequestObjectExpiry, RequestObjectSubject,
		RequestObjectContent, OtherClientID, OtherResponseType:
		return "invalid_request_object"
	}
	return "invalid_request"
}
