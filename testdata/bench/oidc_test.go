package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"reflect"
	"strings"
	"testing"
	"time"

	"golang.org/x/oauth2"

	"vouchsafe/jose"
)

// A trail keeps where requests go.
type trail struct {
	base http.RoundTripper
	sent []*http.Request
	form url.Values // of the last token request
}

func (r *trail) RoundTrip(req *http.Request) (*http.Response, error) {
	r.sent = append(r.sent, req)
	if req.Method == http.MethodPost {
		if err := req.ParseForm(); err != nil {
			return nil, err
		}
		r.form = req.PostForm
	}
	return r.base.RoundTrip(req)
}

func (r *trail) urls() []string {
	var urls []string
	for _, req := range r.sent {
		urls = append(urls, req.URL.String())
	}
	return urls
}

func newTestOIDC(t *testing.T) *oidcBench {
	t.Helper()
	k, err := newKeys()
	if err != nil {
		t.Fatal(err)
	}
	b, err := emptyOIDCBench(k)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func newTestParty(
	t *testing.T, b *oidcBench, lib oidcLibrary, transport http.RoundTripper,
) party {
	t.Helper()
	p, err := lib.make(b.relying, newClient(transport))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// idTokenCases change the claims, the header, the key or the text of a good ID Token, and
// say what error each column refuses it with: any, if errAny, and none, if nil. Where
// go-oidc accepts what vouchsafe refuses, it checks less.
var idTokenCases = []struct {
	name             string
	claims           func(c map[string]any)
	text             func(b *oidcBench, idToken string) string
	vouchsafe, rival error
}{
	{name: "good"},
	{name: "without at_hash", claims: without("at_hash")},
	{name: "several audiences", claims: with("aud", []string{"", "https://other.example"}),
		vouchsafe: refusedBy("aud")},
	{name: "other nonce", claims: with("nonce", "another"),
		vouchsafe: refusedBy("nonce"), rival: errNonce},
	{name: "no nonce", claims: without("nonce"),
		vouchsafe: refusedBy("nonce"), rival: errNonce},
	{name: "other issuer", claims: with("iss", issuer+"/"),
		vouchsafe: refusedBy("iss"), rival: errAny},
	{name: "other audience", claims: with("aud", "another"),
		vouchsafe: refusedBy("aud"), rival: errAny},
	{name: "no audience", claims: without("aud"),
		vouchsafe: refusedBy("aud"), rival: errAny},
	{name: "expired", claims: with("exp", time.Now().Add(-2*time.Minute).Unix()),
		vouchsafe: refusedBy("exp"), rival: errAny},
	{name: "no exp", claims: without("exp"), vouchsafe: refusedBy("exp"), rival: errAny},
	{name: "early", claims: with("nbf", time.Now().Add(10*time.Minute).Unix()),
		vouchsafe: refusedBy("nbf"), rival: errAny},
	{name: "issued in the future", claims: with("iat", time.Now().Add(10*time.Minute).Unix()),
		vouchsafe: refusedBy("iat")},
	{name: "other at_hash", claims: with("at_hash", tokenHash("another")),
		vouchsafe: refusedBy("at_hash"), rival: errAny},
	{name: "other party", claims: with("azp", "another"), vouchsafe: refusedBy("azp")},
	{name: "no subject", claims: without("sub"), vouchsafe: refusedBy("sub")},
	{name: "changed payload", text: changedPayload, vouchsafe: jose.ErrSignature, rival: errAny},
	{name: "changed signature", text: changedSignature,
		vouchsafe: jose.ErrSignature, rival: errAny},
	{name: "unsigned", text: unsigned, vouchsafe: refusedBy("compact"), rival: errAny},
}

var errAny = errors.New("any error")

func refusedBy(check string) error { return &jose.CheckError{Check: check} }

func with(name string, value any) func(map[string]any) {
	return func(c map[string]any) { c[name] = value }
}

func without(name string) func(map[string]any) {
	return func(c map[string]any) { delete(c, name) }
}

func changedPayload(_ *oidcBench, idToken string) string {
	return flip(idToken, len(idToken)/4)
}

func changedSignature(_ *oidcBench, idToken string) string {
	return flip(idToken, len(idToken)-10)
}

func unsigned(_ *oidcBench, idToken string) string {
	parts := strings.Split(idToken, ".")
	return text([]byte(`{"alg":"none"}`)) + "." + parts[1] + "."
}

// forEachIDToken signs the ID Token of each case for what is asked, and has each column
// judge it in a test of its own.
func forEachIDToken(t *testing.T, judge func(
	t *testing.T, b *oidcBench, lib oidcLibrary, sign func(asked asked) string,
) error) {
	b := newTestOIDC(t)
	for _, alg := range []string{"RS256", "ES256"} {
		for _, test := range idTokenCases {
			for _, lib := range oidcLibraries() {
				t.Run(lib.name+" "+alg+" "+test.name, func(t *testing.T) {
					err := judge(t, b, lib, func(asked asked) string {
						idToken := signIDToken(t, b, alg, asked, test.claims)
						if test.text != nil {
							return test.text(b, idToken)
						}
						return idToken
					})
					want := test.rival
					if lib.name == ours {
						want = test.vouchsafe
					}
					if (err == nil) != (want == nil) || want != errAny && !errors.Is(err, want) {
						t.Errorf("%v, want %v", err, want)
					}
				})
			}
		}
	}
}

func signIDToken(
	t *testing.T, b *oidcBench, alg string, asked asked, change func(map[string]any),
) string {
	t.Helper()
	payload, err := newIDToken(alg, b.relying, asked)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		c := members(t, payload)
		for name, value := range c { // encoding/json would write it as 1.7e+09
			if seconds, ok := value.(float64); ok {
				c[name] = int64(seconds)
			}
		}
		change(c)
		if aud, ok := c["aud"].([]string); ok {
			aud[0] = b.relying.id
		}
		payload = marshal(t, c)
	}
	signed, err := token(alg, header(alg, providerKeyID(alg)), b.keys, payload)
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

func TestVerifyIDToken(t *testing.T) {
	forEachIDToken(t, func(
		t *testing.T, b *oidcBench, lib oidcLibrary, sign func(asked asked) string,
	) error {
		asked := asked{"the nonce", b.registration.access}
		p := newTestParty(t, b, lib, b.provider(""))
		return p.verify(t.Context(), sign(asked), asked)
	})
}

// TestLogin has each column log in with a provider that signs what its request asked for.
func TestLogin(t *testing.T) {
	forEachIDToken(t, func(
		t *testing.T, b *oidcBench, lib oidcLibrary, sign func(asked asked) string,
	) error {
		provider := b.provider("")
		p := newTestParty(t, b, lib, provider)
		begun, query := begin(t, p)
		idToken := sign(asked{query.Get("nonce"), b.registration.access})
		provider.token = newDocument(b.registration.responseWith(idToken))
		params := url.Values{"code": {b.registration.code}, "state": {query.Get("state")}}
		_, err := p.finish(t.Context(), params, begun)
		return err
	})
}

func begin(t *testing.T, p party) (begun, url.Values) {
	t.Helper()
	begun, err := p.begin(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	query, err := queryOf(begun.url)
	if err != nil {
		t.Fatal(err)
	}
	return begun, query
}

// TestRequests shows what each column sends the browser and the provider, that discovery
// and the first verification take two requests, and a further login one.
func TestRequests(t *testing.T) {
	b := newTestOIDC(t)
	for _, lib := range oidcLibraries() {
		t.Run(lib.name, func(t *testing.T) {
			wire := &trail{base: b.provider("")}
			p := newTestParty(t, b, lib, wire)
			asked := asked{"the nonce", b.registration.access}
			idToken := signIDToken(t, b, "RS256", asked, nil)
			for range 2 {
				if err := p.verify(t.Context(), idToken, asked); err != nil {
					t.Fatal(err)
				}
			}
			want := []string{configurationURL, keySetURL}
			if got := wire.urls(); !reflect.DeepEqual(got, want) {
				t.Errorf("sent to %v, want %v", got, want)
			}
		})
	}
}

// TestLoginRequests compares the requests of all columns.
func TestLoginRequests(t *testing.T) {
	b := newTestOIDC(t)
	for _, lib := range oidcLibraries() {
		t.Run(lib.name, func(t *testing.T) {
			provider := b.provider("")
			wire := &trail{base: provider}
			p := newTestParty(t, b, lib, wire)
			login, err := b.can(p, provider, "ES256")
			if err != nil {
				t.Fatal(err)
			}
			testAuthorization(t, b, login.begun.url)
			seen := map[string]bool{}
			for range 2 {
				_, query := begin(t, p)
				for _, name := range []string{"state", "nonce", "code_challenge"} {
					if v := query.Get(name); len(v) != 43 || seen[v] {
						t.Errorf("%s is %q", name, v)
					}
					seen[query.Get(name)] = true
				}
				sub, err := login.by(t.Context(), p)
				if err != nil || sub != "248289761001" {
					t.Fatalf("the user is %q, %v", sub, err)
				}
				want := b.registration.form(authorizationCode, wire.form.Get("code_verifier"))
				if !reflect.DeepEqual(wire.form, want) {
					t.Errorf("sent the form %v, want %v", wire.form, want)
				}
				testChallenge(t, login.begun.url, wire.form.Get("code_verifier"))
			}
			want := []string{configurationURL, tokenURL, keySetURL, tokenURL}
			if got := wire.urls(); !reflect.DeepEqual(got, want) {
				t.Errorf("sent to %v, want %v", got, want)
			}
		})
	}
}

// testAuthorization compares all parameters but those made at random.
func testAuthorization(t *testing.T, b *oidcBench, raw string) {
	t.Helper()
	got, err := queryOf(raw)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"state", "nonce", "code_challenge"} {
		got.Del(name)
	}
	want := url.Values{
		"response_type":         {"code"},
		"client_id":             {b.relying.id},
		"redirect_uri":          {b.relying.redirectURI},
		"scope":                 {strings.Join(oidcScopes(), " ")},
		"code_challenge_method": {"S256"},
	}
	if !strings.HasPrefix(raw, issuer+"/oauth2/v1/authorize?") || !reflect.DeepEqual(got, want) {
		t.Errorf("sent the browser to %s, want %v", raw, want)
	}
}

func testChallenge(t *testing.T, raw, verifier string) {
	t.Helper()
	query, err := queryOf(raw)
	if err != nil {
		t.Fatal(err)
	}
	if got := oauth2.S256ChallengeFromVerifier(verifier); got != query.Get("code_challenge") {
		t.Errorf("sent the verifier %s of the challenge %s", verifier, got)
	}
}

// TestOIDCState has each column read the callback of another login.
func TestOIDCState(t *testing.T) {
	b := newTestOIDC(t)
	for _, lib := range oidcLibraries() {
		wire := &trail{base: b.provider("")}
		p := newTestParty(t, b, lib, wire)
		begun, _ := begin(t, p)
		params := url.Values{"code": {b.registration.code}, "state": {"another"}}
		want := errState
		if lib.name == ours {
			want = refusedBy("state")
		}
		if _, err := p.finish(t.Context(), params, begun); !errors.Is(err, want) {
			t.Errorf("%s: %v, want %v", lib.name, err, want)
		}
		if wire.form != nil {
			t.Errorf("%s: sent %v", lib.name, wire.form)
		}
	}
}

// TestIDTokenSize shows that ID Tokens are as long as the table says.
func TestIDTokenSize(t *testing.T) {
	b := newTestOIDC(t)
	asked := asked{strings.Repeat("n", 43), b.registration.access}
	for _, alg := range []string{"RS256", "ES256"} {
		signed := signIDToken(t, b, alg, asked, nil)
		if n := len(signed); n < idTokenSize-1 || n > idTokenSize+1 {
			t.Errorf("%s: %d bytes", alg, n)
		}
	}
	payload, err := newLongIDToken("RS256", b.relying, asked)
	if n := len(members(t, payload)); err != nil || n != 22 {
		t.Errorf("%d claims, %v", n, err)
	}
	if !json.Valid([]byte(metadata)) {
		t.Error("metadata are no JSON")
	}
}
