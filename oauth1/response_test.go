package oauth1

import (
	"cmp"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"
)

// tokenOf returns what a response with status 200 is read as.
func tokenOf(t *testing.T, body string, change ...func(*Config)) (*Token, error) {
	t.Helper()
	c := scriptOf(body).client(t, change...)
	return c.Callback(t.Context(), goodCallback(), flowTransaction(c))
}

// What may stand beside a token and its secret in a response.
var goodResponses = []struct {
	name, body string
	extra      map[string]string
}{
	{"form", "oauth_token=new&oauth_token_secret=sss", nil},
	{"form with more", goodToken, map[string]string{"user_id": "7", "screen_name": "jane doe"}},
	{"other order", "a=1&oauth_token_secret=sss&oauth_token=new", map[string]string{"a": "1"}},
	{"encoded", "oauth%5Ftoken=%6eew&oauth_token_secret=ss%73&a=%C3%A9+%2B",
		map[string]string{"a": "é +"}},
	{"spaces and lines around it", " \r\n\toauth_token=new&oauth_token_secret=sss\r\n ", nil},
	{"what is no escape", "oauth_token=new&oauth_token_secret=sss&a=%zz;&b&=c&&",
		map[string]string{"a": "%zz;", "b": "", "": "c"}},
	{"names that fold", goodToken + "&OAUTH_TOKEN=x&Oauth_token_secret=y", map[string]string{
		"user_id": "7", "screen_name": "jane doe", "OAUTH_TOKEN": "x", "Oauth_token_secret": "y"}},
	{"base64 in it", "oauth_token=new&oauth_token_secret=sss&a=b==", map[string]string{"a": "b=="}},
	{"JSON", `{"oauth_token":"new","oauth_token_secret":"sss"}`, nil},
	{"JSON with more", ` {"oauth_token":"n\u0065w","a":1e2,"b":true,"c":null,"d":[1, "x"],
		"oauth_token_secret":"sss","e":"\"","f":"","g":{"h":1}} `,
		map[string]string{
			"a": "1e2", "b": "true", "d": `[1, "x"]`, "e": `"`, "f": "", "g": `{"h":1}`}},
	{"JSON whose names fold", `{"oauth_token":"new","OAuth_Token":"x","oauth_token_secret":"sss"}`,
		map[string]string{"OAuth_Token": "x"}},
	{"error beside a token", goodToken + "&error=none", map[string]string{
		"user_id": "7", "screen_name": "jane doe", "error": "none"}},
}

func TestResponses(t *testing.T) {
	for _, tt := range goodResponses {
		t.Run(tt.name, func(t *testing.T) {
			tok, err := tokenOf(t, tt.body)
			if err != nil {
				t.Fatal(err)
			}
			r := tok.Record()
			if r.Token != "new" || r.Secret != "sss" || r.ExpiresAt != 0 ||
				!maps.Equal(r.Extra, tt.extra) {
				t.Errorf("token %q, %q, until %d, %q", r.Token, r.Secret, r.ExpiresAt, r.Extra)
			}
		})
	}
}

func TestTokenOfNumbers(t *testing.T) {
	tok, err := tokenOf(t, `{"oauth_token":12345678901234567890,"oauth_token_secret":2.50}`)
	if err != nil || tok.Token() != "12345678901234567890" || tok.Secret() != "2.50" {
		t.Errorf("got %v, %v", tok, err)
	}
	c := scriptOf(`{"oauth_token":"a","oauth_token_secret":"b","oauth_callback_confirmed":true}`)
	if _, err := c.client(t).Authorize(t.Context(), redirectOOB); err != nil {
		t.Error(err)
	}
}

