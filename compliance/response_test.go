package compliance

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"vouchsafe/httpclient"
	"vouchsafe/internal/strictjson"
	"vouchsafe/oauth2"
)

// reread returns what r makes of a body.
func reread(t *testing.T, r Response, form bool, body string) string {
	t.Helper()
	resp := &httpclient.Response{Status: 200, Header: http.Header{}, Body: []byte(body)}
	if err := r.hook(form)(t.Context(), resp); err != nil || resp.Status != 200 {
		t.Fatalf("%s: status %d, %v", body, resp.Status, err)
	}
	return string(resp.Body)
}

func TestResponse(t *testing.T) {
	type set = map[string]string
	zero := Response{Success: set{"errcode": "0"}, Error: "errcode", ErrorDescription: "errmsg",
		Codes: set{"40029": "invalid_grant"}}
	plain := Response{Error: "/err/code", ErrorDescription: "/err/text"}
	data := Response{Unwrap: "/data"}
	for _, test := range []struct {
		name       string
		r          Response
		body, want string
	}{
		{"nothing said", Response{TokenType: "Bearer"}, `{}`, `{"token_type":"Bearer"}`},
		{"token type of its own", Response{TokenType: "Bearer"}, `{"token_type":"mac"}`,
			`{"token_type":"Bearer"}`},
		{"no token type said", data, `{"token_type":"mac"}`, `{"token_type":"mac"}`},

		{"success", zero, `{"errcode":0,"access_token":"a"}`, `{"access_token":"a","errcode":0}`},
		{"success is not said", zero, `{"access_token":"a"}`, `{"access_token":"a"}`},
		{"failure", zero, `{"errcode":40001,"errmsg":"no","access_token":"a"}`,
			`{"access_token":"a","errcode":40001,"errmsg":"no","error":"40001",` +
				`"error_description":"no"}`},
		{"a code of RFC 6749", zero, `{"errcode":40029}`,
			`{"errcode":40029,"error":"invalid_grant"}`},
		{"success as text", zero, `{"errcode":"0"}`, `{"errcode":"0","error":"0"}`},
		{"success in other digits", zero, `{"errcode":0.0}`, `{"errcode":0.0,"error":"error"}`},
		{"success null", zero, `{"errcode":null}`, `{"errcode":null,"error":"error"}`},
		{"success empty", zero, `{"errcode":""}`, `{"errcode":"","error":"error"}`},
		{"success a list", zero, `{"errcode":[0]}`, `{"errcode":[0],"error":"error"}`},
		{"success an object", zero, `{"errcode":{"0":0}}`, `{"errcode":{"0":0},"error":"error"}`},
		{"one of two failed", Response{Success: set{"a": "true", "b": `"ok"`}},
			`{"a":true,"b":"no"}`, `{"a":true,"b":"no","error":"error"}`},
		{"the other of two failed", Response{Success: set{"a": "true", "b": `"ok"`}},
			`{"a":false,"b":"ok"}`, `{"a":false,"b":"ok","error":"error"}`},
		{"both succeeded", Response{Success: set{"a": "true", "b": `"ok"`}},
			`{"a":true,"b":"ok"}`, `{"a":true,"b":"ok"}`},
		{"success beside a code", Response{Success: set{"ok": "true"}, Error: "code"},
			`{"code":7,"ok":true}`, `{"code":7,"ok":true}`},
		{"success beside an error", zero, `{"errcode":0,"error":"invalid_grant"}`,
			`{"errcode":0,"error":"invalid_grant"}`},
		{"failure beside an error", zero, `{"errcode":1,"error":"invalid_grant"}`,
			`{"errcode":1,"error":"1"}`},

		{"no error", plain, `{"access_token":"a"}`, `{"access_token":"a"}`},
		{"an error beside a token", plain, `{"access_token":"a","err":{"code":"x","text":"y"}}`,
			`{"access_token":"a","err":{"code":"x","text":"y"},"error":"x",` +
				`"error_description":"y"}`},
		{"an error's number", plain, `{"err":{"code":-17}}`, `{"err":{"code":-17},"error":"-17"}`},
		{"no code is empty", plain, `{"err":{"code":""}}`, `{"err":{"code":""}}`},
		{"no code is null", plain, `{"err":{"code":null}}`, `{"err":{"code":null}}`},
		{"no code is broken", plain, `{"err":{"code":1.5}}`, `{"err":{"code":1.5}}`},
		{"a description that is no text", plain, `{"err":{"code":"x","text":5}}`,
			`{"err":{"code":"x","text":5},"error":"x"}`},
		{"a list for an object", plain, `{"err":["code"]}`, `{"err":["code"]}`},
		{"no description is asked for", Response{Error: "e"}, `{"e":"x","":"y"}`,
			`{"":"y","e":"x","error":"x"}`},
		{"an error by its own name", data, `{"error":"x","access_token":"a"}`,
			`{"access_token":"a","error":"x"}`},
		{"a number by its own name", data, `{"error":7}`, `{"error":"7"}`},
		{"no error is asked for", data, `{"":"x"}`, `{"":"x"}`},
		{"a code that is none", Response{Error: "e", Codes: set{"x": ""}}, `{"e":"x"}`,
			`{"e":"x","error":"error"}`},
		{"an error is not rewritten further", Response{Error: "e", Unwrap: "d", TokenType: "Bearer",
			Names: set{"access_token": "t"}, Drop: set{"e": `"x"`}},
			`{"e":"x","d":{"access_token":"a"},"t":"a"}`,
			`{"d":{"access_token":"a"},"e":"x","error":"x","t":"a"}`},

		{"wrapped", data, `{"data":{"access_token":"a"},"x":1}`, `{"access_token":"a","x":1}`},
		{"wrapped deep", Response{Unwrap: "/a/b"}, `{"a":{"b":{"x":1},"c":2}}`, `{"x":1}`},
		{"wrapped by name", Response{Unwrap: "a/b"}, `{"a/b":{"x":1}}`, `{"x":1}`},
		{"wrapped in an escaped name", Response{Unwrap: "/a~1b~01"}, `{"a/b~1":{"x":1}}`,
			`{"x":1}`},
		{"the inner goes first", data, `{"data":{"x":1},"x":2}`, `{"x":1}`},
		{"wrapped in itself", data, `{"data":{"data":1}}`, `{"data":1}`},
		{"no wrapping is empty", Response{TokenType: "b"}, `{"":{"x":1}}`,
			`{"":{"x":1},"token_type":"b"}`},
		{"wrapped in a list", data, `{"data":[{"access_token":"a"}]}`,
			`{"data":[{"access_token":"a"}]}`},
		{"wrapped in a text", data, `{"data":"{\"access_token\":\"a\"}"}`,
			`{"data":"{\"access_token\":\"a\"}"}`},
		{"wrapped in null", data, `{"data":null}`, `{"data":null}`},
		{"an error inside", data, `{"data":{"error":"x"}}`, `{"error":"x"}`},
		{"an error outside", data, `{"error":"x","data":{"error":""}}`,
			`{"data":{"error":""},"error":"x"}`},
		{"an error outside, null inside", data, `{"error":"x","data":{"error":null}}`,
			`{"data":{"error":null},"error":"x"}`},
		{"a number outside", data, `{"error":1,"data":{"error":""}}`,
			`{"data":{"error":""},"error":"1"}`},
		{"an object outside", data, `{"error":{"a":1},"data":{"error":""}}`, `{"error":{"a":1}}`},
		{"true outside", data, `{"error":true,"data":{"error":null}}`, `{"error":true}`},
		{"an error outside and its code elsewhere", Response{Error: "e", Unwrap: "data"},
			`{"error":"x","data":{"error":""}}`, `{"error":"x"}`},
		{"null outside and its code elsewhere", Response{Error: "e", Unwrap: "data"},
			`{"error":null,"data":{"error":"x"}}`, `{"error":"x"}`},
		{"no error outside and its code elsewhere", Response{Error: "e", Unwrap: "data"},
			`{"error":"","data":{"error":"x"}}`, `{"error":"x"}`},
		{"no error outside", data, `{"error":"","data":{"error":"x"}}`, `{"error":"x"}`},
		{"null outside", data, `{"error":null,"data":{"error":"x"}}`, `{"error":"x"}`},
		{"wrapped in the error", Response{Unwrap: "error"}, `{"error":{"x":1}}`, `{"x":1}`},

		{"names", Response{Names: set{"access_token": "token", "id": "/u/id"}},
			`{"token":"a","u":{"id":5,"v":6}}`, `{"access_token":"a","id":5}`},
		{"a name that is not there", Response{Names: set{"access_token": "token"}},
			`{"access_token":"a"}`, `{"access_token":"a"}`},
		{"a name that is not there in an object", Response{Names: set{"id": "/u/id"}},
			`{"u":{"v":6}}`, `{"u":{"v":6}}`},
		{"another's beside an object without ours", Response{Names: set{"id": "/u/id"}},
			`{"id":5,"u":{"v":6}}`, `{"u":{"v":6}}`},
		{"no object that ours would be in", Response{Names: set{"id": "/u/id"}},
			`{"id":5}`, `{"id":5}`},
		{"names go first", Response{Names: set{"access_token": "token"}},
			`{"access_token":"a","token":"b"}`, `{"access_token":"b"}`},
		{"names that change places", Response{Names: set{"a": "b", "b": "a"}},
			`{"a":1,"b":2}`, `{"a":2,"b":1}`},
		{"names out of one object", Response{Names: set{"a": "/a/t", "b": "/a/u", "c": "/a/v"}},
			`{"a":{"t":1,"u":2,"v":3}}`, `{"a":1,"b":2,"c":3}`},
		{"names of what was wrapped", Response{Unwrap: "data", Names: set{"access_token": "t"}},
			`{"data":{"t":"a"}}`, `{"access_token":"a"}`},

		{"dropped", Response{Drop: set{"expires_in": "0", "x": `""`}},
			`{"expires_in":0,"x":""}`, `{}`},
		{"not dropped", Response{Drop: set{"expires_in": "0", "x": ""}}, `{"expires_in":"0","x":0}`,
			`{"expires_in":"0","x":0}`},
		{"dropped by its new name", Response{Names: set{"expires_in": "e"},
			Drop: set{"expires_in": "0"}}, `{"e":0}`, `{}`},
		{"a list of scopes", Response{ScopeList: true}, `{"scope":["a","b"]}`, `{"scope":"a b"}`},
		{"an empty list of scopes", Response{ScopeList: true}, `{"scope":[]}`, `{"scope":""}`},
		{"a list of no scopes", Response{ScopeList: true}, `{"scope":["a",1]}`, `{"scope":["a",1]}`},
		{"no list is asked for", data, `{"scope":["a","b"]}`, `{"scope":["a","b"]}`},
		{"one scope", Response{ScopeList: true}, `{"scope":"a b"}`, `{"scope":"a b"}`},
	} {
		for range 5 { // maps have no order
			if got := reread(t, test.r, false, test.body); got != test.want {
				t.Errorf("%s: %s became\n%s, want\n%s", test.name, test.body, got, test.want)
				break
			}
		}
	}
}

