package oidc

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"maps"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/internal/attacktest"
	"vouchsafe/internal/strictjson"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

// An attackInput is an input of testdata/attacks/oidc.json: what an attacker gives to what its Kind says. Where there are
// several of a list, each is an attack. {issuer} stands for the provider, {elsewhere} for the
// attacker's server, {kid} for the ID of the provider's key, {jwk} for the attacker's key.
type attackInput struct {
	Kind string

	Claims   []map[string]json.RawMessage // what the ID Token, or UserInfo, says otherwise
	Without  []string                     // claims, or settings, that are missing, each alone
	Types    []string                     // response types; if empty, all
	MaxAge   *int64                       `json:"max_age"` // asked for, in seconds
	ACR      []string                     // asked for
	Register string                       // the algorithm that the client is registered with
	Trusted  []string                     // audiences
	Metadata map[string]json.RawMessage   // what the provider says of itself otherwise
	Forged   []attackToken

	Presented []attackText // ID Tokens as they are
	Swapped   []string     // parameters that come from another login
	Servers   []map[string]json.RawMessage
	Endpoint  string // that answers otherwise
	Answers   []attackAnswer
	Public    bool `json:"public_only"`

	Configs []json.RawMessage // what a Config says otherwise
	Sources []json.RawMessage // of claims
	Queries []string
	Targets []string // to go on to
	Typed   []string // by a user, or key IDs
}

// An attackToken is an ID Token made anew from a good one.
type attackToken struct {
	Header  json.RawMessage // of which the rest is up to what signs
	Payload string          // {claims} stands for the members of the good one
	Signed  string          // by what, see forge
	Sealed  *string         // the content type in the header of a JWE around it
	To      string          // by what it is sealed, see seal; if empty, the client's own key
}

// An attackText may have a text many times.
type attackText struct {
	Text   string
	Repeat string // comes Times times after Text
	Times  int
}

func (a attackText) String() string { return a.Text + strings.Repeat(a.Repeat, a.Times) }

// An attackAnswer may come with several statuses.
type attackAnswer struct {
	attackText
	Statuses       []int
	Type, Location string
}

// attackKinds give the errors of each input. An error comes alone.
var attackKinds = map[string]func(*testing.T, attackInput) []error{
	"ID Token":         attackByIDToken,
	"presented claims": attackByPresentedClaims,
	"second":           attackBySecond,
	"forged":           attackByForgery,
	"presented":        attackByPresenting,
	"swap":             attackBySwap,
	"transaction":      attackByTransaction,
	"refresh":          attackByRefresh,
	"metadata":         attackByMetadata,
	"answer":           attackByAnswer,
	"UserInfo":         attackByUserInfo,
	"identity":         attackByIdentity,
	"e-mail":           attackByEmail,
	"claims":           attackByClaims,
	"picture":          attackByPicture,
	"claim source":     attackByClaimSource,
	"configuration":    attackByConfiguration,
	"third party":      attackByThirdParty,
	"tenant":           attackByTenant,
	"WebFinger":        attackByWebFinger,
	"key ID":           attackByKeyID,
	"another's key":    attackByKeyOfAnother,
	"response":         attackByResponse,
}

func TestAttacks(t *testing.T) {
	kindOf := func(in attackInput) string { return in.Kind }
	attacktest.Replay(t, "oidc", 80, kindOf, attackKinds, refusedBy)
}

// errEscaped stands for what is accepted, but not taken for what the attacker meant.
var errEscaped = errors.New("escaped")

// refusedBy names an error as outcome does, and what this package is not the one to say.
func refusedBy(err error) string {
	status, isStatus := errors.AsType[*httpclient.StatusError](err)
	refusal, isRefusal := errors.AsType[*oauth2.Error](err)
	_, isSyntax := errors.AsType[*strictjson.SyntaxError](err)
	switch {
	case err == nil:
		return "accepted"
	case errors.Is(err, httpclient.ErrAddress):
		return "address not public"
	case isStatus && status.Status/100 == 3, strings.Contains(err.Error(), "200, is 30"),
		isRefusal && refusal.Status/100 == 3 && refusal.Code == "":
		return "redirect"
	case isSyntax && !strings.HasPrefix(outcome(err), "check "):
		return "JSON"
	}
	return outcome(err)
}