// Faults of every response. The body has what all of them need.
var badResponses = []struct {
	name, body, check, clause string
}{
	{"HTML", "<!DOCTYPE html><p>" + goodTemporary, "response_form", ""},
	{"HTML after a blank line", "\n <html>", "response_form", ""},
	{"XML", `<?xml version="1.0"?><oauth_token>a</oauth_token>`, "response_form", ""},
	{"array", `[{"oauth_token":"a","oauth_token_secret":"b"}]`, "response_form", ""},
	{"JSON cut short", `{"oauth_token":"a","oauth_token_secret":"b"`, "response_form", ""},
	{"something after JSON", `{"oauth_token":"a","oauth_token_secret":"b"}x`,
		"response_form", ""},
	{"JSON member twice", `{"oauth_token":"a","oauth_token_secret":"b","oauth_token":"a"}`,
		"response_form", ""},
	{"JSON that is not UTF-8", "{\"oauth_token\":\"a\xff\",\"oauth_token_secret\":\"b\"}",
		"response_form", ""},
	{"token twice", goodTemporary + "&oauth_token=tok", "response_parameters", section3 + ".1"},
	{"another parameter twice", goodTemporary + "&a=1&a=2",
		"response_parameters", section3 + ".1"},
	{"name twice, encoded", goodTemporary + "&oauth%5Ftoken=tok",
		"response_parameters", section3 + ".1"},
	{"value not UTF-8", goodTemporary + "&a=%ff", "response_text", section3 + ".6"},
	{"name not UTF-8", goodTemporary + "&%ff=a", "response_text", section3 + ".6"},
	{"value not UTF-8 as it stands", goodTemporary + "&a=\xff", "response_text", section3 + ".6"},
	{"empty", "", "token", ""},
	{"spaces", " \n", "token", ""},
	{"something else", "a=b", "token", ""},
	{"text", "Request token missing", "token", ""},
	{"JSON string", `"oauth_token=a"`, "token", ""},
	{"empty object", `{}`, "token", ""},
	{"null token", `{"oauth_token":null,"oauth_token_secret":"b"}`, "token", ""},
	{"empty token", "oauth_token=&oauth_token_secret=b", "token", ""},
	{"name in other case", "OAuth_Token=a&oauth_token_secret=b", "token", ""},
	{"name in other case in JSON", `{"OAuth_Token":"a","oauth_token_secret":"b"}`, "token", ""},
	{"name with a space", "oauth_token+=a&oauth_token_secret=b", "token", ""},
	{"byte order mark", "\ufeff" + goodTemporary, "token", ""},
	{"no secret", "oauth_token=tok", "token_secret", ""},
	{"empty secret", "oauth_token=tok&oauth_token_secret=", "token_secret", ""},
	{"null secret", `{"oauth_token":"a","oauth_token_secret":null}`, "token_secret", ""},
	{"secret's name in other case", "oauth_token=a&oauth_token_Secret=b", "token_secret", ""},
}

func TestBadResponses(t *testing.T) {
	for _, tt := range badResponses {
		t.Run(tt.name, func(t *testing.T) {
			clauses := []string{section21, section23, section23, "OAuth Session, Section 3"}
			for i, call := range calls {
				err := call.call(t.Context(), scriptOf(tt.body).client(t))
				wantClause(t, err, tt.check, cmp.Or(tt.clause, clauses[i]))
			}
		})
	}
}

func TestNothingBesideTheErrorOfAResponse(t *testing.T) {
	for _, tt := range badResponses {
		tok, err := tokenOf(t, tt.body)
		req, errAuthorize := scriptOf(tt.body).client(t).Authorize(t.Context(), redirectOOB)
		if tok != nil || req != nil || err == nil || errAuthorize == nil {
			t.Errorf("%s: %v and %v, %v and %v", tt.name, tok, err, req, errAuthorize)
		}
	}
}

// Interactive Brokers' first answer has no secret.
func TestInsecureNoTokenSecret(t *testing.T) {
	optedOut := func(c *Config) { c.InsecureNoTokenSecret = true }
	const bare = "oauth_token=tok&oauth_callback_confirmed=true"
	for _, body := range []string{bare, bare + "&oauth_token_secret=",
		`{"oauth_token":"tok","oauth_token_secret":null,"oauth_callback_confirmed":"true"}`} {
		s := scriptOf(body)
		c := s.client(t, optedOut)
		req, err := c.Authorize(t.Context(), redirectOOB)
		if err != nil {
			t.Fatal(err)
		}
		tok, err := c.Exchange(t.Context(), "ver", req.Transaction)
		if err != nil || tok.Token() != "tok" || tok.Secret() != "" {
			t.Fatalf("token %v, %v", tok, err)
		}
		s.sent = s.sent[1:]
		s.only(t, c, wanted{
			method: "POST", url: "https://provider.example/access_token",
			token: "tok", protocol: []Param{{"oauth_verifier", "ver"}},
		})
	}
	_, err := tokenOf(t, "oauth_token_secret=a", optedOut)
	wantCheck(t, err, "token")
}

func TestExpiry(t *testing.T) {
	for seconds, want := range map[string]int64{
		"3600": 4600, "0": 1000, "1": 1001, "007": 1007, "4294967295": 4294968295,
		"4294967296": 0, "-1": 0, "%2B5": 0, "3600.5": 0, "1e3": 0, "soon": 0, "": 0, "0x10": 0,
		"1_000": 0, "+60": 0, "99999999999999999999": 0,
	} {
		tok, err := tokenOf(t, goodToken+"&oauth_expires_in="+seconds)
		if err != nil {
			t.Fatal(err)
		}
		r := tok.Record()
		if r.ExpiresAt != want || r.Extra["oauth_expires_in"] != unescape(seconds) {
			t.Errorf("%q: until %d, want %d", seconds, r.ExpiresAt, want)
		}
		if zero := tok.Expiry().IsZero(); zero != (want == 0) ||
			!zero && !tok.Expiry().Equal(time.Unix(want, 0)) {
			t.Errorf("%q: until %s", seconds, tok.Expiry())
		}
	}
	for value, want := range map[string]int64{"60": 1060, `"60"`: 1060, "60.0": 0, "null": 0} {
		tok, err := tokenOf(t,
			`{"oauth_token":"a","oauth_token_secret":"b","oauth_expires_in":`+value+`}`)
		if err != nil || tok.Record().ExpiresAt != want {
			t.Errorf("%s: %v, want %d", value, err, want)
		}
	}
}