// everyPlace has every field set.
func everyPlace() Response {
	return Response{
		Success:          map[string]string{"status": "0", "/meta/ok": "true"},
		Error:            "/meta/code",
		ErrorDescription: "/meta/text",
		Codes:            map[string]string{"7": "invalid_grant", "8": ""},
		Unwrap:           "/data/0",
		Names:            map[string]string{"access_token": "token", "expires_in": "/life/seconds"},
		ScopeList:        true,
		Drop:             map[string]string{"expires_in": "0", "refresh_token": `""`},
		TokenType:        "Bearer",
	}
}

// What is no strict JSON object stays as it is, for the reader to refuse.
func TestResponseLeavesWhatItCannotRead(t *testing.T) {
	deep := strings.Repeat(`{"data":[`, 5000) + strings.Repeat("]}", 5000)
	for _, body := range []string{
		"", " ", "null", "true", "5", `"error"`, `[]`, `[{"access_token":"a"}]`, `{`, `{}{}`,
		`{"error":"x","access_token":"a"`, `{"access_token":"a","access_token":"b"}`,
		`{"error":"x","\u0065rror":""}`, `{"data":[{"access_token":"a","access_token":"b"}]}`,
		`{"status":1,"status":0}`, "{\"access_token\":\"\xff\"}", deep, "access_token=a",
		"<html>", "\ufeff{}",
	} {
		if got := reread(t, everyPlace(), false, body); got != body {
			t.Errorf("%.60q became %.60q", body, got)
		}
	}
}

