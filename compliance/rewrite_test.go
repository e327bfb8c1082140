package compliance

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"

	"vouchsafe/httpclient"
	"vouchsafe/internal/strictjson"
	"vouchsafe/jose"
)

func TestUntypedUserInfo(t *testing.T) {
	hook := Dialect{UntypedUserInfo: true}.Hooks("", false).UserInfoResponse[0]
	for body, want := range map[string]string{
		`{"sub":"a"}`: "application/json", " \n{}": "application/json",
		"": "text/html", "[]": "text/html", "<html>": "text/html", "e30.e30.AA": "text/html",
		"x{": "text/html",
	} {
		resp := &httpclient.Response{Header: http.Header{"Content-Type": {"text/html"}},
			Body: []byte(body)}
		if err := hook(t.Context(), resp); err != nil ||
			resp.Header.Get("Content-Type") != want || string(resp.Body) != body {
			t.Errorf("%q is %v, %q: %v", body, resp.Header, resp.Body, err)
		}
	}
}

func TestStandardBase64Keys(t *testing.T) {
	hook := Dialect{StandardBase64Keys: true}.Hooks("", false).KeySetResponse[0]
	keys := func(s string) string { return `{"keys":[` + s + `]}` }
	for body, want := range map[string]string{
		keys(`{"n":"ab+/","e":"AQAB"}`):          keys(`{"e":"AQAB","n":"ab-_"}`),
		keys(`{"n":"ab-_","e":"AQAB"}`):          keys(`{"e":"AQAB","n":"ab-_"}`),
		keys(`{"n":"+/8=","e":"AAEAAQ=="}`):      keys(`{"e":"AQAB","n":"-_8"}`),
		keys(`{"n":"AAAB"}`):                     keys(`{"n":"AQ"}`),
		keys(`{"n":"AAAA"}`):                     keys(`{"n":""}`),
		keys(`{"n":"a"}`):                        keys(`{"n":"a"}`),
		keys(`{"n":"*+"}`):                       keys(`{"n":"*+"}`),
		keys(`{"n":5,"e":"AQAB"}`):               keys(`{"e":"AQAB","n":5}`),
		keys(`{"n":["+"]}`):                      keys(`{"n":["+"]}`),
		keys(`{"x":"ab+/","k":"+/8=","d":"+/"}`): keys(`{"d":"+/","k":"+/8=","x":"ab+/"}`),
		keys(`null,{"e":"AQAB="}`):               keys(`null,{"e":"AQAB"}`),
		keys(``):                                 keys(``),
		`{"other":1,"keys":[]}`:                  keys(``),
		// For the reader to refuse.
		"": "", "[]": "[]", keys(`5`): keys(`5`), `{"keys":{"n":"+"}}`: `{"keys":{"n":"+"}}`,
		`{"keys":[],"keys":[{"n":"+/8="}]}`:  `{"keys":[],"keys":[{"n":"+/8="}]}`,
		`{"Keys":[{"n":"+/8="}]}`:            `{"Keys":[{"n":"+/8="}]}`,
		`{"KEYS":[{"n":"+"}],"keys":[]}`:     `{"KEYS":[{"n":"+"}],"keys":[]}`,
		keys(`{"n":"+/8=","n":"AQ"}`):        keys(`{"n":"+/8=","n":"AQ"}`),
		keys(`{"kid":"a","\u006bid":"b"}`):   keys(`{"kid":"a","\u006bid":"b"}`),
		keys(`{"n":"+/8="}`) + `{"keys":[]}`: keys(`{"n":"+/8="}`) + `{"keys":[]}`,
	} {
		resp := &httpclient.Response{Body: []byte(body)}
		if err := hook(t.Context(), resp); err != nil || string(resp.Body) != want {
			t.Errorf("%s became %s, want %s: %v", body, resp.Body, want, err)
		}
	}
}

// A member that comes twice stays refused, whatever reads the set.
func TestStandardBase64KeysTwice(t *testing.T) {
	key, err := jose.GenerateKey("RS256")
	if err != nil {
		t.Fatal(err)
	}
	public, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	standard := strings.NewReplacer("-", "+", "_", "/").Replace(string(public))
	for text, ok := range map[string]bool{
		`{"keys":[` + standard + `]}`:                                           true,
		`{"keys":[` + strings.Replace(standard, "{", `{"kty":"RSA",`, 1) + `]}`: false,
		`{"keys":[],"keys":[` + standard + `]}`:                                 false,
	} {
		resp := &httpclient.Response{Body: []byte(text)}
		if err := standardBase64Keys(t.Context(), resp); err != nil {
			t.Fatal(err)
		}
		set, err := jose.ParseSet(resp.Body)
		if ok && (err != nil || len(set.Skipped()) > 0) {
			t.Errorf("%v, %v", set, err)
		}
		if _, strict := errors.AsType[*strictjson.SyntaxError](err); !ok && !strict {
			t.Errorf("%.80s: error is %v", text, err)
		}
	}
}
