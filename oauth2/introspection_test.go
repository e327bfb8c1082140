package oauth2

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/jose"
)

// introspecting returns a client of a server that answers so.
func introspecting(t *testing.T, answer http.HandlerFunc, change func(*Config)) (*Client, *server) {
	t.Helper()
	return clientWith(t, answer, func(c *Config) {
		c.Server.IntrospectionEndpoint = c.Server.Issuer + "/introspect"
	}, change)
}

// introspect asks a server that answers 200 with a JSON body.
func introspect(t *testing.T, body string) (*Introspection, error) {
	t.Helper()
	c, _ := introspecting(t, answerJSON(200, body), nil)
	return c.Introspect(t.Context(), "tok", "")
}

// The cases of Authlib's client that are of introspection.
func TestAuthlibIntrospection(t *testing.T) {
	t.Run("row 75", func(t *testing.T) {
		i, err := introspect(t, `{"active":false}`)
		if err != nil || i.Active {
			t.Errorf("got %+v, %v", i, err)
		}
	})
}

// The example of RFC 7662, Section 2.2, and all the members there are.
func TestIntrospection(t *testing.T) {
	i, err := introspect(t, `{"active":true,"client_id":"l238j323ds-23ij4","username":"jdoe",
		"scope":"read write dolphin","sub":"Z5O3upPC88QrAjx00dis","aud":"https://api.example/r",
		"iss":"https://as.example/","exp":1419356238,"iat":1419350238,"nbf":1419350239.9,
		"jti":"j","token_type":"Bearer","extension_field":"twenty-seven"}`)
	if err != nil {
		t.Fatal(err)
	}
	want := &Introspection{
		Active:    true,
		Scopes:    []string{"read", "write", "dolphin"},
		ClientID:  "l238j323ds-23ij4",
		Username:  "jdoe",
		TokenType: "Bearer",
		ExpiresAt: time.Unix(1419356238, 0),
		IssuedAt:  time.Unix(1419350238, 0),
		NotBefore: time.Unix(1419350239, 0),
		Subject:   "Z5O3upPC88QrAjx00dis",
		Audience:  []string{"https://api.example/r"},
		Issuer:    "https://as.example/",
		ID:        "j",
	}
	var claims struct {
		Extension string `json:"extension_field"`
		Subject   string `json:"sub"`
	}
	if err := i.Claims(&claims); err != nil || claims.Extension != "twenty-seven" ||
		claims.Subject != want.Subject {
		t.Errorf("claims are %+v, %v", claims, err)
	}
	got := exported(i)
	if !reflect.DeepEqual(got, exported(want)) {
		t.Errorf("got %v, want %v", got, exported(want))
	}
}

// exported returns the exported fields of i.
func exported(i *Introspection) []any {
	var fields []any
	for field, v := range reflect.ValueOf(i).Elem().Fields() {
		if field.IsExported() {
			fields = append(fields, v.Interface())
		}
	}
	return fields
}

// Each member in its types and in others, RFC 7662, Section 2.2.
func TestIntrospectionMembers(t *testing.T) {
	others := map[string][]string{
		"string": {`1`, `true`, `["a"]`, `{}`, `"\ud800"`},
		"time":   {`"1"`, `true`, `[1]`, `{}`, `1e99`, `253402300800`, `-253402300800`},
		"aud":    {`1`, `true`, `{}`, `[1]`, `["a",1]`, `["a",null]`, `[["a"]]`},
	}
	for member, kind := range map[string]string{"scope": "string", "client_id": "string",
		"username": "string", "token_type": "string", "sub": "string", "iss": "string",
		"jti": "string", "exp": "time", "iat": "time", "nbf": "time", "aud": "aud"} {
		for _, value := range others[kind] {
			i, err := introspect(t, `{"active":true,"`+member+`":`+value+`}`)
			want := "check " + member
			if value == `"\ud800"` {
				want = "check body"
			}
			if got := outcome(err); got != want || i != nil {
				t.Errorf("%s %s: %v and %q, want %q", member, value, i, got, want)
			}
			if err != nil && !strings.Contains(err.Error(), "(RFC 7662, Section 2.2)") {
				t.Errorf("error is %v", err)
			}
		}
		i, err := introspect(t, `{"active":true,"`+member+`":null}`)
		if err != nil || !reflect.DeepEqual(exported(i), bareIntrospection()) {
			t.Errorf("%s null: %v, %v", member, i, err)
		}
	}
	i, err := introspect(t, `{"active":true}`)
	if err != nil || !reflect.DeepEqual(exported(i), bareIntrospection()) {
		t.Errorf("nothing said: %v, %v", i, err)
	}
}

