package compliance

import (
	"errors"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
	"vouchsafe/oauth2"
)

// outcome says how a request ended.
func outcome(err error) string {
	if err == nil {
		return "ok"
	}
	if e, ok := errors.AsType[*oauth2.Error](err); ok {
		return "refused " + e.Code + " " + strconv.Itoa(e.Status)
	}
	if e, ok := errors.AsType[*jose.CheckError](err); ok {
		return "check " + e.Check
	}
	if errors.Is(err, httpclient.ErrTooLarge) {
		return "too large"
	}
	return err.Error()
}

// A provider that conforms has no hooks.
func TestDialectZero(t *testing.T) {
	if h := (Dialect{}).Hooks("client", true); !reflect.ValueOf(h).IsZero() {
		t.Errorf("hooks are %+v", h)
	}
	if a := (Dialect{SecretIssuer: "team"}).Authentication(nil); a != nil {
		t.Errorf("authentication is %v", a)
	}
}

// Each field has its own hooks, and no other.
func TestDialectHooks(t *testing.T) {
	set := map[string]string{"a": "b"}
	for _, test := range []struct {
		d    Dialect
		want string
	}{
		{Dialect{ParameterNames: set},
			"AuthorizationRequest AccessTokenRequest RefreshTokenRequest"},
		{Dialect{CodeParameter: "a"}, "AuthorizationResponse"},
		{Dialect{Headers: set}, "AccessTokenRequest RefreshTokenRequest ProtectedRequest"},
		{Dialect{TokenResponse: Response{Success: set}},
			"AccessTokenResponse RefreshTokenResponse"},
		{Dialect{TokenResponse: Response{Error: "a"}}, "AccessTokenResponse RefreshTokenResponse"},
		{Dialect{TokenResponse: Response{ErrorDescription: "a"}},
			"AccessTokenResponse RefreshTokenResponse"},
		{Dialect{TokenResponse: Response{Unwrap: "a"}}, "AccessTokenResponse RefreshTokenResponse"},
		{Dialect{TokenResponse: Response{Names: set}}, "AccessTokenResponse RefreshTokenResponse"},
		{Dialect{TokenResponse: Response{Drop: set}}, "AccessTokenResponse RefreshTokenResponse"},
		{Dialect{TokenResponse: Response{ScopeList: true}},
			"AccessTokenResponse RefreshTokenResponse"},
		{Dialect{TokenResponse: Response{TokenType: "a"}},
			"AccessTokenResponse RefreshTokenResponse"},
		{Dialect{StandardBase64Keys: true}, "KeySetResponse"},
		{Dialect{UntypedUserInfo: true}, "UserInfoResponse"},
		{Dialect{CallbackParameters: []string{"a"}, SecretAudience: "a"}, ""},
	} {
		var got []string
		hooks := reflect.ValueOf(test.d.Hooks("client", false))
		for field, list := range hooks.Fields() {
			if list.Len() > 0 {
				got = append(got, field.Name)
			}
		}
		if strings.Join(got, " ") != test.want {
			t.Errorf("%+v has hooks %q, want %s", test.d, got, test.want)
		}
	}
}

// Names are changed, in the authorization request in their order, and values are not.
func TestDialectParameterNames(t *testing.T) {
	names := map[string]string{"client_id": "client key", "scope": "", "state": "s"}
	for query, want := range map[string]string{
		"response_type=code&client_id=a&state=b": "response_type=code&client%20key=a&s=b",
		"scope=a%20b&x=client_id":                "x=client_id",
		"scope=a":                                "",
		"client_id":                              "client%20key=",
		"x&client_id=a=b%26":                     "x&client%20key=a=b%26",
		"Client_ID=a":                            "Client_ID=a",
		"":                                       "",
	} {
		u := &url.URL{Scheme: "https", Host: "p.example", RawQuery: query}
		hook := Dialect{ParameterNames: names}.Hooks("", false).AuthorizationRequest[0]
		if err := hook(t.Context(), u); err != nil ||
			strings.ReplaceAll(u.RawQuery, "+", "%20") != want || u.Host != "p.example" {
			t.Errorf("%s became %s, want %s: %v", query, u.RawQuery, want, err)
		}
	}
	for range 20 { // maps have no order
		h := Dialect{ParameterNames: map[string]string{
			"client_id": "client_key", "client_secret": "client_id", "scope": "", "none": "some"},
		}.Hooks("", false)
		for _, hook := range append(h.AccessTokenRequest, h.RefreshTokenRequest...) {
			req := &http.Request{PostForm: url.Values{"client_id": {"a"}, "client_secret": {"b"},
				"scope": {"c"}, "resource": {"d", "e"}}}
			want := url.Values{"client_key": {"a"}, "client_id": {"b"}, "resource": {"d", "e"}}
			if err := hook(t.Context(), req); err != nil ||
				!maps.EqualFunc(req.PostForm, want, slices.Equal) {
				t.Fatalf("the form is %v: %v", req.PostForm, err)
			}
		}
	}
}

// The code is what the provider calls so, and nothing else.
func TestDialectCode(t *testing.T) {
	hook := Dialect{CodeParameter: "auth_code"}.Hooks("", false).AuthorizationResponse[0]
	for query, want := range map[string]string{
		"auth_code=a&state=b":  "auth_code=a&code=a&state=b",
		"auth_code=a&code=b":   "auth_code=a&code=a",
		"code=b&state=c":       "state=c",
		"error=access_denied":  "error=access_denied",
		"code=b&Auth_Code=a":   "Auth_Code=a",
		"auth_code=&code=evil": "auth_code=&code=",
	} {
		params, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		if err := hook(t.Context(), params); err != nil || params.Encode() != want {
			t.Errorf("%s became %s, want %s: %v", query, params.Encode(), want, err)
		}
	}
	if err := hook(t.Context(), nil); err != nil {
		t.Error(err)
	}
}

