package interop

import (
	"time"

	"vouchsafe/oidc"
)

// What a request asks for, and what becomes of the login if it was not heeded.
func requests(tb *table) {
	idToken := func(name string, c oidc.ClaimRequest) oidc.AuthorizationOptions {
		return oidc.AuthorizationOptions{Claims: &oidc.ClaimsRequest{
			IDToken: map[string]oidc.ClaimRequest{name: c}}}
	}
	five := 5 * time.Minute
	ahead := func(_ keyring, c *oidc.Config) {
		c.Now = func() time.Time { return time.Now().Add(five) }
	}
	maxAge := oidc.AuthorizationOptions{MaxAge: new(time.Minute)}
	tb.logins([]openIDCase{
		{name: "prompt=none without a session",
			options: oidc.AuthorizationOptions{Prompt: []string{"none"}},
			want:    refusal("login_required")},
		{name: "prompt=none, posted",
			options: oidc.AuthorizationOptions{Prompt: []string{"none"}, ResponseMode: "form_post"},
			want:    refusal("login_required")},
		{name: "prompt=none, signed", options: oidc.AuthorizationOptions{Prompt: []string{"none"},
			ResponseType: "id_token", ResponseMode: "form_post.jwt"},
			want: refusal("login_required")},
		{name: "prompt=login consent",
			options: oidc.AuthorizationOptions{Prompt: []string{"login", "consent"}}},
		{name: "prompt=create", options: oidc.AuthorizationOptions{Prompt: []string{"create"}},
			want: check("prompt"), note: "oidc-provider does not advertise it"},
		{name: "languages, hint and display", options: oidc.AuthorizationOptions{
			UILocales: []string{"de-CH", "fr"}, LoginHint: "alice@example.com", Display: "page"}},

		{name: "max_age", options: maxAge},
		{name: "max_age=0", options: oidc.AuthorizationOptions{MaxAge: new(time.Duration)}},
		{name: "max_age, too long ago", config: ahead, options: maxAge, want: check("auth_time")},
		{name: "max_age, lost", options: maxAge, request: remove("max_age"),
			want: check("auth_time")},

		{name: "acr_values", options: oidc.AuthorizationOptions{ACRValues: []string{gold, silver}}},
		{name: "acr_values, not met", options: oidc.AuthorizationOptions{ACRValues: []string{gold}},
			want: check("acr")},
		{name: "acr essential",
			options: idToken("acr", oidc.ClaimRequest{Essential: true, Value: silver})},
		{name: "acr essential, one of two",
			options: idToken("acr",
				oidc.ClaimRequest{Essential: true, Values: []any{gold, silver}})},
		{name: "acr essential, not met", options: idToken("acr",
			oidc.ClaimRequest{Essential: true, Value: gold}), want: refusal("login_required")},
		{name: "acr essential, lost", options: idToken("acr",
			oidc.ClaimRequest{Essential: true, Value: gold}), request: remove("claims"),
			want: check("acr")},
		{name: "auth_time essential",
			options: idToken("auth_time", oidc.ClaimRequest{Essential: true})},
		{name: "auth_time essential, lost",
			options: idToken("auth_time", oidc.ClaimRequest{Essential: true}),
			request: remove("claims"), want: check("auth_time")},
		{name: "sub", options: idToken("sub", oidc.ClaimRequest{Value: "alice"})},
		{name: "sub of another", options: idToken("sub", oidc.ClaimRequest{Value: "bob"}),
			want: refusal("login_required")},
		{name: "sub of another, lost", options: idToken("sub", oidc.ClaimRequest{Value: "bob"}),
			request: remove("claims"), want: check("sub")},
	})
	tb.lacks("pushed, rich ones", "vouchsafe has neither yet")
}