// bareIntrospection are the fields of one that says nothing but that the token is active.
func bareIntrospection() []any {
	return exported(&Introspection{Active: true, Scopes: []string{}})
}

func TestIntrospectionTimes(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "-1": -1, "1.9": 1, "1e3": 1000,
		"253402300799": 253402300799} {
		i, err := introspect(t, `{"active":true,"exp":`+text+`,"iat":`+text+`,"nbf":`+text+`}`)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []time.Time{i.ExpiresAt, i.IssuedAt, i.NotBefore} {
			if at.Unix() != want || at.IsZero() {
				t.Errorf("%s: %v", text, at)
			}
		}
	}
}

func TestIntrospectionAudiences(t *testing.T) {
	for text, want := range map[string][]string{
		`"a"`:       {"a"},
		`"a b"`:     {"a b"},
		`""`:        {""},
		`["a","b"]`: {"a", "b"},
		`["a","a"]`: {"a", "a"},
		`[]`:        {},
		`null`:      nil,
	} {
		i, err := introspect(t, `{"active":true,"aud":`+text+`}`)
		if err != nil || !slices.Equal(i.Audience, want) {
			t.Errorf("%s: %q, %v", text, i.Audience, err)
		}
	}
}

func TestIntrospectionScopes(t *testing.T) {
	for text, want := range map[string][]string{`""`: {}, `"a"`: {"a"}, `" a  b "`: {"a", "b"},
		`"a,b"`: {"a,b"}, `null`: {}} {
		i, err := introspect(t, `{"active":true,"scope":`+text+`}`)
		if err != nil || !slices.Equal(i.Scopes, want) {
			t.Errorf("%s: %q, %v", text, i.Scopes, err)
		}
	}
}

// Of a token that is not active nothing is said, whatever the server says.
func TestIntrospectionOfInactiveTokens(t *testing.T) {
	for _, body := range []string{
		`{"active":false}`,
		`{"active":false,"sub":"a","scope":"read","exp":1,"aud":["a"],"client_id":"c"}`,
		`{"active":false,"sub":1,"exp":"x","aud":{}}`,
		`{"sub":"a","active":false}`,
	} {
		i, err := introspect(t, body)
		if err != nil || !reflect.DeepEqual(i, &Introspection{}) {
			t.Errorf("%s: %+v, %v", body, i, err)
			continue
		}
		var claims struct {
			Subject string `json:"sub"`
		}
		if err := i.Claims(&claims); outcome(err) != "check active" || claims.Subject != "" {
			t.Errorf("%s: claims %v, %v", body, claims, err)
		}
	}
}

func TestIntrospectionClaims(t *testing.T) {
	i, err := introspect(t, `{"active":true,"sub":"a","SUB":"b","Exp2":7,"list":["x"]}`)
	if err != nil {
		t.Fatal(err)
	}
	var good struct {
		Subject string   `json:"sub"`
		List    []string `json:"list"`
		Active  bool     `json:"active"`
		Absent  *string  `json:"absent"`
	}
	// Names that differ in case alone are not told apart by encoding/json.
	if err := i.Claims(&good); outcome(err) != "check claims" {
		t.Errorf("names that differ in case: %v", err)
	}
	i, err = introspect(t, `{"active":true,"sub":"a","Exp2":7,"list":["x"]}`)
	if err != nil {
		t.Fatal(err)
	}
	if err := i.Claims(&good); err != nil || good.Subject != "a" || !good.Active ||
		!slices.Equal(good.List, []string{"x"}) || good.Absent != nil {
		t.Errorf("claims are %+v, %v", good, err)
	}
	for name, v := range map[string]any{
		"another type": &struct {
			Subject int `json:"sub"`
		}{},
		"another case": &struct {
			N int `json:"exp2"`
		}{},
		"no pointer": struct{}{},
		"nil":        nil,
	} {
		if err := i.Claims(v); outcome(err) != "check claims" {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is no introspection response is refused, and by which check.
func TestIntrospectionRefused(t *testing.T) {
	answer := func(status int, media, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", media)
			w.Header().Set("Retry-After", "7")
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}
	}
	const media = "application/json"
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		want   string
	}{
		{"good", answer(200, media+"; charset=utf-8", `{"active":true}`), "ok"},
		{"nothing", answer(200, media, ``), "check body"},
		{"no active", answer(200, media, `{"sub":"a"}`), "check active"},
		{"active in another case", answer(200, media, `{"Active":true}`), "check active"},
		{"active null", answer(200, media, `{"active":null}`), "check active"},
		{"active a string", answer(200, media, `{"active":"true"}`), "check active"},
		{"active a number", answer(200, media, `{"active":1}`), "check active"},
		{"active twice", answer(200, media, `{"active":false,"active":true}`), "check body"},
		{"a list", answer(200, media, `[{"active":true}]`), "check body"},
		{"cut short", answer(200, media, `{"active":true`), "check body"},
		{"followed", answer(200, media, `{"active":true}{}`), "check body"},
		{"deep", answer(200, media, strings.Repeat(`{"a":`, 10000)), "check body"},
		{"HTML", answer(200, "text/html", `<p>`), "check content_type"},
		{"JSON called HTML", answer(200, "text/html", `{"active":true}`), "check content_type"},
		{"a JWT, RFC 9701", answer(200, "application/token-introspection+jwt", `e30.e30.e30`),
			"check content_type"},
		{"no type", answer(200, "", `{"active":true}`), "check content_type"},
		{"a form", answer(200, formType, `active=true`), "check content_type"},
		{"an error in 200", answer(200, media, `{"error":"invalid_request","active":true}`),
			"server invalid_request 200"},
		{"401", answer(401, media, `{"error":"invalid_client"}`), "server invalid_client 401"},
		{"401 in HTML", answer(401, "text/html", `<p>`), "server  401"},
		{"403, active", answer(403, media, `{"active":true}`), "server  403"},
		{"201, active", answer(201, media, `{"active":true}`), "server  201"},
		{"503", answer(503, "text/plain", `later`), "server  503"},
		{"too long", answer(200, media, `{"active":true}`+strings.Repeat(" ", 1<<20)), "too large"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, _ := introspecting(t, test.answer, nil)
			i, err := c.Introspect(t.Context(), "tok", "")
			if got := outcome(err); got != test.want || (i == nil) != (err != nil) {
				t.Errorf("%v and %q, want %q", i, got, test.want)
			}
			if e, ok := errors.AsType[*Error](err); ok && e.RetryAfter != 7*time.Second {
				t.Errorf("wait %v", e.RetryAfter)
			}
		})
	}
}

