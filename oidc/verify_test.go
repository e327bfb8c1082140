package oidc

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

// issue signs an ID Token of w's provider for its client, changed.
func (w *world) issue(change func(claims map[string]any)) string {
	w.t.Helper()
	claims := map[string]any{
		"iss": w.Issuer(), "sub": "alice", "aud": "client", "nonce": "n",
		"iat": w.now().Unix(), "exp": w.now().Add(time.Hour).Unix(),
		"auth_time": w.now().Unix(), "acr": "gold",
	}
	if change != nil {
		change(claims)
	}
	payload, err := json.Marshal(claims)
	if err != nil {
		w.t.Fatal(err)
	}
	signed, err := jose.Sign(payload, w.Key(), jose.SignOptions{Type: "JWT"})
	if err != nil {
		w.t.Fatal(err)
	}
	return signed
}

func TestVerifyIDToken(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	minute, forever := time.Minute, math.MaxInt64/time.Second*time.Second
	// The half hashes of "token" and "code" by SHA-256.
	const atHash, cHash = "PEaenWxYddN6Q_NT1PiOYQ", "VpTQii5T_8rgwxA-Wtb2Bw"
	with := func(e IDTokenExpectations) IDTokenExpectations { e.Nonce = "n"; return e }
	for _, test := range []struct {
		name   string
		change func(map[string]any)
		e      IDTokenExpectations
		want   string
	}{
		{name: "nonce", e: with(IDTokenExpectations{}), want: "ok"},
		{name: "another nonce", e: IDTokenExpectations{Nonce: "m"}, want: "check nonce"},
		{name: "no nonce", change: claim("nonce", nil), e: with(IDTokenExpectations{}),
			want: "check nonce"},
		{name: "nothing is said of the nonce", want: "check nonce"},
		{name: "without nonce, one is there", e: IDTokenExpectations{InsecureWithoutNonce: true},
			want: "ok"},
		{name: "without nonce, none is there", change: claim("nonce", nil),
			e: IDTokenExpectations{InsecureWithoutNonce: true}, want: "ok"},
		{name: "a nonce goes before InsecureWithoutNonce",
			e:    IDTokenExpectations{Nonce: "m", InsecureWithoutNonce: true},
			want: "check nonce"},
		{name: "within max_age", e: with(IDTokenExpectations{MaxAge: &minute}), want: "ok"},
		{name: "max_age is over", change: claim("auth_time", after(-121)),
			e: with(IDTokenExpectations{MaxAge: &minute}), want: "check auth_time"},
		{name: "no auth_time", change: claim("auth_time", nil),
			e: with(IDTokenExpectations{MaxAge: &minute}), want: "check auth_time"},
		{name: "max_age of half a second",
			e: with(IDTokenExpectations{MaxAge: new(time.Second / 2)}), want: "check max_age"},
		{name: "acr", e: with(IDTokenExpectations{ACRValues: []string{"silver", "gold"}}),
			want: "ok"},
		{name: "another acr", e: with(IDTokenExpectations{ACRValues: []string{"silver"}}),
			want: "check acr"},
		{name: "at_hash that nothing is known of", change: claim("at_hash", "x"),
			e: with(IDTokenExpectations{}), want: "ok"},
		{name: "at_hash", change: claim("at_hash", atHash),
			e: with(IDTokenExpectations{AccessToken: "token"}), want: "ok"},
		{name: "at_hash of another", change: claim("at_hash", atHash),
			e: with(IDTokenExpectations{AccessToken: "token2"}), want: "check at_hash"},
		{name: "c_hash", change: claim("c_hash", cHash),
			e: with(IDTokenExpectations{Code: "code"}), want: "ok"},
		{name: "c_hash of another", change: claim("c_hash", cHash),
			e: with(IDTokenExpectations{Code: "code2"}), want: "check c_hash"},
		{name: "issued long ago", change: claim("iat", after(-30*86400)),
			e: with(IDTokenExpectations{}), want: "ok"},
		{name: "no iat", change: claim("iat", nil), e: with(IDTokenExpectations{}),
			want: "check iat"},
		{name: "for another", change: claim("aud", "other"), e: with(IDTokenExpectations{}),
			want: "check aud"},
		{name: "of another issuer", change: claim("iss", "https://other.example"),
			e: with(IDTokenExpectations{}), want: "check iss"},
		{name: "expired", change: claim("exp", after(-61)), e: with(IDTokenExpectations{}),
			want: "check exp"},
		{name: "acr empty, and so is what is asked", change: claim("acr", ""),
			e: with(IDTokenExpectations{ACRValues: []string{""}}), want: "check acr"},
		{name: "no acr, and one of those asked is empty", change: claim("acr", nil),
			e: with(IDTokenExpectations{ACRValues: []string{"", "gold"}}), want: "check acr"},
		{name: "of an application", change: claim("azp", "app"),
			e: with(IDTokenExpectations{AuthorizedParties: []string{"app"}}), want: "ok"},
		{name: "of another application", change: claim("azp", "app2"),
			e: with(IDTokenExpectations{AuthorizedParties: []string{"app"}}), want: "check azp"},
		{name: "of no application", change: claim("azp", ""),
			e: with(IDTokenExpectations{AuthorizedParties: []string{"app"}}), want: "check azp"},
		{name: "of the client, where applications may be", change: claim("azp", "client"),
			e: with(IDTokenExpectations{AuthorizedParties: []string{"app"}}), want: "ok"},
		{name: "for an application alone", change: claims("azp", "app", "aud", "app"),
			e: with(IDTokenExpectations{AuthorizedParties: []string{"app"}}), want: "check aud"},
		{name: "a Logout Token", change: claims("nonce", nil, "events", map[string]any{
			"http://schemas.openid.net/event/backchannel-logout": map[string]any{}}),
			e: IDTokenExpectations{InsecureWithoutNonce: true}, want: "check events"},
		{name: "max_age of all time", change: claim("auth_time", after(-3_000_000_000)),
			e: with(IDTokenExpectations{MaxAge: &forever}), want: "ok"},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := w.client.VerifyIDToken(t.Context(), w.issue(test.change), test.e)
			if outcome(err) != test.want || (got == nil) != (err != nil) {
				t.Errorf("got %v, %v, want %s", got, err, test.want)
			}
			if err == nil && got.Identity() != (Identity{w.Issuer(), "alice"}) {
				t.Errorf("identity is %v", got.Identity())
			}
		})
	}
}

