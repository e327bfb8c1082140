package oidc

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

// logoutClaims are those of a Logout Token of w's provider for its client, changed.
func (w *world) logoutClaims(change func(map[string]any)) []byte {
	w.t.Helper()
	claims := map[string]any{
		"iss": w.Issuer(), "sub": "alice", "aud": "client", "sid": "s", "jti": "j",
		"iat": w.now().Unix(), "exp": w.now().Add(2 * time.Minute).Unix(),
		"events": map[string]any{logoutEvent: map[string]any{}},
	}
	if change != nil {
		change(claims)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		w.t.Fatal(err)
	}
	return payload
}

// logoutToken signs a Logout Token.
func (w *world) logoutToken(typ string, change func(map[string]any)) string {
	w.t.Helper()
	signed, err := jose.Sign(w.logoutClaims(change), w.Key(), jose.SignOptions{Type: typ})
	if err != nil {
		w.t.Fatal(err)
	}
	return signed
}

const logoutType = "logout+jwt"

func event(value any) func(map[string]any) {
	return claim("events", map[string]any{logoutEvent: value})
}

// Every rule of OpenID Connect Back-Channel Logout 1.0, Section 2.6, broken by a token.
func TestLogoutTokenRefuses(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	parts := strings.Split(w.logoutToken(logoutType, nil), ".")
	other, err := jose.GenerateKey("RS256")
	if err != nil {
		t.Fatal(err)
	}
	strangers, err := jose.Sign(w.logoutClaims(nil), other, jose.SignOptions{Type: logoutType})
	if err != nil {
		t.Fatal(err)
	}
	ec, err := jose.GenerateKey("ES256")
	if err != nil {
		t.Fatal(err)
	}
	otherAlg, err := jose.Sign(w.logoutClaims(nil), ec, jose.SignOptions{Type: logoutType})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := jose.NewKey([]byte(suiteSecret), jose.KeyOptions{Algorithm: "HS256"})
	if err != nil {
		t.Fatal(err)
	}
	withSecret, err := jose.Sign(w.logoutClaims(nil), secret, jose.SignOptions{Type: logoutType})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, token, want string }{
		{"nothing", "", "check compact"},
		{"no token", "logout", "check compact"},
		{"unsigned", b64(`{"alg":"none"}`) + "." + parts[1] + ".", "check compact"},
		{"unsigned, with a signature", b64(`{"alg":"none"}`) + "." + parts[1] + "." + parts[2],
			"check alg"},
		{"unsigned, without a dot", b64(`{"alg":"none"}`) + "." + parts[1], "check compact"},
		{"another algorithm", otherAlg, "check alg"},
		{"an HMAC", withSecret, "check alg"},
		{"a stranger's key", strangers, "check key"},
		{"another signature", forged(w.logoutToken(logoutType, nil)), "signature"},
		{"an ID Token", w.issue(nil), "check events"},
	} {
		t.Run(tt.name, func(t *testing.T) { w.refusesLogout(tt.token, tt.want) })
	}
	for _, tt := range []struct {
		name   string
		change func(map[string]any)
		want   string
	}{
		{"no issuer", claim("iss", nil), "check iss"},
		{"another issuer", claim("iss", stranger), "check iss"},
		{"no audience", claim("aud", nil), "check aud"},
		{"another audience", claim("aud", "other"), "check aud"},
		{"an audience beside", claim("aud", list{"client", "other"}), "check aud"},
		{"another party", claim("azp", "other"), "check azp"},
		{"no expiry", claim("exp", nil), "check exp"},
		{"expired", claim("exp", after(-61)), "check exp"},
		{"no iat", claim("iat", nil), "check iat"},
		{"iat in the future", claim("iat", after(62)), "check iat"},
		{"iat a day and more ago", claim("iat", after(-24*3600-61)), "check iat"},
		{"not before later", claim("nbf", after(62)), "check nbf"},
		{"neither sub nor sid", claims("sub", nil, "sid", nil), "check sub"},
		{"empty sub", claim("sub", ""), "check sub"},
		{"long sub", claim("sub", strings.Repeat("s", 256)), "check sub"},
		{"sub not ASCII", claim("sub", "ålice"), "check sub"},
		{"sub no text", claim("sub", 7), "check claims"},
		{"empty sid", claim("sid", ""), "check sid"},
		{"empty sid alone", claims("sid", "", "sub", nil), "check sub"},
		{"sid no text", claim("sid", 7), "check logout_token"},
		{"no events", claim("events", nil), "check events"},
		{"events null", claim("events", null{}), "check events"},
		{"events a text", claim("events", logoutEvent), "check events"},
		{"events a list", claim("events", list{logoutEvent}), "check events"},
		{"no event", claim("events", map[string]any{}), "check events"},
		{"another event", claim("events", map[string]any{
			"http://schemas.openid.net/event/backchannel-login": map[string]any{}}), "check events"},
		{"event in other case", claim("events", map[string]any{
			"http://schemas.openid.net/event/BackChannel-Logout": map[string]any{}}), "check events"},
		{"event null", event(null{}), "check events"},
		{"event true", event(true), "check events"},
		{"event a list", event(list{}), "check events"},
		{"event a text", event("{}"), "check events"},
		{"nonce", claim("nonce", "n"), "check nonce"},
		{"nonce null", claim("nonce", null{}), "check nonce"},
		{"empty nonce", claim("nonce", ""), "check nonce"},
		{"no jti", claim("jti", nil), "check jti"},
		{"empty jti", claim("jti", ""), "check jti"},
		{"jti no text", claim("jti", 7), "check claims"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w.refusesLogout(w.logoutToken(logoutType, tt.change), tt.want)
		})
	}
	for _, typ := range []string{"at+jwt", "secevent+jwt", "logout", "dpop+jwt"} {
		w.refusesLogout(w.logoutToken(typ, nil), "check typ")
	}
	w.acceptsLogout(w.logoutToken(logoutType, nil)) // none of those has used up its jti
}