// What cannot be asked is not sent.
func TestIntrospectionNotAsked(t *testing.T) {
	c, s := introspecting(t, answerJSON(200, `{"active":true}`), nil)
	_, err := c.Introspect(t.Context(), "", "")
	if outcome(err) != "check token" {
		t.Errorf("no token: %v", err)
	}
	wantText(t, err, "(RFC 7662, Section 2.1)")
	mustNotSend(t, c, s, "introspection_endpoint", "RFC 7662, Section 2",
		func(ctx context.Context, c *Client) error {
			_, err := c.Introspect(ctx, "tok", "")
			return err
		})
	config := configAt("https://as.example")
	config.Server.IntrospectionEndpoint = "http://as.example/i"
	if _, err := New(config); outcome(err) != "insecure URL" {
		t.Errorf("in clear: %v", err)
	}
}

// The bytes of introspection requests, RFC 7662, Section 2.1, as each client
// authentication makes them.
func TestIntrospectionRequest(t *testing.T) {
	const head = "POST /introspect\nAccept: application/json\n"
	const form = "Content-Type: application/x-www-form-urlencoded\n\n"
	pair := base64.StdEncoding.EncodeToString([]byte("client:secret"))
	basic := "Authorization: Basic " + pair + "\n"
	post := head + form + "client_id=client&client_secret=secret&token=t%2F+1"
	only := func(method string) []string { return []string{method} }
	for _, test := range []struct {
		name, hint           string
		auth                 ClientAuthentication
		token, introspection []string // the methods supported
		want                 string
	}{
		{"basic", "", ClientSecretBasic("secret"), nil, nil, head + basic + form + "token=t%2F+1"},
		{"hint", HintRefreshToken, ClientSecretBasic("secret"), nil, nil,
			head + basic + form + "token=t%2F+1&token_type_hint=refresh_token"},
		{"another hint", "urn:x", ClientSecretBasic("secret"), nil, nil,
			head + basic + form + "token=t%2F+1&token_type_hint=urn%3Ax"},
		{"post", "", ClientSecretPost("secret"), nil, nil, post},
		{"none", "", None(), nil, nil, head + form + "client_id=client&token=t%2F+1"},
		{"chosen by its list", "", ClientSecret("secret"), only("client_secret_basic"),
			only("client_secret_post"), post},
		{"chosen by the token endpoint's", "", ClientSecret("secret"), only("client_secret_post"),
			nil, post},
		{"not by the token endpoint's", "", ClientSecret("secret"), only("client_secret_post"),
			only("client_secret_basic"), head + basic + form + "token=t%2F+1"},
		{"not by an empty list", "", ClientSecret("secret"), only("client_secret_post"),
			[]string{}, head + basic + form + "token=t%2F+1"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c, s := introspecting(t, answerJSON(200, `{"active":true}`), func(c *Config) {
				c.Auth = test.auth
				c.Server.TokenEndpointAuthMethodsSupported = test.token
				c.Server.IntrospectionEndpointAuthMethodsSupported = test.introspection
			})
			if _, err := c.Introspect(t.Context(), "t/ 1", test.hint); err != nil {
				t.Fatal(err)
			}
			if got := s.requests(); len(got) != 1 || got[0] != test.want {
				t.Errorf("sent\n%q, want\n%q", got, test.want)
			}
		})
	}
}

