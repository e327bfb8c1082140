package oidc

import (
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

// A module is one of the OpenID conformance suite, version 5.2.4, for relying parties: what
// its provider does, and what has to become of the login. The ways of a module are the flows
// of its profiles: B Basic, I Implicit, H Hybrid, C Config, D Dynamic, F Form Post, 3
// third-party-initiated, x of no certification; A FAPI 1 Advanced, S FAPI 2.0, J with JARM.
type module struct {
	name, profiles string
	types          []string // the response types it is about, if not all of the profile
	absent         string   // why it is not run, see notRun

	options oidctest.Options
	config  func(*Config)
	made    func(compact string) string // what becomes of an ID Token when it is signed
	brought func(params url.Values)     // what becomes of what the browser brings

	want     string // what refuses it; if empty, nothing may
	browser  bool   // the fault is in what the browser brings, whatever the response type
	userInfo bool   // the fault is in UserInfo

	run func(t *testing.T, m module, asked AuthorizationOptions) // in place of play
}

const (
	codeType, idTokenType     = "code", "id_token"
	implicitType, hybridType  = "id_token token", "code id_token"
	hybridToken, hybridTokens = "code token", "code id_token token"
)

// ways are the requests that a module is tried with.
func (m module) ways() []AuthorizationOptions {
	var ways []AuthorizationOptions
	add := func(mode string, types ...string) {
		for _, responseType := range types {
			if m.types == nil || slices.Contains(m.types, responseType) {
				ways = append(ways, AuthorizationOptions{
					ResponseType: responseType, ResponseMode: mode})
			}
		}
	}
	for _, profile := range m.profiles {
		switch profile {
		case 'I':
			add("", idTokenType, implicitType)
		case 'H':
			add("", hybridType, hybridToken, hybridTokens)
		case 'F':
			add("form_post", responseTypes[1:]...)
		case 'A':
			add("", hybridType)
		case 'J':
			add("jwt", codeType)
		default:
			add("", codeType)
		}
	}
	return ways
}

func (m module) world(t *testing.T) *world {
	t.Helper()
	return newWorld(t, m.options, answerer{"/token": edit(func(members map[string]any) {
		if idToken, ok := members["id_token"].(string); ok && m.made != nil {
			members["id_token"] = m.made(idToken)
		}
	})}, m.config)
}

// come has a browser go to the provider and come back.
func (m module) come(w *world, asked AuthorizationOptions) (url.Values, *Transaction) {
	w.t.Helper()
	req := w.begin(asked)
	sent := paramsOf(w.t, req.URL)
	if !slices.Contains(strings.Fields(sent.Get("scope")), "openid") || sent.Get("nonce") == "" ||
		sent.Get("response_type") != asked.ResponseType {
		w.t.Errorf("asked for %v", sent)
	}
	params := w.visit(req.URL)
	if idToken := params.Get("id_token"); idToken != "" && m.made != nil {
		params.Set("id_token", m.made(idToken))
	}
	if m.brought != nil {
		m.brought(params)
	}
	return params, req.Transaction
}

// requests are those that a client makes after the browser has come back, apart from those
// for keys: up to what is refused, and none after it.
func (m module) requests(responseType string) []string {
	front := strings.Contains(responseType, idTokenType)
	paths := []string{}
	if strings.Contains(responseType, codeType) && (m.want == "" || m.userInfo || !front) &&
		!m.browser {
		paths = append(paths, "/token")
	}
	if responseType != idTokenType && (m.want == "" || m.userInfo) {
		paths = append(paths, "/userinfo")
	}
	return paths
}

// play goes through a login as an application does, with UserInfo where there is an access
// token.
func play(t *testing.T, m module, asked AuthorizationOptions) {
	w := m.world(t)
	params, txn := m.come(w, asked)
	before := len(w.seen)
	login, err := w.client.Callback(t.Context(), params, txn)
	if (login == nil) != (err != nil) {
		t.Errorf("a login %v beside the error %v", login, err)
	}
	if err == nil && login.Token.AccessToken() != "" {
		_, err = w.client.UserInfo(t.Context(), login)
	}
	if !hasOutcome(err, orOK(m.want)) {
		t.Errorf("%v, want %s", err, orOK(m.want))
	}
	keys := func(path string) bool { return path == "/jwks" }
	after := slices.DeleteFunc(slices.Clone(w.seen[before:]), keys)
	if want := m.requests(asked.ResponseType); !slices.Equal(after, want) {
		t.Errorf("then requested %q, want %q", after, want)
	}
	if faults := w.Faults(); len(faults) > 0 {
		t.Errorf("faults %q", faults)
	}
}

// hasOutcome reports whether err has an outcome, which may be behind a check that reports it.
func hasOutcome(err error, want string) bool {
	check, ok := strings.CutPrefix(want, "check ")
	return outcome(err) == want || ok && errors.Is(err, &jose.CheckError{Check: check})
}

func TestConformance(t *testing.T) {
	for _, m := range slices.Concat(openIDModules, fapiModules) {
		if m.absent != "" {
			continue
		}
		t.Run(m.name, func(t *testing.T) {
			if m.run == nil {
				m.run = play
			}
			if len(m.ways()) == 0 {
				t.Fatal("of no profile")
			}
			for _, asked := range m.ways() {
				t.Run(asked.ResponseType+" "+asked.ResponseMode, func(t *testing.T) {
					m.run(t, m, asked)
				})
			}
		})
	}
}

// inScope are the modules that are run. They and notRun are all of the suite for relying
// parties of OpenID Connect apart from those of logout, and those of FAPI that are about ID
// Tokens, the hash of state, signed responses and discovery.
const inScope = `
oidcc-client-test
oidcc-client-test-invalid-iss
oidcc-client-test-missing-sub
oidcc-client-test-invalid-aud
oidcc-client-test-missing-aud
oidcc-client-test-missing-iat
oidcc-client-test-kid-absent-single-jwks
oidcc-client-test-kid-absent-multiple-jwks
oidcc-client-test-idtoken-sig-rs256
oidcc-client-test-idtoken-sig-none
oidcc-client-test-invalid-sig-rs256
oidcc-client-test-invalid-sig-es256
oidcc-client-test-invalid-sig-hs256
oidcc-client-test-userinfo-invalid-sub
oidcc-client-test-nonce-invalid
oidcc-client-test-nonce-unless-code-flow
oidcc-client-test-scope-userinfo-claims
oidcc-client-test-client-secret-basic
oidcc-client-test-invalid-chash
oidcc-client-test-missing-chash
oidcc-client-test-invalid-athash
oidcc-client-test-missing-athash
oidcc-client-test-discovery-openid-config
oidcc-client-test-discovery-jwks-uri-keys
oidcc-client-test-discovery-issuer-mismatch
oidcc-client-test-signing-key-rotation
oidcc-client-test-signing-key-rotation-just-before-signing
oidcc-client-test-discovery-webfinger-acct
oidcc-client-test-discovery-webfinger-url
oidcc-client-test-request-uri-signed-rs256
oidcc-client-test-userinfo-signed
oidcc-client-test-userinfo-bearer-header
oidcc-client-test-userinfo-bearer-body
oidcc-client-test-form-post-error
oidcc-client-test-aggregated-claims
oidcc-client-test-distributed-claims
oidcc-client-test-refresh-token
oidcc-client-test-refresh-token-invalid-issuer
oidcc-client-test-refresh-token-invalid-sub
oidcc-client-test-3rd-party-init-login
fapi1-advanced-final-client-test-discovery-issuer-mismatch
fapi1-advanced-final-client-test-invalid-iss
fapi1-advanced-final-client-test-invalid-missing-iss
fapi1-advanced-final-client-test-invalid-aud
fapi1-advanced-final-client-test-invalid-missing-aud
fapi1-advanced-final-client-test-invalid-secondary-aud
fapi1-advanced-final-client-test-valid-aud-as-array
fapi1-advanced-final-client-test-invalid-null-alg
fapi1-advanced-final-client-test-invalid-alternate-alg
fapi1-advanced-final-client-test-invalid-signature
fapi1-advanced-final-client-test-invalid-expired-exp
fapi1-advanced-final-client-test-invalid-missing-exp
fapi1-advanced-final-client-test-iat-is-week-in-past
fapi1-advanced-final-client-test-invalid-nonce
fapi1-advanced-final-client-test-invalid-missing-nonce
fapi1-advanced-final-client-test-invalid-shash
fapi1-advanced-final-client-test-invalid-chash
fapi1-advanced-final-client-test-missing-athash
fapi1-advanced-final-client-test-encrypted-idtoken
fapi1-advanced-final-client-test-encrypted-idtoken-usingrsa15
fapi2-security-profile-final-client-test-discovery-issuer-mismatch
fapi2-security-profile-final-client-test-invalid-iss
fapi2-security-profile-final-client-test-invalid-missing-iss
fapi2-security-profile-final-client-test-invalid-aud
fapi2-security-profile-final-client-test-invalid-missing-aud
fapi2-security-profile-final-client-test-invalid-secondary-aud
fapi2-security-profile-final-client-test-valid-aud-as-array
fapi2-security-profile-final-client-test-invalid-null-alg
fapi2-security-profile-final-client-test-invalid-alternate-alg
fapi2-security-profile-final-client-test-invalid-expired-exp
fapi2-security-profile-final-client-test-invalid-missing-exp
fapi2-security-profile-final-client-test-invalid-nonce
fapi2-security-profile-final-client-test-invalid-missing-nonce
fapi2-security-profile-final-client-test-invalid-authorization-response-iss
fapi2-security-profile-final-client-test-remove-authorization-response-iss
fapi2-security-profile-final-client-test-ensure-jarm-without-iss-fails
fapi2-security-profile-final-client-test-ensure-jarm-with-invalid-iss-fails
fapi2-security-profile-final-client-test-ensure-jarm-without-aud-fails
fapi2-security-profile-final-client-test-ensure-jarm-with-invalid-aud-fails
fapi2-security-profile-final-client-test-ensure-jarm-without-exp-fails
fapi2-security-profile-final-client-test-ensure-jarm-with-expired-exp-fails
fapi2-security-profile-final-client-test-ensure-jarm-with-invalid-sig-fails
fapi2-security-profile-final-client-test-ensure-jarm-signature-is-not-none
`

// notRun are the modules that are absent, and prove nothing; each says why.
const notRun = `
oidcc-client-test-dynamic-registration
oidcc-client-test-request-uri-signed-none
oidcc-client-test-mtls-endpoint-aliases
fapi1-advanced-final-client-test-invalid-missing-shash
`

func TestConformanceIsWhole(t *testing.T) {
	for _, kind := range []struct {
		name, want string
		absent     bool
	}{{"run", inScope, false}, {"absent", notRun, true}} {
		var names []string
		for _, m := range slices.Concat(openIDModules, fapiModules) {
			if (m.absent != "") == kind.absent {
				names = append(names, m.name)
			}
		}
		slices.Sort(names)
		if want := slices.Sorted(strings.FieldsSeq(kind.want)); !slices.Equal(names, want) {
			t.Errorf("modules that are %s:\n%s\nwant\n%s", kind.name,
				strings.Join(names, "\n"), strings.Join(want, "\n"))
		}
	}
}

const stranger = "https://stranger.example"

// unsigned makes a token one that nobody signed.
func unsigned(compact string) string {
	return b64(`{"alg":"none"}`) + "." + strings.Split(compact, ".")[1] + "."
}

// forged changes a signature.
func forged(compact string) string {
	parts := strings.Split(compact, ".")
	other := "A"
	if parts[2][9] == 'A' {
		other = "B"
	}
	return parts[0] + "." + parts[1] + "." + parts[2][:9] + other + parts[2][10:]
}

func editing(edit func(map[string]any)) oidctest.Options {
	return oidctest.Options{EditIDToken: edit}
}

const suiteSecret = "a secret that is as long as the hash of the HMAC, or longer"

func withHMAC(c *Config) {
	c.Auth, c.IDToken.SigningAlgorithm = oauth2.ClientSecret(suiteSecret), "HS256"
}

var (
	hashedCode  = []string{hybridType, hybridTokens}
	hashedToken = []string{implicitType, hybridTokens}
)

const oidcc = "oidcc-client-test"

var openIDModules = []module{
	{name: oidcc, profiles: "BIHF"},
	{name: oidcc + "-invalid-iss", profiles: "BIHF",
		options: editing(claim("iss", stranger)), want: "check iss"},
	{name: oidcc + "-missing-sub", profiles: "BIHF",
		options: editing(claim("sub", nil)), want: "check sub"},
	{name: oidcc + "-invalid-aud", profiles: "BIHF",
		options: editing(claim("aud", "stranger")), want: "check aud"},
	{name: oidcc + "-missing-aud", profiles: "x",
		options: editing(claim("aud", nil)), want: "check aud"},
	{name: oidcc + "-missing-iat", profiles: "BIHF",
		options: editing(claim("iat", nil)), want: "check iat"},
	{name: oidcc + "-kid-absent-single-jwks", profiles: "BIHF", run: playWithoutKeyID(1)},
	{name: oidcc + "-kid-absent-multiple-jwks", profiles: "BIHF", run: playWithoutKeyID(3)},
	{name: oidcc + "-idtoken-sig-rs256", profiles: "BIHF",
		options: oidctest.Options{Algorithm: "RS256"},
		config:  func(c *Config) { c.IDToken.SigningAlgorithm = "RS256" }},
	// The suite lets it be refused; a client cannot be registered for it here.
	{name: oidcc + "-idtoken-sig-none", profiles: "BCDF", types: []string{codeType},
		made: unsigned, want: "check compact"},
	// In the code flow too, where the suite lets TLS vouch for the ID Token.
	{name: oidcc + "-invalid-sig-rs256", profiles: "BIHF", made: forged, want: "signature"},
	{name: oidcc + "-invalid-sig-es256", profiles: "x",
		options: oidctest.Options{Algorithm: "ES256"}, made: forged, want: "signature"},
	{name: oidcc + "-invalid-sig-hs256", profiles: "x",
		options: oidctest.Options{Clients: []oidctest.Client{{
			ID: "client", Secret: suiteSecret, IDTokenAlgorithm: "HS256"}}},
		config: withHMAC, made: forged, want: "signature"},
	{name: oidcc + "-userinfo-invalid-sub", profiles: "BIHF",
		types:   []string{codeType, implicitType, hybridType, hybridToken, hybridTokens},
		options: oidctest.Options{EditUserInfo: claim("sub", "mallory")},
		want:    "check sub", userInfo: true},
	{name: oidcc + "-nonce-invalid", profiles: "BIHF",
		options: editing(claim("nonce", "x")), want: "check nonce"},
	// The provider of these tests demands one too.
	{name: oidcc + "-nonce-unless-code-flow", profiles: "IHF",
		types: []string{idTokenType, implicitType, hybridType, hybridToken, hybridTokens}},
	{name: oidcc + "-scope-userinfo-claims", profiles: "BIHF", run: playScopes},
	{name: oidcc + "-client-secret-basic", profiles: "BHF",
		types: []string{codeType, hybridType, hybridToken, hybridTokens}, run: playBasic},
	{name: oidcc + "-invalid-chash", profiles: "HF", types: hashedCode,
		options: editing(claim("c_hash", "VpTQii5T_8rgwxA-Wtb2Bw")), want: "check c_hash"},
	{name: oidcc + "-missing-chash", profiles: "HF", types: hashedCode,
		options: editing(claim("c_hash", nil)), want: "check c_hash"},
	{name: oidcc + "-invalid-athash", profiles: "IHF", types: hashedToken,
		options: editing(claim("at_hash", "PEaenWxYddN6Q_NT1PiOYQ")), want: "check at_hash"},
	{name: oidcc + "-missing-athash", profiles: "IHF", types: hashedToken,
		options: editing(claim("at_hash", nil)), want: "check at_hash"},
	{name: oidcc + "-discovery-openid-config", profiles: "CD", run: playSlash},
	{name: oidcc + "-discovery-jwks-uri-keys", profiles: "CD", run: playMovingKeys},
	{name: oidcc + "-discovery-issuer-mismatch", profiles: "CD", run: playMismatch},
	{name: oidcc + "-signing-key-rotation", profiles: "CD",
		options: oidctest.Options{Algorithm: "ES256"}, run: playRotation},
	{name: oidcc + "-signing-key-rotation-just-before-signing", profiles: "CD",
		options: oidctest.Options{Algorithm: "ES256"}, run: playRotationAtSigning},
	{name: oidcc + "-discovery-webfinger-acct", profiles: "D",
		run: playWebFinger("acct:suite.module@")},
	{name: oidcc + "-discovery-webfinger-url", profiles: "D", run: playWebFinger("https://")},
	{name: oidcc + "-dynamic-registration", profiles: "D",
		absent: "clients are registered by hand: there is no registration here yet"},
	{name: oidcc + "-request-uri-signed-rs256", profiles: "D", run: playRequestURI},
	{name: oidcc + "-request-uri-signed-none", profiles: "D",
		absent: "RFC 9101, Section 10.1 has request objects signed: there is no way not to"},
	{name: oidcc + "-userinfo-signed", profiles: "D",
		options: oidctest.Options{Clients: []oidctest.Client{{
			ID: "client", Secret: "secret", UserInfoAlgorithm: "RS256"}}},
		config: func(c *Config) { c.UserInfo.SigningAlgorithm = "RS256" }},
	{name: oidcc + "-userinfo-bearer-header", profiles: "x", run: playBearer("Bearer ", 0)},
	{name: oidcc + "-userinfo-bearer-body", profiles: "x",
		config: func(c *Config) { c.TokenPlacement = oauth2.PlacementBody },
		run:    playBearer("", 1)},
	{name: oidcc + "-form-post-error", profiles: "x", run: playSilent},
	{name: oidcc + "-aggregated-claims", profiles: "x", run: playSourced(false)},
	{name: oidcc + "-distributed-claims", profiles: "x", run: playSourced(true)},
	{name: oidcc + "-mtls-endpoint-aliases", profiles: "x",
		absent: "there is no authentication by certificates here yet (RFC 8705)"},
	{name: oidcc + "-refresh-token", profiles: "x", run: playRefresh},
	{name: oidcc + "-refresh-token-invalid-issuer", profiles: "x",
		options: editing(claim("iss", stranger)), want: "check iss", run: playRefresh},
	{name: oidcc + "-refresh-token-invalid-sub", profiles: "x",
		options: editing(claim("sub", "mallory")), want: "check sub", run: playRefresh},
	{name: oidcc + "-3rd-party-init-login", profiles: "3", run: playThirdParty},
}

// playWithoutKeyID has the provider publish RSA keys without IDs, the last of which signs.
func playWithoutKeyID(n int) func(*testing.T, module, AuthorizationOptions) {
	made := sync.OnceValues(func() ([]*jose.Key, error) { return anonymousKeys(n) })
	return func(t *testing.T, m module, asked AuthorizationOptions) {
		keys, err := made()
		if err != nil {
			t.Fatal(err)
		}
		set, err := json.Marshal(jose.NewSet(keys...))
		if err != nil {
			t.Fatal(err)
		}
		m.made = func(compact string) string {
			payload, err := base64.RawURLEncoding.DecodeString(strings.Split(compact, ".")[1])
			if err != nil {
				t.Fatal(err)
			}
			return by(keys[n-1], "JWT")(payload)
		}
		m.options.EditMetadata = claim("jwks_uri",
			serve(t, say(200, "application/json", string(set))))
		play(t, m, asked)
	}
}

func anonymousKeys(n int) (keys []*jose.Key, err error) {
	for range n {
		private, err := rsa.GenerateKey(rand.Reader, 2048)
		if err != nil {
			return nil, err
		}
		key, err := jose.NewKey(private, jose.KeyOptions{})
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// serve starts a server and returns its URL.
func serve(t *testing.T, handler http.HandlerFunc) string {
	t.Helper()
	s := httptest.NewServer(handler)
	t.Cleanup(s.Close)
	return s.URL
}

// playScopes asks for claims by scope, and finds them in UserInfo or the ID Token.
func playScopes(t *testing.T, m module, asked AuthorizationOptions) {
	m.options.Users = []oidctest.User{{Subject: "alice", Name: "Alice", Email: "a@example.com",
		Claims: map[string]any{
			"phone_number": "+1 555 0100",
			"address":      map[string]string{"country": "NL"},
		}}}
	asked.Scopes = []string{"profile", "email", "address", "phone"}
	w := m.world(t)
	login, err := w.enter(asked)
	if err != nil {
		t.Fatal(err)
	}
	user := login.IDToken.UserInfo()
	if asked.ResponseType != idTokenType {
		if user, err = w.client.UserInfo(t.Context(), login); err != nil {
			t.Fatal(err)
		}
	}
	email, verified := user.Email()
	phone, _ := user.PhoneNumber()
	if user.Name != "Alice" || email != "a@example.com" || !verified || phone != "+1 555 0100" ||
		user.Address.Country != "NL" {
		t.Errorf("user is %+v, %s, %t, %s", user, email, verified, phone)
	}
}

// playBasic has the provider take client_secret_basic only.
func playBasic(t *testing.T, m module, asked AuthorizationOptions) {
	m.options.EditMetadata = claim("token_endpoint_auth_methods_supported",
		list{"client_secret_basic"})
	w := newWorld(t, m.options, answerer{"/token": func(rw http.ResponseWriter, r *http.Request) {
		id, secret, ok := r.BasicAuth()
		if !ok || id != "client" || secret != "secret" || r.PostForm.Has("client_secret") {
			t.Error("not authenticated by client_secret_basic alone")
		}
		edit(func(map[string]any) {})(rw, r)
	}}, m.config)
	if _, err := w.enter(asked); err != nil {
		t.Error(err)
	}
}

// playSlash logs in at an issuer that ends in a slash, as those of the suite do.
func playSlash(t *testing.T, m module, asked AuthorizationOptions) {
	m.options = oidctest.Options{
		EditMetadata: change("issuer", slash),
		EditIDToken:  change("iss", slash),
		EditResponse: func(params url.Values) { params.Set("iss", slash(params.Get("iss"))) },
	}
	m.config = func(c *Config) { c.Issuer = slash(c.Issuer) }
	w := m.world(t)
	if _, err := w.enter(asked); err != nil || !slices.Equal(w.seen[:1], []string{wellKnown}) {
		t.Errorf("requested %q, %v", w.seen, err)
	}
}

func slash(s string) string { return s + "/" }

// playMovingKeys has the keys elsewhere for each client.
func playMovingKeys(t *testing.T, m module, asked AuthorizationOptions) {
	for range 2 {
		var w *world
		fetched := 0
		place := serve(t, func(rw http.ResponseWriter, _ *http.Request) {
			fetched++
			json.NewEncoder(rw).Encode(jose.NewSet(w.Key()))
		})
		m.options.EditMetadata = claim("jwks_uri", place+"/keys")
		w = m.world(t)
		if _, err := w.enter(asked); err != nil || fetched != 1 || w.requests("/jwks") != 0 {
			t.Errorf("%v, fetched %d times, elsewhere %d times", err, fetched,
				w.requests("/jwks"))
		}
	}
}

// playMismatch has the metadata be that of another issuer: no login begins.
func playMismatch(t *testing.T, m module, asked AuthorizationOptions) {
	m.options.EditMetadata = claim("issuer", stranger)
	w := m.world(t)
	asked.RedirectURI = redirectURI
	req, err := w.client.Authorize(t.Context(), asked)
	if outcome(err) != "check issuer" || req != nil {
		t.Errorf("request %v, %v", req, err)
	}
	if !slices.Equal(w.seen, []string{wellKnown}) {
		t.Errorf("requested %q", w.seen)
	}
}

// playRotation has the provider sign the second ID Token with a new key.
func playRotation(t *testing.T, m module, asked AuthorizationOptions) {
	for _, keep := range []bool{true, false} {
		w := m.world(t)
		for range 2 {
			if _, err := w.enter(asked); err != nil {
				t.Fatal(err)
			}
			if err := w.RotateKeys(keep); err != nil {
				t.Fatal(err)
			}
		}
		if n := w.requests("/jwks"); n != 2 {
			t.Errorf("keys were fetched %d times", n)
		}
	}
}

// playRotationAtSigning has the provider change keys between two that the client fetches.
func playRotationAtSigning(t *testing.T, m module, asked AuthorizationOptions) {
	var w *world
	m.options.EditIDToken = func(map[string]any) {
		if err := w.RotateKeys(false); err != nil {
			t.Error(err)
		}
	}
	w = m.world(t)
	old := w.issue(nil)
	if _, err := w.client.VerifyIDToken(t.Context(), old, IDTokenExpectations{
		Nonce: "n"}); err != nil || w.requests("/jwks") != 1 {
		t.Fatalf("%v, keys were fetched %d times", err, w.requests("/jwks"))
	}
	if _, err := w.enter(asked); err != nil || w.requests("/jwks") != 2 {
		t.Errorf("%v, keys were fetched %d times", err, w.requests("/jwks"))
	}
}

// playWebFinger finds the issuer by what a user typed.
func playWebFinger(scheme string) func(*testing.T, module, AuthorizationOptions) {
	return func(t *testing.T, _ module, _ AuthorizationOptions) {
		var p *oidctest.Provider
		s := httptest.NewTLSServer(http.HandlerFunc(
			func(w http.ResponseWriter, r *http.Request) { p.ServeHTTP(w, r) }))
		t.Cleanup(s.Close)
		p, err := oidctest.New(oidctest.Options{BaseURL: s.URL})
		if err != nil {
			t.Fatal(err)
		}
		typed := scheme + strings.TrimPrefix(s.URL, "https://")
		if scheme == "https://" {
			typed += "/suite/module"
		}
		issuer, err := DiscoverIssuer(t.Context(), s.Client(), typed)
		if err != nil || issuer != s.URL {
			t.Fatalf("issuer %q, %v", issuer, err)
		}
		c, err := New(Config{Issuer: issuer, ID: "client", Auth: oauth2.None(),
			HTTP: s.Client()})
		if err != nil {
			t.Fatal(err)
		}
		if found, err := c.Provider(t.Context()); err != nil || found.TokenEndpoint !=
			p.Endpoint("token") {
			t.Errorf("metadata %v, %v", found, err)
		}
	}
}

// playRequestURI has the provider fetch the request, and take no other.
func playRequestURI(t *testing.T, m module, asked AuthorizationOptions) {
	key := generate(t, "RS256")
	var objects *oauth2.RequestObjects
	place := serve(t, func(w http.ResponseWriter, r *http.Request) { objects.ServeHTTP(w, r) })
	objects, err := oauth2.NewRequestObjects(place)
	if err != nil {
		t.Fatal(err)
	}
	m.options.Clients = []oidctest.Client{{ID: "client", Secret: "secret",
		Keys: jose.NewSet(key), RequireRequestObject: true}}
	m.config = func(c *Config) {
		c.RequestObject = oauth2.RequestObject{Key: key, Algorithm: "RS256",
			Publish: objects.Publish}
	}
	w := m.world(t)
	req := w.begin(asked)
	if sent := paramsOf(t, req.URL); !strings.HasPrefix(sent.Get("request_uri"), place) ||
		sent.Has("nonce") || sent.Has("state") {
		t.Errorf("sent %v", sent)
	}
	if _, err := w.client.Callback(t.Context(), w.visit(req.URL), req.Transaction); err != nil {
		t.Error(err)
	}
}

// playBearer sees how the access token is sent: in the header, after scheme, or in the form.
func playBearer(scheme string, inForm int) func(*testing.T, module, AuthorizationOptions) {
	return func(t *testing.T, m module, asked AuthorizationOptions) {
		w := newWorld(t, m.options, answerer{
			"/userinfo": func(rw http.ResponseWriter, r *http.Request) {
				header := r.Header.Get("Authorization")
				if !strings.HasPrefix(header, scheme) || (header == "") != (scheme == "") ||
					r.URL.RawQuery != "" || len(r.PostForm["access_token"]) != inForm {
					t.Errorf("the token is in %q and %v", header, r.PostForm)
				}
				edit(func(map[string]any) {})(rw, r)
			}}, m.config)
		login, err := w.enter(asked)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.client.UserInfo(t.Context(), login); err != nil {
			t.Error(err)
		}
	}
}

// playSilent asks for a login that nobody sees, of a user who has none.
func playSilent(t *testing.T, m module, asked AuthorizationOptions) {
	m.options.LoginForm = true
	var now time.Duration
	asked.ResponseMode, asked.Prompt, asked.MaxAge = "form_post", []string{"none"}, &now
	w := m.world(t)
	login, err := w.enter(asked)
	if outcome(err) != "server login_required 0" || login != nil || w.requests("/token") != 0 {
		t.Errorf("%v, %v, %d token requests", login, err, w.requests("/token"))
	}
}

// playSourced reads claims that another than the provider vouches for.
func playSourced(distributed bool) func(*testing.T, module, AuthorizationOptions) {
	return func(t *testing.T, m module, asked AuthorizationOptions) {
		key, bank := generate(t, "ES256"), "https://bank.example"
		jwt := by(key, "JWT")([]byte(`{"iss":"` + bank + `","shipping_address":"Main Street"}`))
		place := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("Authorization") != "Bearer ksj3n283dke" {
				t.Errorf("asked with %q", r.Header.Get("Authorization"))
			}
			say(200, "application/jwt", jwt)(w, r)
		})
		source := map[string]any{"JWT": jwt}
		if distributed {
			source = map[string]any{"endpoint": place + "/claims",
				"access_token": "ksj3n283dke"}
		}
		m.options.EditUserInfo = claims("_claim_names", map[string]any{"shipping_address": "src"},
			"_claim_sources", map[string]any{"src": source})
		m.config = func(c *Config) {
			c.ClaimsProviders = []ClaimsProvider{{Issuer: bank, Keys: jose.NewSet(key),
				Algorithms: []string{"ES256"}, Endpoints: []string{place}}}
		}
		w := m.world(t)
		login, err := w.enter(asked)
		if err != nil {
			t.Fatal(err)
		}
		user, err := w.client.UserInfo(t.Context(), login)
		if err != nil || len(user.Sources()) != 1 {
			t.Fatalf("user %v, %v", user, err)
		}
		sourced, err := w.client.ClaimsFrom(t.Context(), user.Sources()[0])
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Address string `json:"shipping_address"`
		}
		if err := sourced.Claims(&got); err != nil || got.Address != "Main Street" {
			t.Errorf("claims %v, %v", got, err)
		}
	}
}

