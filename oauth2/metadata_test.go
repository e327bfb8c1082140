package oauth2

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"testing"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
)

// at answers at some paths, and with 404 elsewhere.
type at map[string]http.HandlerFunc

func (a at) answer(w http.ResponseWriter, r *http.Request) {
	if answer := a[r.URL.RequestURI()]; answer != nil {
		answer(w, r)
		return
	}
	http.NotFound(w, r)
}

// issued answers with metadata of the issuer that base and path make.
func issued(base *string, path string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body := fmt.Sprintf(`{"issuer":%q,"token_endpoint":%q}`, *base+path, *base+"/t")
		answerJSON(200, body)(w, r)
	}
}

// RFC 8414, Sections 3 and 5: where metadata is looked for, in order.
func TestDiscoverPlaces(t *testing.T) {
	const server, openID = "/.well-known/oauth-authorization-server",
		"/.well-known/openid-configuration"
	for _, test := range []struct {
		issuer string
		places []string
	}{
		{"", []string{server, openID}},
		{"/", []string{server, openID}},
		{"/t", []string{server + "/t", openID + "/t", "/t" + openID}},
		{"/t/", []string{server + "/t", openID + "/t", "/t" + openID}},
		{"/a/b", []string{server + "/a/b", openID + "/a/b", "/a/b" + openID}},
		{"//", []string{server + "/", openID + "/", "/" + openID}},
		{"/a%2Fb%20", []string{server + "/a%2Fb%20", openID + "/a%2Fb%20", "/a%2Fb%20" + openID}},
	} {
		for i, place := range test.places {
			t.Run(test.issuer+" at "+place, func(t *testing.T) {
				var base string
				p := newServer(t, at{place: issued(&base, test.issuer)}.answer)
				base = p.URL
				got, err := Discover(t.Context(), nil, base+test.issuer)
				want := AuthorizationServer{Issuer: base + test.issuer, TokenEndpoint: base + "/t"}
				if err != nil || !reflect.DeepEqual(got, want) {
					t.Errorf("got %+v, %v", got, err)
				}
				asked := make([]string, 0, i+1)
				for _, place := range test.places[:i+1] {
					asked = append(asked, "GET "+place+"\nAccept: application/json\n\n")
				}
				if !slices.Equal(p.requests(), asked) {
					t.Errorf("asked %q, want %q", p.requests(), asked)
				}
			})
		}
	}
}

// Only the absence of metadata is a reason to look elsewhere.
func TestDiscoverStatus(t *testing.T) {
	for _, test := range []struct {
		status int
		next   bool
	}{
		{400, true}, {401, true}, {403, true}, {404, true}, {410, true}, {499, true},
		{301, true}, {302, true}, {303, true}, {307, true}, {308, true}, {304, true}, {300, true},
		{399, true}, // the way to log in, which is not gone
		{429, false}, {500, false}, {503, false}, {204, false}, {201, false}, {299, false},
	} {
		t.Run(fmt.Sprint(test.status), func(t *testing.T) {
			var base string
			refuse := func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", "/.well-known/openid-configuration")
				w.WriteHeader(test.status)
			}
			p := newServer(t, at{
				"/.well-known/oauth-authorization-server": refuse,
				"/.well-known/openid-configuration":       issued(&base, ""),
			}.answer)
			base = p.URL
			got, err := Discover(t.Context(), nil, base)
			if test.next {
				if err != nil || got.Issuer != base || len(p.requests()) != 2 {
					t.Errorf("got %+v, %v after %q", got, err, p.requests())
				}
				return
			}
			refused, ok := errors.AsType[*httpclient.StatusError](err)
			if !ok || refused.Status != test.status || got.Issuer != "" ||
				len(slices.Compact(p.requests())) != 1 { // which may be repeated
				t.Errorf("got %+v, %v after %q", got, err, p.requests())
			}
		})
	}
}