// newAttacker starts the attacker's server, which nobody must ask.
func newAttacker(t *testing.T) string {
	t.Helper()
	return serve(t, func(_ http.ResponseWriter, r *http.Request) {
		t.Errorf("the attacker was asked: %s %s", r.Method, r.URL)
	})
}

// types are the flows to try.
func (in attackInput) types() []string {
	if len(in.Types) == 0 {
		return responseTypes[1:]
	}
	return in.Types
}

// edits are the changes of claims or other members that an attack makes, in turn, where texts
// stand for others.
func (in attackInput) edits(texts ...string) []func(map[string]any) {
	var edits []func(map[string]any)
	for _, name := range in.Without {
		edits = append(edits, claim(name, nil))
	}
	for _, members := range in.Claims {
		edits = append(edits, placed(members, texts...))
	}
	return edits
}

func with(members map[string]json.RawMessage) func(map[string]any) {
	return func(claims map[string]any) {
		for name, value := range members {
			claims[name] = value
		}
	}
}

func (in attackInput) options() oidctest.Options {
	return oidctest.Options{EditMetadata: with(in.Metadata)}
}

func (in attackInput) config(c *Config) {
	c.IDToken.SigningAlgorithm = in.Register
	c.TrustedAudiences = in.Trusted
}

func (in attackInput) asked(responseType string) AuthorizationOptions {
	o := AuthorizationOptions{ResponseType: responseType, ACRValues: in.ACR}
	if in.MaxAge != nil {
		age := time.Duration(*in.MaxAge) * time.Second
		o.MaxAge = &age
	}
	return o
}

// attempt logs in. After what is wrong with the ID Token nothing is asked for.
func (w *world) attempt(in attackInput, responseType string) error {
	w.t.Helper()
	login, err := w.enter(in.asked(responseType))
	if (login == nil) != (err != nil) {
		w.t.Errorf("a login %v beside the error %v", login, err)
	}
	front := strings.Contains(responseType, "id_token")
	if w.requests("/userinfo") > 0 || front && w.requests("/token") > 0 {
		w.t.Errorf("%s: requested %q", responseType, w.seen)
	}
	return err
}

func attackByIDToken(t *testing.T, in attackInput) []error {
	var errs []error
	for _, edit := range in.edits("{elsewhere}", newAttacker(t)) {
		for _, responseType := range in.types() {
			o := in.options()
			o.EditIDToken = edit
			errs = append(errs, newWorld(t, o, nil, in.config).attempt(in, responseType))
		}
	}
	return errs
}

// attackerKey signs with RS256, as the provider does.
var attackerKey = sync.OnceValues(func() (*rsa.PrivateKey, error) {
	return rsa.GenerateKey(rand.Reader, 2048)
})

// forge makes a token anew. What signs is the "provider", whatever the header says, the
// "attacker", the "public key" of the provider or the client's "secret" in an HMAC, "nothing" in
// one, "nobody", or it is "kept" or "garbage".
func (w *world) forge(a attackToken, elsewhere, compact string) string {
	w.t.Helper()
	parts := strings.Split(compact, ".")
	payload := decodePart(w.t, parts[1])
	if a.Payload != "" {
		payload = strings.ReplaceAll(a.Payload, "{claims}", payload[1:len(payload)-1])
	}
	header := strings.NewReplacer("{kid}", w.Key().ID(), `"{jwk}"`, attackerJWK(w.t, w.Key().ID()),
		"{elsewhere}", elsewhere).Replace(string(a.Header))
	input := b64(header) + "." + b64(payload)
	hmac := func(secret []byte) string { return mac(header, secret)([]byte(payload)) }
	switch a.Signed {
	case "provider":
		return by(w.Key(), "JWT")([]byte(payload))
	case "attacker":
		return input + "." + attackerSignature(w.t, input)
	case "public key":
		return hmac(publicKey(w.t, w.Key()))
	case "secret":
		return hmac([]byte("secret"))
	case "nothing":
		return hmac(nil)
	case "nobody":
		return input + "."
	case "garbage":
		return input + ".AAAA"
	case "kept":
		return parts[0] + "." + b64(payload) + "." + parts[2]
	}
	w.t.Fatalf("%q signs nothing", a.Signed)
	return ""
}

func decodePart(t *testing.T, part string) string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func attackerSignature(t *testing.T, input string) string {
	t.Helper()
	key, err := attackerKey()
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(input))
	signature, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	return b64(string(signature))
}