// RevocationAuth is for revocation alone.
func TestIntrospectionIsNotByRevocationAuth(t *testing.T) {
	c, s := introspecting(t, answerJSON(200, `{"active":true}`), func(c *Config) {
		c.RevocationAuth = ClientSecretPost("other")
	})
	if _, err := c.Introspect(t.Context(), "tok", ""); err != nil {
		t.Fatal(err)
	}
	if got := s.requests()[0]; strings.Contains(got, "other") || !strings.Contains(got, "Basic ") {
		t.Errorf("sent %q", got)
	}
}

// An assertion authenticates the one who asks too.
func TestIntrospectionWithAnAssertion(t *testing.T) {
	c, s := introspecting(t, answerJSON(200, `{"active":true}`), func(c *Config) {
		c.Auth = ClientSecretJWT(strings.Repeat("s", 32), AssertionOptions{})
	})
	if _, err := c.Introspect(t.Context(), "tok", ""); err != nil {
		t.Fatal(err)
	}
	got := s.requests()[0]
	if !strings.Contains(got, "client_assertion=ey") || !strings.Contains(got, "&token=tok") {
		t.Errorf("sent %q", got)
	}
}

// Hooks come after authentication, in their order, and an error ends the request.
func TestIntrospectionHooks(t *testing.T) {
	refused := errors.New("refused")
	var fails error
	c, s := introspecting(t, answerJSON(200, `{"active":true}`), func(c *Config) {
		c.Auth = ClientSecretPost("secret")
		c.Hooks.RevokeTokenRequest = []RequestHook{func(context.Context, *http.Request) error {
			t.Error("the hook of revocation was called")
			return nil
		}}
		c.Hooks.IntrospectTokenRequest = []RequestHook{
			func(_ context.Context, r *http.Request) error {
				r.PostForm.Set("seen", r.PostForm.Get("client_id"))
				return nil
			},
			func(_ context.Context, r *http.Request) error {
				r.PostForm.Set("seen", r.PostForm.Get("seen")+"2")
				return fails
			},
		}
	})
	if _, err := c.Introspect(t.Context(), "tok", ""); err != nil {
		t.Fatal(err)
	}
	if got := s.requests()[0]; !strings.HasSuffix(got, "&seen=client2&token=tok") {
		t.Errorf("sent %q", got)
	}
	fails = refused
	if _, err := c.Introspect(t.Context(), "tok", ""); !errors.Is(err, refused) {
		t.Errorf("error is %v", err)
	}
	if n := len(s.requests()); n != 1 {
		t.Errorf("%d requests", n)
	}
}

// A redirect is not followed: the token stays.
func TestIntrospectionIsNotRedirected(t *testing.T) {
	elsewhere := newServer(t, answerJSON(200, `{"active":true}`))
	c, _ := introspecting(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	}, nil)
	if _, err := c.Introspect(t.Context(), "tok", ""); outcome(err) != "server  307" {
		t.Errorf("error is %v", err)
	}
	if got := elsewhere.requests(); len(got) > 0 {
		t.Errorf("sent %q", got)
	}
}

// The checks are heard, those that passed too.
func TestIntrospectionTrace(t *testing.T) {
	var heard []string
	ctx := jose.WithTrace(t.Context(), func(check, clause string, err error) {
		heard = append(heard, fmt.Sprint(check, " ", err == nil))
	})
	c, _ := introspecting(t, answerJSON(200, `{"active":true,"iss":7}`), nil)
	if _, err := c.Introspect(ctx, "tok", ""); outcome(err) != "check iss" {
		t.Errorf("error is %v", err)
	}
	want := []string{"error true", "content_type true", "body true", "active true", "scope true",
		"client_id true", "username true", "token_type true", "sub true", "iss false"}
	if !slices.Equal(heard, want) {
		t.Errorf("heard %q, want %q", heard, want)
	}
}

// What no server said has no claims.
func TestIntrospectionOfNobody(t *testing.T) {
	var claims map[string]any
	if err := (&Introspection{Active: true}).Claims(&claims); outcome(err) != "check active" {
		t.Errorf("error is %v", err)
	}
}