func TestVerifyIDTokenOfNothing(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	signed := w.issue(nil)
	for raw, want := range map[string]string{
		"":                           "check id_token",
		"x":                          "check compact",
		"a.b.c":                      "check compact",
		signed + ".":                 "check compact",
		signed[:len(signed)-2]:       "signature",
		b64(`{"alg":"none"}`) + "..": "check compact",
	} {
		_, err := w.client.VerifyIDToken(t.Context(), raw, IDTokenExpectations{Nonce: "n"})
		if outcome(err) != want {
			t.Errorf("%.20s: %v, want %s", raw, err, want)
		}
	}
}

// Nothing is asked of a provider for what is refused in any case.
func TestVerifyIDTokenAsksNothing(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	_, err := w.client.VerifyIDToken(t.Context(), w.issue(nil), IDTokenExpectations{})
	if outcome(err) != "check nonce" || len(w.seen) != 0 {
		t.Errorf("error is %v, requested were %v", err, w.seen)
	}
}

// Discovery and the first verification take two requests, the next none.
func TestVerifyIDTokenRequests(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	for range 3 {
		_, err := w.client.VerifyIDToken(t.Context(), w.issue(nil), IDTokenExpectations{Nonce: "n"})
		if err != nil || len(w.seen) != 2 {
			t.Errorf("error is %v, requested were %v", err, w.seen)
		}
	}
}

// A secret has no ID, whatever the token says.
func TestHMACWithKeyID(t *testing.T) {
	const secret = "a secret that is as long as the hash"
	w := newWorld(t, oidctest.Options{}, nil, func(c *Config) {
		c.Auth = oauth2.ClientSecret(secret)
		c.IDToken.SigningAlgorithm = "HS256"
	})
	jws, err := jose.VerifySignature(t.Context(), w.issue(nil), jose.NewSet(w.Key()),
		jose.VerifyOptions{Algorithms: []string{"RS256"}})
	if err != nil {
		t.Fatal(err)
	}
	for header, want := range map[string]string{
		`{"alg":"HS256"}`:            "ok",
		`{"alg":"HS256","kid":"s1"}`: "ok",
		`{"alg":"HS384","kid":"s1"}`: "check alg",
	} {
		raw := mac(header, []byte(secret))(jws.Payload)
		_, err := w.client.VerifyIDToken(t.Context(), raw, IDTokenExpectations{Nonce: "n"})
		if outcome(err) != want {
			t.Errorf("%s: %v, want %s", header, err, want)
		}
	}
}

