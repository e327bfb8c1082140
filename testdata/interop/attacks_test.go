package interop

import (
	"net/url"
	"strings"

	"vouchsafe/jose"
	"vouchsafe/oidc"
)

// What somebody between the provider and the client may change, and what sees it.
func attacks(tb *table) {
	code, implicit := oidc.AuthorizationOptions{}, oidc.AuthorizationOptions{
		ResponseType: "id_token token"}
	hybrid := oidc.AuthorizationOptions{ResponseType: "code id_token token"}
	hybridSigned := oidc.AuthorizationOptions{
		ResponseType: "code id_token", ResponseMode: "fragment.jwt"}
	jarm := oidc.AuthorizationOptions{ResponseMode: "query.jwt"}
	tb.logins([]openIDCase{
		{name: "state", options: code, response: set("state", "other"), want: check("state")},
		{name: "iss", options: code, response: set("iss", "https://op.example.com"),
			want: check("iss")},
		{name: "iss beside an ID Token", options: hybrid,
			response: set("iss", "https://op.example.com"), want: check("iss")},
		{name: "no iss", options: code, response: remove("iss"), want: check("iss")},
		{name: "no iss beside an access token", options: oidc.AuthorizationOptions{
			ResponseType: "code token"}, response: remove("iss"), want: check("iss")},
		{name: "no ID Token", options: hybrid, response: remove("id_token"), want: check("iss")},
		{name: "no ID Token, signed", options: hybridSigned,
			request: set("response_type", "code"), want: check("response_type")},
		{name: "nonce", options: code, request: set("nonce", "other"), want: check("nonce")},
		{name: "nonce by the browser", options: implicit, request: set("nonce", "other"),
			want: check("nonce")},
		{name: "code", options: hybrid, response: set("code", "other"), want: check("c_hash")},
		{name: "code without an ID Token", options: code, response: set("code", "other"),
			want: refusal("invalid_grant")},
		{name: "code_challenge", options: code, request: set("code_challenge", testChallenge),
			want: refusal("invalid_grant")},
		{name: "access_token", options: implicit, response: set("access_token", "other"),
			want: check("at_hash")},
		{name: "access_token beside a code", options: hybrid,
			response: set("access_token", "other"), want: check("at_hash")},
		{name: "ID Token", options: implicit, response: func(v url.Values) {
			text := v.Get("id_token")
			v.Set("id_token", text[:strings.LastIndex(text, ".")+1]+strings.Repeat("A", 342))
		}, want: jose.ErrSignature},
		{name: "response_type with less", options: hybrid, request: set("response_type", "code"),
			want: check("response_type")},
		{name: "response_type with more", options: code,
			request: set("response_type", "code id_token"), want: check("iss")},
		{name: "response not signed", options: jarm, request: set("response_mode", "query"),
			want: check("response")},
		{name: "response signed unasked", options: code, request: set("response_mode", "query.jwt"),
			want: check("response")},
		{name: "response and more", options: jarm, response: set("iss", "https://op.example.com"),
			want: check("response")},
	})
}
