package oauth2

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/jose"
)

const asIssuer = "https://as.example"

// An hsm signs and shows no key.
type hsm struct {
	signer crypto.Signer
	fail   *error
}

func (m hsm) Public() crypto.PublicKey { return m.signer.Public() }

func (m hsm) Sign(r io.Reader, digest []byte, o crypto.SignerOpts) ([]byte, error) {
	if m.fail != nil && *m.fail != nil {
		return nil, *m.fail
	}
	return m.signer.Sign(r, digest, o)
}

// newSigner makes a key pair that serves algorithm.
func newSigner(t *testing.T, algorithm string) crypto.Signer {
	t.Helper()
	curves := map[string]elliptic.Curve{
		"ES256": elliptic.P256(), "ES384": elliptic.P384(), "ES512": elliptic.P521()}
	var signer crypto.Signer
	var err error
	switch curve, ok := curves[algorithm]; {
	case ok:
		signer, err = ecdsa.GenerateKey(curve, rand.Reader)
	case algorithm == "EdDSA":
		_, signer, err = ed25519.GenerateKey(rand.Reader)
	default:
		signer, err = rsa.GenerateKey(rand.Reader, 2048)
	}
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func joseKey(t *testing.T, key any, o jose.KeyOptions) *jose.Key {
	t.Helper()
	k, err := jose.NewKey(key, o)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func signingKey(t *testing.T, algorithm string) *jose.Key {
	t.Helper()
	return joseKey(t, newSigner(t, algorithm), jose.KeyOptions{ID: "kid-1"})
}

// verified verifies an assertion as a server would, at the time that tests begin.
func verified(t *testing.T, compact string, key *jose.Key, c jose.VerifierConfig) *jose.Token {
	t.Helper()
	c.Keys = jose.NewSet(key)
	c.Required = []string{"iat", "jti"}
	c.Leeway = -1
	c.Now = func() time.Time { return start }
	v, err := jose.NewVerifier(c)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := v.Verify(t.Context(), compact)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// claimNames returns the names of a token's claims in their order.
func claimNames(t *testing.T, tok *jose.Token) []string {
	t.Helper()
	var claims map[string]any
	if err := tok.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(maps.Keys(claims))
}

// RFC 7523, Section 3, as updated by draft-ietf-oauth-rfc7523bis, Section 4: what a
// device signed, for the issuer alone, anew in each request.
func TestPrivateKeyJWT(t *testing.T) {
	rsaPair := newSigner(t, "RS256")
	for _, alg := range []string{"RS256", "RS384", "RS512", "PS256", "PS384", "PS512",
		"ES256", "ES384", "ES512", "EdDSA"} {
		t.Run(alg, func(t *testing.T) {
			pair := rsaPair
			if strings.HasPrefix(alg, "E") {
				pair = newSigner(t, alg)
			}
			o := jose.KeyOptions{ID: "kid-1", Algorithm: alg}
			private := joseKey(t, hsm{signer: pair}, o)
			public := joseKey(t, pair.Public(), o)
			s := newServer(t, answerJSON(200, goodToken))
			config := configAt(s.URL)
			config.Auth = PrivateKeyJWT(private, AssertionOptions{})
			config.Server.RevocationEndpoint = "https://other.example/revoke"
			c := newClient(t, config)
			seen := map[string]bool{}
			for range 3 {
				if _, err := c.ClientCredentials(t.Context(), TokenOptions{}); err != nil {
					t.Fatal(err)
				}
				asked := s.requests()[len(s.requests())-1]
				form := posted(t, asked)
				if form.Get("client_id") != "client" || form.Get("client_assertion_type") !=
					"urn:ietf:params:oauth:client-assertion-type:jwt-bearer" ||
					form.Has("client_secret") || strings.Contains(asked, "Authorization") {
					t.Errorf("sent %q", asked)
				}
				tok := verified(t, form.Get("client_assertion"), public, jose.VerifierConfig{
					Algorithms: []string{alg}, Issuer: "client", Audience: s.URL,
					Type: "client-authentication+jwt"})
				wantClientAssertion(t, tok, s.URL)
				if len(tok.ID) < 22 || seen[tok.ID] {
					t.Errorf("jti is %q", tok.ID)
				}
				seen[tok.ID] = true
			}
		})
	}
}

func wantClientAssertion(t *testing.T, tok *jose.Token, issuer string) {
	t.Helper()
	if tok.Header.KeyID != "kid-1" {
		t.Errorf("kid is %q", tok.Header.KeyID)
	}
	if tok.Subject != "client" || !slices.Equal(tok.Audience, []string{issuer}) ||
		tok.Claim("aud") != `"`+issuer+`"` {
		t.Errorf("for %q by %q", tok.Audience, tok.Subject)
	}
	if !tok.IssuedAt.Equal(start) || !tok.ExpiresAt.Equal(start.Add(time.Minute)) {
		t.Errorf("from %v to %v", tok.IssuedAt, tok.ExpiresAt)
	}
	want := []string{"aud", "exp", "iat", "iss", "jti", "sub"}
	if got := claimNames(t, tok); !slices.Equal(got, want) {
		t.Errorf("claims are %q", got)
	}
}

// clientAssertionOf has a client with auth ask for a token, and returns what it sent.
func clientAssertionOf(t *testing.T, auth ClientAuthentication, algorithms ...string) string {
	t.Helper()
	s := newServer(t, answerJSON(200, goodToken))
	config := configAt(asIssuer)
	config.Server.TokenEndpoint = s.URL + "/token"
	config.Server.TokenEndpointAuthSigningAlgValuesSupported = algorithms
	config.Auth = auth
	c := newClient(t, config)
	for i := range algorithms {
		algorithms[i] = "changed" // the client's list is its own
	}
	if _, err := c.ClientCredentials(t.Context(), TokenOptions{}); err != nil {
		t.Fatal(err)
	}
	return posted(t, s.requests()[0]).Get("client_assertion")
}

// The algorithm is the one said, or one that the server supports, or the key's first.
func TestAssertionAlgorithm(t *testing.T) {
	rsaKey, ecKey := signingKey(t, "RS256"), signingKey(t, "ES256")
	secret := strings.Repeat("s", 64)
	for _, test := range []struct {
		name string
		auth ClientAuthentication
		list []string
		want string
	}{
		{"the key's first", PrivateKeyJWT(rsaKey, AssertionOptions{}), nil,
			rsaKey.Algorithms()[0]},
		{"of an EC key", PrivateKeyJWT(ecKey, AssertionOptions{}), nil, "ES256"},
		{"of the server's", PrivateKeyJWT(rsaKey, AssertionOptions{}),
			[]string{"ES256", "PS384"}, "PS384"},
		{"the key's first of the server's", PrivateKeyJWT(rsaKey, AssertionOptions{}),
			[]string{"PS512", "RS384"}, "RS384"},
		{"none of the server's", PrivateKeyJWT(ecKey, AssertionOptions{}), []string{"RS256"},
			"ES256"},
		{"said", PrivateKeyJWT(rsaKey, AssertionOptions{Algorithm: "PS256"}), nil, "PS256"},
		{"said otherwise than the server", PrivateKeyJWT(rsaKey,
			AssertionOptions{Algorithm: "PS256"}), []string{"RS256"}, "PS256"},
		{"HMAC", ClientSecretJWT(secret, AssertionOptions{}), nil, "HS256"},
		{"HMAC of the server's", ClientSecretJWT(secret, AssertionOptions{}),
			[]string{"RS256", "HS512"}, "HS512"},
		{"HMAC said", ClientSecretJWT(secret, AssertionOptions{Algorithm: "HS384"}), nil, "HS384"},
	} {
		t.Run(test.name, func(t *testing.T) {
			header, err := jose.Peek(clientAssertionOf(t, test.auth, test.list...))
			if err != nil || header.Algorithm != test.want {
				t.Errorf("alg is %q, %v, want %s", header.Algorithm, err, test.want)
			}
		})
	}
}

// OpenID Connect Core 1.0, Section 9: client_secret_jwt is keyed by the secret itself.
func TestClientSecretJWT(t *testing.T) {
	secret := strings.Repeat("s", 32)
	compact := clientAssertionOf(t, ClientSecretJWT(secret, AssertionOptions{}))
	tok := verified(t, compact, joseKey(t, []byte(secret), jose.KeyOptions{}), jose.VerifierConfig{
		Algorithms: []string{"HS256"}, Issuer: "client", Audience: asIssuer,
		Type: "client-authentication+jwt"})
	if tok.Header.KeyID != "" || tok.Subject != "client" {
		t.Errorf("kid %q, subject %q", tok.Header.KeyID, tok.Subject)
	}
}

// CVE-2025-27370, CVE-2025-27371: the audience is the issuer, whatever the endpoints are,
// and another only by a name that says so.
func TestAssertionAudience(t *testing.T) {
	key := signingKey(t, "ES256")
	for audience, want := range map[string]string{
		"":                         asIssuer,
		"https://as.example/token": "https://as.example/token",
	} {
		o := AssertionOptions{InsecureAudience: audience, Claims: map[string]any{"x": 1}}
		tok := verified(t, clientAssertionOf(t, PrivateKeyJWT(key, o)), key, jose.VerifierConfig{
			Algorithms: []string{"ES256"}, Issuer: "client", Audience: want,
			Type: "client-authentication+jwt"})
		if !slices.Equal(tok.Audience, []string{want}) || tok.Claim("x") != "1" {
			t.Errorf("for %q, claims %q", tok.Audience, claimNames(t, tok))
		}
	}
}

// What cannot authenticate is refused when the client is made.
func TestNewRefusesAssertions(t *testing.T) {
	ec := newSigner(t, "ES256")
	private := joseKey(t, ec, jose.KeyOptions{})
	public := joseKey(t, ec.Public(), jose.KeyOptions{})
	secret := joseKey(t, []byte(strings.Repeat("s", 32)), jose.KeyOptions{})
	encryption := joseKey(t, newSigner(t, "RS256"), jose.KeyOptions{Use: "enc"})
	s32 := strings.Repeat("s", 32)
	broken := errors.New("device is not asked")
	asleep := joseKey(t, hsm{ec, &broken}, jose.KeyOptions{})
	with := func(key *jose.Key, name string, claim any) ClientAuthentication {
		return PrivateKeyJWT(key, AssertionOptions{Claims: map[string]any{name: claim}})
	}
	for _, test := range []struct {
		name, issuer string
		auth         ClientAuthentication
		want         string
	}{
		{"private key", asIssuer, PrivateKeyJWT(private, AssertionOptions{}), "ok"},
		{"secret of 32 bytes", asIssuer, ClientSecretJWT(s32, AssertionOptions{}), "ok"},
		{"secret of 31 bytes", asIssuer, ClientSecretJWT(s32[1:], AssertionOptions{}),
			"check client_secret"},
		{"no secret", asIssuer, ClientSecretJWT("", AssertionOptions{}),
			"check client_secret"},
		{"secret too short for the hash", asIssuer,
			ClientSecretJWT(s32, AssertionOptions{Algorithm: "HS512"}), "check key"},
		{"no key", asIssuer, PrivateKeyJWT(nil, AssertionOptions{}), "check key"},
		{"zero key", asIssuer, PrivateKeyJWT(new(jose.Key), AssertionOptions{}),
			"check key"},
		{"shared key", asIssuer, PrivateKeyJWT(secret, AssertionOptions{}), "check key"},
		{"public key", asIssuer, PrivateKeyJWT(public, AssertionOptions{}), "check key"},
		{"key for encryption", asIssuer, PrivateKeyJWT(encryption, AssertionOptions{}),
			"check key"},
		{"a device, which is not asked", asIssuer,
			PrivateKeyJWT(asleep, AssertionOptions{}), "ok"},
		{"algorithm of another key", asIssuer,
			PrivateKeyJWT(private, AssertionOptions{Algorithm: "RS256"}), "check key"},
		{"algorithm of no key", asIssuer,
			PrivateKeyJWT(private, AssertionOptions{Algorithm: "none"}), "check key"},
		{"no issuer", "", PrivateKeyJWT(private, AssertionOptions{}), "check issuer"},
		{"no issuer for a secret", "", ClientSecretJWT(s32, AssertionOptions{}), "check issuer"},
		{"no issuer, another audience", "",
			PrivateKeyJWT(private, AssertionOptions{InsecureAudience: "x"}), "ok"},
		{"jti", asIssuer, with(private, "jti", "always the same"), "check claims"},
		{"jti of another type", asIssuer, with(private, "jti", 1), "check claims"},
		{"JTI", asIssuer, with(private, "JTI", "x"), "check claims"},
		{"iss", asIssuer, with(private, "iss", "x"), "check claims"},
		{"sub", asIssuer, with(private, "sub", "x"), "check claims"},
		{"aud", asIssuer, with(private, "aud", "x"), "check claims"},
		{"exp", asIssuer, with(private, "exp", 1), "check claims"},
		{"nbf", asIssuer, with(private, "nbf", 1), "check claims"},
		{"iat", asIssuer, with(private, "iAt", 1), "check claims"},
		{"iss with a long s", asIssuer, with(private, "i\u017fs", "x"), "check claims"},
		{"sub with a long s", asIssuer, with(private, "\u017fub", "x"), "check claims"},
		{"one that only looks like iss", asIssuer, with(private, "\u0456ss", "x"), "ok"},
		{"another claim", asIssuer, with(private, "x", "y"), "ok"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := configAt(asIssuer)
			config.Server.Issuer, config.Auth = test.issuer, test.auth
			c, err := New(config)
			if got := outcome(err); got != test.want {
				t.Errorf("outcome %q, want %q", got, test.want)
			}
			if (c == nil) != (err != nil) {
				t.Errorf("client %v beside error %v", c, err)
			}
		})
	}
}

// A device that fails later ends the request before it is sent, with its own error.
func TestAssertionDeviceFails(t *testing.T) {
	s := newServer(t, answerJSON(200, goodToken))
	var fail error
	config := configAt(s.URL)
	config.Auth = PrivateKeyJWT(joseKey(t, hsm{newSigner(t, "ES256"), &fail},
		jose.KeyOptions{}), AssertionOptions{})
	c := newClient(t, config)
	fail = errors.New("device is gone")
	_, err := c.ClientCredentials(t.Context(), TokenOptions{})
	if !errors.Is(err, fail) || len(s.requests()) > 0 {
		t.Errorf("error is %v, sent %q", err, s.requests())
	}
}

// A revocation endpoint gets an assertion for the issuer too.
func TestAssertionAtAnotherEndpoint(t *testing.T) {
	s := newServer(t, answerJSON(200, ""))
	key := signingKey(t, "EdDSA")
	config := configAt(asIssuer)
	config.Server.RevocationEndpoint = s.URL + "/revoke"
	config.RevocationAuth = PrivateKeyJWT(key, AssertionOptions{})
	if err := newClient(t, config).Revoke(t.Context(), held(t), ""); err != nil {
		t.Fatal(err)
	}
	tok := verified(t, posted(t, s.requests()[0]).Get("client_assertion"), key,
		jose.VerifierConfig{Algorithms: []string{"EdDSA"}, Issuer: "client",
			Audience: asIssuer, Type: "client-authentication+jwt"})
	wantClientAssertion(t, tok, asIssuer)
}

// RFC 7523, Section 3: what an authorization grant says, and what it says by default.
func TestSignAssertion(t *testing.T) {
	key := signingKey(t, "RS256")
	hour := start.Add(time.Hour)
	for _, test := range []struct {
		name               string
		issuer             string // of the server
		a                  Assertion
		iss, sub, aud, alg string
		expires            time.Time
		claims             string
	}{
		{"zero", asIssuer, Assertion{}, "client", "client", asIssuer,
			key.Algorithms()[0], start.Add(time.Minute), "aud exp iat iss jti sub"},
		{"server without issuer", "", Assertion{}, "client", "client",
			"https://as.example/token", key.Algorithms()[0], start.Add(time.Minute),
			"aud exp iat iss jti sub"},
		{"of a service account", asIssuer, Assertion{Issuer: "robot@p.example"},
			"robot@p.example", "robot@p.example", asIssuer, key.Algorithms()[0],
			start.Add(time.Minute), "aud exp iat iss jti sub"},
		{"all", asIssuer, Assertion{Issuer: "i", Subject: "s", Audience: "a",
			Algorithm: "PS384", Lifetime: time.Hour,
			Claims: map[string]any{"scope": "x", "jti": "own"}}, "i", "s", "a", "PS384", hour,
			"aud exp iat iss jti scope sub"},
		{"without subject", asIssuer, Assertion{OmitSubject: true}, "client", "",
			asIssuer, key.Algorithms()[0], start.Add(time.Minute),
			"aud exp iat iss jti"},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := configAt(asIssuer)
			config.Server.Issuer = test.issuer
			c := newClient(t, config)
			test.a.Key = key
			seen := map[string]bool{}
			for range 2 {
				compact, err := c.SignAssertion(test.a)
				if err != nil {
					t.Fatal(err)
				}
				tok := verified(t, compact, key, jose.VerifierConfig{
					Algorithms: []string{test.alg}, Issuer: test.iss, Audience: test.aud})
				if tok.Header.Type != "JWT" || tok.Subject != test.sub ||
					!tok.ExpiresAt.Equal(test.expires) || !tok.IssuedAt.Equal(start) ||
					strings.Join(claimNames(t, tok), " ") != test.claims {
					t.Errorf("made %q %q %v", tok.Header.Type, claimNames(t, tok), tok.ExpiresAt)
				}
				if own, ok := test.a.Claims["jti"]; ok && own != tok.ID || !ok && seen[tok.ID] {
					t.Errorf("jti is %q", tok.ID)
				}
				seen[tok.ID] = true
			}
		})
	}
}

