package interop

import (
	"cmp"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"errors"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc"
)

const (
	testClientID    = "vouchsafe"
	testSecret      = "a secret: with/signs+that%need&escaping"
	testRedirectURI = "http://127.0.0.1:9/callback"

	// RFC 7636, Appendix B.
	testChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"

	// Implicit and hybrid clients must be https. It is compared and never requested.
	siteRedirectURI = clientSite + "/callback"

	// Long enough for HS512.
	longSecret = "a secret: with/signs+that%need&escaping, and of more than 64 bytes"

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
	note     string                      // beside whose refusal it is
}

// A keyring is the client's private keys. The provider has the public ones.
type keyring struct{ sign, rsa, ecdh *jose.Key }

func newKeyring() keyring {
	return keyring{
		sign: must(jose.GenerateKey("ES256")),
		rsa:  newKey(must(rsa.GenerateKey(rand.Reader, 2048)), "enc"),
		ecdh: newKey(must(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)), "enc"),
	}
}

// newKey makes a key for all algorithms of its use.
func newKey(key any, use string) *jose.Key {
	return must(jose.NewKey(key, jose.KeyOptions{ID: rand.Text(), Use: use}))
}

// signingKey makes a key that signs with alg, none for an HMAC.
func signingKey(alg string) *jose.Key {
	if strings.HasPrefix(alg, "HS") {
		return nil
	}
	return must(jose.GenerateKey(alg))
}

func publicSet(key *jose.Key) *jose.Set {
	if key == nil {
		return jose.NewSet()
	}
	return jose.NewSet(key)
}

// must is for what only a mistake in a table can make fail.
func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func (k keyring) public() *jose.Set { return jose.NewSet(k.sign, k.rsa, k.ecdh) }

// encrypted says that something comes signed with alg, and encrypted for the client.
func (k keyring) encrypted(alg, management, enc string) oauth2.SignedResponse {
	return encryptedFor(alg, management, enc, k.rsa, k.ecdh)
}

func encryptedFor(alg, management, enc string, keys ...*jose.Key) oauth2.SignedResponse {
	return oauth2.SignedResponse{
		SigningAlgorithm: alg,
		Decrypter: must(jose.NewDecrypter(jose.DecrypterConfig{
			Keys:        jose.NewSet(keys...),
			Algorithms:  []string{management},
			Encryptions: []string{enc},
		})),
	}
}

func signedWith(alg string) oauth2.SignedResponse {
	return oauth2.SignedResponse{SigningAlgorithm: alg}
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
	o.RedirectURI = redirectOf(o)
	if o.Scopes == nil {
		o.Scopes = []string{"profile", "email"}
	}
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

func redirectOf(o oidc.AuthorizationOptions) string {
	return cmp.Or(o.RedirectURI, siteRedirectURI)
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

// outcome is the note of the case's row.
func (c openIDCase) outcome() string {
	err := c.want
	if c.userInfo != "" {
		err = check(c.userInfo)
	}
	return strings.Trim(outcome(err)+"; "+c.note, "; ")
}

func set(name, value string) func(url.Values) {
	return func(v url.Values) { v.Set(name, value) }
}

func remove(name string) func(url.Values) {
	return func(v url.Values) { v.Del(name) }
}

func check(name string) error { return &jose.CheckError{Check: name} }

func refusal(code string) error { return &oauth2.Error{Code: code} }
