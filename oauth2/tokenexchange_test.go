package oauth2

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
)

// RFC 8693, Section 2.1: what is sent, and that it is what was given.
func TestTokenExchange(t *testing.T) {
	const start = "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange"
	const subject = "&subject_token=s%2B&subject_token_type=urn%3Aietf%3Aparams%3Aoauth%3A" +
		"token-type%3Ajwt"
	for _, test := range []struct {
		name string
		x    TokenExchange
		o    TokenOptions
		want string
	}{
		{"least", TokenExchange{}, TokenOptions{}, start + subject},
		{"actor", TokenExchange{ActorToken: "a+", ActorTokenType: TokenTypeSAML2}, TokenOptions{},
			"actor_token=a%2B&actor_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Asaml2&" +
				start + subject},
		{"requested type", TokenExchange{RequestedTokenType: TokenTypeIDToken}, TokenOptions{},
			start + "&requested_token_type=urn%3Aietf%3Aparams%3Aoauth%3Atoken-type%3Aid_token" +
				subject},
		{"one audience", TokenExchange{Audiences: []string{"one"}}, TokenOptions{},
			"audience=one&" + start + subject},
		{"audiences and resources", TokenExchange{Audiences: []string{"one", "urn:two"}},
			TokenOptions{Resources: []string{"https://a.example", "https://b.example"},
				Scopes: []string{"x", "y"}, Params: url.Values{"z": {"1", "2"}}},
			"audience=one&audience=urn%3Atwo&" + start +
				"&resource=https%3A%2F%2Fa.example&resource=https%3A%2F%2Fb.example&scope=x+y" +
				subject +
				"&z=1&z=2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, answerJSON(200, goodExchange))
			test.x.SubjectToken, test.x.SubjectTokenType = "s+", TokenTypeJWT
			tok, err := newClient(t, configAt(s.URL)).TokenExchange(t.Context(), test.x, test.o)
			if err != nil || tok.AccessToken() != "a" || tok.IssuedTokenType != "x" {
				t.Fatalf("%v and %v", tok, err)
			}
			if got := s.requests(); len(got) != 1 || got[0] != basicPost+test.want {
				t.Errorf("sent\n%q, want\n%q", got, basicPost+test.want)
			}
		})
	}
}

// A token comes with its type, and an actor's type with a token. Nothing is sent otherwise.
func TestTokenExchangeRefuses(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	for _, test := range []struct {
		name string
		x    TokenExchange
		want string
	}{
		{"nothing", TokenExchange{}, "check subject_token"},
		{"no subject", TokenExchange{SubjectTokenType: "t"}, "check subject_token"},
		{"subject without type", TokenExchange{SubjectToken: "s"}, "check subject_token"},
		{"actor without subject", TokenExchange{ActorToken: "a", ActorTokenType: "t"},
			"check subject_token"},
		{"actor without type", TokenExchange{SubjectToken: "s", SubjectTokenType: "t",
			ActorToken: "a"}, "check actor_token"},
		{"type without actor", TokenExchange{SubjectToken: "s", SubjectTokenType: "t",
			ActorTokenType: "a"}, "check actor_token"},
		{"empty audience", TokenExchange{SubjectToken: "s", SubjectTokenType: "t",
			Audiences: []string{"", "b"}}, "check audience"},
	} {
		tok, err := c.TokenExchange(t.Context(), test.x, TokenOptions{})
		if got := outcome(err); got != test.want || tok != nil {
			t.Errorf("%s: %v and %q, want %q", test.name, tok, got, test.want)
		}
		if err != nil && !strings.HasSuffix(err.Error(), "(RFC 8693, Section 2.1)") {
			t.Errorf("%s: error is %v", test.name, err)
		}
	}
}

// What a request has of its own cannot be set beside it.
func TestTokenExchangeParamsRefused(t *testing.T) {
	c := newClient(t, configAt("https://as.example"))
	x := TokenExchange{SubjectToken: "s", SubjectTokenType: "t", ActorToken: "a",
		ActorTokenType: "t", RequestedTokenType: "r", Audiences: []string{"x"}}
	for _, name := range []string{"subject_token", "subject_token_type", "actor_token",
		"actor_token_type", "requested_token_type", "audience"} {
		tok, err := c.TokenExchange(t.Context(), x, TokenOptions{Params: url.Values{name: {"x"}}})
		if got := outcome(err); got != "check params" || tok != nil {
			t.Errorf("%s: %v and %q", name, tok, got)
		}
	}
}