// A server that has no metadata anywhere says so.
func TestDiscoverNothing(t *testing.T) {
	p := newServer(t, http.NotFound)
	got, err := Discover(t.Context(), nil, p.URL+"/t")
	missing, ok := errors.AsType[*httpclient.StatusError](err)
	if !ok || missing.Status != 404 || !reflect.DeepEqual(got, AuthorizationServer{}) ||
		len(p.requests()) != 3 {
		t.Errorf("got %+v, %v after %q", got, err, p.requests())
	}
	wantText(t, err, "oauth2: discovery: ")
	if _, err := Discover(t.Context(), nil, p.URL); err == nil || len(p.requests()) != 3+2 {
		t.Errorf("without a path: %v after %q", err, p.requests()[3:])
	}
}

// The client given is the one that asks.
func TestDiscoverClient(t *testing.T) {
	b := &bubble{set: `{"issuer":"https://as.example"}`}
	_, err := Discover(t.Context(), &http.Client{Transport: b}, "https://as.example")
	if outcome(err) != "check content_type" {
		t.Errorf("got %v", err)
	}
	b.wantFetches(t, 2)
}

// A page, which a server may show for every path, is no metadata; that is looked for
// elsewhere, and if there are only pages that is the error.
func TestDiscoverPage(t *testing.T) {
	const server, inserted, appended = "/.well-known/oauth-authorization-server/t",
		"/.well-known/openid-configuration/t", "/t/.well-known/openid-configuration"
	page := func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		io.WriteString(w, `{"issuer":"http://`+r.Host+`/t"}`)
	}
	for _, test := range []struct {
		name  string
		pages []string
		found string
		want  string
		asked int
	}{
		{"one page", []string{server}, inserted, "ok", 2},
		{"two pages", []string{server, inserted}, appended, "ok", 3},
		{"none and a page", []string{inserted}, appended, "ok", 3},
		{"pages only", []string{server, inserted, appended}, "", "check content_type", 3},
		{"a page, and none", []string{server}, "", "check content_type", 3},
		{"nobody asks further", []string{inserted, appended}, server, "ok", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			var base string
			places := at{}
			for _, path := range test.pages {
				places[path] = page
			}
			if test.found != "" {
				places[test.found] = issued(&base, "/t")
			}
			p := newServer(t, places.answer)
			base = p.URL
			got, err := Discover(t.Context(), nil, base+"/t")
			if failed(err) != test.want || len(p.requests()) != test.asked ||
				(got.Issuer == base+"/t") != (err == nil) {
				t.Errorf("got %+v, %v after %q", got, err, p.requests())
			}
			if err != nil {
				wantCheck(t, err, "content_type", "RFC 8414, Section 3.2")
			}
		})
	}
}

// What comes by https sends nobody to http, on this machine or by a client's leave. What
// comes by http may.
func TestDiscoverStaysWithHTTPS(t *testing.T) {
	client := httpclient.New(httpclient.Options{InsecureHTTPHosts: []string{"proxy:8080"}})
	for _, name := range []string{"authorization_endpoint", "token_endpoint", "jwks_uri",
		"revocation_endpoint", "introspection_endpoint", "device_authorization_endpoint"} {
		for _, test := range []struct{ issuer, endpoint, want string }{
			{"https://as.example", "https://other.example/x", "ok"},
			{"https://as.example", "HTTPS://as.example/x", "ok"},
			{"https://as.example", "", "ok"},
			{"https://127.0.0.1:1", "https://127.0.0.1:1/x", "ok"},
			{"http://127.0.0.1:1", "http://127.0.0.1:1/x", "ok"},
			{"http://127.0.0.1:1", "https://as.example/x", "ok"},
			{"http://proxy:8080", "http://proxy:8080/x", "ok"},
			{"https://as.example", "http://127.0.0.1:1/x", "check " + name},
			{"https://as.example", "http://[::1]/x", "check " + name},
			{"https://as.example", "http://localhost/x", "check " + name},
			{"https://as.example", "http://proxy:8080/x", "check " + name},
			{"https://127.0.0.1:1", "http://127.0.0.1:1/x", "check " + name},
			{"HTTPS://as.example", "http://127.0.0.1:1/x", "check " + name},
		} {
			body := fmt.Sprintf(`{"issuer":%q,%q:%q}`, test.issuer, name, test.endpoint)
			_, err := readMetadata(t.Context(), client, document(body), test.issuer)
			if failed(err) != test.want {
				t.Errorf("%s: got %v", body, err)
			}
			if err != nil {
				wantCheck(t, err, name, "RFC 8414, Section 2")
				wantText(t, err, "must be https as the issuer is")
			}
		}
	}
}

