package oidc

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oidc/oidctest"
)

// sources describes the sources of what a provider says.
func sources(t *testing.T, body string) string {
	t.Helper()
	var all []string
	for _, s := range mustRead(t, body, UserInfoSource{}).Sources() {
		held := s.source()
		all = append(all, fmt.Sprint(s.Names(), held.jwt, s.Endpoint(), held.accessToken))
	}
	return strings.Join(all, "; ")
}

// OpenID Connect Core 1.0, Section 5.6.2: what is not as it says is left out.
func TestSources(t *testing.T) {
	const one = `{"sub":"a","_claim_names":{"b":"s"},"_claim_sources":{"s":`
	for _, test := range []struct{ name, body, want string }{
		{"none", `{"sub":"a"}`, ""},
		{"aggregated", `{"sub":"a","_claim_names":{"phone_number":"s","address":"s"},
			"_claim_sources":{"s":{"JWT":"j"}}}`, "[address phone_number]j"},
		{"distributed", `{"sub":"a","_claim_names":{"payment_info":"src1","shipping_address":"src1",
			"credit_score":"src2"},"_claim_sources":{"src1":{"endpoint":"https://b.example/c"},
			"src2":{"endpoint":"https://c.example/h","access_token":"t"}}}`,
			"[payment_info shipping_address]https://b.example/c; " +
				"[credit_score]https://c.example/ht"},
		{"more members", one + `{"JWT":"j","more":1}}}`, "[b]j"},
		{"token of all characters", one + `{"endpoint":"e","access_token":"aZ09-._~+/="}}}`,
			"[b]eaZ09-._~+/="},
		{"source that no claim refers to",
			`{"sub":"a","_claim_names":{},"_claim_sources":{"s":{"JWT":"j"}}}`, ""},
		{"claim whose source is missing",
			`{"sub":"a","_claim_names":{"b":"x","c":"s"},"_claim_sources":{"s":{"JWT":"j"}}}`,
			"[c]j"},
		{"without sources", `{"sub":"a","_claim_names":{"b":"s"}}`, ""},
		{"without names", `{"sub":"a","_claim_sources":{"s":{"JWT":"j"}}}`, ""},
		{"names list", `{"sub":"a","_claim_names":["b"],"_claim_sources":{"s":{"JWT":"j"}}}`, ""},
		{"sources list", `{"sub":"a","_claim_names":{"b":"s"},"_claim_sources":[{"JWT":"j"}]}`, ""},
		{"reference number", `{"sub":"a","_claim_names":{"b":1},
			"_claim_sources":{"1":{"JWT":"j"}}}`,
			""},
		{"reference number, source without a name",
			`{"sub":"a","_claim_names":{"b":1},"_claim_sources":{"":{"JWT":"j"}}}`, ""},
		{"reference list", `{"sub":"a","_claim_names":{"b":["s"]},
			"_claim_sources":{"s":{"JWT":"j"}}}`, ""},
		{"source text", one + `"j"}}`, ""},
		{"source null", one + `null}}`, ""},
		{"source empty", one + `{}}}`, ""},
		{"both", one + `{"JWT":"j","endpoint":"e"}}}`, ""},
		{"JWT number", one + `{"JWT":7}}}`, ""},
		{"JWT number beside endpoint", one + `{"JWT":7,"endpoint":"e"}}}`, ""},
		{"JWT in another case", one + `{"jwt":"j"}}}`, ""},
		{"JWT in both cases", one + `{"JWT":"j","jwt":"k"}}}`, ""},
		{"endpoint in both cases", one + `{"endpoint":"e","Endpoint":"f"}}}`, ""},
		{"token in both cases", one + `{"endpoint":"e","access_token":"a","Access_Token":"b"}}}`,
			""},
		{"endpoint number", one + `{"JWT":"j","endpoint":7}}}`, ""},
		{"token number", one + `{"endpoint":"e","access_token":7}}}`, ""},
		{"token with a line", one + `{"endpoint":"e","access_token":"a\r\nX: y"}}}`, ""},
		{"token with a space", one + `{"endpoint":"e","access_token":"a b"}}}`, ""},
		{"claims of a token", `{"sub":"a","_claim_names":{"iss":"s","sub":"s","aud":"s","exp":"s",
			"nbf":"s","iat":"s","jti":"s","nonce":"s","azp":"s","auth_time":"s","acr":"s","amr":"s",
			"at_hash":"s","c_hash":"s","s_hash":"s","sid":"s","_claim_names":"s",
			"_claim_sources":"s","b":"s"},"_claim_sources":{"s":{"JWT":"j"}}}`, "[b]j"},
		{"claims of a token alone",
			`{"sub":"a","_claim_names":{"sub":"s"},"_claim_sources":{"s":{"JWT":"j"}}}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			if got := sources(t, test.body); got != test.want {
				t.Errorf("%q, want %q", got, test.want)
			}
		})
	}
	if list := new(UserInfo).Sources(); list != nil {
		t.Errorf("nobody has %v", list)
	}
	if s := (ClaimSource{}); len(s.Names()) > 0 || s.Endpoint() != "" {
		t.Errorf("the zero source has %v", s)
	}
	s := mustRead(t, one+`{"JWT":"j"}}}`, UserInfoSource{}).Sources()[0]
	s.Names()[0] = "changed"
	if s.Names()[0] != "b" {
		t.Error("a source can be changed")
	}
}

// A bank vouches for claims, at an endpoint where it counts what comes.
type bank struct {
	*httptest.Server
	key    *jose.Key
	answer http.HandlerFunc
	asked  []*http.Request
}

func newBank(t *testing.T) *bank {
	b := &bank{key: generate(t, "ES256")}
	b.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.asked = append(b.asked, r)
		b.answer(w, r)
	}))
	t.Cleanup(b.Close)
	return b
}

const bankIssuer = "https://bank.example"

// signs returns claims that the bank has signed.
func (b *bank) signs(change func(map[string]any)) string {
	claims := map[string]any{"iss": bankIssuer, "credit_score": 650, "address": "1 Way",
		"sub": "number 7"}
	if change != nil {
		change(claims)
	}
	text, err := json.Marshal(claims)
	if err != nil {
		panic(err)
	}
	return by(b.key, "JWT")(text)
}

func (b *bank) provider() ClaimsProvider {
	return ClaimsProvider{Issuer: bankIssuer, Keys: jose.NewSet(b.key),
		Algorithms: []string{"ES256"}, Endpoints: []string{b.URL + "/claims"}}
}

// from returns what a client with providers has of a source.
func from(t *testing.T, o oidctest.Options, source map[string]any, names list,
	providers ...ClaimsProvider) (*SourcedClaims, error) {
	t.Helper()
	w := newWorld(t, o, answerer{"/userinfo": edit(func(m map[string]any) {
		refers := map[string]any{}
		for _, name := range names {
			refers[name.(string)] = "s"
		}
		m["_claim_names"], m["_claim_sources"] = refers, map[string]any{"s": source}
	})}, func(c *Config) { c.ClaimsProviders = providers })
	user, err := w.client.UserInfo(t.Context(), w.mustLogin(AuthorizationOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	list := user.Sources()
	if len(list) != 1 {
		t.Fatalf("sources are %v", list)
	}
	claims, err := w.client.ClaimsFrom(t.Context(), list[0])
	if (claims == nil) != (err != nil) {
		t.Errorf("%v beside %v", claims, err)
	}
	if err != nil && !strings.HasPrefix(err.Error(), "oidc: claim source: ") {
		t.Errorf("error is %v", err)
	}
	return claims, err
}

func said(t *testing.T, s *SourcedClaims) string {
	t.Helper()
	var claims map[string]json.RawMessage
	if err := s.Claims(&claims); err != nil {
		t.Fatal(err)
	}
	text, _ := json.Marshal(claims)
	return string(text)
}

// Aggregated claims: what the one signed that the source is of, for which it was named.
func TestAggregatedClaims(t *testing.T) {
	b := newBank(t)
	good := func(*ClaimsProvider) {}
	for _, test := range []struct {
		name     string
		jwt      string
		provider func(*ClaimsProvider)
		want     string
	}{
		{"good", b.signs(nil), good, "ok"},
		{"for us", b.signs(claim("aud", list{"client"})), good, "ok"},
		{"no endpoints", b.signs(nil), func(p *ClaimsProvider) { p.Endpoints = nil }, "ok"},
		{"without the claim", b.signs(claim("credit_score", nil)), good, "ok without"},

		{"nobody's", b.signs(nil), func(p *ClaimsProvider) { p.Issuer = "https://b.example" },
			"check iss"},
		{"issuer with a slash", b.signs(claim("iss", bankIssuer+"/")), good, "check iss"},
		{"issuer absent", b.signs(claim("iss", nil)), good, "check iss"},
		{"issuer list", b.signs(claim("iss", list{bankIssuer})), good, "check iss"},
		{"signed by another", by(generate(t, "ES256"), "")([]byte(`{"iss":"` + bankIssuer + `"}`)),
			good, "check key"},
		{"unsigned", b64(`{"alg":"none"}`) + "." + b64(`{"iss":"`+bankIssuer+`"}`) + ".AA", good,
			"check alg"},
		{"changed", strings.Split(b.signs(nil), ".")[0] + "." +
			b64(`{"iss":"`+bankIssuer+`","credit_score":850}`) + "." +
			strings.Split(b.signs(nil), ".")[2], good, "signature"},
		{"algorithm not listed", b.signs(nil), func(p *ClaimsProvider) { p.Algorithms = nil },
			"check alg"},
		{"for another", b.signs(claim("aud", "other")), good, "check aud"},
		{"expired", b.signs(claim("exp", after(-60))), good, "check exp"},
		{"later", b.signs(claim("nbf", after(61))), good, "check nbf"},
		{"issued later", b.signs(claim("iat", after(61))), good, "check iat"},
		{"access token", by(b.key, "at+jwt")([]byte(`{"iss":"` + bankIssuer + `"}`)), good,
			"check typ"},
		{"no token", "x", good, "check iss"},
		{"payload no JSON", "e30.e30x.e30", good, "check iss"},
		{"payload not encoded to its end", "e30." + b64(`{"iss":"`+bankIssuer+`"}`) + "*.e30",
			good, "check iss"},
		{"issuer twice", by(b.key, "")([]byte(`{"iss":"` + bankIssuer + `","iss":"x"}`)), good,
			"check iss"},
		{"JSON", `{"payload":""}`, good, "check iss"},
	} {
		t.Run(test.name, func(t *testing.T) {
			p := b.provider()
			test.provider(&p)
			claims, err := from(t, oidctest.Options{}, map[string]any{"JWT": test.jwt},
				list{"credit_score", "sub", "exp"}, p)
			want, body, _ := strings.Cut(test.want, " ")
			if err != nil || want != "ok" {
				if got := outcome(err); got != test.want {
					t.Errorf("outcome %q, want %q: %v", got, test.want, err)
				}
				return
			}
			body = map[string]string{"": `{"credit_score":650}`, "without": `{}`}[body]
			if claims.Issuer != bankIssuer || said(t, claims) != body {
				t.Errorf("%s says %s", claims.Issuer, said(t, claims))
			}
		})
	}
	if len(b.asked) > 0 {
		t.Error("aggregated claims were fetched")
	}
}

// A provider vouches for its own: its key is none of another's.
func TestClaimsProvidersAreApart(t *testing.T) {
	b, other := newBank(t), newBank(t)
	p := other.provider()
	p.Issuer = "https://other.example"
	jwt := b.signs(claim("iss", "https://other.example"))
	if _, err := from(t, oidctest.Options{}, map[string]any{"JWT": jwt}, list{"address"},
		b.provider(), p); outcome(err) != "check key" {
		t.Errorf("by the wrong key: %v", err)
	}
	jwt = other.signs(claim("iss", "https://other.example"))
	claims, err := from(t, oidctest.Options{}, map[string]any{"JWT": jwt}, list{"address"},
		b.provider(), p)
	if err != nil || claims.Issuer != "https://other.example" {
		t.Errorf("%v, %v", claims, err)
	}
	if _, err := from(t, oidctest.Options{}, map[string]any{"JWT": jwt},
		list{"address"}); outcome(err) != "check iss" {
		t.Errorf("without an entry: %v", err)
	}
	b.answer = say(200, typeJWT, jwt)
	if _, err := from(t, oidctest.Options{}, map[string]any{"endpoint": b.URL}, list{"address"},
		b.provider(), p); outcome(err) != "check iss" {
		t.Errorf("at the endpoint of another: %v", err)
	}
}

// Distributed claims are fetched from where they may be, once, with the source's token.
func TestDistributedClaims(t *testing.T) {
	b := newBank(t)
	jwt := b.signs(nil)
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"good", say(200, typeJWT, jwt), "ok"},
		{"charset", say(200, "application/jwt; charset=us-ascii", jwt), "ok"},
		{"JSON", say(200, typeJSON, `{"iss":"`+bankIssuer+`","credit_score":850}`),
			"check content_type"},
		{"JWT of no type", say(200, "", jwt), "check content_type"},
		{"JSON by the name of a token", say(200, typeJWT, `{"iss":"`+bankIssuer+`"}`), "check iss"},
		{"refused", refuse("invalid_token"), "server invalid_token 401"},
		{"503", say(503, typeJWT, jwt), "server  503"},
		{"204", say(204, typeJWT, ""), "oidc: claim source: status must be 200, is 204"},
		{"redirect", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, "oidc: claim source: status must be 200, is 307"},
		{"endless", endless, "too large"},
		{"expired", say(200, typeJWT, b.signs(claim("exp", after(-60)))), "check exp"},
		{"of the provider", say(200, typeJWT, by(generate(t, "ES256"), "")(
			[]byte(`{"iss":"`+bankIssuer+`"}`))), "check key"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b.answer, b.asked = test.answer, nil
			claims, err := from(t, oidctest.Options{}, map[string]any{
				"endpoint": b.URL + "/of?user=7", "access_token": canary},
				list{"credit_score"}, b.provider())
			if got := outcome(err); got != test.want {
				t.Errorf("outcome %q, want %q", got, test.want)
			}
			if err == nil && said(t, claims) != `{"credit_score":650}` {
				t.Errorf("claims are %s", said(t, claims))
			}
			if err != nil {
				mustNotShow(t, "error", err)
			}
			if len(b.asked) != 1 {
				t.Fatalf("asked %d times", len(b.asked))
			}
			if r := b.asked[0]; r.Method != "GET" || r.RequestURI != "/of?user=7" ||
				r.Header.Get("Accept") != typeJWT ||
				r.Header.Get("Authorization") != "Bearer "+canary {
				t.Errorf("request is %s %s %v", r.Method, r.RequestURI, r.Header)
			}
		})
	}
	b.answer, b.asked = say(200, typeJWT, jwt), nil
	if _, err := from(t, oidctest.Options{}, map[string]any{"endpoint": b.URL}, list{"address"},
		b.provider()); err != nil || b.asked[0].Header.Get("Authorization") != "" {
		t.Errorf("without a token: %v, %v", b.asked, err)
	}
}

// Nothing is sent anywhere else: what is at the endpoint may be of the inner network.
func TestClaimEndpoints(t *testing.T) {
	b, other := newBank(t), newBank(t)
	b.answer, other.answer = say(200, typeJWT, b.signs(nil)), say(200, typeJWT, b.signs(nil))
	at := func(urls ...string) ClaimsProvider {
		p := b.provider()
		p.Endpoints = urls
		return p
	}
	host := strings.TrimPrefix(b.URL, "http://")
	third := ClaimsProvider{
		Issuer: "https://c.example", Keys: jose.NewSet(), Endpoints: []string{b.URL}}
	for _, test := range []struct {
		name, endpoint string
		providers      []ClaimsProvider
		want           string
	}{
		{"another origin", other.URL, []ClaimsProvider{at(b.URL)}, "check endpoint"},
		{"another name of the host", strings.Replace(b.URL, "127.0.0.1", "localhost", 1),
			[]ClaimsProvider{at(b.URL)}, "check endpoint"},
		{"another scheme", "https://" + host, []ClaimsProvider{at(b.URL)}, "check endpoint"},
		{"user information", "http://" + host + "@" + other.URL[len("http://"):],
			[]ClaimsProvider{at(b.URL)}, "check endpoint"},
		{"of a name that begins so", "https://bank.example.attacker.example",
			[]ClaimsProvider{at("https://bank.example")}, "check endpoint"},
		{"file", "file:///etc/passwd", []ClaimsProvider{at(b.URL)}, "check endpoint"},
		{"relative", "/claims", []ClaimsProvider{at(b.URL)}, "check endpoint"},
		{"no URL", "http://[", []ClaimsProvider{at(b.URL)}, "insecure URL"},
		{"no entry", b.URL, nil, "check endpoint"},
		{"no endpoints", b.URL, []ClaimsProvider{at()}, "check endpoint"},
		{"the second", b.URL, []ClaimsProvider{at("https://bank.example", b.URL)}, "ok"},
		{"of the second entry", b.URL,
			[]ClaimsProvider{third, at(b.URL)}, "ok"},
		{"of another entry", b.URL,
			[]ClaimsProvider{third, at(other.URL)}, "check iss"},
	} {
		t.Run(test.name, func(t *testing.T) {
			b.asked = nil
			_, err := from(t, oidctest.Options{}, map[string]any{
				"endpoint": test.endpoint, "access_token": canary},
				list{"address"}, test.providers...)
			if got := outcome(err); got != test.want {
				t.Errorf("outcome %q, want %q", got, test.want)
			}
			if strings.HasPrefix(test.want, "check endpoint") && len(b.asked)+len(other.asked) > 0 {
				t.Error("it was asked")
			}
		})
	}
}

// The client says which hosts may be reached by http.
func TestClaimEndpointInClearWhereAllowed(t *testing.T) {
	b := newBank(t)
	b.answer = say(200, typeJWT, b.signs(nil))
	p := b.provider()
	p.Endpoints = []string{"http://bank.example"}
	w := newWorld(t, oidctest.Options{}, answerer{"/userinfo": edit(func(m map[string]any) {
		m["_claim_names"] = map[string]any{"credit_score": "s"}
		m["_claim_sources"] = map[string]any{"s": map[string]any{"endpoint": p.Endpoints[0]}}
	})}, func(c *Config) { c.HTTP, c.ClaimsProviders = toBank(b.URL), []ClaimsProvider{p} })
	user, err := w.client.UserInfo(t.Context(), w.mustLogin(AuthorizationOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	claims, err := w.client.ClaimsFrom(t.Context(), user.Sources()[0])
	if err != nil || said(t, claims) != `{"credit_score":650}` {
		t.Errorf("%v, %v", claims, err)
	}
}

// What is fetched from one provider takes nothing from the others.
func TestClaimsProvidersStay(t *testing.T) {
	b, other := newBank(t), newBank(t)
	b.answer = say(200, typeJWT, b.signs(nil))
	second := other.provider()
	second.Issuer = "https://other.example"
	w := newWorld(t, oidctest.Options{}, answerer{"/userinfo": edit(func(m map[string]any) {
		m["_claim_names"] = map[string]any{"address": "a", "credit_score": "b"}
		m["_claim_sources"] = map[string]any{"a": map[string]any{"endpoint": b.URL},
			"b": map[string]any{"JWT": other.signs(claim("iss", second.Issuer))}}
	})}, func(c *Config) { c.ClaimsProviders = []ClaimsProvider{second, b.provider()} })
	user, err := w.client.UserInfo(t.Context(), w.mustLogin(AuthorizationOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	list := user.Sources()
	for _, source := range append(list, list...) {
		if _, err := w.client.ClaimsFrom(t.Context(), source); err != nil {
			t.Errorf("%s: %v", source.Names(), err)
		}
	}
}

// A source is of UserInfo.Sources.
func TestMadeSource(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	if _, err := w.client.ClaimsFrom(t.Context(), ClaimSource{}); outcome(err) != "check source" {
		t.Errorf("error is %v", err)
	}
	if claims := new(SourcedClaims); said(t, claims) != "{}" {
		t.Errorf("claims are %s", said(t, claims))
	}
}

// Neither a user nor a source shows the access token.
func TestSourcesShowNoSecrets(t *testing.T) {
	user := mustRead(t, `{"sub":"a","_claim_names":{"b":"s"},"_claim_sources":{"s":
		{"endpoint":"https://b.example","access_token":"`+canary+`"}}}`, UserInfoSource{})
	source := user.Sources()[0]
	for name, v := range map[string]any{
		"*UserInfo": user, "UserInfo": *user, "ClaimSource": source, "*ClaimSource": &source,
		"sources":    user.Sources(),
		"of all":     struct{ S ClaimSource }{source},
		"unexported": struct{ s ClaimSource }{source},
		"claims":     SourcedClaims{bankIssuer, &rawClaims{"a": json.RawMessage(canary)}},
	} {
		mustNotShow(t, name, v)
	}
}

// Sources are of what the claims name; nothing that is sent with a token has a line in it.
func FuzzClaimSources(f *testing.F) {
	for _, seed := range []string{
		`{"a":"s"},"_claim_sources":{"s":{"JWT":"j"}}`,
		`{"a":"s","sub":"s"},"_claim_sources":{"s":{"endpoint":"https://b.example",
			"access_token":"t"}}`,
		`{"a":1},"_claim_sources":[]`, `{"a":"s"},"_claim_sources":{"s":{"JWT":"j","jwt":"k"}}`,
		`{"a":"s"},"_claim_sources":{"s":{"endpoint":"http://[","access_token":"a\nb"}}`, `[]`, ``,
	} {
		f.Add(seed)
	}
	c := fuzzClient(f)
	f.Fuzz(func(t *testing.T, text string) {
		user, err := readUserInfo([]byte(`{"sub":"a","_claim_names":`+text+`}`), UserInfoSource{})
		if err != nil {
			return
		}
		var said struct {
			Names map[string]any `json:"_claim_names"`
		}
		json.Unmarshal([]byte(`{"_claim_names":`+text+`}`), &said)
		for _, s := range user.Sources() {
			held := s.source()
			if len(s.Names()) == 0 || (held.jwt == "") == (held.endpoint == "") ||
				strings.ContainsAny(held.accessToken, "\r\n \x00") {
				t.Errorf("%s has %+v", text, held)
			}
			for _, name := range s.Names() {
				if _, ok := said.Names[name].(string); !ok || slices.Contains(tokenClaims(), name) {
					t.Errorf("%s has %q", text, name)
				}
			}
			if claims, err := c.ClaimsFrom(t.Context(), s); err == nil {
				t.Errorf("%s: %v, though nobody vouches", text, claims)
			}
		}
	})
}