// RFC 8693, Section 2.2.1: the type of what was issued is required, and what is no access
// token is not used as one.
func TestTokenExchangeResponse(t *testing.T) {
	for _, test := range []struct {
		name, members string
		want          string
		usable        bool
	}{
		{"Bearer", `"token_type":"Bearer","issued_token_type":"x"`, "ok", true},
		{"bearer", `"token_type":"bearer","issued_token_type":"x"`, "ok", true},
		{"N_A", `"token_type":"N_A","issued_token_type":"x"`, "ok", false},
		{"n_a", `"token_type":"n_a","issued_token_type":"x"`, "check token_type", false},
		{"MAC", `"token_type":"MAC","issued_token_type":"x"`, "check token_type", false},
		{"no issued type", `"token_type":"Bearer"`, "check issued_token_type", false},
		{"null", `"token_type":"Bearer","issued_token_type":null`, "check issued_token_type",
			false},
		{"empty", `"token_type":"Bearer","issued_token_type":""`, "check issued_token_type", false},
		{"number", `"token_type":"Bearer","issued_token_type":1`, "check issued_token_type", false},
		{"N_A and no issued type", `"token_type":"N_A"`, "check token_type", false},
		{"refused", `"error":"invalid_target"`, "server invalid_target 200", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, answerJSON(200, `{"access_token":"a",`+test.members+`}`))
			c := newClient(t, configAt(s.URL))
			tok, err := askExchange(t, t.Context(), c, TokenOptions{})
			if got := outcome(err); got != test.want || (tok == nil) != (err != nil) {
				t.Fatalf("%v and %q, want %q", tok, got, test.want)
			}
			if transport, err := c.Transport(tok, s.URL); (err == nil) != test.usable ||
				(transport != nil) != test.usable {
				t.Errorf("as access token: %v", err)
			}
			if err != nil {
				return
			}
			again := stored(t, tok.Record())
			if again.TokenType != tok.TokenType || again.IssuedTokenType != "x" {
				t.Errorf("stored as %q of %q", again.TokenType, again.IssuedTokenType)
			}
		})
	}
}

// The registered names, RFC 8693, Section 3.
func TestTokenTypes(t *testing.T) {
	var got []string
	for _, name := range []string{TokenTypeAccessToken, TokenTypeRefreshToken, TokenTypeIDToken,
		TokenTypeJWT, TokenTypeSAML1, TokenTypeSAML2} {
		got = append(got, strings.TrimPrefix(name, "urn:ietf:params:oauth:token-type:"))
	}
	want := []string{"access_token", "refresh_token", "id_token", "jwt", "saml1", "saml2"}
	if !slices.Equal(got, want) {
		t.Errorf("types are %q", got)
	}
}

func TestTokenExchangeShowsNoToken(t *testing.T) {
	x := TokenExchange{SubjectToken: canary, ActorToken: canary}
	mustNotShow(t, "TokenExchange", x)
	mustNotShow(t, "*TokenExchange", &x)
	mustNotShow(t, "list", []TokenExchange{x})
	if text, err := json.Marshal(x); err != nil || bytes.Contains(text, []byte(canary)) {
		t.Errorf("JSON is %s, %v", text, err)
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", x)
	if !strings.Contains(log.String(), "v=oauth2.TokenExchange{...}") ||
		strings.Contains(log.String(), canary) {
		t.Errorf("logged as %s", log.String())
	}
}

// A hook that changes what is sent does not change what the caller holds.
func TestTokenExchangeKeepsItsAudiences(t *testing.T) {
	s := newServer(t, answerJSON(200, goodExchange))
	config := configAt(s.URL)
	config.Hooks.AccessTokenRequest = []RequestHook{
		func(_ context.Context, req *http.Request) error {
			for _, values := range req.PostForm {
				for i := range values {
					values[i] = "changed"
				}
			}
			return nil
		}}
	x := TokenExchange{SubjectToken: "s", SubjectTokenType: "t", Audiences: []string{"a", "b"}}
	o := TokenOptions{Scopes: []string{"read"}, Resources: []string{"https://r.example"},
		Params: url.Values{"p": {"1"}}}
	if _, err := newClient(t, config).TokenExchange(t.Context(), x, o); err != nil {
		t.Fatal(err)
	}
	if got := posted(t, s.requests()[0]); got.Get("audience") != "changed" {
		t.Errorf("sent %q", got)
	}
	if !slices.Equal(x.Audiences, []string{"a", "b"}) || o.Params.Get("p") != "1" ||
		o.Scopes[0] != "read" || o.Resources[0] != "https://r.example" {
		t.Errorf("the caller's are %q and %q", x.Audiences, o)
	}
}
