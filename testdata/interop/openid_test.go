package interop

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"net/http/httptest"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

const (
	// Implicit and hybrid clients must be https. It is compared and never requested.
	siteRedirectURI = "https://client.example.com/callback"

	longSecret = "a secret of more than 32 bytes: &=+%" // long enough for HS256

	silver = "urn:example:silver" // the acr of every login
	gold   = "urn:example:gold"   // which the provider knows, and no login gets
)

// An openIDCase is one login at the provider.
type openIDCase struct {
	name     string
	provider map[string]any              // the client's metadata there
	config   func(keyring, *oidc.Config) // and here, if not the usual
	options  oidc.AuthorizationOptions   // of the login
	request  func(url.Values)            // what becomes of the request on its way
	response func(url.Values)            // and of the response
	userInfo string                      // the check of UserInfo that fails, if one does
	want     error                       // of the login
}

// A keyring is the client's private keys. The provider has the public ones.
type keyring struct{ sign, rsa, ecdh *jose.Key }

func newKeyring(t *testing.T) keyring {
	t.Helper()
	generate := func(alg string) *jose.Key {
		key, err := jose.GenerateKey(alg)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	return keyring{generate("ES256"), generate("RSA-OAEP-256"), generate("ECDH-ES")}
}

// encrypted says that something comes signed with alg, and encrypted for the client.
func (k keyring) encrypted(alg, management, enc string) oauth2.SignedResponse {
	d, err := jose.NewDecrypter(jose.DecrypterConfig{
		Keys:        jose.NewSet(k.rsa, k.ecdh),
		Algorithms:  []string{management},
		Encryptions: []string{enc},
	})
	if err != nil {
		panic(err) // only a mistake in a table can be the cause
	}
	return oauth2.SignedResponse{SigningAlgorithm: alg, Decrypter: d}
}

func signedWith(alg string) oauth2.SignedResponse {
	return oauth2.SignedResponse{SigningAlgorithm: alg}
}

// metadata returns the client's at the provider, RFC 7591, Section 2.
func (c openIDCase) metadata(id string, k keyring) map[string]any {
	m := map[string]any{
		"client_id":                  id,
		"client_secret":              longSecret,
		"redirect_uris":              []string{siteRedirectURI},
		"token_endpoint_auth_method": "client_secret_basic",
		"grant_types":                []string{"authorization_code", "implicit", "refresh_token"},
		"response_types":             responseTypes(),
		"jwks":                       jose.NewSet(k.sign, k.rsa, k.ecdh),
	}
	maps.Copy(m, c.provider)
	return m
}

func responseTypes() []string {
	return []string{"code", "code id_token", "code token", "code id_token token", "id_token",
		"id_token token"}
}

// logIn makes one login, by a user of the given browser.
func (c openIDCase) logIn(
	ctx context.Context, client *oidc.Client, b *browser,
) (*oidc.Login, error) {
	o := c.options
	o.RedirectURI, o.Scopes = siteRedirectURI, []string{"profile", "email"}
	req, err := client.Authorize(ctx, o)
	if err != nil {
		return nil, err
	}
	params, err := c.callback(b, req.URL)
	if err != nil {
		return nil, err
	}
	state, err := client.CallbackState(ctx, params)
	if err == nil && c.response == nil && state != req.Transaction.State() {
		err = errors.New("CallbackState is not that of the transaction")
	}
	if err != nil && c.want == nil {
		return nil, err
	}
	return client.Callback(ctx, params, req.Transaction)
}

// callback has the browser log in, and reads the request it comes back with.
func (c openIDCase) callback(b *browser, authorize string) (url.Values, error) {
	if c.request != nil {
		u, err := url.Parse(authorize)
		if err != nil {
			return nil, err
		}
		query := u.Query()
		c.request(query)
		u.RawQuery = query.Encode()
		authorize = u.String()
	}
	back, err := b.goBack(authorize)
	if err != nil {
		return nil, err
	}
	r := httptest.NewRequest(back.Method, back.URL.RequestURI(), back.Body)
	r.Header = back.Header
	if f := back.URL.EscapedFragment(); f != "" { // as oauth2.RelayFragment's page does
		r = httptest.NewRequest("POST", back.URL.RequestURI(), strings.NewReader(f))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	params, err := oauth2.ReadCallback(r)
	if err == nil && c.response != nil {
		c.response(params)
	}
	return params, err
}

// clientOf makes the client that the provider knows as id.
func (c openIDCase) clientOf(t *testing.T, issuer, id string, k keyring) *oidc.Client {
	t.Helper()
	config := oidc.Config{
		Issuer: issuer,
		ID:     id,
		Auth:   oauth2.ClientSecretBasic(longSecret),
	}
	if c.config != nil {
		c.config(k, &config)
	}
	client, err := oidc.New(config)
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// startOpenID starts a provider with a client for each case, and returns the clients.
func startOpenID(t *testing.T, cases []openIDCase) (issuer string, clients []*oidc.Client) {
	t.Helper()
	k := newKeyring(t)
	registered := make([]map[string]any, len(cases))
	for i, c := range cases {
		registered[i] = c.metadata("case "+strconv.Itoa(i), k)
	}
	text, err := json.Marshal(registered)
	if err != nil {
		t.Fatal(err)
	}
	issuer = startProvider(t, testClientID, testSecret, testRedirectURI, string(text))
	for i, c := range cases {
		clients = append(clients, c.clientOf(t, issuer, "case "+strconv.Itoa(i), k))
	}
	return issuer, clients
}

// One provider has the clients of all cases.
func TestOpenIDAtProvider(t *testing.T) {
	groups := []struct {
		name  string
		cases []openIDCase
	}{
		{"responses", responses()},
		{"algorithms", algorithms()},
		{"disagreements", disagreements()},
		{"request objects", requestObjects()},
		{"requests", requests()},
		{"attacks", attacks()},
	}
	var all []openIDCase
	for _, g := range groups {
		all = append(all, g.cases...)
	}
	_, clients := startOpenID(t, all)
	for _, g := range groups {
		t.Run(g.name, func(t *testing.T) {
			for _, c := range g.cases {
				t.Run(c.name, func(t *testing.T) { c.run(t, clients[0]) })
				clients = clients[1:]
			}
		})
	}
}

func (c openIDCase) run(t *testing.T, client *oidc.Client) {
	login, err := c.logIn(t.Context(), client, newBrowser("alice", siteRedirectURI))
	if !errors.Is(err, c.want) {
		t.Fatalf("error is %v, want %v", err, c.want)
	}
	if err == nil {
		c.checkLogin(t, client, login)
	}
}

// checkLogin asks for UserInfo, and refreshes, where there are tokens for it.
func (c openIDCase) checkLogin(t *testing.T, client *oidc.Client, login *oidc.Login) {
	t.Helper()
	if login.IDToken.Subject != "alice" {
		t.Errorf("the ID Token is of %v", login.IDToken.Identity())
	}
	if login.Token.AccessToken() == "" {
		// OpenID Connect Core 1.0, Section 5.4: then all claims are in the ID Token.
		if name := login.IDToken.UserInfo().Name; name != "Name of alice" {
			t.Errorf("the ID Token says that the name is %q", name)
		}
		return
	}
	c.checkUserInfo(t, client, login)
	if login.Token.RefreshToken() == "" {
		return
	}
	renewed, err := client.Refresh(t.Context(), login.Token)
	if err != nil {
		t.Fatal(err)
	}
	if renewed.Token.IDToken() == login.Token.IDToken() {
		return // the very same: it was issued in the same second, and is no news
	}
	if renewed.IDToken == nil || renewed.IDToken.Identity() != login.IDToken.Identity() {
		t.Errorf("the refreshed ID Token is %+v", renewed.IDToken)
	}
}

func (c openIDCase) checkUserInfo(t *testing.T, client *oidc.Client, login *oidc.Login) {
	t.Helper()
	user, err := client.UserInfo(t.Context(), login)
	if c.userInfo != "" {
		if !errors.Is(err, &jose.CheckError{Check: c.userInfo}) {
			t.Errorf("UserInfo: error is %v, want that of %s", err, c.userInfo)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	if user.Identity != login.IDToken.Identity() || user.Name != "Name of alice" {
		t.Errorf("UserInfo is %+v", user)
	}
}

func set(name, value string) func(url.Values) {
	return func(v url.Values) { v.Set(name, value) }
}

func remove(name string) func(url.Values) {
	return func(v url.Values) { v.Del(name) }
}

func check(name string) error { return &jose.CheckError{Check: name} }

func refusal(code string) error { return &oauth2.Error{Code: code} }

// Every response type in every mode that it may come in.
func responses() []openIDCase {
	var cases []openIDCase
	for _, responseType := range responseTypes() {
		modes := []string{"", "fragment", "form_post", "jwt", "fragment.jwt", "form_post.jwt"}
		if responseType == "code" {
			modes = append(modes, "query", "query.jwt")
		}
		for _, mode := range modes {
			cases = append(cases, openIDCase{
				name:    responseType + " by " + mode,
				options: oidc.AuthorizationOptions{ResponseType: responseType, ResponseMode: mode},
			})
		}
	}
	return cases
}

// Each algorithm, for all that is signed or encrypted.
func algorithms() []openIDCase {
	all := oidc.AuthorizationOptions{
		ResponseType: "code id_token token", ResponseMode: "form_post.jwt"}
	var cases []openIDCase
	for _, alg := range []string{"RS256", "PS256", "ES256", "EdDSA", "HS256"} {
		cases = append(cases, openIDCase{
			name: alg,
			provider: map[string]any{
				"id_token_signed_response_alg":      alg,
				"userinfo_signed_response_alg":      alg,
				"authorization_signed_response_alg": alg,
			},
			config: func(_ keyring, c *oidc.Config) {
				c.IDToken, c.UserInfo, c.AuthorizationResponse =
					signedWith(alg), signedWith(alg), signedWith(alg)
			},
			options: all,
		})
	}
	for _, e := range []struct{ alg, management, enc string }{
		{"RS256", "RSA-OAEP-256", "A256GCM"},
		{"ES256", "ECDH-ES", "A128CBC-HS256"},
		{"HS256", "ECDH-ES", "A256CBC-HS512"},
		{"PS256", "RSA-OAEP-256", "A128GCM"},
	} {
		cases = append(cases, openIDCase{
			name: e.alg + " in " + e.management + " and " + e.enc,
			provider: map[string]any{
				"id_token_signed_response_alg":         e.alg,
				"userinfo_signed_response_alg":         e.alg,
				"authorization_signed_response_alg":    e.alg,
				"id_token_encrypted_response_alg":      e.management,
				"userinfo_encrypted_response_alg":      e.management,
				"authorization_encrypted_response_alg": e.management,
				"id_token_encrypted_response_enc":      e.enc,
				"userinfo_encrypted_response_enc":      e.enc,
				"authorization_encrypted_response_enc": e.enc,
			},
			config: func(k keyring, c *oidc.Config) {
				r := k.encrypted(e.alg, e.management, e.enc)
				c.IDToken, c.UserInfo, c.AuthorizationResponse = r, r, r
			},
			options: all,
		})
	}
	return append(cases, openIDCase{
		name: "encrypted, and signed as is usual",
		provider: map[string]any{
			"id_token_encrypted_response_alg":      "ECDH-ES",
			"userinfo_signed_response_alg":         "RS256", // which it wants to be told
			"userinfo_encrypted_response_alg":      "ECDH-ES",
			"authorization_encrypted_response_alg": "ECDH-ES",
		},
		config: func(k keyring, c *oidc.Config) {
			r := k.encrypted("", "ECDH-ES", "A128CBC-HS256")
			c.IDToken, c.UserInfo, c.AuthorizationResponse = r, r, r
		},
		options: all,
	})
}

// Where the client and the provider do not agree, it is the client that refuses.
func disagreements() []openIDCase {
	code, jarm := oidc.AuthorizationOptions{}, oidc.AuthorizationOptions{ResponseMode: "jwt"}
	es256 := func(what string) map[string]any {
		return map[string]any{what + "_signed_response_alg": "ES256"}
	}
	encrypted := func(what string) map[string]any {
		return map[string]any{
			what + "_signed_response_alg":    "RS256",
			what + "_encrypted_response_alg": "ECDH-ES",
		}
	}
	rs256 := signedWith("RS256")
	decrypter := func(k keyring) oauth2.SignedResponse {
		return k.encrypted("RS256", "ECDH-ES", "A128CBC-HS256")
	}
	hs256 := map[string]any{
		"id_token_signed_response_alg":      "HS256",
		"userinfo_signed_response_alg":      "HS256",
		"authorization_signed_response_alg": "HS256",
	}
	return []openIDCase{
		{name: "ID Token: any that is advertised", provider: es256("id_token"), options: code},
		{name: "ID Token: another algorithm", provider: es256("id_token"), options: code,
			config: func(_ keyring, c *oidc.Config) { c.IDToken = rs256 }, want: check("alg")},
		{name: "ID Token: HMAC that is not registered", provider: hs256, options: code,
			want: check("alg")},
		{name: "ID Token: not encrypted", options: code,
			config: func(k keyring, c *oidc.Config) { c.IDToken = decrypter(k) },
			want:   check("compact")},
		{name: "ID Token: encrypted", provider: encrypted("id_token"), options: code,
			want: check("compact")},
		{name: "ID Token: encrypted otherwise", provider: encrypted("id_token"), options: code,
			config: func(k keyring, c *oidc.Config) {
				c.IDToken = k.encrypted("RS256", "RSA-OAEP-256", "A128CBC-HS256")
			}, want: check("alg")},

		{name: "response: any that is advertised", provider: es256("authorization"), options: jarm},
		{name: "response: another algorithm", provider: es256("authorization"), options: jarm,
			config: func(_ keyring, c *oidc.Config) { c.AuthorizationResponse = rs256 },
			want:   check("alg")},
		{name: "response: HMAC that is not registered", provider: hs256, options: jarm,
			want: check("alg")},
		{name: "response: not encrypted", options: jarm,
			config: func(k keyring, c *oidc.Config) { c.AuthorizationResponse = decrypter(k) },
			want:   check("compact")},
		{name: "response: encrypted", provider: encrypted("authorization"), options: jarm,
			want: check("compact")},

		{name: "UserInfo: any that is advertised", provider: es256("userinfo"), options: code},
		{name: "UserInfo: another algorithm", provider: es256("userinfo"), options: code,
			config: func(_ keyring, c *oidc.Config) { c.UserInfo = rs256 }, userInfo: "alg"},
		{name: "UserInfo: not signed", options: code,
			config:   func(_ keyring, c *oidc.Config) { c.UserInfo = rs256 },
			userInfo: "content_type"},
		{name: "UserInfo: not encrypted", provider: es256("userinfo"), options: code,
			config:   func(k keyring, c *oidc.Config) { c.UserInfo = decrypter(k) },
			userInfo: "compact"},
		{name: "UserInfo: encrypted", provider: encrypted("userinfo"), options: code,
			userInfo: "compact"},
	}
}

// Request objects, by value. The provider does not take request_uri, and says so.
func requestObjects() []openIDCase {
	hybrid := oidc.AuthorizationOptions{
		ResponseType: "code id_token",
		ResponseMode: "form_post",
		ACRValues:    []string{silver},
		MaxAge:       new(time.Hour),
		Claims: &oidc.ClaimsRequest{IDToken: map[string]oidc.ClaimRequest{
			"auth_time": {Essential: true}, "name": {}}},
	}
	object := func(management, enc string) func(keyring, *oidc.Config) {
		return func(k keyring, c *oidc.Config) {
			c.RequestObject = oauth2.RequestObject{
				Key: k.sign, EncryptionAlgorithm: management, Encryption: enc}
		}
	}
	required := map[string]any{
		"require_signed_request_object": true, "request_object_signing_alg": "ES256"}
	hmac := func(_ keyring, c *oidc.Config) {
		key, err := oauth2.SecretKey(c.Auth)
		if err != nil {
			panic(err)
		}
		c.RequestObject = oauth2.RequestObject{Key: key, Algorithm: "HS256"}
	}
	byReference := func(k keyring, c *oidc.Config) {
		store, err := oauth2.NewRequestObjects("https://client.example.com/requests")
		if err != nil {
			panic(err)
		}
		c.RequestObject = oauth2.RequestObject{Key: k.sign, Publish: store.Publish}
	}
	stranger := func(_ keyring, c *oidc.Config) {
		key, err := jose.GenerateKey("ES256")
		if err != nil {
			panic(err)
		}
		c.RequestObject = oauth2.RequestObject{Key: key}
	}
	return []openIDCase{
		{name: "none", options: hybrid},
		{name: "signed", config: object("", ""), options: hybrid},
		{name: "signed, as is required", provider: required, config: object("", ""),
			options: hybrid},
		{name: "required", provider: required, options: hybrid, want: refusal("invalid_request")},
		{name: "HS256", config: hmac, options: hybrid},
		{name: "encrypted", config: object("RSA-OAEP-256", ""), options: hybrid},
		{name: "encrypted with ECDH-ES", config: object("ECDH-ES", "A256GCM"), options: hybrid},
		{name: "by a stranger", config: stranger, options: hybrid,
			want: refusal("invalid_request_object")},
		{name: "changed beside the object", config: object("", ""), options: hybrid,
			request: func(v url.Values) { v.Set("acr_values", gold); v.Set("max_age", "0") }},
		{name: "by reference", config: byReference, options: hybrid,
			want: check("state")}, // which is in the object that the provider has not read
	}
}

// What a request asks for, and what becomes of the login if it was not heeded.
func requests() []openIDCase {
	idToken := func(name string, c oidc.ClaimRequest) oidc.AuthorizationOptions {
		return oidc.AuthorizationOptions{Claims: &oidc.ClaimsRequest{
			IDToken: map[string]oidc.ClaimRequest{name: c}}}
	}
	five := 5 * time.Minute
	ahead := func(_ keyring, c *oidc.Config) {
		c.Now = func() time.Time { return time.Now().Add(five) }
	}
	maxAge := oidc.AuthorizationOptions{MaxAge: new(time.Minute)}
	return []openIDCase{
		{name: "prompt=none without a session",
			options: oidc.AuthorizationOptions{Prompt: []string{"none"}},
			want:    refusal("login_required")},
		{name: "prompt=none, posted",
			options: oidc.AuthorizationOptions{Prompt: []string{"none"}, ResponseMode: "form_post"},
			want:    refusal("login_required")},
		{name: "prompt=none, signed", options: oidc.AuthorizationOptions{Prompt: []string{"none"},
			ResponseType: "id_token", ResponseMode: "form_post.jwt"},
			want: refusal("login_required")},
		{name: "prompt=login consent",
			options: oidc.AuthorizationOptions{Prompt: []string{"login", "consent"}}},
		{name: "languages, hint and display", options: oidc.AuthorizationOptions{
			UILocales: []string{"de-CH", "fr"}, LoginHint: "alice@example.com", Display: "page"}},

		{name: "max_age", options: maxAge},
		{name: "max_age=0", options: oidc.AuthorizationOptions{MaxAge: new(time.Duration)}},
		{name: "max_age, too long ago", config: ahead, options: maxAge, want: check("auth_time")},
		{name: "max_age, lost", options: maxAge, request: remove("max_age"),
			want: check("auth_time")},

		{name: "acr_values", options: oidc.AuthorizationOptions{ACRValues: []string{gold, silver}}},
		{name: "acr_values, not met", options: oidc.AuthorizationOptions{ACRValues: []string{gold}},
			want: check("acr")},
		{name: "acr essential",
			options: idToken("acr", oidc.ClaimRequest{Essential: true, Value: silver})},
		{name: "acr essential, one of two",
			options: idToken("acr",
				oidc.ClaimRequest{Essential: true, Values: []any{gold, silver}})},
		{name: "acr essential, not met", options: idToken("acr",
			oidc.ClaimRequest{Essential: true, Value: gold}), want: refusal("login_required")},
		{name: "acr essential, lost", options: idToken("acr",
			oidc.ClaimRequest{Essential: true, Value: gold}), request: remove("claims"),
			want: check("acr")},
		{name: "auth_time essential",
			options: idToken("auth_time", oidc.ClaimRequest{Essential: true})},
		{name: "auth_time essential, lost",
			options: idToken("auth_time", oidc.ClaimRequest{Essential: true}),
			request: remove("claims"), want: check("auth_time")},
		{name: "sub", options: idToken("sub", oidc.ClaimRequest{Value: "alice"})},
		{name: "sub of another", options: idToken("sub", oidc.ClaimRequest{Value: "bob"}),
			want: refusal("login_required")},
		{name: "sub of another, lost", options: idToken("sub", oidc.ClaimRequest{Value: "bob"}),
			request: remove("claims"), want: check("sub")},
	}
}

// What somebody between the provider and the client may change, and what sees it.
func attacks() []openIDCase {
	code, implicit := oidc.AuthorizationOptions{}, oidc.AuthorizationOptions{
		ResponseType: "id_token token"}
	hybrid := oidc.AuthorizationOptions{ResponseType: "code id_token token"}
	hybridSigned := oidc.AuthorizationOptions{
		ResponseType: "code id_token", ResponseMode: "fragment.jwt"}
	jarm := oidc.AuthorizationOptions{ResponseMode: "query.jwt"}
	return []openIDCase{
		{name: "state", options: code, response: set("state", "other"), want: check("state")},
		{name: "iss", options: code, response: set("iss", "https://op.example.com"),
			want: check("iss")},
		{name: "iss beside an ID Token", options: hybrid,
			response: set("iss", "https://op.example.com"), want: check("iss")},
		{name: "no iss", options: code, response: remove("iss"), want: check("iss")},
		{name: "no iss beside an access token", options: oidc.AuthorizationOptions{
			ResponseType: "code token"}, response: remove("iss"), want: check("iss")},
		{name: "no ID Token", options: hybrid, response: remove("id_token"), want: check("iss")},
		{name: "no ID Token, signed", options: hybridSigned,
			request: set("response_type", "code"), want: check("response_type")},
		{name: "nonce", options: code, request: set("nonce", "other"), want: check("nonce")},
		{name: "nonce by the browser", options: implicit, request: set("nonce", "other"),
			want: check("nonce")},
		{name: "code", options: hybrid, response: set("code", "other"), want: check("c_hash")},
		{name: "code without an ID Token", options: code, response: set("code", "other"),
			want: refusal("invalid_grant")},
		{name: "code_challenge", options: code, request: set("code_challenge", testChallenge),
			want: refusal("invalid_grant")},
		{name: "access_token", options: implicit, response: set("access_token", "other"),
			want: check("at_hash")},
		{name: "access_token beside a code", options: hybrid,
			response: set("access_token", "other"), want: check("at_hash")},
		{name: "ID Token", options: implicit, response: func(v url.Values) {
			text := v.Get("id_token")
			v.Set("id_token", text[:strings.LastIndex(text, ".")+1]+strings.Repeat("A", 342))
		}, want: jose.ErrSignature},
		{name: "response_type with less", options: hybrid, request: set("response_type", "code"),
			want: check("response_type")},
		{name: "response_type with more", options: code,
			request: set("response_type", "code id_token"), want: check("iss")},
		{name: "response not signed", options: jarm, request: set("response_mode", "query"),
			want: check("response")},
		{name: "response signed unasked", options: code, request: set("response_mode", "query.jwt"),
			want: check("response")},
		{name: "response and more", options: jarm, response: set("iss", "https://op.example.com"),
			want: check("response")},
	}
}

// Who has logged in before need not again; and who did, is who must come back. The ID Tokens
// are encrypted for the client, and so no hint as they are.
func TestSessionsAtProvider(t *testing.T) {
	_, clients := startOpenID(t, []openIDCase{{
		provider: map[string]any{"id_token_encrypted_response_alg": "ECDH-ES"},
		config: func(k keyring, c *oidc.Config) {
			c.IDToken = k.encrypted("", "ECDH-ES", "A128CBC-HS256")
		},
	}})
	client := clients[0]
	alice, bob := newBrowser("alice", siteRedirectURI), newBrowser("bob", siteRedirectURI)
	first, err := openIDCase{}.logIn(t.Context(), client, alice)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (openIDCase{}).logIn(t.Context(), client, bob); err != nil {
		t.Fatal(err)
	}
	none := oidc.AuthorizationOptions{Prompt: []string{"none"}}
	hint := oidc.AuthorizationOptions{Prompt: []string{"none"}, IDTokenHint: first.Token.IDToken()}
	lost := func(v url.Values) { v.Del("id_token_hint") }
	for _, test := range []struct {
		openIDCase
		browser *browser
	}{
		{openIDCase{name: "no hint", options: none}, alice},
		{openIDCase{name: "a hint", options: hint}, alice},
		{openIDCase{name: "another user", options: none}, bob},
		{openIDCase{name: "a hint of another user", options: hint,
			want: refusal("login_required")}, bob},
		{openIDCase{name: "a hint of another user, lost", options: hint, request: lost,
			want: check("sub")}, bob},
	} {
		t.Run(test.name, func(t *testing.T) {
			login, err := test.logIn(t.Context(), client, test.browser)
			if !errors.Is(err, test.want) {
				t.Fatalf("error is %v, want %v", err, test.want)
			}
			if err == nil && login.IDToken.Subject != test.browser.login {
				t.Errorf("the ID Token is of %v", login.IDToken.Identity())
			}
		})
	}
}

// A provider that comes back with other keys has them fetched, once its clients may ask
// again, and the old ones are no longer believed.
func TestKeyRotationAtProvider(t *testing.T) {
	args := []string{testClientID, longSecret, siteRedirectURI}
	issuer, stop := startProviderAgain(t, args)
	var ahead time.Duration
	c := openIDCase{config: func(_ keyring, c *oidc.Config) {
		c.Now = func() time.Time { return time.Now().Add(ahead) }
	}}
	client := c.clientOf(t, issuer, testClientID, keyring{})
	before, err := c.logIn(t.Context(), client, newBrowser("alice", siteRedirectURI))
	if err != nil {
		t.Fatal(err)
	}
	stop()
	t.Setenv("OP_PORT", issuer[strings.LastIndex(issuer, ":")+1:])
	startProviderAgain(t, args)
	ahead = 31 * time.Second // for a key set may be asked for again after 30
	after, err := c.logIn(t.Context(), client, newBrowser("alice", siteRedirectURI))
	if err != nil {
		t.Fatal(err)
	}
	c.checkLogin(t, client, after)
	_, err = client.VerifyIDToken(t.Context(), before.Token.IDToken(),
		oidc.IDTokenExpectations{InsecureWithoutNonce: true})
	if !errors.Is(err, check("key")) {
		t.Errorf("a token of the old keys: error is %v", err)
	}
}