// A form becomes an object where a form may be, and else is none.
func TestResponseForm(t *testing.T) {
	for body, want := range map[string]string{
		"access_token=a&expires=5": `{"access_token":"a","expires":"5","token_type":"Bearer"}`,
		" access_token=a+b%26 ":    `{"access_token":"a b\u0026","token_type":"Bearer"}`,
		"error=x&e=5":              `{"e":"5","error":"x"}`,
		` {"error":"x"}`:           `{"error":"x"}`,
		"error=x&error=":           "error=x&error=",
		"a=1&a=1":                  "a=1&a=1",
		"error=x&%zz":              "error=x&%zz",
		"error=%zz":                "error=%zz",
		"a;b":                      "a;b",
		`{"error":"x"`:             `{"error":"x"`,
	} {
		if got := reread(t, Response{TokenType: "Bearer"}, true, body); got != want {
			t.Errorf("%s became %s, want %s", body, got, want)
		}
	}
	if got := reread(t, Response{TokenType: "Bearer"}, false, "a=1"); got != "a=1" {
		t.Errorf("where none may be, a form became %s", got)
	}
}

// A client of package oauth2 refuses what was rewritten as it does any other response.
func TestResponseIsChecked(t *testing.T) {
	wrapped := Response{Unwrap: "data", Names: map[string]string{"access_token": "token"},
		TokenType: "Bearer", Error: "code", Codes: map[string]string{"7": "invalid_grant"}}
	for _, test := range []struct {
		status     int
		body, want string
	}{
		{200, `{"data":{"token":"a"}}`, "ok"},
		{400, `{"data":{"token":"a"}}`, "refused  400"},
		{200, `{"code":7,"data":{"token":"a"}}`, "refused invalid_grant 200"},
		{400, `{"code":7}`, "refused invalid_grant 400"},
		{200, `{"error":"x","data":{"token":"a","error":""}}`, "refused x 200"},
		{200, `{"error":{"message":"x"},"data":{"token":"a"}}`, "refused  200"},
		{200, `{"data":{"token":"a","error":"x"}}`, "refused x 200"},
		{200, `{"data":{"token":"a","token":"b"}}`, "check body"},
		{200, `{"data":{"token":"a","Access_Token":"b"}}`, "check body"},
		{200, `{"data":[{"token":"a"}]}`, "check access_token"},
		{200, `{"data":{"token":["a"]}}`, "check access_token"},
		{200, `[{"token":"a"}]`, "check body"},
		{200, `{"data":{"token":"` + strings.Repeat("a", 1<<20) + `"}}`, "too large"},
	} {
		tok, err := tokenBy(t, Dialect{TokenResponse: wrapped}, test.status, test.body)
		if got := outcome(err); !strings.HasPrefix(got, test.want) || (tok == nil) != (err != nil) {
			t.Errorf("%d %.80s: %v, %q, want %q", test.status, test.body, tok, got, test.want)
		}
	}
}

