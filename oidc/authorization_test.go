package oidc

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

// Each option is one parameter, and none is sent that was not asked for.
func TestAuthorizeOptions(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, nil)
	zero, minute := time.Duration(0), time.Minute
	hint := w.issue(nil)
	for _, test := range []struct {
		name, param, want string
		options           AuthorizationOptions
	}{
		{"prompt", "prompt", "login consent",
			AuthorizationOptions{Prompt: []string{"login", "consent"}}},
		{"prompt none", "prompt", "none", AuthorizationOptions{Prompt: []string{"none"}}},
		{"max_age", "max_age", "60", AuthorizationOptions{MaxAge: &minute}},
		{"max_age 0", "max_age", "0", AuthorizationOptions{MaxAge: &zero}},
		{"acr_values", "acr_values", "gold silver",
			AuthorizationOptions{ACRValues: []string{"gold", "silver"}}},
		{"login_hint", "login_hint", "alice@example.com",
			AuthorizationOptions{LoginHint: "alice@example.com"}},
		{"id_token_hint", "id_token_hint", hint, AuthorizationOptions{IDTokenHint: hint}},
		{"ui_locales", "ui_locales", "fr-CA fr",
			AuthorizationOptions{UILocales: []string{"fr-CA", "fr"}}},
		{"claims_locales", "claims_locales", "de fr",
			AuthorizationOptions{ClaimsLocales: []string{"de", "fr"}}},
		{"display", "display", "popup", AuthorizationOptions{Display: "popup"}},
		{"resource", "resource", "https://api.example",
			AuthorizationOptions{Resources: []string{"https://api.example"}}},
		{"claims", "claims", `{"id_token":{"email":null}}`, AuthorizationOptions{
			Claims: &ClaimsRequest{IDToken: map[string]ClaimRequest{"email": {}}}}},
		{"another", "hd", "example.com",
			AuthorizationOptions{Params: url.Values{"hd": {"example.com"}}}},
		{"prompt in Params", "prompt", "login",
			AuthorizationOptions{Params: url.Values{"prompt": {"login"}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			q := paramsOf(t, w.begin(test.options).URL)
			if !slices.Equal(q[test.param], []string{test.want}) {
				t.Errorf("got %q", q[test.param])
			}
			q.Del(test.param)
			for _, name := range []string{"response_type", "client_id", "redirect_uri", "scope",
				"state", "nonce", "code_challenge", "code_challenge_method"} {
				if len(q[name]) != 1 {
					t.Errorf("%s: %q", name, q[name])
				}
				q.Del(name)
			}
			if len(q) != 0 {
				t.Errorf("beside it there is %v", q)
			}
		})
	}
}

func paramsOf(t *testing.T, raw string) url.Values {
	t.Helper()
	u, err := url.Parse(raw)
	if err != nil {
		t.Fatal(err)
	}
	return u.Query()
}

// An account is created where the provider says that it can be.
func TestPromptCreate(t *testing.T) {
	w := newWorld(t, oidctest.Options{EditMetadata: member("prompt_values_supported",
		list{"none", "create"})}, nil, nil)
	req := w.begin(AuthorizationOptions{Prompt: []string{"create"}})
	if got := paramsOf(t, req.URL).Get("prompt"); got != "create" {
		t.Errorf("prompt is %q", got)
	}
}