func TestSignAssertionRefuses(t *testing.T) {
	key := signingKey(t, "ES256")
	for _, test := range []struct {
		name string
		a    Assertion
		want string
	}{
		{"no key", Assertion{}, "check key"},
		{"negative lifetime", Assertion{Key: key, Lifetime: -1}, "check exp"},
		{"more than an hour", Assertion{Key: key, Lifetime: time.Hour + 1}, "check exp"},
		{"no such algorithm", Assertion{Key: key, Algorithm: "RS256"}, "check key"},
		{"jti that is none", Assertion{Key: key, Claims: map[string]any{"jti": 1}}, "check jti"},
		{"iss", Assertion{Key: key, Claims: map[string]any{"iss": "x"}}, "check iss"},
		{"sub", Assertion{Key: key, Claims: map[string]any{"sub": "x"}}, "check sub"},
		{"sub that is left out", Assertion{Key: key, OmitSubject: true,
			Claims: map[string]any{"sub": "x"}}, "check sub"},
		{"aud", Assertion{Key: key, Claims: map[string]any{"aud": "x"}}, "check aud"},
		{"not UTF-8", Assertion{Key: key, Issuer: "\xff"}, "check claims"},
	} {
		t.Run(test.name, func(t *testing.T) {
			compact, err := newClient(t, configAt(asIssuer)).SignAssertion(test.a)
			if outcome(err) != test.want || compact != "" {
				t.Errorf("outcome %q, want %q", outcome(err), test.want)
			}
		})
	}
	_, err := newClient(t, configAt(asIssuer)).SignAssertion(Assertion{})
	wantCheck(t, err, "key", "RFC 7523, Section 3")
	config := configAt(asIssuer)
	config.Server.Issuer, config.Server.TokenEndpoint = "", ""
	_, err = newClient(t, config).SignAssertion(Assertion{Key: key})
	wantCheck(t, err, "aud", "RFC 7523, Section 3")
}

