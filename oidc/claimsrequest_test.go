package oidc

import (
	"encoding/json"
	"math"
	"slices"
	"testing"
)

// OpenID Connect Core 1.0, Section 5.5; always the same text.
func TestClaimsRequest(t *testing.T) {
	type claims = map[string]ClaimRequest
	for _, test := range []struct {
		name    string
		request ClaimsRequest
		want    string
	}{
		{"nothing", ClaimsRequest{}, `{}`},
		{"empty", ClaimsRequest{UserInfo: claims{}, IDToken: claims{}}, `{}`},
		{"the section's", ClaimsRequest{
			UserInfo: claims{
				"given_name": {Essential: true}, "nickname": {}, "email": {Essential: true},
				"email_verified": {Essential: true}, "picture": {},
				"https://p.example/groups": {}},
			IDToken: claims{"auth_time": {Essential: true}, "acr": {Values: []any{"silver"}}}},
			`{"userinfo":{"email":{"essential":true},"email_verified":{"essential":true},` +
				`"given_name":{"essential":true},"https://p.example/groups":null,"nickname":null,` +
				`"picture":null},"id_token":{"acr":{"values":["silver"]},` +
				`"auth_time":{"essential":true}}}`},
		{"a subject", ClaimsRequest{IDToken: claims{"sub": {Value: "248289761001"}}},
			`{"id_token":{"sub":{"value":"248289761001"}}}`},
		{"a subject, no matter which",
			ClaimsRequest{IDToken: claims{"sub": {}}, UserInfo: claims{"sub": {Essential: true}}},
			`{"userinfo":{"sub":{"essential":true}},"id_token":{"sub":null}}`},
		{"language", ClaimsRequest{UserInfo: claims{"name#de": {}}},
			`{"userinfo":{"name#de":null}}`},
		{"other values", ClaimsRequest{UserInfo: claims{"a": {Value: false}, "b": {Value: 0},
			"c": {Value: ""}, "d": {Values: []any{1, "x", nil}}}},
			`{"userinfo":{"a":{"value":false},"b":{"value":0},"c":{"value":""},` +
				`"d":{"values":[1,"x",null]}}}`},

		{"no name", ClaimsRequest{UserInfo: claims{"": {}}}, ""},
		{"no name in the ID Token", ClaimsRequest{IDToken: claims{"": {}}}, ""},
		{"value and values", ClaimsRequest{IDToken: claims{"a": {Value: 1, Values: []any{2}}}}, ""},
		{"subject that is no string", ClaimsRequest{IDToken: claims{"sub": {Value: 7}}}, ""},
		{"empty subject", ClaimsRequest{IDToken: claims{"sub": {Value: ""}}}, ""},
		{"several subjects", ClaimsRequest{IDToken: claims{"sub": {Values: []any{"a"}}}}, ""},
		{"subject of UserInfo", ClaimsRequest{UserInfo: claims{"sub": {Value: "a"}}}, ""},
		{"subjects of UserInfo", ClaimsRequest{UserInfo: claims{"sub": {Values: []any{"a"}}}}, ""},
		{"acr that is no string", ClaimsRequest{IDToken: claims{"acr": {Value: 1}}}, ""},
		{"empty acr", ClaimsRequest{IDToken: claims{"acr": {Values: []any{"a", ""}}}}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			for range 3 {
				text, err := json.Marshal(test.request)
				if want := "check claims"; test.want == "" && outcome(err) != want {
					t.Errorf("%s and %v, want %s", text, err, want)
				}
				if test.want != "" && (string(text) != test.want || err != nil) {
					t.Errorf("%s and %v, want %s", text, err, test.want)
				}
			}
		})
	}
	infinite := ClaimsRequest{UserInfo: claims{"a": {Value: math.Inf(1)}}}
	if text, err := json.Marshal(infinite); err == nil {
		t.Errorf("infinite: %s", text)
	}
}

// What the ID Token is held to: OpenID Connect Core 1.0, Sections 2, 5.5.1 and 5.5.1.1.
func TestExpectedClaims(t *testing.T) {
	type claims = map[string]ClaimRequest
	for _, test := range []struct {
		name    string
		request *ClaimsRequest
		acr     []string
		time    bool
		subject string
	}{
		{"nil", nil, nil, false, ""},
		{"nothing", &ClaimsRequest{}, nil, false, ""},
		{"voluntary", &ClaimsRequest{IDToken: claims{"acr": {Value: "gold"}, "auth_time": {}}}, nil,
			false, ""},
		{"essential", &ClaimsRequest{IDToken: claims{
			"acr": {Essential: true, Value: "gold"}, "auth_time": {Essential: true}}},
			[]string{"gold"}, true, ""},
		{"one of", &ClaimsRequest{IDToken: claims{
			"acr": {Essential: true, Values: []any{"gold", "silver"}}}}, []string{"gold", "silver"},
			false, ""},
		{"any", &ClaimsRequest{IDToken: claims{"acr": {Essential: true}}}, nil, false, ""},
		{"subject", &ClaimsRequest{IDToken: claims{"sub": {Value: "alice"}}}, nil, false, "alice"},
		{"of UserInfo", &ClaimsRequest{UserInfo: claims{"acr": {Essential: true, Value: "gold"},
			"auth_time": {Essential: true}}}, nil, false, ""},
	} {
		acr, authTime, subject := test.request.expected()
		if !slices.Equal(acr, test.acr) || authTime != test.time || subject != test.subject {
			t.Errorf("%s: %q %v %q", test.name, acr, authTime, subject)
		}
	}
}
