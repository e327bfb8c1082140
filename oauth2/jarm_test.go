package oauth2

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/jose"
)

// jarmConfig is the configuration of a client of a server that signs by key.
func jarmConfig(key *jose.Key) Config {
	c := configAt(asIssuer)
	c.Keys = jose.NewSet(key)
	c.AuthorizationResponse.SigningAlgorithm = "ES256"
	return c
}

// beginJWT makes a request of a type whose response is to be a JSON Web Token.
func beginJWT(t *testing.T, c *Client, types, mode string) *Transaction {
	t.Helper()
	req, err := c.Authorize(t.Context(), AuthorizationOptions{RedirectURI: redirectURI + "?own=1",
		Scopes: []string{"openid"}, ResponseType: types, ResponseMode: mode})
	if err != nil {
		t.Fatal(err)
	}
	return req.Transaction
}

// responseFor returns the claims of a response to txn.
func responseFor(txn *Transaction) map[string]any {
	return map[string]any{"iss": asIssuer, "aud": "client", "state": txn.State(), "code": "CODE",
		"exp": start.Add(10 * time.Minute).Unix()}
}

func signClaims(t testing.TB, key *jose.Key, claims map[string]any, o jose.SignOptions) string {
	t.Helper()
	payload, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jose.Sign(payload, key, o)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// wantOutcome fails unless err is of a check or kind anywhere in its tree: "ok", "signature",
// "refused CODE", or the name of a check.
func wantOutcome(t *testing.T, name string, err error, want string) {
	t.Helper()
	ok := errors.Is(err, &jose.CheckError{Check: want})
	if code, refused := strings.CutPrefix(want, "refused "); refused {
		ok = errors.Is(err, &Error{Code: code})
	}
	switch want {
	case "ok":
		ok = err == nil
	case "signature":
		ok = errors.Is(err, jose.ErrSignature)
	case "decryption":
		ok = errors.Is(err, jose.ErrDecryption)
	}
	if !ok {
		t.Errorf("%s: %v, want %s", name, err, want)
	}
}

func set(name string, value any) func(map[string]any) {
	return func(claims map[string]any) { claims[name] = value }
}

func unset(name string) func(map[string]any) {
	return func(claims map[string]any) { delete(claims, name) }
}

// JARM, Section 2.4: the token is verified, then its claims are what parameters are.
func TestJWTResponse(t *testing.T) {
	key := newKey(t)
	c := newClient(t, jarmConfig(key))
	type claims = map[string]any
	unix := func(d time.Duration) int64 { return start.Add(d).Unix() }
	for _, test := range []struct {
		name   string
		change func(claims)
		want   string
	}{
		{"as it is", func(claims) {}, "ok"},
		{"audience in a list", set("aud", []string{"x", "client"}), "ok"},
		{"unknown claims", set("x", []any{true, nil, map[string]any{"state": "x"}}), "ok"},
		{"of now", set("iat", unix(0)), "ok"},
		{"just ended", set("exp", unix(-59*time.Second)), "ok"},

		{"no iss", unset("iss"), "iss"},
		{"another iss", set("iss", "https://evil.example"), "iss"},
		{"iss with a slash", set("iss", asIssuer+"/"), "iss"},
		{"no aud", unset("aud"), "aud"},
		{"another aud", set("aud", "other"), "aud"},
		{"aud in another case", set("aud", "Client"), "aud"},
		{"no exp", unset("exp"), "exp"},
		{"ended", set("exp", unix(-time.Minute)), "exp"},
		{"exp as a string", set("exp", "9999999999"), "claims"},
		{"not yet", set("nbf", unix(61*time.Second)), "nbf"},
		{"issued later", set("iat", unix(61*time.Second)), "iat"},

		{"no state", unset("state"), "state"},
		{"another state", set("state", "x"), "state"},
		{"state as a number", set("state", 1), "state"},
		{"state as a list", set("state", []string{"x"}), "response"},
		{"state as null", set("state", nil), "response"},
		{"no code", unset("code"), "code"},
		{"code empty", set("code", ""), "code"},
		{"code as an object", set("code", claims{}), "response"},
		{"code as a truth value", set("code", true), "response"},
		{"a token", set("access_token", "a"), "response_type"},
		{"an ID Token", set("id_token", "a"), "response_type"},
		{"error", set("error", "access_denied"), "refused access_denied"},
		{"error as null", set("error", nil), "response"},
	} {
		for _, mode := range []string{"jwt", "query.jwt", "fragment.jwt", "form_post.jwt"} {
			txn := beginJWT(t, c, "", mode)
			m := responseFor(txn)
			test.change(m)
			params := url.Values{"response": {signClaims(t, key, m, jose.SignOptions{})}}
			resp, err := c.AuthorizationResponse(t.Context(), params, txn)
			wantOutcome(t, test.name, err, test.want)
			if (resp == nil) != (err != nil) || err == nil && resp.Code() != "CODE" {
				t.Errorf("%s: response %v", test.name, resp)
			}
		}
	}
}

// What is not signed by the server's key with the algorithm registered is nothing.
func TestJWTResponseSignature(t *testing.T) {
	key, rsaKey := newKey(t), signingKey(t, "RS256")
	c := newClient(t, jarmConfig(key))
	txn := beginJWT(t, c, "", "jwt")
	claims := responseFor(txn)
	good := signClaims(t, key, claims, jose.SignOptions{})
	head, rest, _ := strings.Cut(good, ".")
	payload, sig, _ := strings.Cut(rest, ".")
	for _, test := range []struct{ name, response, want string }{
		{"as it is", good, "ok"},
		{"typ JWT", signClaims(t, key, claims, jose.SignOptions{Type: "JWT"}), "ok"},
		{"another typ", signClaims(t, key, claims, jose.SignOptions{Type: "at+jwt"}), "typ"},
		{"another key", signClaims(t, newKey(t), claims, jose.SignOptions{}), "key"},
		{"another key of that ID", signClaims(t, joseKey(t, newSigner(t, "ES256"),
			jose.KeyOptions{ID: key.ID()}), claims, jose.SignOptions{}), "signature"},
		{"another algorithm", signClaims(t, rsaKey, claims, jose.SignOptions{}), "alg"},
		{"no algorithm", "eyJhbGciOiJub25lIn0." + payload + ".", "compact"},
		{"no algorithm, signed", "eyJhbGciOiJub25lIn0." + payload + "." + sig, "alg"},
		{"by a secret", signClaims(t, joseKey(t, []byte(strings.Repeat("s", 32)),
			jose.KeyOptions{}), claims, jose.SignOptions{Algorithm: "HS256"}), "alg"},
		{"no signature", head + "." + payload + ".", "compact"},
		{"no token", "x", "compact"},
		{"empty", "", "response"},
	} {
		params := url.Values{"response": {test.response}}
		resp, err := c.AuthorizationResponse(t.Context(), params, txn)
		wantOutcome(t, test.name, err, test.want)
		if (resp == nil) != (err != nil) {
			t.Errorf("%s: %v", test.name, resp)
		}
		if err != nil {
			wantOutcome(t, test.name+", of the response", err, "response")
		}
		state, err := c.CallbackState(t.Context(), params)
		if test.name != "empty" {
			wantOutcome(t, test.name+", its state", err, test.want)
		}
		if (state == txn.State()) != (err == nil) {
			t.Errorf("%s: state %q beside %v", test.name, state, err)
		}
	}
}

// Which response comes is settled when it is asked for: none is taken for another.
func TestJWTResponseIsNoDowngrade(t *testing.T) {
	key := newKey(t)
	c := newClient(t, jarmConfig(key))
	jwt, plain := beginJWT(t, c, "", "jwt"), beginJWT(t, c, "", "")
	signed := func(txn *Transaction) []string {
		return []string{signClaims(t, key, responseFor(txn), jose.SignOptions{})}
	}
	for _, test := range []struct {
		name   string
		txn    *Transaction
		params url.Values
		want   string
	}{
		{"plain for plain", plain, answered(plain), "ok"},
		{"own parameter", jwt, url.Values{"response": signed(jwt), "own": {"1"}}, "ok"},
		{"plain", jwt, answered(jwt), "response"},
		{"plain error", jwt, url.Values{"state": {jwt.State()}, "error": {"x"}}, "response"},
		{"nothing", jwt, url.Values{}, "response"},
		{"own parameter alone", jwt, url.Values{"own": {"1"}}, "response"},
		{"not asked for", plain, url.Values{"response": signed(plain)}, "response"},
		{"not asked for, beside", plain, url.Values{"response": signed(plain), "code": {"CODE"},
			"state": {plain.State()}}, "response"},
		{"not asked for, empty", plain, url.Values{"response": {""}, "code": {"CODE"},
			"state": {plain.State()}}, "response"},
		{"state beside", jwt, url.Values{"response": signed(jwt), "state": {jwt.State()}}, "response"},
		{"iss beside", jwt, url.Values{"response": signed(jwt), "iss": {asIssuer}}, "response"},
		{"another beside", jwt, url.Values{"response": signed(jwt), "x": {""}}, "response"},
		{"twice", jwt, url.Values{"response": append(signed(jwt), signed(jwt)...)}, "parameters"},
		{"of another login", jwt, url.Values{"response": signed(plain)}, "state"},
	} {
		resp, err := c.AuthorizationResponse(t.Context(), test.params, test.txn)
		wantOutcome(t, test.name, err, test.want)
		if test.name == "nothing" {
			wantText(t, err, "must be there, as it was asked for")
		}
		if (resp == nil) != (err != nil) {
			t.Errorf("%s: %v", test.name, resp)
		}
	}
}

// Both that it can be verified and that it was are told to who listens.
func TestJWTResponseTrace(t *testing.T) {
	key := newKey(t)
	c := newClient(t, jarmConfig(key))
	var heard []string
	ctx := jose.WithTrace(t.Context(), func(check, clause string, err error) {
		if strings.HasPrefix(clause, "JARM") {
			heard = append(heard, fmt.Sprint(check, ", ", clause, ": ", err))
		}
	})
	req, err := c.Authorize(ctx, AuthorizationOptions{
		RedirectURI: redirectURI, ResponseMode: "jwt"})
	if err != nil {
		t.Fatal(err)
	}
	txn := req.Transaction
	params := url.Values{"response": {signClaims(t, key, responseFor(txn), jose.SignOptions{})}}
	if _, err := c.AuthorizationResponse(ctx, params, txn); err != nil {
		t.Error(err)
	}
	if want := []string{"response_mode, JARM, Section 2.4: <nil>",
		"response, JARM, Section 2.4: <nil>"}; !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
}

// A transaction that somebody stored may have anything for its redirect URI.
func TestJWTResponseStoredRedirectURI(t *testing.T) {
	key := newKey(t)
	c := newClient(t, jarmConfig(key))
	txn := beginJWT(t, c, "", "jwt")
	txn.data().RedirectURI = "%zz"
	params := url.Values{"response": {signClaims(t, key, responseFor(txn), jose.SignOptions{})}}
	resp, err := c.AuthorizationResponse(t.Context(), params, txn)
	wantCheck(t, err, "redirect_uri", "RFC 6749, Section 3.1.2")
	if resp != nil {
		t.Errorf("got %v", resp)
	}
}

// JARM, Section 2.1: numbers are numbers, and every response type comes so.
func TestJWTResponseTokens(t *testing.T) {
	key := newKey(t)
	c := newClient(t, jarmConfig(key))
	txn := beginJWT(t, c, "code id_token token", "jwt")
	claims := responseFor(txn)
	maps.Copy(claims, map[string]any{"access_token": "AT", "token_type": "bearer",
		"expires_in": 3600, "scope": "openid x", "id_token": "ID", "refresh_token": "R"})
	resp, err := c.AuthorizationResponse(t.Context(),
		url.Values{"response": {signClaims(t, key, claims, jose.SignOptions{})}}, txn)
	if err != nil {
		t.Fatal(err)
	}
	tok := resp.Token()
	if resp.Code() != "CODE" || tok.AccessToken() != "AT" || tok.IDToken() != "ID" ||
		!tok.ExpiresAt.Equal(start.Add(time.Hour)) || len(tok.Scopes) != 2 ||
		tok.RefreshToken() != "" {
		t.Errorf("code %q, token %+v", resp.Code(), tok.Record())
	}
}

// JARM, Sections 3 and 4: the algorithm registered, those that the server lists, or RS256.
func TestJWTResponseAlgorithms(t *testing.T) {
	const secret = "a secret that is 32 octets long."
	keys := map[string]*jose.Key{"ES256": newKey(t), "RS256": signingKey(t, "RS256"),
		"HS256": joseKey(t, []byte(secret), jose.KeyOptions{ID: "other"})}
	for _, test := range []struct {
		registered string
		listed     []string
		good       string // the algorithms that are taken
	}{
		{"", nil, "RS256"},
		{"", []string{"ES256"}, "ES256"},
		{"", []string{"none", "HS256", "ES256", "RS256"}, "ES256 RS256"},
		{"RS256", []string{"ES256"}, "RS256"},
		{"HS256", []string{"ES256"}, "HS256"},
	} {
		config := configAt(asIssuer)
		config.Auth = ClientSecretPost(secret)
		config.Keys = jose.NewSet(keys["ES256"], keys["RS256"], keys["HS256"])
		config.AuthorizationResponse.SigningAlgorithm = test.registered
		config.Server.AuthorizationSigningAlgValuesSupported = test.listed
		c := newClient(t, config)
		txn := beginJWT(t, c, "", "jwt")
		for alg, key := range keys {
			want := "alg"
			if strings.Contains(test.good, alg) {
				want = "ok"
			}
			params := url.Values{"response": {signClaims(t, key, responseFor(txn),
				jose.SignOptions{Algorithm: alg})}}
			_, err := c.AuthorizationResponse(t.Context(), params, txn)
			wantOutcome(t, test.registered+" "+alg, err, want)
		}
	}
}

// A secret is the client's own, whatever keys the server has.
func TestJWTResponseBySecret(t *testing.T) {
	config := configAt(asIssuer)
	config.Auth = ClientSecretBasic("a secret that is 32 octets long.")
	config.AuthorizationResponse.SigningAlgorithm = "HS256"
	other := joseKey(t, []byte(strings.Repeat("other", 8)), jose.KeyOptions{})
	config.Keys = jose.NewSet(other)
	c := newClient(t, config)
	txn := beginJWT(t, c, "", "jwt")
	params := url.Values{"response": {signClaims(t, other, responseFor(txn),
		jose.SignOptions{Algorithm: "HS256"})}}
	_, err := c.AuthorizationResponse(t.Context(), params, txn)
	wantOutcome(t, "by a key of the server", err, "signature")
}

// A response that is to be encrypted is a signed one inside, and no other will do.
func TestJWTResponseEncrypted(t *testing.T) {
	key := newKey(t)
	own, err := jose.GenerateKey("ECDH-ES")
	if err != nil {
		t.Fatal(err)
	}
	config := jarmConfig(key)
	config.AuthorizationResponse.Decrypter, err = jose.NewDecrypter(jose.DecrypterConfig{
		Keys: jose.NewSet(own), Algorithms: []string{"ECDH-ES"}, Encryptions: []string{"A128CBC-HS256"}})
	if err != nil {
		t.Fatal(err)
	}
	c := newClient(t, config)
	txn := beginJWT(t, c, "", "jwt")
	signed := signClaims(t, key, responseFor(txn), jose.SignOptions{})
	plain, err := json.Marshal(responseFor(txn))
	if err != nil {
		t.Fatal(err)
	}
	encrypt := func(text, enc string) string {
		s, err := jose.Encrypt([]byte(text), own, jose.EncryptOptions{
			Encryption: enc, ContentType: "JWT"})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, test := range []struct{ name, response, want string }{
		{"nested", encrypt(signed, "A128CBC-HS256"), "ok"},
		{"signed alone", signed, "compact"},
		{"encrypted alone", encrypt(string(plain), "A128CBC-HS256"), "compact"},
		{"another encryption", encrypt(signed, "A256GCM"), "enc"},
	} {
		params := url.Values{"response": {test.response}}
		_, err := c.AuthorizationResponse(t.Context(), params, txn)
		wantOutcome(t, test.name, err, test.want)
	}
}

// Without keys given, they are those that the server publishes.
func TestJWTResponseFetchesKeys(t *testing.T) {
	key := newKey(t)
	p := newPublisher(t, key)
	config := jarmConfig(key)
	config.Keys, config.Server.JWKSURI = nil, p.URL
	c := newClient(t, config)
	txn := beginJWT(t, c, "", "query.jwt")
	params := url.Values{"response": {signClaims(t, key, responseFor(txn), jose.SignOptions{})}}
	for range 2 {
		state, err := c.CallbackState(t.Context(), params)
		if err != nil || state != txn.State() {
			t.Fatalf("%q, %v", state, err)
		}
		if _, err := c.AuthorizationResponse(t.Context(), params, txn); err != nil {
			t.Fatal(err)
		}
	}
	if got := len(p.requests()); got != 1 {
		t.Errorf("asked %d times", got)
	}
	config.Keys = jose.NewSet(newKey(t))
	c = newClient(t, config)
	_, err := c.CallbackState(t.Context(), params)
	wantOutcome(t, "keys given", err, "key")
}

// What a response could not be verified without must be there before it is asked for.
func TestAuthorizeNeedsWhatVerifies(t *testing.T) {
	key := newKey(t)
	for _, test := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"complete", func(*Config) {}, "ok"},
		{"no issuer", func(c *Config) { c.Server.Issuer = "" }, "issuer"},
		{"no keys", func(c *Config) { c.Keys = nil }, "jwks_uri"},
		{"no algorithm", func(c *Config) {
			c.AuthorizationResponse.SigningAlgorithm = ""
			c.Server.AuthorizationSigningAlgValuesSupported = []string{"HS256", "none", "ES256K"}
		}, "authorization_signing_alg_values_supported"},
	} {
		config := jarmConfig(key)
		test.change(&config)
		c := newClient(t, config)
		o := AuthorizationOptions{RedirectURI: redirectURI}
		if _, err := c.Authorize(t.Context(), o); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		o.ResponseMode = "jwt"
		req, err := c.Authorize(t.Context(), o)
		wantOutcome(t, test.name, err, test.want)
		if (req == nil) != (err != nil) {
			t.Errorf("%s: %v", test.name, req)
		}
	}
}

