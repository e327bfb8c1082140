package main

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"vouchsafe/oidc/oidctest"
)

// oidcLibraries are the columns of oidc's table.
func oidcLibraries() []oidcLibrary {
	return []oidcLibrary{{ours, newVouchsafeParty}, {goOIDC, newGoOIDCParty}}
}

// An oidcLibrary makes relying parties.
type oidcLibrary struct {
	name string
	make func(r *relying, c *http.Client) (party, error)
}

// A relying is what the provider knows of a relying party.
type relying struct {
	issuer, id, secret, redirectURI string
}

// A party is a relying party of one library. It discovers its provider when first used.
type party interface {
	// begin builds an authentication request, with state, nonce and a code challenge.
	begin(ctx context.Context) (begun, error)

	// finish reads the callback of what was begun, exchanges the code and verifies the ID
	// Token, with nonce and at_hash. It returns the user's sub.
	finish(ctx context.Context, params url.Values, b begun) (string, error)

	// verify verifies an ID Token as finish does, of which asked is known.
	verify(ctx context.Context, idToken string, asked asked) error
}

// A begun is a login that has begun: where the browser goes, and what its library keeps.
type begun struct {
	url  string
	kept any
}

// An asked is what an ID Token is held to.
type asked struct{ nonce, accessToken string }

// An oidcBench is what the cases of oidc have in common.
type oidcBench struct {
	keys         *keys
	registration *registration
	relying      *relying
	set          *document
	cases        []benchCase
}

// emptyOIDCBench has no cases yet.
func emptyOIDCBench(k *keys) (*oidcBench, error) {
	set, err := providerSet(k)
	r := newRegistration()
	return &oidcBench{
		keys: k, registration: r, relying: &relying{issuer, r.id, r.secret, redirectURI},
		set: newDocument(string(set)),
	}, err
}

func newOIDCBench(k *keys) (*oidcBench, error) {
	b, err := emptyOIDCBench(k)
	if err != nil {
		return nil, err
	}
	overhead := []target{overRaw(5000), allocsOverRaw(8)}
	half := []target{timesFaster(goOIDC, 2), timesFasterBeyondRaw(goOIDC, 2),
		timesFewerAllocs(goOIDC, 2)}
	return b, errors.Join(
		b.verify("verify RS256, 900 bytes", "RS256", newIDToken, overhead...),
		b.verify("verify ES256, 900 bytes", "ES256", newIDToken, overhead...),
		b.verify("verify RS256, 22 claims", "RS256", newLongIDToken),
		b.login("login RS256", "RS256", half...),
		b.login("login ES256", "ES256", half...),
		b.firstLogin("first login RS256", "RS256"),
		b.firstLogin("first login ES256", "ES256"),
		b.wholeLogin("login at oidctest"),
	)
}

func (b *oidcBench) suite() suite {
	s := suite{name: "oidc", cases: b.cases}
	for _, lib := range oidcLibraries() {
		s.columns = append(s.columns, lib.name)
	}
	return s
}

// add adds a case with a cell for every library.
func (b *oidcBench) add(
	c benchCase, make func(lib oidcLibrary) (operation, error),
) error {
	for _, lib := range oidcLibraries() {
		op, err := make(lib)
		if err != nil {
			return fmt.Errorf("%s, %s: %w", c.name, lib.name, err)
		}
		c.cells = append(c.cells, cell{lib.name, shared(op)})
	}
	b.cases = append(b.cases, c)
	return nil
}

type makeIDToken = func(alg string, r *relying, asked asked) ([]byte, error)

// verify is what an ID Token takes whose keys are held.
func (b *oidcBench) verify(name, alg string, make makeIDToken, targets ...target) error {
	asked := asked{nonce: strings.Repeat("n", 43), accessToken: b.registration.access}
	idToken, signature, err := b.sign(alg, make, asked)
	if err != nil {
		return err
	}
	c := benchCase{name: name, targets: targets, cells: []cell{signature}}
	return b.add(c, func(lib oidcLibrary) (operation, error) {
		p, err := lib.make(b.relying, newClient(b.provider("")))
		return func() error { return p.verify(context.Background(), idToken, asked) }, err
	})
}

// sign signs an ID Token with the standard library alone, and returns the cell of what it
// takes to verify the signature and nothing else.
func (b *oidcBench) sign(alg string, make makeIDToken, asked asked) (string, cell, error) {
	payload, err := make(alg, b.relying, asked)
	if err != nil {
		return "", cell{}, err
	}
	h := header(alg, providerKeyID(alg))
	signed, err := token(alg, h, b.keys, payload)
	if err != nil {
		return "", cell{}, err
	}
	input := signingInput(h, payload)
	sig, err := rawSigner(alg, b.keys)(input)
	return signed, cell{raw, func() operation { return rawVerify(alg, b.keys, input, sig) }}, err
}