// tokenBy asks for a token, which is answered with body, and refreshes it if it may.
func tokenBy(t *testing.T, d Dialect, status int, body string) (*oauth2.Token, error) {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}))
	defer server.Close()
	client, err := oauth2.New(oauth2.Config{ID: "client", Auth: oauth2.ClientSecret("secret"),
		Server: oauth2.AuthorizationServer{TokenEndpoint: server.URL},
		Hooks:  d.Hooks("client", false)})
	if err != nil {
		t.Fatal(err)
	}
	tok, err := client.ClientCredentials(t.Context(), oauth2.TokenOptions{})
	old, _ := oauth2.FromRecord(oauth2.Record{AccessToken: "old", RefreshToken: "refresh"})
	_, errRefresh := client.Refresh(t.Context(), old, oauth2.TokenOptions{})
	if outcome(err) != outcome(errRefresh) {
		t.Errorf("%s: a refresh ended in %v", body, errRefresh)
	}
	return tok, err
}

// FuzzResponse: whatever comes, the result is a JSON object or what came, and an error stays
// one, as package oauth2 tells errors.
func FuzzResponse(f *testing.F) {
	for _, seed := range []string{
		"", "{", "[]", "null", "error=x", "error=x&error=y", "access_token=a&expires=1", "%zz",
		"&=&",
		`{"error":"x","access_token":"a"}`, `{"error":"x","data":[{"error":""}]}`,
		`{"error":"x","data":[{"error":null,"token":"a"}],"status":0}`,
		`{"error":1,"data":[{"error":""}]}`, `{"error":{"a":1},"data":[{"error":""}]}`,
		`{"status":1,"token":"a"}`, `{"status":"0"}`, `{"meta":{"ok":false,"code":7,"text":"t"}}`,
		`{"meta":{"ok":true,"code":8}}`, `{"meta":["code"]}`, `{"data":{"0":{"token":"a"}}}`,
		`{"data":[{"token":"a","life":{"seconds":0},"scope":["a","b"],"refresh_token":""}]}`,
		`{"token":"a","token":"b"}`, `{"":1,"~":2,"/":3,"data":[{"data":[]}]}`,
		`{"data":[[[[{"error":"x"}]]]]}`,
		strings.Repeat(`{"data":[`, 70) + strings.Repeat("]}", 70),
		"{\"error\":\"\xff\"}", `{"error":"\u0000"}`, `{"error":"\ud800"}`,
	} {
		f.Add(seed, false)
		f.Add(seed, true)
	}
	hooks := map[bool]oauth2.ResponseHook{
		true: everyPlace().hook(true), false: everyPlace().hook(false)}
	f.Fuzz(func(t *testing.T, body string, form bool) {
		resp := &httpclient.Response{Body: []byte(body)}
		if err := hooks[form](t.Context(), resp); err != nil {
			t.Fatalf("%q: %v", body, err)
		}
		after := string(resp.Body)
		if after == body {
			return
		}
		if !json.Valid(resp.Body) {
			t.Fatalf("%q became %q", body, after)
		}
		read := strings.TrimSpace(body)
		if form && !strings.HasPrefix(read, "{") {
			read = strictjson.Form(read)
		}
		m, err := strictjson.Parse(read)
		if err != nil {
			t.Fatalf("%q is refused, and became %q", body, after)
		}
		changed, err := strictjson.Parse(after)
		if err != nil {
			t.Fatalf("%q became %q: %v", body, after, err)
		}
		if isError(m) && !isError(changed) {
			t.Fatalf("%q is an error, and became %q", body, after)
		}
	})
}

// isError reports whether package oauth2 takes a response of status 200 for an error.
func isError(m strictjson.Object) bool {
	v := m.Get("error")
	text, isText := v.String()
	return v != "" && !v.IsNull() && (!isText || text != "")
}
