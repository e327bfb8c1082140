package oauth2

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
)

func jarConfig(key *jose.Key) Config {
	c := configAt(asIssuer)
	c.RequestObject.Key = key
	return c
}

// openObject verifies a request object as a server would.
func openObject(t *testing.T, object string, key *jose.Key) *jose.Token {
	t.Helper()
	return verified(t, object, key, jose.VerifierConfig{Algorithms: jose.SignatureAlgorithms(),
		Issuer: "client", Audience: asIssuer, Type: "oauth-authz-req+jwt"})
}

// RFC 9101, Section 4: what the object has, and what stands beside it.
func TestRequestObject(t *testing.T) {
	key := signingKey(t, "ES256")
	c := newClient(t, jarConfig(key))
	for _, test := range []struct {
		name   string
		o      AuthorizationOptions
		want   string // the claims that are the same in each request but for those below
		beside string
	}{
		{"plain", AuthorizationOptions{}, `{"response_type":"code"}`, "client_id request"},
		{"everything", AuthorizationOptions{Scopes: []string{"a", "b"}, ResponseMode: "form_post",
			Resources: []string{"urn:a", "urn:b", "urn:c"},
			Params: url.Values{"nonce": {"1"}, "max_age": {"0"}, "x": {""}, "two": {"1", "2"},
				"claims":                {`{"id_token":{"acr":null}}`},
				"authorization_details": {`[{"type":"a"}]`}}},
			`{"response_type":"code","scope":"a b","response_mode":"form_post",
			"resource":["urn:a","urn:b","urn:c"],"nonce":"1","max_age":0,"x":"","two":["1","2"],
			"claims":{"id_token":{"acr":null}},"authorization_details":[{"type":"a"}]}`,
			"client_id request"},
		{"one resource", AuthorizationOptions{Resources: []string{"urn:a"}},
			`{"response_type":"code","resource":"urn:a"}`, "client_id request"},
		{"OpenID Connect", AuthorizationOptions{Scopes: []string{"a", "openid"},
			ResponseType: "code id_token", Params: url.Values{"nonce": {"n"}}},
			`{"response_type":"code id_token","scope":"a openid","nonce":"n"}`,
			"response_type client_id scope request"},
		{"no code", AuthorizationOptions{Scopes: []string{"openid"}, ResponseType: "id_token"},
			`{"response_type":"id_token","scope":"openid"}`,
			"response_type client_id scope request"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.o.RedirectURI = redirectURI
			req, err := c.Authorize(t.Context(), test.o)
			if err != nil {
				t.Fatal(err)
			}
			sent := asked(t, req)
			tok := openObject(t, sent.Get("request"), key)
			var got, want map[string]any
			if err := json.Unmarshal([]byte(test.want), &want); err != nil {
				t.Fatal(err)
			}
			if err := tok.Claims(&got); err != nil {
				t.Fatal(err)
			}
			for name, value := range map[string]any{"iss": "client", "client_id": "client",
				"aud": asIssuer, "redirect_uri": redirectURI, "state": req.Transaction.State(),
				"iat": float64(start.Unix()), "nbf": float64(start.Unix()),
				"exp": float64(start.Unix() + 300)} {
				want[name] = value
			}
			if id, _ := got["jti"].(string); len(id) != 43 {
				t.Errorf("jti is %v", got["jti"])
			}
			delete(got, "jti")
			if strings.Contains(test.want, `"code`) {
				want["code_challenge_method"] = "S256"
				if s, _ := got["code_challenge"].(string); len(s) != 43 {
					t.Errorf("code_challenge is %v", got["code_challenge"])
				}
				delete(got, "code_challenge")
			}
			wantJSON(t, got, want)
			wantBeside(t, req, test.beside)
			for name, values := range sent {
				if claim := tok.Claim(name); name != "request" && claim != strconv.Quote(values[0]) {
					t.Errorf("%s is %q in the URL and %s in the object", name, values, claim)
				}
			}
		})
	}
}