func TestNewResponseAlgorithm(t *testing.T) {
	for _, test := range []struct {
		alg  string
		auth ClientAuthentication
		want string
	}{
		{"ES256", None(), "ok"},
		{"HS256", ClientSecret(strings.Repeat("s", 32)), "ok"},
		{"HS256", ClientSecret("short"), "client_secret"},
		{"HS512", ClientSecret(strings.Repeat("s", 63)), "client_secret"},
		{"HS512", ClientSecret(strings.Repeat("s", 64)), "ok"},
		{"HS256", None(), "client_secret"},
		{"none", None(), "authorization_signed_response_alg"},
		{"rs256", None(), "authorization_signed_response_alg"},
		{"RSA-OAEP", None(), "authorization_signed_response_alg"},
	} {
		config := configAt(asIssuer)
		config.Auth, config.AuthorizationResponse.SigningAlgorithm = test.auth, test.alg
		_, err := New(config)
		wantOutcome(t, test.alg, err, test.want)
	}
}

// The clocks may differ by what Config.Leeway says.
func TestResponseLeeway(t *testing.T) {
	key := newKey(t)
	for _, test := range []struct {
		leeway, ended time.Duration
		want          string
	}{
		{0, 59 * time.Second, "ok"},
		{0, 60 * time.Second, "exp"},
		{-1, 0, "exp"},
		{5 * time.Minute, 299 * time.Second, "ok"},
		{5 * time.Minute, 300 * time.Second, "exp"},
	} {
		config := jarmConfig(key)
		config.Leeway = test.leeway
		c := newClient(t, config)
		txn := beginJWT(t, c, "", "jwt")
		claims := responseFor(txn)
		claims["exp"] = start.Add(-test.ended).Unix()
		_, err := c.AuthorizationResponse(t.Context(), url.Values{
			"response": {signClaims(t, key, claims, jose.SignOptions{})}}, txn)
		wantOutcome(t, test.leeway.String(), err, test.want)
	}
	config := jarmConfig(key)
	config.Leeway = 5*time.Minute + 1
	_, err := New(config)
	wantCheck(t, err, "leeway", "RFC 7519, Section 4.1.4")
}