// Nothing is asked of what cannot be an issuer.
func TestDiscoverNoIssuer(t *testing.T) {
	p := newServer(t, issued(new(string), ""))
	for issuer, want := range map[string]string{
		"":                         "insecure URL",
		"as.example":               "insecure URL",
		"http://as.example":        "insecure URL",
		"ftp://as.example":         "insecure URL",
		"https://":                 "insecure URL",
		"https://u:p@as.example":   "insecure URL",
		p.URL + "#f":               "insecure URL",
		p.URL + "#":                "insecure URL",
		p.URL + "/\x7f":            "insecure URL",
		p.URL + "?":                "check issuer",
		p.URL + "/t?a=b":           "check issuer",
		p.URL + "/?.well-known/x=": "check issuer",
	} {
		got, err := Discover(t.Context(), nil, issuer)
		if outcome(err) != want || failed(err) != "check issuer" ||
			!reflect.DeepEqual(got, AuthorizationServer{}) {
			t.Errorf("%q: got %+v, %v", issuer, got, err)
		}
		if err != nil {
			wantText(t, err, "oauth2: discovery: ")
		}
	}
	if asked := p.requests(); len(asked) > 0 {
		t.Errorf("asked %q", asked)
	}
}

// Every member that this package knows is read, and no other changes anything.
func TestDiscoverReads(t *testing.T) {
	var body string
	p := newServer(t, func(w http.ResponseWriter, r *http.Request) { answerJSON(200, body)(w, r) })
	body = strings.ReplaceAll(`{
		"issuer": "BASE",
		"authorization_endpoint": "https://as.example/a?tenant=1",
		"token_endpoint": "https://as.example/t",
		"jwks_uri": "https://as.example/j",
		"revocation_endpoint": "https://as.example/r",
		"introspection_endpoint": "https://as.example/i",
		"device_authorization_endpoint": "https://as.example/d",
		"registration_endpoint": "https://as.example/c",
		"token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
		"token_endpoint_auth_signing_alg_values_supported": ["ES256"],
		"revocation_endpoint_auth_methods_supported": ["client_secret_basic"],
		"introspection_endpoint_auth_methods_supported": ["client_secret_post"],
		"code_challenge_methods_supported": ["S256"],
		"request_object_signing_alg_values_supported": ["ES384"],
		"authorization_signing_alg_values_supported": ["PS256"],
		"require_signed_request_object": true,
		"authorization_response_iss_parameter_supported": true,
		"op_policy_uri": "http://as.example/", "service_documentation": 7,
		"verify": false, "scope": "admin", "client_id": "evil", "client_secret": "evil",
		"AuthorizationServer": {"token_endpoint": "https://evil.example"}
	}`, "BASE", p.URL)
	got, err := Discover(t.Context(), nil, p.URL)
	want := AuthorizationServer{
		Issuer:                      p.URL,
		AuthorizationEndpoint:       "https://as.example/a?tenant=1",
		TokenEndpoint:               "https://as.example/t",
		JWKSURI:                     "https://as.example/j",
		RevocationEndpoint:          "https://as.example/r",
		IntrospectionEndpoint:       "https://as.example/i",
		DeviceAuthorizationEndpoint: "https://as.example/d",
		RegistrationEndpoint:        "https://as.example/c",

		TokenEndpointAuthMethodsSupported:          []string{"none", "private_key_jwt"},
		TokenEndpointAuthSigningAlgValuesSupported: []string{"ES256"},
		RevocationEndpointAuthMethodsSupported:     []string{"client_secret_basic"},
		IntrospectionEndpointAuthMethodsSupported:  []string{"client_secret_post"},
		CodeChallengeMethodsSupported:              []string{"S256"},
		RequestObjectSigningAlgValuesSupported:     []string{"ES384"},
		AuthorizationSigningAlgValuesSupported:     []string{"PS256"},
		RequireSignedRequestObject:                 true,
		AuthorizationResponseIssParameterSupported: true,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
}

// document is an answer with metadata.
func document(body string) *httpclient.Response {
	return &httpclient.Response{Status: 200, Body: []byte(body),
		Header: http.Header{"Content-Type": {"application/json"}}}
}

// A clone shares no list.
func TestMetadataClone(t *testing.T) {
	var s AuthorizationServer
	v := reflect.ValueOf(&s).Elem()
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Slice {
			f.Set(reflect.ValueOf([]string{"a"}))
		}
	}
	c := reflect.ValueOf(s.clone())
	for i := range v.NumField() {
		if f := v.Field(i); f.Kind() == reflect.Slice {
			f.Index(0).SetString("b")
			if got := c.Field(i).Index(0).String(); got != "a" {
				t.Errorf("%s is shared", v.Type().Field(i).Name)
			}
		}
	}
}