// attackerJWK is the attacker's public key under an ID.
func attackerJWK(t *testing.T, id string) string {
	t.Helper()
	private, err := attackerKey()
	if err != nil {
		t.Fatal(err)
	}
	jwk, err := json.Marshal(newKey(t, &private.PublicKey, id))
	if err != nil {
		t.Fatal(err)
	}
	return string(jwk)
}

// attackByForgery brings what is forged by every way that an ID Token comes.
func attackByForgery(t *testing.T, in attackInput) []error {
	elsewhere := newAttacker(t)
	own, decrypter, _ := encrypting(t)
	var errs []error
	for _, a := range in.Forged {
		decrypts := a.Sealed != nil && a.To == ""
		for _, way := range []string{"code", "id_token", "code id_token", "verify", "refresh"} {
			if way == "refresh" && decrypts {
				continue // which would need a good one that is encrypted
			}
			var w *world
			n := 0
			m := module{options: in.options(), made: func(compact string) string {
				if n++; way == "refresh" && n == 1 {
					return compact
				}
				forged := w.forge(a, elsewhere, compact)
				if a.Sealed != nil {
					forged = w.seal(a, own, forged)
				}
				return forged
			}, config: func(c *Config) {
				in.config(c)
				if decrypts {
					c.IDToken.Decrypter = decrypter
				}
			}}
			w = m.world(t)
			errs = append(errs, m.bring(w, way))
		}
	}
	return errs
}

// seal encrypts a token by what the attacker knows: the client's own key, the "public key" of
// the provider, or its "hash" as a secret.
func (w *world) seal(a attackToken, own *jose.Key, text string) string {
	w.t.Helper()
	o, key := jose.EncryptOptions{Encryption: "A256GCM", ContentType: *a.Sealed}, own
	switch a.To {
	case "":
	case "public key":
		o.Algorithm, key = "RSA-OAEP-256", w.encryptionKey()
	case "hash":
		hash := sha256.Sum256(publicKey(w.t, w.Key()))
		o.Algorithm, key = "dir", newKey(w.t, hash[:], "")
	default:
		w.t.Fatalf("%q seals nothing", a.To)
	}
	jwe, err := jose.Encrypt([]byte(text), key, o)
	if err != nil {
		w.t.Fatal(err)
	}
	return jwe
}

// encryptionKey is the provider's public key, for whoever would encrypt by it.
func (w *world) encryptionKey() *jose.Key {
	w.t.Helper()
	n := new(big.Int).SetBytes([]byte(decodePart(w.t, string(publicKey(w.t, w.Key())))))
	return newKey(w.t, &rsa.PublicKey{N: n, E: 65537}, "")
}