func TestCallbackState(t *testing.T) {
	c := newClient(t, configAt(asIssuer))
	for _, test := range []struct{ query, state, want string }{
		{"state=a", "a", "ok"},
		{"state=a&error=x&y=z", "a", "ok"},
		{"", "", "ok"},
		{"state=", "", "ok"},
		{"state=a&state=a", "", "parameters"},
		{"state=a&x&x", "", "parameters"},
		{"state=a&response=x", "", "response"},
		{"state=&response=", "", "response"},
		{"response=x", "", "jwks_uri"}, // of a client that cannot ask for one
		{"response=x&response=x", "", "parameters"},
	} {
		params, err := url.ParseQuery(test.query)
		if err != nil {
			t.Fatal(err)
		}
		state, err := c.CallbackState(t.Context(), params)
		wantOutcome(t, test.query, err, test.want)
		if state != test.state {
			t.Errorf("%s: state %q", test.query, state)
		}
	}
}

// A transaction keeps what was asked for.
func TestJWTResponseTransaction(t *testing.T) {
	key := newKey(t)
	c := newClient(t, jarmConfig(key))
	txn := beginJWT(t, c, "id_token", "form_post.jwt")
	stored, err := txn.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var read Transaction
	if err := read.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	if _, err := c.AuthorizationResponse(t.Context(), url.Values{"id_token": {"ID"},
		"state": {txn.State()}}, &read); !errors.Is(err, &jose.CheckError{Check: "response"}) {
		t.Errorf("a plain response: %v", err)
	}
	claims := responseFor(txn)
	delete(claims, "code")
	claims["id_token"] = "ID"
	resp, err := c.AuthorizationResponse(t.Context(), url.Values{
		"response": {signClaims(t, key, claims, jose.SignOptions{})}}, &read)
	if err != nil || resp.Token().IDToken() != "ID" || resp.Code() != "" {
		t.Errorf("%v, %v", resp, err)
	}
}