// The caller's claims stay as they are, so that the next assertion has its own ID.
func TestSignAssertionKeepsItsClaims(t *testing.T) {
	claims := map[string]any{"jti": "own", "x": "y"}
	_, err := newClient(t, configAt(asIssuer)).SignAssertion(
		Assertion{Key: signingKey(t, "ES256"), Claims: claims})
	if want := map[string]any{"jti": "own", "x": "y"}; err != nil || !maps.Equal(claims, want) {
		t.Errorf("claims are %v, %v", claims, err)
	}
}

// A server that takes no other type gets the one it takes.
func TestAssertionType(t *testing.T) {
	key := signingKey(t, "ES256")
	for typ, want := range map[string]string{"": "client-authentication+jwt", "JWT": "JWT"} {
		auth := PrivateKeyJWT(key, AssertionOptions{Type: typ})
		verified(t, clientAssertionOf(t, auth), key, jose.VerifierConfig{
			Algorithms: []string{"ES256"}, Issuer: "client", Audience: asIssuer, Type: want})
	}
}

// What a caller adds to its claims later is in no assertion.
func TestAssertionClaimsAreCopied(t *testing.T) {
	key, claims := signingKey(t, "ES256"), map[string]any{"x": 1}
	auth := PrivateKeyJWT(key, AssertionOptions{Claims: claims})
	claims["jti"] = "fixed"
	tok := verified(t, clientAssertionOf(t, auth), key, jose.VerifierConfig{
		Algorithms: []string{"ES256"}, Issuer: "client", Audience: asIssuer,
		Type: "client-authentication+jwt"})
	if tok.ID == "fixed" || tok.Claim("x") != "1" {
		t.Errorf("claims are %q", claimNames(t, tok))
	}
}

func TestSignAssertionRefusesMore(t *testing.T) {
	key := signingKey(t, "ES256")
	for want, a := range map[string]Assertion{
		"check jti": {Key: key, Claims: map[string]any{"jti": ""}},
		"check exp": {Key: key, Lifetime: 5},
	} {
		_, err := newClient(t, configAt("https://as.example")).SignAssertion(a)
		if outcome(err) != want {
			t.Errorf("outcome %q, want %q", outcome(err), want)
		}
	}
}