// What is said of a key is kept to: one of a tenant signs for that tenant.
func TestKeyOfATenant(t *testing.T) {
	for _, test := range []struct{ name, issuer, tenant, want string }{
		{"nothing said", "", "one", "ok"},
		{"the tenant", "/one/v2.0", "one", "ok"},
		{"all of them", "/{tenantid}/v2.0", "one", "ok"},
		{"another", "/two/v2.0", "one", "check key"},
		{"in other case", "/ONE/v2.0", "one", "check key"},
		{"a tenant that is not allowed", "/{tenantid}/v2.0", "three", "check iss"},
	} {
		t.Run(test.name, func(t *testing.T) {
			w := allowing(t, test.issuer)
			raw := w.issue(claim("iss", w.Issuer()+"/"+test.tenant+"/v2.0"))
			_, err := w.client.VerifyIDToken(t.Context(), raw, IDTokenExpectations{Nonce: "n"})
			if outcome(err) != test.want {
				t.Errorf("error is %v, want %s", err, test.want)
			}
		})
	}
}

// Of a provider without tenants what is said of a key means nothing: all are its own.
func TestKeyIssuerWithoutTenants(t *testing.T) {
	for _, issuer := range []string{"https://p.example/{tenantid}/v2.0", "CN=Example CA"} {
		w := newWorld(t, oidctest.Options{}, answerer{"/jwks": edit(func(m map[string]any) {
			for _, k := range m["keys"].([]any) {
				k.(map[string]any)["issuer"] = issuer
			}
		})}, nil)
		w.mustLogin(AuthorizationOptions{})
	}
}

// UserInfo that is signed is held to what is said of its key too.
func TestUserInfoKeyOfATenant(t *testing.T) {
	for issuer, want := range map[string]string{"": "ok", "/one/v2.0": "ok",
		"/{tenantid}/v2.0": "ok", "/two/v2.0": "check key"} {
		w := allowing(t, issuer)
		conn, err := w.client.provider.Get(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		one := w.Issuer() + "/one/v2.0"
		jwt := w.issue(claim("iss", one))
		_, err = w.client.openUserInfo(t.Context(), conn, jwt, UserInfoSource{Issuer: one})
		if outcome(err) != want {
			t.Errorf("%q: %v, want %s", issuer, err, want)
		}
	}
}

// allowing makes a client of the tenants one and two, whose provider says of its keys, if
// anything, whose tokens they sign.
func allowing(t *testing.T, issuer string) *world {
	var w *world
	w = newWorld(t, oidctest.Options{}, answerer{
		"/.well-known/openid-configuration": edit(func(m map[string]any) {
			m["issuer"] = w.Issuer() + "/{tenantid}/v2.0"
		}),
		"/jwks": edit(func(m map[string]any) {
			for _, k := range m["keys"].([]any) {
				if issuer != "" {
					k.(map[string]any)["issuer"] = w.Issuer() + issuer
				}
			}
		}),
	}, func(c *Config) {
		c.ServerMetadataURL = c.Issuer + "/.well-known/openid-configuration"
		c.Issuer += "/{tenantid}/v2.0"
		c.Tenants.Allow = func(tenant string) bool { return tenant == "one" || tenant == "two" }
	})
	return w
}

// A hint is of a user of one tenant, whatever the users of another are called.
func TestIDTokenHintOfAnotherTenant(t *testing.T) {
	w := allowing(t, "")
	e := expectations{Nonce: "n"}
	hint := w.issue(claim("iss", w.Issuer()+"/one/v2.0"))
	if _, err := w.client.hint(t.Context(), hint, &e); err != nil {
		t.Fatal(err)
	}
	conn, err := w.client.provider.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for tenant, want := range map[string]string{"one": "ok", "two": "check iss"} {
		raw := w.issue(claim("iss", w.Issuer()+"/"+tenant+"/v2.0"))
		_, err := w.client.verify(t.Context(), conn, raw, rules{expectations: e})
		if outcome(err) != want {
			t.Errorf("%s: %v, want %s", tenant, err, want)
		}
	}
}

// What a token and a nonce are is not printed.
func TestIDTokenExpectationsShowNothing(t *testing.T) {
	e := IDTokenExpectations{Nonce: "nonce", AccessToken: "token", Code: "code"}
	const want = "oidc.IDTokenExpectations{...}"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, e); got != want {
			t.Errorf("%s prints %s", verb, got)
		}
	}
	if got := e.LogValue().String(); got != want {
		t.Errorf("a log has %s", got)
	}
}