// Headers with the token, and what takes the place of Authorization, are for the API alone.
func TestDialectHeaders(t *testing.T) {
	d := Dialect{Headers: map[string]string{"X-Version": "1", "x-client": "id {client_id}",
		"X-Token": "t {access_token}"}}
	for _, test := range []struct {
		name   string
		change func(map[string]string)
		token  string // headers of a token request
		api    string
	}{
		{"plain", func(map[string]string) {},
			"Authorization: Basic own; X-Client: id {access_token}; X-Version: 1",
			"Authorization: Bearer secret; X-Client: id {access_token}; X-Token: t secret; " +
				"X-Version: 1"},
		{"replaced", func(h map[string]string) { h["Authorization"] = "token {access_token}" },
			"Authorization: Basic own; X-Client: id {access_token}; X-Version: 1",
			"Authorization: token secret; X-Client: id {access_token}; X-Token: t secret; " +
				"X-Version: 1"},
		{"removed", func(h map[string]string) { h["Authorization"] = "" },
			"Authorization: Basic own; X-Client: id {access_token}; X-Version: 1",
			"X-Client: id {access_token}; X-Token: t secret; X-Version: 1"},
		{"in another case", func(h map[string]string) { h["authorization"] = "mine" },
			"Authorization: Basic own; X-Client: id {access_token}; X-Version: 1",
			"Authorization: mine; X-Client: id {access_token}; X-Token: t secret; X-Version: 1"},
	} {
		d := d
		d.Headers = maps.Clone(d.Headers)
		test.change(d.Headers)
		h := d.Hooks("{access_token}", false) // an ID like a placeholder is none
		for _, hook := range append(h.AccessTokenRequest, h.RefreshTokenRequest...) {
			req := &http.Request{Header: http.Header{"Authorization": {"Basic own"}}}
			if err := hook(t.Context(), req); err != nil || headers(req) != test.token {
				t.Errorf("%s: a token request has %s: %v", test.name, headers(req), err)
			}
		}
		req := &http.Request{Header: http.Header{"Authorization": {"Bearer secret"}}}
		if err := h.ProtectedRequest[0](t.Context(), req); err != nil || headers(req) != test.api {
			t.Errorf("%s: an API request has %s: %v", test.name, headers(req), err)
		}
	}
}

func headers(r *http.Request) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		lines = append(lines, name+": "+strings.Join(r.Header[name], ","))
	}
	return strings.Join(lines, "; ")
}

// Who changes his Dialect afterwards changes nothing.
func TestDialectIsCopied(t *testing.T) {
	d := Dialect{ParameterNames: map[string]string{"client_id": "key"},
		Headers: map[string]string{"X": "1"}, TokenResponse: Response{
			Success: map[string]string{"ok": "true"},
			Names:   map[string]string{"access_token": "t"}}}
	h := d.Hooks("", false)
	for _, m := range []map[string]string{d.ParameterNames, d.Headers, d.TokenResponse.Success,
		d.TokenResponse.Names} {
		clear(m)
	}
	req := &http.Request{Header: http.Header{}, PostForm: url.Values{"client_id": {"a"}}}
	for _, hook := range h.AccessTokenRequest {
		if err := hook(t.Context(), req); err != nil {
			t.Fatal(err)
		}
	}
	resp := &httpclient.Response{Body: []byte(`{"t":"a"}`)}
	if err := h.AccessTokenResponse[0](t.Context(), resp); err != nil {
		t.Fatal(err)
	}
	if req.PostForm.Get("key") != "a" || req.Header.Get("X") != "1" ||
		string(resp.Body) != `{"access_token":"a"}` {
		t.Errorf("sent %v, %v and read %s", req.PostForm, req.Header, resp.Body)
	}
}

// A secret that was sent under a name of the provider's is not repeated.
func TestDialectHidesSecrets(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(400)
		text := r.PostFormValue("app_key") + " " + r.PostFormValue("auth_code")
		w.Write([]byte(`{"errcode":5,"errmsg":"what is ` + text + `?"}`))
	}))
	defer server.Close()
	d := Dialect{
		ParameterNames: map[string]string{"client_secret": "app_key", "code": "auth_code"},
		TokenResponse:  Response{Error: "errcode", ErrorDescription: "errmsg"}}
	client, err := oauth2.New(oauth2.Config{ID: "client", Hooks: d.Hooks("client", false),
		Auth: oauth2.ClientSecretPost("the-client's-own"), Server: oauth2.AuthorizationServer{
			AuthorizationEndpoint: server.URL, TokenEndpoint: server.URL}})
	if err != nil {
		t.Fatal(err)
	}
	req, err := client.Authorize(t.Context(), oauth2.AuthorizationOptions{
		RedirectURI: "https://app.example/auth"})
	if err != nil {
		t.Fatal(err)
	}
	_, err = client.Callback(t.Context(), url.Values{"code": {"the-code-of-the-user"},
		"state": {req.Transaction.State()}}, req.Transaction)
	e, ok := errors.AsType[*oauth2.Error](err)
	if !ok || e.Code != "5" {
		t.Fatalf("error is %v", err)
	}
	if said := e.Description() + err.Error(); strings.Contains(said, "own") ||
		strings.Contains(said, "the-code") || !strings.Contains(said, "what is ") {
		t.Errorf("says %s", said)
	}
}