// A refusal is an Error even if its body would have been good.
func TestResponseRefusal(t *testing.T) {
	for _, tt := range []struct {
		name    string
		status  int
		body    string
		problem string
	}{
		{"401 with a problem", 401, "oauth_problem=signature_invalid", "signature_invalid"},
		{"401 with a problem and more", 401,
			"oauth_problem=timestamp_refused&oauth_acceptable_timestamps=1-2", "timestamp_refused"},
		{"401 of plain text", 401, "Request token missing", ""},
		{"401 of JSON", 401, `{"errors":[{"code":32}]}`, ""},
		{"500 of HTML", 500, "<html>oops", ""},
		{"400 that is twice wrong", 400, "oauth_problem=a&oauth_problem=b&%ff", "b"},
		{"problem with status 200", 200, "oauth_problem=token_expired&a=b", "token_expired"},
		{"empty problem with status 200", 200, "oauth_problem=&a=b", ""},
		{"problem in JSON", 200, `{"oauth_problem":"nonce_used"}`, "nonce_used"},
		{"problem that is none", 400, "oauth_problem=%3Cscript%3E", ""},
		{"MediaWiki", 200, `{"error":"mwoauth-invalid-authorization","message":"x"}`,
			"mwoauth-invalid-authorization"},
		{"error that is an object", 200, `{"error":{"code":1}}`, ""},
		{"error in a form", 200, "error=bad", "bad"},
		{"error with an empty token", 200, "error=bad&oauth_token=", "bad"},
		{"problem before error", 200, "error=bad&oauth_problem=worse", "worse"},
		{"redirect", 302, "moved", ""},
		{"not modified", 304, "a", ""},
		{"the first that is no success", 300, "a", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, call := range calls {
				s := &script{answers: []scripted{{status: tt.status, body: tt.body}}}
				err := call.call(t.Context(), s.client(t))
				e, ok := errors.AsType[*Error](err)
				if !ok || e.Status != tt.status || e.Problem != tt.problem {
					t.Fatalf("got %v, want status %d and problem %q", err, tt.status, tt.problem)
				}
				// The token of the other calls is in a word here and there.
				if got := e.Excerpt(); got == "" || call.name == calls[0].name && got != tt.body {
					t.Errorf("excerpt %q", got)
				}
			}
		})
	}
}

func TestRefusalWithAGoodBody(t *testing.T) {
	for _, tt := range []scripted{
		{400, nil, goodTemporary}, {302, nil, goodTemporary}, {500, nil, goodTemporary},
		{200, nil, goodTemporary + "&oauth_problem=a"},
	} {
		s := &script{answers: []scripted{tt}}
		req, err := s.client(t).Authorize(t.Context(), redirectOOB)
		if e, ok := errors.AsType[*Error](err); !ok || e.Status != tt.status || req != nil {
			t.Errorf("status %d: got %v", tt.status, err)
		}
	}
}

// 201 is what Xing answered with.
func TestOtherSuccess(t *testing.T) {
	for _, status := range []int{201, 299} {
		s := &script{answers: []scripted{{status: status, body: goodTemporary}}}
		if _, err := s.client(t).Authorize(t.Context(), redirectOOB); err != nil {
			t.Error(err)
		}
	}
}

func FuzzResponse(f *testing.F) {
	f.Add(goodTemporary)
	f.Add("oauth_problem=nonce_used")
	for _, tt := range goodResponses {
		f.Add(tt.body)
	}
	for _, tt := range badResponses {
		f.Add(tt.body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		c := scriptOf(body)
		req, err := c.client(t).Authorize(t.Context(), redirectOOB)
		if (req == nil) == (err == nil) || req != nil && (req.Transaction.Token() == "" ||
			req.Transaction.data().Secret == "" || !strings.Contains(unescape(body), "true")) {
			t.Errorf("%q read as temporary credentials, %v", body, err)
		}
		tok, err := tokenOf(t, body)
		if (tok == nil) == (err == nil) || tok != nil && (tok.Token() == "" || tok.Secret() == "") {
			t.Errorf("%q read as a token, %v", body, err)
		}
		if e, ok := errors.AsType[*Error](err); ok && len(e.Excerpt()) > 200 {
			t.Errorf("%q: excerpt %q", body, e.Excerpt())
		}
	})
}