// playRefresh refreshes, and asks for UserInfo with what comes of it. What is edited is the
// ID Token that the refresh brings.
func playRefresh(t *testing.T, m module, asked AuthorizationOptions) {
	m.options.EditIDToken = nth(2, m.options.EditIDToken)
	w := m.world(t)
	login, err := w.enter(asked)
	if err != nil {
		t.Fatal(err)
	}
	before := len(w.seen)
	renewed, err := w.client.Refresh(t.Context(), login.Token)
	if outcome(err) != orOK(m.want) || (renewed == nil) != (err != nil) {
		t.Fatalf("%v, %v, want %s", renewed, err, orOK(m.want))
	}
	want := []string{"/token"}
	if err == nil {
		if renewed.Token.AccessToken() == login.Token.AccessToken() {
			t.Error("the access token is the old one")
		}
		_, err := w.client.UserInfo(t.Context(), renewed)
		if err != nil {
			t.Error(err)
		}
		want = append(want, "/userinfo")
	}
	if after := w.seen[before:]; !slices.Equal(after, want) {
		t.Errorf("then requested %q, want %q", after, want)
	}
}

// playThirdParty begins the login that another site asks for.
func playThirdParty(t *testing.T, m module, asked AuthorizationOptions) {
	m.options.Users = []oidctest.User{{Subject: "bob"}, {Subject: "alice"}}
	w := m.world(t)
	query := url.Values{"iss": {w.Issuer()}, "login_hint": {"alice"},
		"target_link_uri": {"https://rp.example/inbox"}}.Encode()
	read, err := ReadThirdPartyLogin(httptest.NewRequest("GET", "/initiate?"+query, nil),
		ThirdPartyOptions{Issuers: []string{w.Issuer()}, BaseURL: "https://rp.example"})
	if err != nil || read.Issuer != w.Issuer() || read.Target != "/inbox" {
		t.Fatalf("%+v, %v", read, err)
	}
	asked.LoginHint = read.LoginHint
	if login, err := w.enter(asked); err != nil || login.IDToken.Subject != "alice" {
		t.Errorf("%v, %v", login, err)
	}
}