// failed is outcome, but that it names the check of a URL too.
func failed(err error) string {
	if e, ok := errors.AsType[*jose.CheckError](err); ok {
		return "check " + e.Check
	}
	return outcome(err)
}

// An answer that is not the metadata asked for is refused, and not looked for elsewhere
// unless it does not even say that it is metadata.
func TestDiscoverRefuses(t *testing.T) {
	const js = "application/json"
	for _, test := range []struct{ name, media, body, want string }{
		{"good", js, `{"issuer":"BASE"}`, "ok"},
		{"charset", "Application/JSON; charset=UTF-8", `{"issuer":"BASE"}`, "ok"},
		{"null endpoint", js, `{"issuer":"BASE","token_endpoint":null}`, "ok"},
		{"empty endpoint", js, `{"issuer":"BASE","token_endpoint":""}`, "ok"},
		{"loopback endpoint", js, `{"issuer":"BASE","token_endpoint":"http://127.0.0.1:1/"}`, "ok"},
		{"escaped", js, `{"\u0069ssuer":"BASE"}`, "ok"},
		{"below the limit", js, `{"issuer":"BASE"}` + strings.Repeat(" ", 1<<20-100), "ok"},

		{"too large", js, `{"issuer":"BASE"}` + strings.Repeat(" ", 1<<20), "too large"},
		{"HTML", "text/html", `{"issuer":"BASE"}`, "check content_type"},
		{"no media type", "", `{"issuer":"BASE"}`, "check content_type"},
		{"another JSON", "application/jwk-set+json", `{"issuer":"BASE"}`, "check content_type"},
		{"bad parameter", "application/json; a", `{"issuer":"BASE"}`, "check content_type"},
		{"empty", js, ``, "check metadata"},
		{"array", js, `[{"issuer":"BASE"}]`, "check metadata"},
		{"string", js, `"BASE"`, "check metadata"},
		{"cut short", js, `{"issuer":"BASE"`, "check metadata"},
		{"two", js, `{"issuer":"BASE"}{}`, "check metadata"},
		{"twice", js, `{"issuer":"https://evil.example","issuer":"BASE"}`, "check metadata"},
		{"other case", js, `{"issuer":"BASE","Token_Endpoint":"https://evil.example"}`,
			"check metadata"},
		{"number", js, `{"issuer":"BASE","token_endpoint":7}`, "check metadata"},
		{"string for list", js, `{"issuer":"BASE","token_endpoint_auth_methods_supported":"none"}`,
			"check metadata"},
		{"string for bool", js,
			`{"issuer":"BASE","authorization_response_iss_parameter_supported":"true"}`,
			"check metadata"},

		{"no issuer", js, `{}`, "check issuer"},
		{"null issuer", js, `{"issuer":null}`, "check issuer"},
		{"final slash", js, `{"issuer":"BASE/"}`, "check issuer"},
		{"path", js, `{"issuer":"BASE/t"}`, "check issuer"},
		{"case", js, `{"issuer":"HTTPBASE"}`, "check issuer"},
		{"another", js, `{"issuer":"https://evil.example"}`, "check issuer"},
		{"issuer before the rest", js,
			`{"issuer":"https://evil.example","token_endpoint":"http://evil.example"}`,
			"check issuer"},

		{"authorization http", js, `{"issuer":"BASE","authorization_endpoint":"http://as.example"}`,
			"check authorization_endpoint"},
		{"token http", js, `{"issuer":"BASE","token_endpoint":"http://as.example"}`,
			"check token_endpoint"},
		{"keys http", js, `{"issuer":"BASE","jwks_uri":"http://as.example"}`, "check jwks_uri"},
		{"revocation http", js, `{"issuer":"BASE","revocation_endpoint":"http://as.example"}`,
			"check revocation_endpoint"},
		{"introspection http", js, `{"issuer":"BASE","introspection_endpoint":"http://as.example"}`,
			"check introspection_endpoint"},
		{"device http", js, `{"issuer":"BASE","device_authorization_endpoint":"http://as.example"}`,
			"check device_authorization_endpoint"},
		{"user information", js,
			`{"issuer":"BASE","token_endpoint":"https://as.example@evil.example"}`,
			"check token_endpoint"},
		{"fragment", js, `{"issuer":"BASE","token_endpoint":"https://as.example/#f"}`,
			"check token_endpoint"},
		{"relative", js, `{"issuer":"BASE","token_endpoint":"/token"}`, "check token_endpoint"},
		{"file", js, `{"issuer":"BASE","jwks_uri":"file:///etc/passwd"}`, "check jwks_uri"},
		{"javascript", js, `{"issuer":"BASE","authorization_endpoint":"javascript:alert(1)"}`,
			"check authorization_endpoint"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var base string
			p := newServer(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Content-Type"] = []string{test.media}
				body := strings.ReplaceAll(test.body, "HTTPBASE", strings.ToUpper(base))
				io.WriteString(w, strings.ReplaceAll(body, "BASE", base))
			})
			base = p.URL
			got, err := Discover(t.Context(), nil, base)
			asked := 1
			if test.want == "check content_type" {
				asked = 2
			}
			if failed(err) != test.want || len(p.requests()) != asked {
				t.Errorf("got %v after %q, want %q", err, p.requests(), test.want)
			}
			if err != nil && !reflect.DeepEqual(got, AuthorizationServer{}) {
				t.Errorf("got %+v beside an error", got)
			}
			if err != nil && strings.Contains(err.Error(), "evil") {
				t.Errorf("repeats what it was sent: %v", err)
			}
		})
	}
}