func wantJSON(t *testing.T, got, want any) {
	t.Helper()
	a, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	if string(a) != string(b) {
		t.Errorf("got\n%s, want\n%s", a, b)
	}
}

// wantBeside fails unless the URL has the parameters called names in this order.
func wantBeside(t *testing.T, req *AuthorizationRequest, names string) {
	t.Helper()
	u, err := url.Parse(req.URL)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for pair := range strings.SplitSeq(u.RawQuery, "&") {
		name, _, _ := strings.Cut(pair, "=")
		got = append(got, name)
	}
	if strings.Join(got, " ") != names {
		t.Errorf("the URL has %q, want %s", got, names)
	}
}

// Each request has an object of its own.
func TestRequestObjectsDiffer(t *testing.T) {
	key := signingKey(t, "EdDSA")
	c := newClient(t, jarConfig(key))
	seen := map[string]bool{}
	for range 3 {
		tok := openObject(t, asked(t, begin(t, c)).Get("request"), key)
		if seen[tok.ID] {
			t.Errorf("%s comes twice", tok.ID)
		}
		seen[tok.ID] = true
	}
}

// OpenID Connect Core 1.0, Section 6.1: what is JSON in the object must be JSON.
func TestRequestObjectParams(t *testing.T) {
	c := newClient(t, jarConfig(signingKey(t, "ES256")))
	for _, test := range []struct{ name, value, want string }{
		{"max_age", "3600", "ok"},
		{"max_age", "", "max_age"}, {"max_age", "x", "max_age"}, {"max_age", "1 ", "max_age"},
		{"max_age", "01", "max_age"}, {"max_age", `"1"`, "max_age"},
		{"claims", "{}", "ok"}, {"claims", " {} ", "ok"},
		{"claims", "", "claims"}, {"claims", "{", "claims"}, {"claims", `{}}`, "claims"},
		{"claims", `{},"sub":"x"`, "claims"}, {"claims", `{"a":1,"a":2}`, "claims"},
		{"authorization_details", "[]", "ok"},
		{"authorization_details", "[],[]", "authorization_details"},
		{"iss", "x", "iss"}, {"sub", "x", "sub"}, {"aud", "x", "aud"}, {"exp", "1", "exp"},
		{"nbf", "1", "nbf"}, {"iat", "1", "iat"}, {"jti", "x", "jti"}, {"Sub", "x", "sub"},
		{"x", "\xff", "claims"},
	} {
		req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI,
			Params: url.Values{test.name: {test.value}}})
		wantOutcome(t, test.name+" "+test.value, err, test.want)
		if (req == nil) != (err != nil) {
			t.Errorf("%s %s: %v", test.name, test.value, req)
		}
	}
	for name, value := range map[string]string{"max_age": "1", "claims": "{}"} {
		_, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI,
			Params: url.Values{name: {value, value}}})
		wantOutcome(t, name+" twice", err, "params")
	}
}

// The algorithm is the one registered, or the key's first that the server lists, or the
// key's first.
func TestRequestObjectAlgorithm(t *testing.T) {
	key := signingKey(t, "RS256")
	secret := joseKey(t, []byte(strings.Repeat("s", 64)), jose.KeyOptions{})
	for _, test := range []struct {
		key        *jose.Key
		registered string
		listed     []string
		want       string
	}{
		{key, "", nil, "RS256"},
		{key, "", []string{"ES256", "PS512", "PS256"}, "PS256"},
		{key, "", []string{"ES256"}, "RS256"},
		{key, "PS384", []string{"ES256", "PS256"}, "PS384"},
		{secret, "HS256", nil, "HS256"},
		{secret, "HS512", []string{"HS256"}, "HS512"},
	} {
		config := jarConfig(test.key)
		config.RequestObject.Algorithm = test.registered
		config.Server.RequestObjectSigningAlgValuesSupported = test.listed
		tok := openObject(t, asked(t, begin(t, newClient(t, config))).Get("request"), test.key)
		if tok.Header.Algorithm != test.want || tok.Header.KeyID != test.key.ID() {
			t.Errorf("signed with %s, want %s", tok.Header.Algorithm, test.want)
		}
	}
}