const (
	fapi1 = "fapi1-advanced-final-client-test-"
	fapi2 = "fapi2-security-profile-final-client-test-"
)

// fapiModules are run as code id_token for FAPI 1, and as code for FAPI 2.0. The profiles
// ask for more of a request, and of a client, than these modules are about.
var fapiModules = slices.Concat(
	both(module{name: "discovery-issuer-mismatch", run: playMismatch}),
	both(module{name: "invalid-iss", options: editing(claim("iss", stranger)),
		want: "check iss"}),
	both(module{name: "invalid-missing-iss", options: editing(claim("iss", nil)),
		want: "check iss"}),
	both(module{name: "invalid-aud", options: editing(claim("aud", "stranger")),
		want: "check aud"}),
	both(module{name: "invalid-missing-aud", options: editing(claim("aud", nil)),
		want: "check aud"}),
	both(module{name: "invalid-secondary-aud",
		options: editing(claim("aud", list{"client", "stranger"})), want: "check aud"}),
	both(module{name: "valid-aud-as-array", options: editing(claim("aud", list{"client"}))}),
	both(module{name: "invalid-null-alg", made: unsigned, want: "check compact"}),
	both(module{name: "invalid-alternate-alg", want: "check alg",
		config: func(c *Config) { c.IDToken.SigningAlgorithm = "PS256" }}),
	both(module{name: "invalid-expired-exp", options: editing(claim("exp", after(-600))),
		want: "check exp"}),
	both(module{name: "invalid-missing-exp", options: editing(claim("exp", nil)),
		want: "check exp"}),
	both(module{name: "invalid-nonce", options: editing(claim("nonce", "x")),
		want: "check nonce"}),
	both(module{name: "invalid-missing-nonce", options: editing(claim("nonce", nil)),
		want: "check nonce"}),
	[]module{
		{name: fapi1 + "invalid-signature", profiles: "A", made: forged, want: "signature"},
		{name: fapi1 + "iat-is-week-in-past", profiles: "A",
			options: editing(claim("iat", after(-7*86400))), want: "check iat"},
		{name: fapi1 + "invalid-shash", profiles: "A",
			options: editing(claim("s_hash", "PEaenWxYddN6Q_NT1PiOYQ")), want: "check s_hash"},
		{name: fapi1 + "invalid-missing-shash", profiles: "A",
			absent: "OpenID Connect has no s_hash: it is checked if it is there"},
		{name: fapi1 + "invalid-chash", profiles: "A",
			options: editing(claim("c_hash", "VpTQii5T_8rgwxA-Wtb2Bw")), want: "check c_hash"},
		{name: fapi1 + "missing-athash", profiles: "A",
			options: editing(claim("at_hash", nil))},
		{name: fapi1 + "encrypted-idtoken", profiles: "A", run: playEncrypted},
		{name: fapi1 + "encrypted-idtoken-usingrsa15", profiles: "A", want: "check alg",
			made: rsa15, run: playEncrypted},

		{name: fapi2 + "invalid-authorization-response-iss", profiles: "S",
			options: responding("iss", stranger), want: "check iss", browser: true},
		{name: fapi2 + "remove-authorization-response-iss", profiles: "S",
			options: responding("iss", ""), want: "check iss", browser: true},
		{name: fapi2 + "ensure-jarm-without-iss-fails", profiles: "J",
			options: responding("iss", ""), want: "check iss", browser: true},
		{name: fapi2 + "ensure-jarm-with-invalid-iss-fails", profiles: "J",
			options: responding("iss", stranger), want: "check iss", browser: true},
		{name: fapi2 + "ensure-jarm-without-aud-fails", profiles: "J",
			options: responding("aud", ""), want: "check aud", browser: true},
		{name: fapi2 + "ensure-jarm-with-invalid-aud-fails", profiles: "J",
			options: responding("aud", "stranger"), want: "check aud", browser: true},
		{name: fapi2 + "ensure-jarm-without-exp-fails", profiles: "J",
			options: responding("exp", ""), want: "check exp", browser: true},
		{name: fapi2 + "ensure-jarm-with-expired-exp-fails", profiles: "J",
			options: responding("exp", "1700000000"), want: "check exp", browser: true},
		{name: fapi2 + "ensure-jarm-with-invalid-sig-fails", profiles: "J",
			brought: resigned(forged), want: "signature", browser: true},
		{name: fapi2 + "ensure-jarm-signature-is-not-none", profiles: "J",
			brought: resigned(unsigned), want: "check compact", browser: true},
	},
)