// An age is in whole seconds.
func TestWholeSeconds(t *testing.T) {
	const most = math.MaxInt64 / time.Second * time.Second
	for d, want := range map[time.Duration]int64{
		0: 0, time.Second: 1, time.Hour: 3600, most: int64(most / time.Second),
		-1: -1, -time.Second: -1, 1: -1, time.Second - 1: -1, time.Second + 1: -1, most + 1: -1,
	} {
		got, err := wholeSeconds(&d)
		if want < 0 && (got != nil || outcome(err) != "check max_age") ||
			want >= 0 && (err != nil || *got != want) {
			t.Errorf("%v: %v", d, err)
		}
	}
	if none, err := wholeSeconds(nil); none != nil || err != nil {
		t.Errorf("no age is %v, %v", none, err)
	}
}

const offline = "https://p.example"

// withoutNetwork is a client of the provider offline, whose tokens have an HMAC by secret.
func withoutNetwork(t testing.TB, secret string) *Client {
	t.Helper()
	c, err := New(Config{
		Provider: Provider{AuthorizationServer: oauth2.AuthorizationServer{
			AuthorizationEndpoint: offline + "/a",
			TokenEndpoint:         offline + "/t",
			JWKSURI:               offline + "/j",
		}},
		Issuer:  offline,
		ID:      "client",
		Auth:    oauth2.ClientSecret(secret),
		IDToken: oauth2.SignedResponse{SigningAlgorithm: "HS256"},
		Replays: &replays{fresh: true},
		Now:     func() time.Time { return start },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// FuzzIDToken has claims of every kind signed as they are. What is accepted is what was asked
// for, as another reader of JSON sees it.
func FuzzIDToken(f *testing.F) {
	const secret = "a secret that is as long as the hash"
	hour := time.Hour
	c := withoutNetwork(f, secret)
	const good = `{"iss":"https://p.example","sub":"alice","aud":"client","nonce":"n",` +
		`"iat":1795262400,"exp":1795266000,"auth_time":1795262400,"acr":"gold"}`
	f.Add(good)
	f.Add(`{"iss":"https://p.example","sub":"alice","aud":["client","b"],"azp":"client","nonce":"n",` +
		`"iat":1.7952624e9,"exp":1795266000,"auth_time":1795262400,"acr":"gold","amr":["pwd"]}`)
	f.Add(`{"iss":"https://p.example","sub":"a","aud":"client","Aud":"x","nonce":"n","iat":1795262400,` +
		`"exp":1795266000,"auth_time":1795262400,"acr":"gold","at_hash":"PEaenWxYddN6Q_NT1PiOYQ"}`)
	verify := func(ctx context.Context, payload string) (*IDToken, error) {
		raw := mac(`{"alg":"HS256"}`, []byte(secret))([]byte(payload))
		return c.VerifyIDToken(ctx, raw, IDTokenExpectations{
			Nonce: "n", MaxAge: &hour, ACRValues: []string{"gold"}, AccessToken: "token"})
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
		var seen map[string]any
		if err := json.Unmarshal([]byte(payload), &seen); err != nil {
			t.Fatal(err)
		}
		seconds := func(name string) float64 { n, _ := seen[name].(float64); return n }
		now, many := float64(start.Unix()), fmt.Sprint(seen["aud"])
		if seen["iss"] != offline || seen["sub"] != got.Subject || got.Subject == "" ||
			seen["nonce"] != "n" || seen["acr"] != "gold" || many != "client" && many != "[client]" ||
			seconds("exp") <= now-61 || seconds("iat") > now+60 || seconds("iat") == 0 ||
			seconds("auth_time") < now-3660 || seconds("auth_time") > now+61 {
			t.Errorf("accepted %s", payload)
		}
	})
}