func (w *world) refusesLogout(token, want string) {
	w.t.Helper()
	got, err := w.client.VerifyLogoutToken(w.t.Context(), token)
	if outcome(err) != want || got != nil {
		w.t.Errorf("got %v, %v, want %s", got, err, want)
	}
	if err != nil && !strings.HasPrefix(err.Error(), "oidc: Logout Token: ") {
		w.t.Errorf("the error is %v", err)
	}
}

func (w *world) acceptsLogout(token string) *LogoutToken {
	w.t.Helper()
	got, err := w.client.VerifyLogoutToken(w.t.Context(), token)
	if err != nil {
		w.t.Fatal(err)
	}
	return got
}

func TestLogoutTokenAccepts(t *testing.T) {
	for _, tt := range []struct {
		name, typ string
		change    func(map[string]any)
		want      LogoutToken
	}{
		{"both", logoutType, nil, LogoutToken{Subject: "alice", SessionID: "s"}},
		{"sub alone", logoutType, claim("sid", nil), LogoutToken{Subject: "alice"}},
		{"sid alone", logoutType, claim("sub", nil), LogoutToken{SessionID: "s"}},
		{"untyped", "", nil, LogoutToken{Subject: "alice", SessionID: "s"}},
		{"of the type JWT", "JWT", nil, LogoutToken{Subject: "alice", SessionID: "s"}},
		{"of the whole type", "application/LOGOUT+jwt", nil,
			LogoutToken{Subject: "alice", SessionID: "s"}},
		{"an event of some content", logoutType, event(map[string]any{"x": 1}),
			LogoutToken{Subject: "alice", SessionID: "s"}},
		{"another event beside", logoutType, claim("events", map[string]any{
			logoutEvent: map[string]any{}, "https://p.example/event": true}),
			LogoutToken{Subject: "alice", SessionID: "s"}},
		{"other claims", logoutType, claims("trace_id", "t", "auth_time", after(0)),
			LogoutToken{Subject: "alice", SessionID: "s"}},
		{"expired within the leeway", logoutType, claim("exp", after(-59)),
			LogoutToken{Subject: "alice", SessionID: "s"}},
		{"a day old", logoutType, claim("iat", after(-24*3600)),
			LogoutToken{Subject: "alice", SessionID: "s"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, oidctest.Options{}, nil, nil)
			got := w.acceptsLogout(w.logoutToken(tt.typ, tt.change))
			if got.Issuer != w.Issuer() || got.Subject != tt.want.Subject ||
				got.SessionID != tt.want.SessionID ||
				got.Identity() != (Identity{w.Issuer(), tt.want.Subject}) {
				t.Errorf("got %+v", got)
			}
			var c struct {
				ID string `json:"jti"`
			}
			if err := got.Claims(&c); err != nil || c.ID != "j" {
				t.Errorf("claims %+v, %v", c, err)
			}
		})
	}
}

