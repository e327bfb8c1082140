package registry

import (
	"encoding/json"
	"net/url"
	"strings"
	"testing"

	"vouchsafe/oauth1"
	"vouchsafe/oauth2"
)

func tokenWith(t *testing.T, extra map[string]string) Token {
	t.Helper()
	r := oauth2.Record{AccessToken: "se/cret?", Extra: map[string]json.RawMessage{}}
	for name, value := range extra {
		r.Extra[name] = json.RawMessage(value)
	}
	tok, err := oauth2.FromRecord(r)
	if err != nil {
		t.Fatal(err)
	}
	return Token{OAuth2: tok}
}

// A value stays where it is put: it ends no segment, path or query, and is no dots.
func TestExpand(t *testing.T) {
	const base = "https://api.example/users/"
	const dots = "what came with the token must not be dots in the path of a URL"
	for _, test := range []struct{ template, value, want string }{
		{base + "{id}", `"7"`, base + "7"},
		{base + "{id}", `7`, base + "7"},
		{base + "{id}", `9007199254740993`, base + "9007199254740993"},
		{base + "{id}/me?x=1", `"a b"`, base + "a%20b/me?x=1"},
		{base + "me?id={id}&x=1", `"a b"`, base + "me?id=a+b&x=1"},
		{base + "{id}?id={id}", `"a/b"`, base + "a%2Fb?id=a%2Fb"},
		{base + "{id}", `"../admin"`, base + "..%2Fadmin"},
		{base + "{id}", `"a?b#c"`, base + "a%3Fb%23c"},
		{base + "{id}", `"%2e%2e"`, base + "%252e%252e"},
		{base + "{id}/x", `"\\"`, base + "%5C/x"},
		{base + "{id}/x", `"..."`, base + ".../x"},
		{base + "{id}", `"{access_token}"`, base + "%7Baccess_token%7D"},
		{base + "me?id={id}", `"a&b=c#d?e"`, base + "me?id=a%26b%3Dc%23d%3Fe"},
		{base + "me?id={id}", `".."`, base + "me?id=.."},
		{base + "{id}", `"@evil.example"`, base + "@evil.example"},
		{"https://api.example/{id}", `"//evil.example"`, "https://api.example/%2F%2Fevil.example"},
		{base + "me?t={access_token}", `""`, base + "me?t=se%2Fcret%3F"},
		{base + "{access_token}/x", `""`, base + "se%2Fcret%3F/x"},
		{base + "me", `null`, base + "me"},
		{base + "{client_id}?c={client_id}", `7`, base + "a%2Fb%20c?c=a%2Fb+c"},
		{base + "me?", `null`, base + "me"},

		{base + "{id}", `""`, `"id" must have come with the token`},
		{base + "{id}", `null`, `"id" must have come with the token`},
		{base + "{id}", `true`, `"id" must have come with the token`},
		{base + "{id}", `-7`, `"id" must have come with the token`},
		{base + "{id}", `1.5`, `"id" must have come with the token`},
		{base + "{id}", `1e3`, `"id" must have come with the token`},
		{base + "{id}", `["a"]`, `"id" must have come with the token`},
		{base + "{id}", `{"a":1}`, `"id" must have come with the token`},
		{base + "{ID}", `"7"`, `"ID" must have come with the token`},
		{base + "me?id={other}", `"7"`, `"other" must have come with the token`},
		{base + "{refresh_token}", `"7"`, `"refresh_token" must have come with the token`},
		{base + "{id}", `".."`, dots},
		{base + "{id}/x", `"."`, dots},
		{base + "{id}{id}/x?y", `"."`, dots},
		{base + "{id}./x", `"."`, dots},
	} {
		tok := tokenWith(t, map[string]string{"id": test.value})
		got, err := tok.expand(test.template, "a/b c")
		if strings.HasPrefix(test.want, "https:") {
			u, errURL := url.Parse(got)
			if err != nil || got != test.want || errURL != nil || u.Host != "api.example" ||
				u.User != nil || u.Fragment != "" {
				t.Errorf("%s with %s: %s, %v, want %s", test.template, test.value, got, err,
					test.want)
			}
			continue
		}
		if err == nil || err.Error() != test.want || got != "" {
			t.Errorf("%s with %s: %q, %v, want %s", test.template, test.value, got, err, test.want)
		}
	}
}

// OAuth 1.0 has texts, and its token is in no URL.
func TestExpandOAuth1(t *testing.T) {
	one, err := oauth1.FromRecord(oauth1.Record{Token: "a", Secret: "b",
		Extra: map[string]string{"user_id": "1/2"}})
	if err != nil {
		t.Fatal(err)
	}
	tok := Token{OAuth1: one}
	if got, err := tok.expand("https://api.example/{user_id}", ""); err != nil ||
		got != "https://api.example/1%2F2" {
		t.Errorf("%s, %v", got, err)
	}
	for _, name := range []string{"access_token", "oauth_token", "oauth_token_secret"} {
		if got, err := tok.expand("https://api.example/{"+name+"}", ""); err == nil || got != "" {
			t.Errorf("%s: %s", name, got)
		}
	}
}