// Whoever traces hears of each check by its clause.
func TestDiscoverTrace(t *testing.T) {
	var base string
	p := newServer(t, func(w http.ResponseWriter, r *http.Request) { issued(&base, "")(w, r) })
	base = p.URL
	var heard []string
	ctx := jose.WithTrace(t.Context(), func(check, clause string, err error) {
		heard = append(heard, fmt.Sprintf("%s, %s: %v", check, clause, err))
	})
	if _, err := Discover(ctx, nil, base); err != nil {
		t.Fatal(err)
	}
	base += "/other"
	if _, err := Discover(ctx, nil, p.URL); outcome(err) != "check issuer" {
		t.Errorf("got %v", err)
	}
	if want := []string{
		"content_type, RFC 8414, Section 3.2: <nil>",
		"metadata, RFC 8414, Section 3.2: <nil>",
		"issuer, RFC 8414, Section 3.3: <nil>",
		"token_endpoint, RFC 8414, Section 2: <nil>",
		"content_type, RFC 8414, Section 3.2: <nil>",
		"metadata, RFC 8414, Section 3.2: <nil>",
		"issuer, RFC 8414, Section 3.3: " +
			"issuer must be the issuer asked for (RFC 8414, Section 3.3)",
	}; !slices.Equal(heard, want) {
		t.Errorf("heard %q", heard)
	}
}

// What the client may reach by http, metadata may name.
func TestDiscoverInsecureHosts(t *testing.T) {
	client := httpclient.New(httpclient.Options{InsecureHTTPHosts: []string{"as:8080"}})
	const body = `{"issuer":"http://as:8080","token_endpoint":"http://as:8080/t"}`
	if _, err := readMetadata(t.Context(), client, document(body), "http://as:8080"); err != nil {
		t.Error(err)
	}
	if _, err := readMetadata(t.Context(), nil, document(body),
		"http://as:8080"); failed(err) != "check token_endpoint" {
		t.Errorf("got %v", err)
	}
}