// A canned login is one whose answers are ready: a transaction of its library, and a
// provider with the ID Token for it.
type canned struct {
	begun  begun
	params url.Values
}

// can begins a login with p, and has provider answer it.
func (b *oidcBench) can(p party, provider *provider, alg string) (canned, error) {
	begun, err := p.begin(context.Background())
	if err != nil {
		return canned{}, err
	}
	query, err := queryOf(begun.url)
	if err != nil {
		return canned{}, err
	}
	idToken, _, err := b.sign(alg, newIDToken, asked{query.Get("nonce"), b.registration.access})
	provider.token = newDocument(b.registration.responseWith(idToken))
	params := url.Values{"code": {b.registration.code}, "state": {query.Get("state")}}
	return canned{begun, params}, err
}

// by is a whole login by p: it begins one, and finishes the one that is canned.
func (c canned) by(ctx context.Context, p party) (sub string, err error) {
	if _, err := p.begin(ctx); err != nil {
		return "", err
	}
	return p.finish(ctx, c.params, c.begun)
}

// login is what a login takes that is not the first one.
func (b *oidcBench) login(name, alg string, targets ...target) error {
	return b.logins(name, alg, false, targets)
}

// firstLogin is what a login takes with discovery and the keys, and a party of its own.
func (b *oidcBench) firstLogin(name, alg string, targets ...target) error {
	return b.logins(name, alg, true, targets)
}

func (b *oidcBench) logins(name, alg string, first bool, targets []target) error {
	_, signature, err := b.sign(alg, newIDToken, asked{strings.Repeat("n", 43), ""})
	if err != nil {
		return err
	}
	c := benchCase{name: name, whole: true, targets: targets, cells: []cell{signature}}
	return b.add(c, func(lib oidcLibrary) (operation, error) {
		provider := b.provider("")
		client := newClient(provider)
		p, err := lib.make(b.relying, client)
		if err != nil {
			return nil, err
		}
		login, err := b.can(p, provider, alg)
		return func() error {
			if first {
				if p, err = lib.make(b.relying, client); err != nil {
					return err
				}
			}
			_, err := login.by(context.Background(), p)
			return err
		}, err
	})
}

// wholeLogin is a login with a provider that listens on loopback, whose own part is in
// the time.
func (b *oidcBench) wholeLogin(name string) error {
	return b.add(benchCase{name: name}, func(lib oidcLibrary) (operation, error) {
		const callback = "http://127.0.0.1/callback"
		r := &relying{id: b.relying.id, secret: b.relying.secret, redirectURI: callback}
		s := oidctest.NewServer(oidctest.Options{
			Clients: []oidctest.Client{{ID: r.id, Secret: r.secret}},
		})
		r.issuer = s.Issuer()
		client := newClient(http.DefaultTransport)
		p, err := lib.make(r, client)
		return func() error { return browse(context.Background(), p, client) }, err
	})
}

// browse logs in as a browser does.
func browse(ctx context.Context, p party, c *http.Client) error {
	begun, err := p.begin(ctx)
	if err != nil {
		return err
	}
	browser := *c
	browser.CheckRedirect = func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}
	resp, err := browser.Get(begun.url)
	if err != nil {
		return err
	}
	resp.Body.Close()
	params, err := queryOf(resp.Header.Get("Location"))
	if err != nil {
		return err
	}
	_, err = p.finish(ctx, params, begun)
	return err
}

func queryOf(raw string) (url.Values, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, err
	}
	return url.ParseQuery(u.RawQuery)
}

// A provider is a transport that answers as an OpenID Provider does, from memory.
type provider struct{ metadata, keys, token *document }

// provider has an ID Token to give, or none yet.
func (b *oidcBench) provider(idToken string) *provider {
	return &provider{newDocument(metadata), b.set,
		newDocument(b.registration.responseWith(idToken))}
}

func (p *provider) RoundTrip(req *http.Request) (*http.Response, error) {
	switch "https://" + req.URL.Host + req.URL.Path {
	case configurationURL:
		return p.metadata.RoundTrip(req)
	case keySetURL:
		return p.keys.RoundTrip(req)
	case tokenURL:
		return p.token.RoundTrip(req)
	}
	return nil, errors.New("bench: the provider has nothing at " + req.URL.Path)
}

// responseWith is the one with an ID Token, OpenID Connect Core 1.0, Section 3.1.3.3.
func (r *registration) responseWith(idToken string) string {
	return strings.TrimSuffix(r.response(), "}") + `,"id_token":"` + idToken + `"}`
}