// both are the modules of the two profiles that have this one.
func both(m module) []module {
	first, second := m, m
	first.name, first.profiles = fapi1+m.name, "A"
	second.name, second.profiles = fapi2+m.name, "S"
	return []module{first, second}
}

// responding changes a parameter of the response, which is signed after that, or removes it.
func responding(name, value string) oidctest.Options {
	return oidctest.Options{EditResponse: func(params url.Values) {
		params.Set(name, value)
		if value == "" {
			params.Del(name)
		}
	}}
}

// resigned changes a response that is a token.
func resigned(change func(compact string) string) func(url.Values) {
	return func(params url.Values) { params.Set("response", change(params.Get("response"))) }
}

func playEncrypted(t *testing.T, m module, asked AuthorizationOptions) {
	_, decrypter, recipient := encrypting(t)
	m.options.Clients = []oidctest.Client{{
		ID: "client", Secret: "secret", IDTokenEncryption: recipient}}
	m.config = func(c *Config) { c.IDToken.Decrypter = decrypter }
	play(t, m, asked)
}

// rsa15 is a token encrypted by RSAES-PKCS1-v1_5, as far as its header says.
func rsa15(string) string {
	const header = `{"alg":"RSA1_5","enc":"A128CBC-HS256","cty":"JWT"}`
	return b64(header) + "." + b64(strings.Repeat("k", 256)) + "." +
		b64(strings.Repeat("i", 16)) + "." + b64(strings.Repeat("c", 64)) + "." +
		b64(strings.Repeat("t", 16))
}