func newKey(t *testing.T, material any, id string) *jose.Key {
	t.Helper()
	key, err := jose.NewKey(material, jose.KeyOptions{ID: id})
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// bring has an ID Token that is made anew come in a way.
func (m module) bring(w *world, way string) error {
	w.t.Helper()
	ctx := w.t.Context()
	switch way {
	case "verify":
		got, err := w.client.VerifyIDToken(ctx, m.made(w.issue(nil)),
			IDTokenExpectations{Nonce: "n"})
		if got != nil && err != nil {
			w.t.Error("an ID Token beside an error")
		}
		return err
	case "refresh":
		params, txn := m.come(w, AuthorizationOptions{ResponseType: codeType})
		login, err := w.client.Callback(ctx, params, txn)
		if err != nil {
			w.t.Fatal(err)
		}
		renewed, err := w.client.Refresh(ctx, login.Token)
		if renewed != nil && err != nil {
			w.t.Error("a token beside an error")
		}
		return err
	}
	params, txn := m.come(w, AuthorizationOptions{ResponseType: way})
	login, err := w.client.Callback(ctx, params, txn)
	if login != nil && err != nil || w.requests("/token") > 0 && way != codeType {
		w.t.Errorf("a login %v beside %v, requested %q", login, err, w.seen)
	}
	return err
}

func attackByPresenting(t *testing.T, in attackInput) []error {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	var errs []error
	for _, text := range in.Presented {
		_, err := w.client.VerifyIDToken(t.Context(), text.String(),
			IDTokenExpectations{Nonce: "n"})
		errs = append(errs, err)
		_, err = w.client.VerifyIDToken(t.Context(), text.String(),
			IDTokenExpectations{InsecureWithoutNonce: true})
		errs = append(errs, err)
	}
	return errs
}

// attackByPresentedClaims has an application bring an ID Token that says what an attacker would.
func attackByPresentedClaims(t *testing.T, in attackInput) []error {
	w := newWorld(t, oidctest.Options{}, nil, in.config)
	var errs []error
	for _, edit := range in.edits() {
		_, err := w.client.VerifyIDToken(t.Context(), w.issue(edit),
			IDTokenExpectations{Nonce: "n"})
		errs = append(errs, err)
	}
	return errs
}

// attackBySecond changes the ID Token that the code brings, after that of the browser.
func attackBySecond(t *testing.T, in attackInput) []error {
	var errs []error
	for _, edit := range in.edits() {
		for _, responseType := range []string{hybridType, hybridTokens} {
			w := newWorld(t, oidctest.Options{EditIDToken: nth(2, edit)}, nil, in.config)
			login, err := w.enter(AuthorizationOptions{ResponseType: responseType})
			if login != nil && err != nil || w.requests("/token") != 1 {
				t.Errorf("a login %v beside %v, requested %q", login, err, w.seen)
			}
			errs = append(errs, err)
		}
	}
	return errs
}

// attackBySwap has a browser bring some of what another login of the same client brought.
func attackBySwap(t *testing.T, in attackInput) []error {
	var errs []error
	for _, names := range in.Swapped {
		for _, responseType := range in.types() {
			w := newWorld(t, oidctest.Options{}, nil, nil)
			req := w.begin(AuthorizationOptions{ResponseType: responseType})
			params := w.visit(req.URL)
			other := w.visit(w.begin(AuthorizationOptions{ResponseType: responseType}).URL)
			for _, name := range strings.Fields(names) {
				params[name] = other[name]
			}
			login, err := w.client.Callback(t.Context(), params, req.Transaction)
			if login != nil && err != nil {
				t.Error("a login beside an error")
			}
			errs = append(errs, err)
		}
	}
	return errs
}

// attackByResponse has a browser bring parameters that the provider has not sent, and no
// request comes of it.
func attackByResponse(t *testing.T, in attackInput) []error {
	elsewhere := newAttacker(t)
	var errs []error
	for _, query := range in.Queries {
		for _, responseType := range in.types() {
			w := newWorld(t, oidctest.Options{}, nil, nil)
			req := w.begin(AuthorizationOptions{ResponseType: responseType})
			params := w.visit(req.URL)
			brought, err := url.ParseQuery(strings.ReplaceAll(query, "{elsewhere}", elsewhere))
			if err != nil {
				t.Fatal(err)
			}
			maps.Copy(params, brought)
			before := len(w.seen)
			login, err := w.client.Callback(t.Context(), params, req.Transaction)
			if login != nil && err != nil || len(w.seen) > before {
				t.Errorf("a login %v beside %v, requested %q", login, err, w.seen[before:])
			}
			errs = append(errs, err)
		}
	}
	return errs
}

// attackByTransaction has a browser bring the transaction of a login at another provider.
func attackByTransaction(t *testing.T, in attackInput) []error {
	var errs []error
	for _, responseType := range in.types() {
		honest := newWorld(t, oidctest.Options{}, nil, nil)
		evil := newWorld(t, oidctest.Options{}, nil, nil)
		begun := honest.begin(AuthorizationOptions{ResponseType: responseType})
		params := honest.visit(begun.URL)
		_, err := evil.client.Callback(t.Context(), params, begun.Transaction)
		if len(evil.seen) != 1 || evil.seen[0] != wellKnown {
			t.Errorf("the other provider was asked: %q", evil.seen)
		}
		errs = append(errs, err)
	}
	return errs
}

func attackByRefresh(t *testing.T, in attackInput) []error {
	var errs []error
	for _, edit := range in.edits() {
		m := module{options: editing(nth(2, edit)), config: in.config}
		errs = append(errs, m.bring(m.world(t), "refresh"))
	}
	return errs
}

func attackByMetadata(t *testing.T, in attackInput) []error {
	var errs []error
	elsewhere := newAttacker(t)
	for _, members := range in.Servers {
		w := newWorld(t, oidctest.Options{EditMetadata: placed(members, "{elsewhere}",
			elsewhere)}, nil, in.config)
		req, err := w.client.Authorize(t.Context(), AuthorizationOptions{
			RedirectURI: redirectURI})
		if (req == nil) != (err != nil) || len(w.seen) > 3 {
			t.Errorf("request %v beside %v, requested %q", req, err, w.seen)
		}
		errs = append(errs, err)
	}
	return errs
}

// placed is with, where texts stand for others.
func placed(members map[string]json.RawMessage, texts ...string) func(map[string]any) {
	replaced := map[string]json.RawMessage{}
	for name, value := range members {
		replaced[name] = json.RawMessage(strings.NewReplacer(texts...).Replace(string(value)))
	}
	return with(replaced)
}

// attackByAnswer has an endpoint answer as the attacker wants, in a login with UserInfo.
func attackByAnswer(t *testing.T, in attackInput) []error {
	elsewhere := newAttacker(t)
	paths := map[string][]string{
		"discovery": {wellKnown, "/.well-known/oauth-authorization-server"},
		"keys":      {"/jwks"},
		"token":     {"/token"},
		"userinfo":  {"/userinfo"},
	}
	var errs []error
	for _, answer := range in.Answers {
		for _, status := range answer.Statuses {
			handler := func(rw http.ResponseWriter, r *http.Request) {
				rw.Header().Set("Location", strings.ReplaceAll(answer.Location, "{elsewhere}",
					elsewhere))
				body := strings.ReplaceAll(answer.String(), "{issuer}", "http://"+r.Host)
				say(status, answer.Type, body)(rw, r)
			}
			instead := answerer{}
			for _, path := range paths[in.Endpoint] {
				instead[path] = handler
			}
			w := newWorld(t, oidctest.Options{}, instead, nil)
			errs = append(errs, w.whole())
		}
	}
	return errs
}

// whole goes through a login and UserInfo.
func (w *world) whole() error {
	w.t.Helper()
	ctx := w.t.Context()
	req, err := w.client.Authorize(ctx, AuthorizationOptions{RedirectURI: redirectURI})
	if err != nil {
		return err
	}
	login, err := w.client.Callback(ctx, w.visit(req.URL), req.Transaction)
	if err != nil {
		return err
	}
	_, err = w.client.UserInfo(ctx, login)
	return err
}

func attackByUserInfo(t *testing.T, in attackInput) []error {
	var errs []error
	for _, edit := range in.edits() {
		w := newWorld(t, oidctest.Options{EditUserInfo: edit}, nil, nil)
		errs = append(errs, w.whole())
	}
	for _, body := range in.Presented {
		w := newWorld(t, oidctest.Options{}, answerer{
			"/userinfo": say(200, "application/json", body.String())}, nil)
		errs = append(errs, w.whole())
	}
	return errs
}

// attackByIdentity says of a user what an attacker would, in UserInfo and in the ID Token.
// Nobody is known by it.
func attackByIdentity(t *testing.T, in attackInput) []error {
	return attackUsers(t, in, func(w *world, user *UserInfo) bool {
		return user.Identity == Identity{w.Issuer(), "alice"}
	})
}

// attackByEmail says of an address that it is verified, but not as it should be said.
func attackByEmail(t *testing.T, in attackInput) []error {
	return attackUsers(t, in, func(_ *world, user *UserInfo) bool {
		address, verified := user.Email()
		return address != "" && !verified
	})
}

func attackUsers(t *testing.T, in attackInput, escaped func(*world, *UserInfo) bool) []error {
	var errs []error
	for _, edit := range in.edits() {
		w := newWorld(t, oidctest.Options{EditUserInfo: edit, EditIDToken: edit}, nil, nil)
		login := w.mustLogin(AuthorizationOptions{Scopes: []string{"email"}})
		said, err := w.client.UserInfo(t.Context(), login)
		if err != nil {
			t.Fatal(err)
		}
		for _, user := range []*UserInfo{said, login.IDToken.UserInfo()} {
			var err error
			if escaped(w, user) {
				err = errEscaped
			}
			errs = append(errs, err)
		}
	}
	return errs
}

// attackByClaims has an application read claims into a struct.
func attackByClaims(t *testing.T, in attackInput) []error {
	var errs []error
	for _, edit := range in.edits() {
		w := newWorld(t, oidctest.Options{EditIDToken: edit}, nil, nil)
		var v struct {
			Nonce    string   `json:"nonce"`
			Verified bool     `json:"email_verified"`
			Groups   []string `json:"groups"`
			Address  struct {
				Country string `json:"country"`
			} `json:"address"`
		}
		err := w.mustLogin(AuthorizationOptions{}).IDToken.Claims(&v)
		if v.Verified || len(v.Groups) > 0 || v.Address.Country != "" {
			t.Errorf("claims are %v", v)
		}
		errs = append(errs, err)
	}
	return errs
}

// attackByPicture has claims that are URLs, which nobody fetches.
func attackByPicture(t *testing.T, in attackInput) []error {
	elsewhere := newAttacker(t)
	var errs []error
	for _, members := range in.Claims {
		edit := placed(members, "{elsewhere}", elsewhere)
		w := newWorld(t, oidctest.Options{EditUserInfo: edit, EditIDToken: edit}, nil, nil)
		if err := w.whole(); err != nil {
			t.Fatal(err)
		}
		errs = append(errs, errEscaped)
	}
	return errs
}

// attackByClaimSource has the provider name sources of claims. The bank signs with a key that
// the attacker has not.
func attackByClaimSource(t *testing.T, in attackInput) []error {
	const bank = "https://bank.example"
	elsewhere := newAttacker(t)
	key, attacker := generate(t, "ES256"), generate(t, "ES256")
	token := func(iss string) string {
		return by(attacker, "JWT")([]byte(`{"iss":"` + iss + `","x":1}`))
	}
	text := strings.NewReplacer("{elsewhere}", elsewhere, "{forged}", token(bank),
		"{of another}", token(stranger), "{unsigned}", unsigned(token(bank)))
	var errs []error
	for _, source := range in.Sources {
		w := newWorld(t, oidctest.Options{EditUserInfo: with(map[string]json.RawMessage{
			"_claim_names":   json.RawMessage(`{"x":"s"}`),
			"_claim_sources": json.RawMessage(`{"s":` + text.Replace(string(source)) + `}`),
		})}, nil, func(c *Config) {
			c.ClaimsProviders = []ClaimsProvider{{Issuer: bank, Keys: jose.NewSet(key),
				Algorithms: []string{"ES256"}, Endpoints: []string{bank}}}
		})
		user, err := w.client.UserInfo(t.Context(), w.mustLogin(AuthorizationOptions{}))
		if err != nil || len(user.Sources()) != 1 {
			t.Fatalf("sources %v, %v", user, err)
		}
		claims, err := w.client.ClaimsFrom(t.Context(), user.Sources()[0])
		if (claims == nil) != (err != nil) {
			t.Errorf("claims %v beside %v", claims, err)
		}
		errs = append(errs, err)
	}
	return errs
}

func attackByConfiguration(t *testing.T, in attackInput) []error {
	var errs []error
	for _, otherwise := range in.Configs {
		config := Config{Issuer: "https://p.example", ID: "client", Auth: oauth2.None()}
		if in.Public {
			config.HTTP = httpclient.New(httpclient.Options{PublicOnly: true})
		}
		if err := json.Unmarshal(otherwise, &config); err != nil {
			t.Fatal(err)
		}
		c, err := New(config)
		if err == nil && in.Public {
			_, err = c.Provider(t.Context())
		} else if c != nil {
			t.Errorf("a client beside %v", err)
		}
		errs = append(errs, err)
	}
	return errs
}

func attackByThirdParty(t *testing.T, in attackInput) []error {
	var errs []error
	try := func(query string) {
		got, err := ReadThirdPartyLogin(httptest.NewRequest("GET", "/initiate?"+query, nil),
			ThirdPartyOptions{Issuers: []string{"https://p.example"},
				BaseURL: "https://rp.example"})
		if err != nil && got != (ThirdPartyLogin{}) {
			t.Errorf("%v beside an error", got)
		}
		errs = append(errs, err)
	}
	for _, query := range in.Queries {
		try(query)
	}
	for _, target := range in.Targets {
		try(url.Values{"iss": {"https://p.example"}, "target_link_uri": {target}}.Encode())
	}
	return errs
}

// attackByTenant has a provider of many tenants sign for one that is not the client's.
func attackByTenant(t *testing.T, in attackInput) []error {
	var w *world
	w = newWorld(t, oidctest.Options{EditMetadata: func(metadata map[string]any) {
		metadata["issuer"] = w.Issuer() + "/{tenantid}/v2.0"
	}}, nil, func(c *Config) {
		c.ServerMetadataURL = c.Issuer + wellKnown
		c.Issuer += "/{tenantid}/v2.0"
		c.Tenants = Tenants{Claim: "tid",
			Allow: func(tenant string) bool { return tenant == "ours" }}
	})
	good := claims("iss", w.Issuer()+"/ours/v2.0", "tid", "ours")
	e := IDTokenExpectations{Nonce: "n"}
	if _, err := w.client.VerifyIDToken(t.Context(), w.issue(good), e); err != nil {
		t.Fatalf("not even what is good: %v", err)
	}
	var errs []error
	for _, members := range in.Claims {
		token := w.issue(func(claims map[string]any) {
			good(claims)
			placed(members, "{issuer}", w.Issuer())(claims)
		})
		_, err := w.client.VerifyIDToken(t.Context(), token, e)
		errs = append(errs, err)
	}
	return errs
}

// attackByWebFinger has users type what leads nowhere, or a host name its own.
func attackByWebFinger(t *testing.T, in attackInput) []error {
	var errs []error
	for _, typed := range in.Typed {
		client := httpclient.New(httpclient.Options{PublicOnly: in.Public})
		issuer, err := DiscoverIssuer(t.Context(), client, typed)
		if issuer != "" {
			t.Errorf("issuer %q", issuer)
		}
		errs = append(errs, err)
	}
	elsewhere := newAttacker(t)
	for _, answer := range in.Answers {
		for _, status := range answer.Statuses {
			s := httptest.NewTLSServer(http.HandlerFunc(
				func(rw http.ResponseWriter, r *http.Request) {
					rw.Header().Set("Location", strings.ReplaceAll(answer.Location,
						"{elsewhere}", elsewhere))
					say(status, answer.Type, answer.String())(rw, r)
				}))
			issuer, err := DiscoverIssuer(t.Context(), s.Client(), s.URL)
			s.Close()
			if issuer != "" {
				t.Errorf("issuer %q", issuer)
			}
			errs = append(errs, err)
		}
	}
	return errs
}

// attackByKeyID has tokens name keys that are not there. The keys are fetched once for them
// all, after they were fetched for the login.
func attackByKeyID(t *testing.T, in attackInput) []error {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	w.mustLogin(AuthorizationOptions{})
	var errs []error
	for _, id := range in.Typed {
		header, err := json.Marshal(map[string]string{"alg": "RS256", "kid": id})
		if err != nil {
			t.Fatal(err)
		}
		forged := w.forge(attackToken{Header: header, Signed: "attacker"}, "", w.issue(nil))
		_, err = w.client.VerifyIDToken(t.Context(), forged, IDTokenExpectations{Nonce: "n"})
		errs = append(errs, err)
	}
	if n := w.requests("/jwks"); n > 2 {
		t.Errorf("keys were fetched %d times", n)
	}
	return errs
}

// attackByKeyOfAnother has a provider sign for another, under a key ID that both have. Clients
// of both have their keys, or only the one that is not asked.
func attackByKeyOfAnother(t *testing.T, in attackInput) []error {
	e := IDTokenExpectations{Nonce: "n"}
	provider := func() (*world, *jose.Key) {
		private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		key := newKey(t, private, "kid")
		keys, err := json.Marshal(jose.NewSet(key))
		if err != nil {
			t.Fatal(err)
		}
		return newWorld(t, oidctest.Options{Algorithm: "ES256"}, answerer{
			"/jwks": say(200, "application/json", string(keys))}, nil), key
	}
	accepts := func(w *world, key *jose.Key) {
		token := by(key, "JWT")([]byte(decodePart(t, strings.Split(w.issue(nil), ".")[1])))
		_, err := w.client.VerifyIDToken(t.Context(), token, e)
		if err != nil || w.requests("/jwks") != 1 {
			t.Fatalf("%v, requested %q", err, w.seen)
		}
	}
	var errs []error
	for _, edit := range in.edits() {
		for _, loaded := range []bool{true, false} {
			evil, evilKey := provider()
			honest, key := provider()
			accepts(evil, evilKey)
			if loaded {
				accepts(honest, key)
			}
			payload := decodePart(t, strings.Split(honest.issue(edit), ".")[1])
			_, err := honest.client.VerifyIDToken(t.Context(),
				by(evilKey, "JWT")([]byte(payload)), e)
			if honest.requests("/jwks") == 0 || evil.requests("/jwks") != 1 {
				t.Errorf("requested %q and %q", honest.seen, evil.seen)
			}
			errs = append(errs, err)
		}
	}
	return errs
}