const configurationURL = issuer + "/.well-known/openid-configuration"

// metadata are as long as those of many providers.
const metadata = `{
"issuer":"` + issuer + `",
"authorization_endpoint":"` + issuer + `/oauth2/v1/authorize",
"token_endpoint":"` + tokenURL + `",
"userinfo_endpoint":"` + issuer + `/oauth2/v1/userinfo",
"registration_endpoint":"` + issuer + `/oauth2/v1/clients",
"jwks_uri":"` + keySetURL + `",
"introspection_endpoint":"` + issuer + `/oauth2/v1/introspect",
"revocation_endpoint":"` + issuer + `/oauth2/v1/revoke",
"end_session_endpoint":"` + issuer + `/oauth2/v1/logout",
"device_authorization_endpoint":"` + issuer + `/oauth2/v1/device/authorize",
"response_types_supported":["code","id_token","code id_token","code token","id_token token"],
"response_modes_supported":["query","fragment","form_post"],
"grant_types_supported":["authorization_code","implicit","refresh_token","client_credentials"],
"subject_types_supported":["public"],
"id_token_signing_alg_values_supported":["RS256","ES256"],
"scopes_supported":["openid","profile","email","address","phone","offline_access"],
"token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post","none"],
"claims_supported":["iss","sub","aud","iat","exp","auth_time","amr","nonce","name","email"],
"code_challenge_methods_supported":["S256"],
"introspection_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"],
"revocation_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"],
"request_parameter_supported":true,
"request_object_signing_alg_values_supported":["HS256","RS256","ES256"]
}`

// providerSet is a key for each algorithm, and those of before.
func providerSet(k *keys) ([]byte, error) {
	signing := rsaJWK(providerKeyID("RS256"), &k.rsa.PublicKey)
	ec, err := ecJWK(providerKeyID("ES256"), &k.ec.PublicKey)
	if err != nil {
		return nil, err
	}
	return setJSON([]publicKey{rsaJWK("RS256-2026-08", decoy()), signing, ec})
}

func providerKeyID(alg string) string { return alg + "-2026-11" }

// idClaims are those of an ID Token, OpenID Connect Core 1.0, Section 2.
type idClaims struct {
	Issuer    string `json:"iss"`
	Subject   string `json:"sub"`
	Audience  string `json:"aud"`
	ExpiresAt int64  `json:"exp"`
	IssuedAt  int64  `json:"iat"`
	AuthTime  int64  `json:"auth_time"`
	Nonce     string `json:"nonce"`
	Context   string `json:"acr"`
	Party     string `json:"azp"`
	TokenHash string `json:"at_hash"`
	Picture   string `json:"picture"`
}

func newIDClaims(r *relying, asked asked) idClaims {
	now := time.Now()
	return idClaims{
		Issuer:    r.issuer,
		Subject:   "248289761001",
		Audience:  r.id,
		ExpiresAt: now.Add(time.Hour).Unix(),
		IssuedAt:  now.Unix(),
		AuthTime:  now.Add(-time.Minute).Unix(),
		Nonce:     asked.nonce,
		Context:   "urn:mace:incommon:iap:silver",
		Party:     r.id,
		TokenHash: tokenHash(asked.accessToken),
		Picture:   "https://p.example/",
	}
}

// tokenHash is that of OpenID Connect Core 1.0, Section 3.1.3.6, for RS256 and ES256.
func tokenHash(accessToken string) string {
	hash := sha256.Sum256([]byte(accessToken))
	return text(hash[:len(hash)/2])
}

// idTokenSize is that of a signed ID Token, in bytes.
const idTokenSize = 900

// newIDToken returns the claims of an ID Token that will have idTokenSize.
func newIDToken(alg string, r *relying, asked asked) ([]byte, error) {
	c := newIDClaims(r, asked)
	short, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	sig := map[string]int{"RS256": 342, "ES256": 86}[alg]
	rest := idTokenSize - sig - 2 - len(text([]byte(header(alg, providerKeyID(alg)))))
	if more := rest*3/4 - len(short); more > 0 {
		c.Picture += strings.Repeat("p", more)
	}
	return json.Marshal(c)
}

// newLongIDToken returns the claims that jose's cases have, for this login.
func newLongIDToken(_ string, r *relying, asked asked) ([]byte, error) {
	c := newClaims(time.Now())
	c.Audience, c.Party = []string{r.id}, r.id
	c.Nonce, c.TokenHash = asked.nonce, tokenHash(asked.accessToken)
	return c.json()
}