// A jti counts once, per issuer and client, for as long as its token could be used.
func TestLogoutTokenReplay(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	token := w.logoutToken(logoutType, nil)
	w.acceptsLogout(token)
	w.refusesLogout(token, "check jti")
	w.refusesLogout(w.logoutToken("", claims("sub", "bob", "sid", nil)), "check jti")
	w.acceptsLogout(w.logoutToken(logoutType, claim("jti", "another")))
	w.seconds.Store(2*60 + 59) // the last second of the leeway
	w.refusesLogout(token, "check jti")
	w.seconds.Store(2*60 + 60)
	w.refusesLogout(token, "check exp")
	w.acceptsLogout(w.logoutToken(logoutType, nil)) // a new one that has the same by chance
}

// A token of a long life is refused by its age, and remembered no longer.
func TestLogoutTokenIsRememberedAsLongAsItCounts(t *testing.T) {
	const day = 24 * 3600
	for _, tt := range []struct {
		exp  int64
		want int64
	}{{120, 120 + 60}, {day, day + 60}, {1000 * day, day + 60}} {
		seen := &replays{fresh: true}
		w := newWorld(t, oidctest.Options{}, nil, func(c *Config) { c.Replays = seen })
		w.acceptsLogout(w.logoutToken(logoutType, claim("exp", after(tt.exp))))
		if seen.until.Unix() != after(tt.want) || len(seen.key) != 43 {
			t.Errorf("%d: %q is remembered until %v", tt.exp, seen.key, seen.until)
		}
	}
}

// replays answers what it is told to.
type replays struct {
	fresh bool
	err   error

	key   string
	until time.Time
}

func (r *replays) Add(_ context.Context, key string, until time.Time) (bool, error) {
	r.key, r.until = key, until
	return r.fresh, r.err
}

// Providers and clients that share a store do not use up each other's tokens: a key is of the
// issuer, the client and the jti.
func TestLogoutTokensShareAStore(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	keys := map[string]string{}
	for name, tt := range map[string]struct{ issuer, client, jti string }{
		"a token":        {"https://a.example", "client", "j"},
		"another issuer": {"https://b.example", "client", "j"},
		"another client": {"https://a.example", "other", "j"},
		"another jti":    {"https://a.example", "client", "k"},
	} {
		seen := &replays{fresh: true}
		client, err := New(Config{Issuer: tt.issuer, ID: tt.client, Auth: oauth2.None(), Now: w.now,
			Keys: jose.NewSet(w.Key()), Replays: seen, Provider: Provider{
				AuthorizationServer: oauth2.AuthorizationServer{
					AuthorizationEndpoint: "https://a.example/a", TokenEndpoint: "https://a.example/t"}}})
		if err != nil {
			t.Fatal(err)
		}
		token := w.logoutToken(logoutType, claims("iss", tt.issuer, "aud", tt.client, "jti", tt.jti))
		if _, err := client.VerifyLogoutToken(t.Context(), token); err != nil {
			t.Fatal(err)
		}
		if before, ok := keys[seen.key]; ok {
			t.Errorf("one key for %s and %s", before, name)
		}
		keys[seen.key] = name
	}
}

// Without a leeway a token is remembered until it expires, and no shorter.
func TestLogoutTokenWithoutLeeway(t *testing.T) {
	seen := &replays{fresh: true}
	w := newWorld(t, oidctest.Options{}, nil, func(c *Config) { c.Replays, c.Leeway = seen, -1e9 })
	w.acceptsLogout(w.logoutToken(logoutType, nil))
	if seen.until.Unix() != after(120) {
		t.Errorf("remembered until %v", seen.until)
	}
}

