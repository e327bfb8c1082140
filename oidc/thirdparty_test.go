package oidc

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

func TestReadThirdPartyLogin(t *testing.T) {
	const a, b = "https://a.example", "https://b.example/"
	allowed := ThirdPartyOptions{Issuers: []string{a, b}, BaseURL: "https://app.example"}
	for _, test := range []struct {
		name, query string
		options     ThirdPartyOptions
		want        ThirdPartyLogin
		outcome     string
	}{
		{name: "issuer", query: "iss=" + a, want: ThirdPartyLogin{Issuer: a}},
		{name: "the other issuer", query: "iss=" + b, want: ThirdPartyLogin{Issuer: b}},
		{name: "all", query: "iss=" + a + "&login_hint=eve&target_link_uri=https://app.example/x?y=z",
			want: ThirdPartyLogin{a, "eve", "/x?y=z"}},
		{name: "unknown parameters", query: "iss=" + a + "&x=y&lti_message_hint=z",
			want: ThirdPartyLogin{Issuer: a}},
		{name: "no issuer", query: "login_hint=eve", outcome: "check iss"},
		{name: "empty issuer", query: "iss=", outcome: "check iss"},
		{name: "another issuer", query: "iss=https://c.example", outcome: "check iss"},
		{name: "issuer with a slash more", query: "iss=" + a + "/", outcome: "check iss"},
		{name: "issuer with a slash less", query: "iss=https://b.example", outcome: "check iss"},
		{name: "issuer in other case", query: "iss=https://A.example", outcome: "check iss"},
		{name: "issuer twice", query: "iss=" + a + "&iss=" + b, outcome: "check parameters"},
		{name: "target twice", query: "iss=" + a + "&target_link_uri=https://app.example/" +
			"&target_link_uri=https://c.example", outcome: "check parameters"},
		{name: "none allowed", query: "iss=" + a,
			options: ThirdPartyOptions{BaseURL: "https://app.example"}, outcome: "check iss"},
		{name: "an empty one allowed", query: "iss=",
			options: ThirdPartyOptions{Issuers: []string{""}}, outcome: "check iss"},
		{name: "no form", query: "iss=%zz", outcome: "check parameters"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.options.Issuers == nil && test.options.BaseURL == "" {
				test.options = allowed
			}
			for _, r := range []*http.Request{
				httptest.NewRequest("GET", "/initiate?"+test.query, nil),
				post("/initiate", test.query),
			} {
				got, err := ReadThirdPartyLogin(r, test.options)
				if want := orOK(test.outcome); got != test.want || outcome(err) != want {
					t.Errorf("%s: got %v, %v, want %v, %s", r.Method, got, err, test.want, want)
				}
			}
		})
	}
}

func post(target, form string) *http.Request {
	r := httptest.NewRequest("POST", target, strings.NewReader(form))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	return r
}

func orOK(outcome string) string {
	if outcome == "" {
		return "ok"
	}
	return outcome
}

// Where the login goes on is on this site, however the URL is written.
func TestThirdPartyTarget(t *testing.T) {
	const issuer, other = "https://a.example", "check target_link_uri"
	for target, want := range map[string]string{
		"https://app.example":                  "/",
		"https://app.example/":                 "/",
		"https://app.example?a=b":              "/?a=b",
		"https://app.example/a%2Fb?c=%26":      "/a%2Fb?c=%26",
		"https://app.example/a#fragment":       "/a",
		"https://app.example/.//b.example":     "/.//b.example",
		"https://b.example/":                   other,
		"https://app.example.b.example/":       other,
		"https://app.example@b.example/":       other,
		"https://u@app.example/":               other,
		"https://app.example:444/":             other,
		"http://app.example/":                  other,
		"//app.example/":                       other,
		"/a":                                   other,
		"javascript:alert(1)//app.example/":    other,
		"https:app.example/":                   other,
		"https://app.example/\\b.example":      "/%5Cb.example",
		"https://app.example//b.example":       other,
		"https://app.example/ a":               "/%20a",
		"https://app.example/\ta":              other,
		"https://APP.example/":                 other,
		"https://app.example/%0d%0aLocation:x": "/%0d%0aLocation:x",
	} {
		query := url.Values{"iss": {issuer}, "target_link_uri": {target}}.Encode()
		got, err := ReadThirdPartyLogin(httptest.NewRequest("GET", "/initiate?"+query, nil),
			ThirdPartyOptions{Issuers: []string{issuer}, BaseURL: "https://app.example"})
		if err != nil {
			got.Target = outcome(err)
		}
		if got.Target != want {
			t.Errorf("%s: got %q, want %q", target, got.Target, want)
		}
	}
	for _, base := range []string{"", "app.example", "http://app.example"} {
		query := url.Values{"iss": {issuer}, "target_link_uri": {base + "/"}}.Encode()
		_, err := ReadThirdPartyLogin(httptest.NewRequest("GET", "/initiate?"+query, nil),
			ThirdPartyOptions{Issuers: []string{issuer}, BaseURL: base})
		if outcome(err) != other {
			t.Errorf("base %q: error is %v", base, err)
		}
	}
}

func TestThirdPartyLoginByAnotherMethod(t *testing.T) {
	r := httptest.NewRequest("PUT", "/initiate?iss=https://a.example", nil)
	_, err := ReadThirdPartyLogin(r, ThirdPartyOptions{Issuers: []string{"https://a.example"}})
	if outcome(err) != "check response_mode" {
		t.Errorf("error is %v", err)
	}
}