func TestNewRequestObject(t *testing.T) {
	pair := newSigner(t, "ES256")
	key := joseKey(t, pair, jose.KeyOptions{})
	publish := func(context.Context, string) (string, error) { return "", nil }
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"a key", func(*Config) {}, "ok"},
		{"none", func(c *Config) { c.RequestObject = RequestObject{} }, "ok"},
		{"none, and an algorithm", func(c *Config) {
			c.RequestObject = RequestObject{Algorithm: "ES256"}
		}, "key"},
		{"none, and encryption", func(c *Config) {
			c.RequestObject = RequestObject{EncryptionAlgorithm: "ECDH-ES"}
		}, "key"},
		{"none, and a content encryption", func(c *Config) {
			c.RequestObject = RequestObject{Encryption: "A256GCM"}
		}, "key"},
		{"none, and a place", func(c *Config) {
			c.RequestObject = RequestObject{Publish: publish}
		}, "key"},
		{"a public key", func(c *Config) {
			c.RequestObject.Key = joseKey(t, pair.Public(), jose.KeyOptions{})
		}, "request_object_signing_alg"},
		{"a key to encrypt for", func(c *Config) {
			c.RequestObject.Key = joseKey(t, pair, jose.KeyOptions{Use: "enc"})
		}, "request_object_signing_alg"},
		{"another algorithm", func(c *Config) { c.RequestObject.Algorithm = "RS256" },
			"request_object_signing_alg"},
		{"no algorithm", func(c *Config) { c.RequestObject.Algorithm = "none" },
			"request_object_signing_alg"},
		{"a secret", func(c *Config) {
			c.RequestObject.Key = joseKey(t, []byte(strings.Repeat("s", 32)), jose.KeyOptions{})
			c.Server.RequestObjectSigningAlgValuesSupported = []string{"HS256"}
		}, "request_object_signing_alg"},
		{"no issuer", func(c *Config) { c.Server.Issuer = "" }, "issuer"},
		{"encryption", func(c *Config) { c.RequestObject.EncryptionAlgorithm = "RSA-OAEP" }, "ok"},
		{"unknown encryption", func(c *Config) { c.RequestObject.EncryptionAlgorithm = "RSA1_5" },
			"request_object_encryption_alg"},
		{"content encryption alone", func(c *Config) { c.RequestObject.Encryption = "A256GCM" },
			"request_object_encryption_alg"},
		{"unknown content encryption", func(c *Config) {
			c.RequestObject.EncryptionAlgorithm, c.RequestObject.Encryption = "RSA-OAEP", "A256CBC"
		}, "request_object_encryption_enc"},
		{"no keys to encrypt for", func(c *Config) {
			c.RequestObject.EncryptionAlgorithm, c.Keys = "RSA-OAEP", nil
		}, "jwks_uri"},
		{"keys at a URI", func(c *Config) {
			c.RequestObject.EncryptionAlgorithm, c.Keys = "RSA-OAEP", nil
			c.Server.JWKSURI = asIssuer + "/keys"
		}, "ok"},
	} {
		config := jarConfig(key)
		config.Keys = jose.NewSet()
		test.change(&config)
		_, err := New(config)
		wantOutcome(t, test.name, err, test.want)
	}
}