func TestAuthorizeRefuses(t *testing.T) {
	w := newWorld(t, oidctest.Options{EditMetadata: member("prompt_values_supported",
		list{"none", "login"})}, nil, nil)
	subject := func(s string) *ClaimsRequest {
		return &ClaimsRequest{IDToken: map[string]ClaimRequest{"sub": {Value: s}}}
	}
	for _, test := range []struct {
		name    string
		options AuthorizationOptions
		want    string
	}{
		{"prompt none and another", AuthorizationOptions{Prompt: []string{"none", "login"}},
			"check prompt"},
		{"prompt none and an empty one", AuthorizationOptions{Prompt: []string{"none", ""}},
			"check prompt"},
		{"prompt create unadvertised", AuthorizationOptions{Prompt: []string{"create"}},
			"check prompt"},
		{"prompt create in Params, unadvertised",
			AuthorizationOptions{Params: url.Values{"prompt": {"login create"}}}, "check prompt"},
		{"an empty acr", AuthorizationOptions{ACRValues: []string{""}}, "check acr_values"},
		{"another and prompt none", AuthorizationOptions{Prompt: []string{"login", "none"}},
			"check prompt"},
		{"prompt none and another in one", AuthorizationOptions{Prompt: []string{"none login"}},
			"check prompt"},
		{"prompt none and another in Params",
			AuthorizationOptions{Params: url.Values{"prompt": {"none login"}}}, "check prompt"},
		{"prompt twice", AuthorizationOptions{Prompt: []string{"login"},
			Params: url.Values{"prompt": {"login"}}}, "check params"},
		{"login_hint twice", AuthorizationOptions{LoginHint: "a",
			Params: url.Values{"login_hint": {"a"}}}, "check params"},
		{"max_age of a minute and a half second",
			AuthorizationOptions{MaxAge: new(time.Minute + time.Second/2)}, "check max_age"},
		{"max_age before now", AuthorizationOptions{MaxAge: new(-time.Second)}, "check max_age"},
		{"hint of another issuer", AuthorizationOptions{
			IDTokenHint: w.issue(claim("iss", "https://other.example"))}, "check id_token_hint"},
		{"hint without a subject", AuthorizationOptions{IDTokenHint: w.issue(claim("sub", nil))},
			"check id_token_hint"},
		{"no ID Token as a hint", AuthorizationOptions{IDTokenHint: "alice"},
			"check id_token_hint"},
		{"hint of three parts", AuthorizationOptions{IDTokenHint: "a.b.c"},
			"check id_token_hint"},
		{"hint of five parts", AuthorizationOptions{IDTokenHint: w.issue(nil) + ".d.e"},
			"check id_token_hint"},
		{"hint and claims of two subjects", AuthorizationOptions{
			IDTokenHint: w.issue(nil), Claims: subject("bob")}, "check id_token_hint"},
		{"claims that are no JSON", AuthorizationOptions{Claims: &ClaimsRequest{
			UserInfo: map[string]ClaimRequest{"a": {Value: func() {}}}}}, "check claims"},
		{"claims that mean nothing", AuthorizationOptions{Claims: subject("")}, "check claims"},
		{"token params that are set", AuthorizationOptions{
			TokenParams: url.Values{"code_verifier": {"x"}}}, "check token_params"},
		{"token alone", AuthorizationOptions{ResponseType: "token"}, "check response_type"},
		{"tokens in the query", AuthorizationOptions{
			ResponseType: "code id_token", ResponseMode: "query"}, "check response_mode"},
	} {
		t.Run(test.name, func(t *testing.T) {
			test.options.RedirectURI = redirectURI
			req, err := w.client.Authorize(t.Context(), test.options)
			if req != nil || outcome(err) != test.want {
				t.Errorf("error is %v, want %s", err, test.want)
			}
		})
	}
}