func TestJWTResponseErrorsShowNoSecrets(t *testing.T) {
	key := newKey(t)
	c := newClient(t, jarmConfig(key))
	txn := beginJWT(t, c, "", "jwt")
	for name, change := range map[string]func(map[string]any){
		"iss":   set("iss", canary),
		"aud":   set("aud", canary),
		"state": set("state", canary),
		"type":  set("access_token", []string{canary}),
		"token": set("access_token", canary),
		"error": set("error_description", canary),
	} {
		claims := responseFor(txn)
		claims["code"] = canary
		change(claims)
		if name == "error" {
			claims["error"] = "access_denied"
		}
		response := signClaims(t, key, claims, jose.SignOptions{})
		_, err := c.AuthorizationResponse(t.Context(), url.Values{"response": {response}}, txn)
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		mustNotShow(t, name, err)
	}
	_, err := c.AuthorizationResponse(t.Context(), url.Values{"response": {canary}}, txn)
	mustNotShow(t, "no token", err)
	_, err = c.CallbackState(t.Context(), url.Values{"response": {canary}})
	mustNotShow(t, "state of no token", err)
}

// FuzzJWTResponse reads claims that the server has signed: they are refused, by a check, or
// by the server if the state is right, or have the state, a code that is text, and nothing
// that was not asked for.
func FuzzJWTResponse(f *testing.F) {
	state := strings.Repeat("s", 43)
	const head = `{"iss":"` + asIssuer + `","aud":"client","exp":9999999999,`
	for _, claims := range []string{
		head + `"code":"c","state":"` + state + `"}`,
		head + `"code":"c","state":"` + state + `","expires_in":1.5e3,"x":[{}]}`,
		head + `"error":"access_denied","error_description":"no","state":"` + state + `"}`,
		head + `"code":null,"state":"` + state + `"}`,
		head + `"code":1,"state":"\u0073` + state[1:] + `"}`,
		head + `"code":"c","state":"` + state + `","state":"x"}`,
		head + `"code":"c","State":"` + state + `"}`,
		`{}`, `[]`, ``,
	} {
		f.Add(claims)
	}
	key, err := jose.GenerateKey("ES256")
	if err != nil {
		f.Fatal(err)
	}
	c, err := New(jarmConfig(key))
	if err != nil {
		f.Fatal(err)
	}
	txn := &Transaction{(&transactionData{Digest: c.digest, State: state, JWT: true}).hidden()}
	f.Fuzz(func(t *testing.T, claims string) {
		signed, err := jose.Sign([]byte(claims), key, jose.SignOptions{})
		if err != nil {
			t.Fatal(err)
		}
		resp, err := c.AuthorizationResponse(t.Context(), url.Values{"response": {signed}}, txn)
		if err != nil {
			wantPlainError(t, err)
			return
		}
		var read struct {
			State string `json:"state"`
			Code  any    `json:"code"`
			Error string `json:"error"`
			Token any    `json:"access_token"`
		}
		if err := json.Unmarshal([]byte(claims), &read); err != nil || read.State != state ||
			read.Code == nil || resp.Code() == "" || read.Error != "" || resp.Token() != nil ||
			read.Token != nil && read.Token != "" {
			t.Errorf("accepted %s as %+v, %v", claims, read, err)
		}
	})
}

// A response that cannot be verified has nothing for hooks to rewrite.
func TestJWTResponseRefusedBeforeHooks(t *testing.T) {
	called := 0
	config := jarmConfig(newKey(t))
	config.Hooks.AuthorizationResponse = []CallbackHook{
		func(context.Context, url.Values) error { called++; return nil }}
	c := newClient(t, config)
	_, err := c.AuthorizationResponse(t.Context(), url.Values{"response": {"x"}},
		beginJWT(t, c, "", "jwt"))
	if wantOutcome(t, "response", err, "response"); called != 0 {
		t.Error("a hook was called")
	}
}