// RFC 9101, Section 6.1: signed, then encrypted, for the first key that may be encrypted for.
func TestRequestObjectEncrypted(t *testing.T) {
	key := signingKey(t, "ES256")
	signing := joseKey(t, newSigner(t, "RS256"), jose.KeyOptions{Use: "sig"})
	pair := newSigner(t, "RS256")
	private := joseKey(t, pair, jose.KeyOptions{ID: "enc", Use: "enc"})
	public := joseKey(t, pair.Public(), jose.KeyOptions{ID: "enc", Use: "enc"})
	for enc, alg := range map[string]string{"": "RSA-OAEP-256", "A256GCM": "RSA-OAEP-384"} {
		config := jarConfig(key)
		config.Keys = anyKeys{newKey(t), signing, public}
		config.RequestObject.EncryptionAlgorithm = alg
		config.RequestObject.Encryption = enc
		want := enc
		if want == "" {
			want = "A128CBC-HS256"
		}
		d, err := jose.NewDecrypter(jose.DecrypterConfig{Keys: jose.NewSet(private),
			Algorithms: []string{alg}, Encryptions: []string{want}})
		if err != nil {
			t.Fatal(err)
		}
		req := begin(t, newClient(t, config), "openid")
		wantBeside(t, req, "response_type client_id scope request")
		jwe, err := d.Decrypt(t.Context(), asked(t, req).Get("request"))
		if err != nil {
			t.Fatal(err)
		}
		if h := jwe.Header; h.KeyID != "enc" || h.ContentType != "JWT" {
			t.Errorf("header %+v", h)
		}
		tok := openObject(t, string(jwe.Plaintext()), key)
		if tok.Claim("state") != strconv.Quote(req.Transaction.State()) {
			t.Errorf("state is %s", tok.Claim("state"))
		}
	}
	config := jarConfig(key)
	config.RequestObject.EncryptionAlgorithm = "RSA-OAEP-256"
	for name, keys := range map[string]jose.KeySource{"none": jose.NewSet(),
		"of others":                    jose.NewSet(newKey(t), signing),
		"of others, whatever is asked": anyKeys{newKey(t), signing}} {
		config.Keys = keys
		req, err := newClient(t, config).Authorize(t.Context(),
			AuthorizationOptions{RedirectURI: redirectURI})
		wantOutcome(t, name, err, "request_object_encryption_alg")
		if req != nil {
			t.Errorf("%s: %s", name, req.URL)
		}
	}
	config.Keys = jose.NewSet(public)
	req, err := newClient(t, config).Authorize(t.Context(), AuthorizationOptions{
		RedirectURI: redirectURI, Params: url.Values{"max_age": {"x"}}})
	wantOutcome(t, "what cannot be signed", err, "max_age")
	if req != nil {
		t.Errorf("what cannot be signed: %s", req.URL)
	}
	s := newServer(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) })
	config.Keys, config.Server.JWKSURI = nil, s.URL
	req, err = newClient(t, config).Authorize(t.Context(),
		AuthorizationOptions{RedirectURI: redirectURI})
	failed, ok := errors.AsType[*httpclient.StatusError](err)
	if req != nil || !ok || failed.Status != 500 || len(s.requests()) == 0 {
		t.Errorf("%v, %v after %q", req, err, s.requests())
	}
}

// AnyKeys are found whatever is looked for.
type anyKeys []*jose.Key

func (k anyKeys) Keys(context.Context, jose.Header) ([]*jose.Key, error) { return k, nil }

// RFC 9101, Section 5.2: by reference, at a URL that is safe and not long.
func TestRequestObjectPublished(t *testing.T) {
	key := signingKey(t, "ES256")
	failure := errors.New("store is down")
	for _, test := range []struct {
		name, uri string
		err       error
		want      string
	}{
		{"https", "https://rp.example/r/x", nil, "ok"},
		{"loopback", "http://127.0.0.1:8080/r", nil, "ok"},
		{"512 characters", "https://rp.example/" + long(493), nil, "ok"},
		{"513 characters", "https://rp.example/" + long(494), nil, "check request_uri"},
		{"other letters", "https://rp.example/\u00e9", nil, "check request_uri"},
		{"a space", "https://rp.example/a b", nil, "check request_uri"},
		{"http", "http://rp.example/r", nil, "insecure URL"},
		{"a fragment", "https://rp.example/r#a", nil, "insecure URL"},
		{"a URN", "urn:example:a", nil, "insecure URL"},
		{"nothing", "", nil, "insecure URL"},
		{"failure", "", failure, "oauth2: request object: store is down"},
	} {
		config := jarConfig(key)
		var kept string
		config.RequestObject.Publish = func(_ context.Context, object string) (string, error) {
			kept = object
			return test.uri, test.err
		}
		c := newClient(t, config)
		req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI,
			Scopes: []string{"openid"}})
		if got := outcome(err); got != test.want || (req == nil) != (err != nil) {
			t.Errorf("%s: %v and %q, want %q", test.name, req, got, test.want)
		}
		if err != nil {
			named := errors.Is(err, &jose.CheckError{Check: "request_uri"})
			if named != (test.err == nil) {
				t.Errorf("%s: error is %v", test.name, err)
			}
			continue
		}
		wantBeside(t, req, "response_type client_id scope request_uri")
		if got := asked(t, req).Get("request_uri"); got != test.uri {
			t.Errorf("%s: at %s", test.name, got)
		}
		openObject(t, kept, key)
	}
}