// What was asked of the ID Token, it is held to, across the store.
func TestAuthorizeExpects(t *testing.T) {
	asks := func(name string, c ClaimRequest) AuthorizationOptions {
		return AuthorizationOptions{
			Claims: &ClaimsRequest{IDToken: map[string]ClaimRequest{name: c}}}
	}
	for _, test := range []struct {
		name    string
		options AuthorizationOptions
		edit    func(map[string]any)
		want    string
	}{
		{"subject", asks("sub", ClaimRequest{Value: "alice"}), nil, "ok"},
		{"another subject", asks("sub", ClaimRequest{Value: "bob"}), claim("sub", "alice"),
			"check sub"},
		{"essential acr", asks("acr", ClaimRequest{Essential: true, Values: []any{"a", "b"}}),
			claim("acr", "b"), "ok"},
		{"essential acr, another", asks("acr", ClaimRequest{Essential: true, Values: []any{"a"}}),
			claim("acr", "b"), "check acr"},
		{"essential acr, none", asks("acr", ClaimRequest{Essential: true, Value: "a"}),
			claim("acr", nil), "check acr"},
		{"voluntary acr, another", asks("acr", ClaimRequest{Values: []any{"a"}}),
			claim("acr", "b"), "ok"},
		{"essential auth_time", asks("auth_time", ClaimRequest{Essential: true}), nil, "ok"},
		{"essential auth_time, none", asks("auth_time", ClaimRequest{Essential: true}),
			claim("auth_time", nil), "check auth_time"},
		{"voluntary auth_time, none", asks("auth_time", ClaimRequest{}),
			claim("auth_time", nil), "ok"},
	} {
		t.Run(test.name, func(t *testing.T) {
			users := []oidctest.User{{Subject: "alice"}, {Subject: "bob"}}
			w := newWorld(t, oidctest.Options{Users: users, EditIDToken: test.edit}, nil, nil)
			if _, err := w.login(test.options); outcome(err) != test.want {
				t.Errorf("error is %v, want %s", err, test.want)
			}
		})
	}
}

// A hint says who is to log in: another user is refused.
func TestIDTokenHint(t *testing.T) {
	var subject string
	w := newWorld(t, oidctest.Options{EditIDToken: func(claims map[string]any) {
		if subject != "" {
			claims["sub"] = subject
		}
	}}, nil, nil)
	hint := w.mustLogin(AuthorizationOptions{}).Token.IDToken()
	if _, err := w.login(AuthorizationOptions{IDTokenHint: hint}); err != nil {
		t.Error(err)
	}
	alice := &ClaimsRequest{IDToken: map[string]ClaimRequest{"sub": {Value: "alice"}}}
	if _, err := w.login(AuthorizationOptions{IDTokenHint: hint, Claims: alice}); err != nil {
		t.Errorf("and the same subject in the claims: %v", err)
	}
	subject = "bob"
	if _, err := w.login(AuthorizationOptions{IDTokenHint: hint}); outcome(err) != "check sub" {
		t.Errorf("error is %v", err)
	}
}

// A hint is an ID Token, and who logs in is nobody's business: printing shows neither.
func TestAuthorizationOptionsShowNothing(t *testing.T) {
	o := AuthorizationOptions{IDTokenHint: "a.b.c", LoginHint: "alice@example.com"}
	const want = "oidc.AuthorizationOptions{...}"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		if got := fmt.Sprintf(verb, o); got != want {
			t.Errorf("%s prints %s", verb, got)
		}
	}
	if got := o.LogValue().String(); got != want {
		t.Errorf("a log has %s", got)
	}
}

// TokenParams are of the token request alone, and outlive the transaction's storing.
func TestAuthorizeTokenParams(t *testing.T) {
	var sent []url.Values
	note := func(_ context.Context, req *http.Request) error {
		sent = append(sent, req.PostForm)
		return nil
	}
	w := newWorld(t, oidctest.Options{}, nil, func(c *Config) {
		c.Hooks.AccessTokenRequest = []oauth2.RequestHook{note}
	})
	params := url.Values{"audience": {"a"}}
	req := w.begin(AuthorizationOptions{TokenParams: params})
	params["audience"][0] = "x"
	if q := paramsOf(t, req.URL); q.Has("audience") {
		t.Errorf("asked for %q", q)
	}
	kept, err := req.Transaction.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var txn Transaction
	if err := txn.UnmarshalBinary(kept); err != nil {
		t.Fatal(err)
	}
	if _, err := w.client.Callback(t.Context(), w.browse(req.URL), &txn); err != nil {
		t.Fatal(err)
	}
	if len(sent) != 1 || !slices.Equal(sent[0]["audience"], []string{"a"}) {
		t.Errorf("sent %q", sent)
	}
}