// Metadata written by hand is held to the same rules.
func TestMetadataCheck(t *testing.T) {
	https := func(path string) string { return "https://as.example" + path }
	for _, test := range []struct {
		name   string
		server AuthorizationServer
		want   string
	}{
		{"nothing", AuthorizationServer{}, "ok"},
		{"all", AuthorizationServer{https(""), https("/a?b=c"), https("/t"), https("/j"),
			https("/r"), https("/i"), https("/d"), https("/c"),
			nil, nil, nil, nil, nil, nil, nil, true, true}, "ok"},
		{"issuer with a path", AuthorizationServer{Issuer: https("/login/oauth")}, "ok"},
		{"issuer with a slash", AuthorizationServer{Issuer: https("/")}, "ok"},
		{"loopback issuer", AuthorizationServer{Issuer: "http://127.0.0.1:1"}, "ok"},
		{"issuer with a query", AuthorizationServer{Issuer: https("/?a=b")}, "check issuer"},
		{"issuer with an empty query", AuthorizationServer{Issuer: https("?")}, "check issuer"},
		{"issuer with a fragment", AuthorizationServer{Issuer: https("#f")}, "check issuer"},
		{"issuer that is no URL", AuthorizationServer{Issuer: "as.example"}, "check issuer"},
		{"http issuer", AuthorizationServer{Issuer: "http://as.example"}, "check issuer"},
		{"authorization", AuthorizationServer{AuthorizationEndpoint: "http://as.example"},
			"check authorization_endpoint"},
		{"token", AuthorizationServer{TokenEndpoint: "http://as.example"}, "check token_endpoint"},
		{"keys", AuthorizationServer{JWKSURI: "http://as.example"}, "check jwks_uri"},
		{"revocation", AuthorizationServer{RevocationEndpoint: "http://as.example"},
			"check revocation_endpoint"},
		{"introspection", AuthorizationServer{IntrospectionEndpoint: "http://as.example"},
			"check introspection_endpoint"},
		{"device", AuthorizationServer{DeviceAuthorizationEndpoint: "http://as.example"},
			"check device_authorization_endpoint"},
		{"iss promised", AuthorizationServer{Issuer: https(""),
			AuthorizationResponseIssParameterSupported: true}, "ok"},
		{"iss promised by nobody", AuthorizationServer{
			AuthorizationResponseIssParameterSupported: true}, "check issuer"},
	} {
		err := test.server.check(nil)
		if got := failed(err); got != test.want {
			t.Errorf("%s: got %v, want %s", test.name, err, test.want)
		}
	}
}

// Whatever a server says of itself, what is accepted has the issuer asked for and
// nothing that a client would refuse.
func FuzzReadMetadata(f *testing.F) {
	const issuer = "https://as.example"
	for _, seed := range []string{
		`{"issuer":"https://as.example"}`,
		`{"issuer":"https://as.example","token_endpoint":"https://as.example/t",` +
			`"jwks_uri":"https://as.example/j","code_challenge_methods_supported":["S256"],` +
			`"authorization_response_iss_parameter_supported":true}`,
		`{"\u0069ssuer":"https:\/\/as.example","x":{"y":[1e9,null]}}`,
		`{"issuer":"https://as.example/"}`,
		`{"issuer":"https://as.example","Issuer":null}`,
		`{"issuer":"https://as.example","token_endpoint":"http://as.example"}`,
		`{"issuer":"https://as.example","token_endpoint":"http://127.0.0.1"}`,
		`{"issuer":"https://as.example","token_endpoint":["https://as.example"]}`,
		`<html>`, ``, `[]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		s, err := readMetadata(t.Context(), nil, document(body), issuer)
		if err != nil {
			if _, ok := errors.AsType[*jose.CheckError](err); !ok {
				t.Error(err)
			}
			return
		}
		if err := s.check(nil); s.Issuer != issuer || err != nil {
			t.Errorf("issuer %q, %v", s.Issuer, err)
		}
		again, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		s2, err := readMetadata(t.Context(), nil, document(string(again)), issuer)
		if err != nil || !reflect.DeepEqual(s2, s) {
			t.Errorf("%s is read as %+v, %v", again, s2, err)
		}
	})
}