func TestLogoutTokenStoreFails(t *testing.T) {
	broken := errors.New("the store is down")
	w := newWorld(t, oidctest.Options{}, nil,
		func(c *Config) { c.Replays = &replays{fresh: true, err: broken} })
	got, err := w.client.VerifyLogoutToken(t.Context(), w.logoutToken(logoutType, nil))
	if !errors.Is(err, broken) || got != nil {
		t.Errorf("got %v, %v", got, err)
	}
	stale := newWorld(t, oidctest.Options{}, nil, func(c *Config) { c.Replays = &replays{} })
	stale.refusesLogout(stale.logoutToken(logoutType, nil), "check jti")
}

// Of many who bring one token one gets it.
func TestLogoutTokenConcurrently(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	token := w.logoutToken(logoutType, nil)
	var mu sync.Mutex
	var wg sync.WaitGroup
	accepted := 0
	for range 16 {
		wg.Go(func() {
			_, err := w.client.VerifyLogoutToken(t.Context(), token)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				accepted++
			} else if outcome(err) != "check jti" {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if accepted != 1 {
		t.Errorf("%d of 16 were accepted", accepted)
	}
}

// Where ID Tokens are encrypted, Logout Tokens are (rule 1).
func TestLogoutTokenEncrypted(t *testing.T) {
	_, decrypter, recipient := encrypting(t)
	w := newWorld(t, oidctest.Options{}, nil,
		func(c *Config) { c.IDToken.Decrypter = decrypter })
	signed := w.logoutToken(logoutType, nil)
	w.refusesLogout(signed, "check compact")
	wrap := func(inner, cty string) string {
		jwe, err := jose.Encrypt([]byte(inner), recipient.Key, jose.EncryptOptions{
			Algorithm: "ECDH-ES", Encryption: "A256GCM", ContentType: cty})
		if err != nil {
			t.Fatal(err)
		}
		return jwe
	}
	w.refusesLogout(wrap(string(w.logoutClaims(nil)), ""), "check cty")
	w.refusesLogout(wrap(w.logoutToken(logoutType, claim("nonce", "n")), "JWT"), "check nonce")
	w.acceptsLogout(wrap(signed, "JWT"))
}

// An HMAC counts if that is what the client is registered for, and nothing else then.
func TestLogoutTokenHMAC(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, withHMAC)
	key, err := oauth2.SecretKey(oauth2.ClientSecret(suiteSecret))
	if err != nil {
		t.Fatal(err)
	}
	signed, err := jose.Sign(w.logoutClaims(nil), key,
		jose.SignOptions{Type: logoutType, Algorithm: "HS256"})
	if err != nil {
		t.Fatal(err)
	}
	w.refusesLogout(w.logoutToken(logoutType, nil), "check alg")
	w.acceptsLogout(signed)
}

func TestLogoutTokenOfATenant(t *testing.T) {
	w := allowing(t, "")
	issuer := w.Issuer() + "/one/v2.0"
	token := w.logoutToken(logoutType, claim("iss", issuer))
	if got := w.acceptsLogout(token); got.Issuer != issuer {
		t.Errorf("issuer %q", got.Issuer)
	}
	w.refusesLogout(w.logoutToken(logoutType, claim("iss", w.Issuer()+"/three/v2.0")), "check iss")
	other := allowing(t, "/two/v2.0") // whose keys sign for another
	other.refusesLogout(other.logoutToken(logoutType, claim("iss", other.Issuer()+"/one/v2.0")),
		"check key")
}

func TestLogoutTokenOfAProviderThatIsDown(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, answerer{wellKnown: say(500, "", "")}, nil)
	if got, err := w.client.VerifyLogoutToken(t.Context(), "x"); err == nil || got != nil {
		t.Errorf("got %v, %v", got, err)
	}
}

// No Logout Token is an ID Token.
func TestLogoutTokenIsNoIDToken(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	for _, typ := range []string{"", "JWT", logoutType} {
		_, err := w.client.VerifyIDToken(t.Context(), w.logoutToken(typ, nil),
			IDTokenExpectations{InsecureWithoutNonce: true})
		want := "check events"
		if typ == logoutType {
			want = "check typ"
		}
		if outcome(err) != want {
			t.Errorf("%q: %v, want %s", typ, err, want)
		}
	}
}

// Nor where an ID Token needs no nonce, which no Logout Token has.
func TestLogoutTokenIsNoIDTokenOfALogin(t *testing.T) {
	w := newWorld(t, oidctest.Options{EditIDToken: claims("nonce", nil,
		"events", map[string]any{logoutEvent: map[string]any{}})}, nil,
		func(c *Config) { c.Quirks.InsecureMissingNonce = true })
	if _, err := w.login(AuthorizationOptions{}); outcome(err) != "check events" {
		t.Errorf("got %v", err)
	}
}

// The zero value is that of no token, and has no claims.
func TestZeroLogoutToken(t *testing.T) {
	var c map[string]any
	if err := new(LogoutToken).Claims(&c); err != nil || len(c) != 0 {
		t.Errorf("claims %v, %v", c, err)
	}
}

// The session of a login is named by its ID Token.
func TestSessionID(t *testing.T) {
	w := newWorld(t, oidctest.Options{EditIDToken: claim("sid", "the session")}, nil, nil)
	if got := w.mustLogin(AuthorizationOptions{}).IDToken.SessionID; got != "the session" {
		t.Errorf("session %q", got)
	}
	w = newWorld(t, oidctest.Options{EditIDToken: claim("sid", nil)}, nil, nil)
	if got := w.mustLogin(AuthorizationOptions{}).IDToken.SessionID; got != "" {
		t.Errorf("session %q", got)
	}
	w = newWorld(t, oidctest.Options{EditIDToken: claim("sid", 7)}, nil, nil)
	if _, err := w.login(AuthorizationOptions{}); outcome(err) != "check id_token" {
		t.Error(err)
	}
}

// What is accepted has all that Section 2.6 asks for, and what is refused is so by a check.
func FuzzLogoutToken(f *testing.F) {
	c := withoutNetwork(f, suiteSecret)
	const good = `{"iss":"https://p.example","sub":"alice","aud":"client","sid":"s","jti":"j",` +
		`"iat":1795262400,"exp":1795262520,"events":{"` + logoutEvent + `":{}}}`
	f.Add(good)
	f.Add(strings.Replace(good, `"sub":"alice",`, "", 1))
	f.Add(strings.Replace(good, `"sid":"s",`, "", 1))
	f.Add(strings.Replace(good, `"jti":"j"`, `"jti":"j","nonce":null`, 1))
	f.Add(strings.Replace(good, `:{}`, `:{"a":[{}]},"b":1`, 1))
	verify := func(ctx context.Context, payload string) (*LogoutToken, error) {
		return c.VerifyLogoutToken(ctx, mac(`{"alg":"HS256"}`, []byte(suiteSecret))([]byte(payload)))
	}
	if _, err := verify(f.Context(), good); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		got, err := verify(t.Context(), payload)
		if err != nil {
			if got != nil || !strings.HasPrefix(outcome(err), "check ") {
				t.Errorf("%v beside %v", got, err)
			}
			return
		}
		var seen struct {
			Subject string                     `json:"sub"`
			Session string                     `json:"sid"`
			ID      string                     `json:"jti"`
			Events  map[string]json.RawMessage `json:"events"`
			Nonce   json.RawMessage            `json:"nonce"`
		}
		if err := got.Claims(&seen); err != nil {
			t.Fatal(err)
		}
		event := strings.TrimSpace(string(seen.Events[logoutEvent]))
		if got.Issuer != offline || got.Subject != seen.Subject || got.SessionID != seen.Session ||
			seen.Subject+seen.Session == "" || seen.ID == "" || seen.Nonce != nil ||
			!strings.HasPrefix(event, "{") {
			t.Errorf("accepted %s", payload)
		}
	})
}