// A server that takes nothing else is asked for nothing else, RFC 9101, Section 10.5.
func TestRequestObjectRequired(t *testing.T) {
	config := jarConfig(signingKey(t, "ES256"))
	config.Server.RequireSignedRequestObject = true
	begin(t, newClient(t, config))
	config.RequestObject = RequestObject{}
	req, err := newClient(t, config).Authorize(t.Context(),
		AuthorizationOptions{RedirectURI: redirectURI})
	wantCheck(t, err, "require_signed_request_object", "RFC 9101, Section 10.5")
	if req != nil {
		t.Errorf("asked for %s", req.URL)
	}
}

// The endpoint's own parameters stay, and none of them is one of the object.
func TestRequestObjectEndpointQuery(t *testing.T) {
	config := jarConfig(signingKey(t, "ES256"))
	config.Server.AuthorizationEndpoint += "?tenant=a"
	wantBeside(t, begin(t, newClient(t, config)), "tenant client_id request")
	config.Server.AuthorizationEndpoint += "&state=fixed"
	_, err := newClient(t, config).Authorize(t.Context(),
		AuthorizationOptions{RedirectURI: redirectURI})
	wantCheck(t, err, "authorization_endpoint", "RFC 6749, Section 3.1")
}

// A request object and its response go through a whole login.
func TestRequestObjectLogin(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	config := configAt(s.URL)
	config.RequestObject.Key = signingKey(t, "ES256")
	c := newClient(t, config)
	txn := begin(t, c, "read").Transaction
	tok, err := c.Callback(t.Context(), answered(txn), txn)
	if err != nil || !slices.Equal(tok.Scopes, []string{"read"}) {
		t.Errorf("%v, %v", tok, err)
	}
}

// What the key signs with that fails is an error, and says no parameter.
func TestRequestObjectErrorsShowNoSecrets(t *testing.T) {
	failure := errors.New("HSM is down")
	key := joseKey(t, hsm{newSigner(t, "ES256"), &failure}, jose.KeyOptions{})
	c := newClient(t, jarConfig(key))
	params := url.Values{"nonce": {canary}, "login_hint": {canary}}
	req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI,
		Params: params})
	if req != nil || !errors.Is(err, failure) {
		t.Errorf("%v, %v", req, err)
	}
	mustNotShow(t, "signing", err)
	c = newClient(t, jarConfig(newKey(t)))
	for name, value := range map[string]string{"claims": canary, "max_age": canary,
		"sub": canary, "authorization_details": `["` + canary, "x": canary + "\xff"} {
		params.Set(name, value)
		_, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI,
			Params: params})
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		mustNotShow(t, name, err)
		params.Del(name)
	}
	config := jarConfig(newKey(t))
	config.RequestObject.Publish = func(context.Context, string) (string, error) {
		return "http://" + canary + ".example", nil
	}
	_, err = newClient(t, config).Authorize(t.Context(),
		AuthorizationOptions{RedirectURI: redirectURI})
	mustNotShow(t, "place", err)
	for how, v := range wrapped(RequestObject{Key: canaryKey(t)}) {
		mustNotShow(t, how, v)
	}
}
