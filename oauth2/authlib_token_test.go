package oauth2

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"vouchsafe/httpclient"
	"vouchsafe/jose"
)

// Authlib's case 63: what comes twice is sent twice.
func TestAuthlibRepeatedParams(t *testing.T) {
	const two = "resource=urn%3Aa&resource=urn%3Ab"
	for _, test := range []struct {
		name string
		o    TokenOptions
	}{
		{"row 63: resources", TokenOptions{Resources: []string{"urn:a", "urn:b"}}},
		{"row 63: parameters", TokenOptions{Params: url.Values{"resource": {"urn:a", "urn:b"}}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			for _, g := range grants() {
				s := newServer(t, answerJSON(200, goodExchange))
				if _, err := g.ask(t, t.Context(), newClient(t, configAt(s.URL)),
					test.o); err != nil {
					t.Fatal(err)
				}
				if got := s.requests()[0]; !strings.Contains(got, two) {
					t.Errorf("%s: sent %q", g.name, got)
				}
			}
		})
	}
}

// Authlib's case 64: what is a token, and what is which error.
func TestAuthlibReplies(t *testing.T) {
	const js, form = "application/json", "application/x-www-form-urlencoded"
	const refusal = `{"error":"bad_verification_code","error_description":"x","error_uri":"u"}`
	byForm := Quirks{FormTokenResponse: true}
	for _, test := range []struct {
		name        string
		quirks      Quirks
		status      int
		media, body string
		want        string
		words       string // description and URI
	}{
		{"row 64a: a token", Quirks{}, 200, js, `{"access_token":"a","token_type":"Bearer"}`, "ok",
			""},
		{"row 64b: a form by option", byForm, 200, form, "access_token=a&token_type=bearer", "ok",
			""},
		{"row 64b: a form called text by option", byForm, 200, "text/plain",
			"access_token=a&token_type=bearer", "ok", ""},
		{"row 64b: a form", Quirks{}, 200, form, "access_token=a&token_type=bearer",
			"check content_type", ""},
		{"row 64c: error in 200", Quirks{}, 200, js, refusal, "server bad_verification_code 200",
			"x u"},
		{"row 64c: error in 400", Quirks{}, 400, js, refusal, "server bad_verification_code 400",
			"x u"},
		{"row 64d: 400 without error", Quirks{}, 400, js, `{"message":"nope"}`, "server  400", " "},
		{"row 64d: 429 text", Quirks{}, 429, "text/plain", "slow down", "server  429", " "},
		{"row 64e: 500", Quirks{}, 500, js, `{"error":"x"}`, "server x 500", " "},
		{"row 64e: 502 HTML", Quirks{}, 502, "text/html", "<html>", "server  502", " "},
		{"row 64f: array", Quirks{}, 200, js, `["a"]`, "check body", ""},
		{"row 64f: empty", Quirks{}, 200, js, ``, "check body", ""},
		{"row 64f: no access_token", Quirks{}, 200, js, `{"token_type":"Bearer"}`,
			"check access_token",
			""},
		{"row 64f: 2 MB", Quirks{}, 200, js, `{"access_token":"a","token_type":"Bearer","x":"` +
			strings.Repeat("x", 2<<20) + `"}`, "too large", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			tok, err := tokenOf(t, test.quirks, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Retry-After", "9")
				answerAs(test.status, test.media, test.body)(w, r)
			})
			if got := outcome(err); got != test.want || (tok == nil) != (err != nil) {
				t.Errorf("%v and %q, want %q", tok, got, test.want)
			}
			e, ok := errors.AsType[*Error](err)
			if ok && (e.Description()+" "+e.URI() != test.words || e.RetryAfter != 9*time.Second ||
				e.Excerpt() != test.body) {
				t.Errorf("it says %q, %q and %q after %v", e.Description(), e.URI(), e.Excerpt(),
					e.RetryAfter)
			}
		})
	}
}

// Authlib's case 65: when a token ends. It was asked for at start.
func TestAuthlibExpiry(t *testing.T) {
	hour, unknown := start.Add(time.Hour), time.Time{}
	for _, test := range []struct {
		name, members string
		ends          time.Time
		expired       bool
	}{
		{"row 65a: number", `"expires_in":3600`, hour, false},
		{"row 65a: text", `"expires_in":"3600"`, hour, false},
		{"row 65a: fraction", `"expires_in":3600.0`, hour, false},
		{"row 65b: text with a fraction", `"expires_in":"3600.5"`, hour, false},
		{"row 65b: soon", `"expires_in":"soon"`, unknown, false},
		{"row 65c: zero", `"expires_in":0`, start, true},
		{"row 65c: negative", `"expires_in":-1`, start.Add(-time.Second), true},
		{"row 65c: null", `"expires_in":null`, unknown, false},
		{"row 65d: expires_at as text", `"expires_at":"5","expires_in":10`, time.Unix(5, 0), true},
		{"row 65d: expires_at zero", `"expires_at":0,"expires_in":10`, time.Unix(0, 0), true},
		{"row 65d: expires_at null", `"expires_at":null,"expires_in":10`,
			start.Add(10 * time.Second),
			false},
		{"row 65e: expires_at ISO, with expires_in", `"expires_at":"2026-11-21T14:00:00Z",` +
			`"expires_in":3600`, hour, false},
		{"row 65e: expires_at ISO", `"expires_at":"2026-11-21T14:00:00Z"`, unknown, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			tok, err := read(200, "application/json",
				`{"access_token":"a","token_type":"Bearer",`+test.members+`}`)
			if err != nil {
				t.Fatal(err)
			}
			if !tok.ExpiresAt.Equal(test.ends) || tok.Expired(start) != test.expired {
				t.Errorf("ends %v, expired %v", tok.ExpiresAt, tok.Expired(start))
			}
			if kept := tok.Extra("expires_at"); strings.Contains(test.members, "Z") !=
				(string(kept) == `"2026-11-21T14:00:00Z"`) {
				t.Errorf("kept %s", kept)
			}
		})
	}
}

// Authlib's case 66, as far as a client does it: what does not come anew stays, and scopes
// are sent if they are given.
func TestAuthlibRefresh(t *testing.T) {
	for _, test := range []struct {
		name, answer, refresh, sent string
		scopes                      []string
	}{
		{"row 66: no new refresh token", `{"access_token":"b","token_type":"Bearer"}`, "r",
			"grant_type=refresh_token&refresh_token=r", nil},
		{"row 66: a new refresh token",
			`{"access_token":"b","token_type":"Bearer","refresh_token":"s"}`,
			"s", "grant_type=refresh_token&refresh_token=r", nil},
		{"row 66: scope", `{"access_token":"b","token_type":"Bearer"}`, "r",
			"grant_type=refresh_token&refresh_token=r&scope=read+write", []string{"read", "write"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, answerJSON(200, test.answer))
			tok, err := newClient(t, configAt(s.URL)).Refresh(t.Context(), stored(t,
				Record{AccessToken: "a", RefreshToken: "r", Scope: "read write"}),
				TokenOptions{Scopes: test.scopes})
			if err != nil {
				t.Fatal(err)
			}
			if tok.AccessToken() != "b" || tok.RefreshToken() != test.refresh ||
				!slices.Equal(tok.Scopes, []string{"read", "write"}) {
				t.Errorf("token is %+v, %+v", tok, tok.held())
			}
			if got := s.requests()[0]; got != basicPost+test.sent {
				t.Errorf("sent %q", got)
			}
		})
	}
}

// Authlib's case 72.
func TestAuthlibTokenType(t *testing.T) {
	for _, test := range []struct {
		name, member, want, assumed string
	}{
		{"row 72: Bearer", `"token_type":"Bearer"`, "ok", "ok"},
		{"row 72: BEARER", `"token_type":"BEARER"`, "ok", "ok"},
		{"row 72: missing", `"x":1`, "check token_type", "ok"},
		{"row 72: null", `"token_type":null`, "check token_type", "ok"},
		{"row 72: MAC", `"token_type":"MAC"`, "check token_type", "check token_type"},
	} {
		t.Run(test.name, func(t *testing.T) {
			for quirk, want := range map[bool]string{false: test.want, true: test.assumed} {
				tok, err := readAs(Quirks{AssumeBearer: quirk}, 200, "application/json",
					`{"access_token":"a",`+test.member+`}`)
				if got := outcome(err); got != want || (tok == nil) != (err != nil) {
					t.Errorf("assumed %v: %v and %q, want %q", quirk, tok, got, want)
				}
			}
		})
	}
}

// Authlib's case 73: its hooks, each in its order, with the samples of its manual.
func TestAuthlibHooks(t *testing.T) {
	names := map[string]string{
		"code":          "row 73: access_token_request and access_token_response",
		"refresh":       "row 73: refresh_token_request and refresh_token_response",
		"revocation":    "row 73: revoke_token_request",
		"introspection": "row 73: introspect_token_request",
		"protected":     "row 73: protected_request",
	}
	for _, test := range hookCases() {
		if names[test.name] == "" {
			continue
		}
		t.Run(names[test.name], func(t *testing.T) {
			s, d := newServer(t, answerJSON(200, whatever)), &diary{}
			config := allEndpoints(s.URL)
			config.Hooks = d.hooks()
			if err := test.do(t, newClient(t, config), s.URL); err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(d.lines, ","); got != calls(test) {
				t.Errorf("called %q, want %q", got, calls(test))
			}
		})
	}
}

// calls returns what a diary has of a case.
func calls(test hookCase) string {
	list := []string{test.request + "1", test.request + "2", test.request + "3"}
	if test.response != "" {
		list = append(list, test.response+"1", test.response+"2", test.response+"3")
	}
	return strings.Join(list, ",")
}

func TestAuthlibHookSamples(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer http.HandlerFunc
		hook   ResponseHook
		ends   time.Time
	}{
		{"row 73: Slack", answerJSON(200, `{"ok":true,"access_token":"a"}`), slackHook,
			time.Time{}},
		{"row 73: Stack Overflow", answerAs(200, "application/x-www-form-urlencoded",
			"access_token=a&expires=86400"), stackOverflowHook, start.Add(24 * time.Hour)},
	} {
		t.Run(test.name, func(t *testing.T) {
			config := configAt(newServer(t, test.answer).URL)
			config.Hooks.AccessTokenResponse = []ResponseHook{
				func(context.Context, *httpclient.Response) error { return nil }, test.hook}
			tok, err := newClient(t, config).ClientCredentials(t.Context(), TokenOptions{})
			if err != nil || tok.AccessToken() != "a" || !tok.ExpiresAt.Equal(test.ends) {
				t.Errorf("%v and %v", tok, err)
			}
		})
	}
}

// Authlib's case 78: the JWT bearer grant.
func TestAuthlibJWTBearer(t *testing.T) {
	key := newKey(t)
	for _, test := range []struct {
		name      string
		a         Assertion
		auth      ClientAuthentication
		o         TokenOptions
		want      string
		subject   string
		id, extra string
	}{
		{"row 78: an algorithm that the key has not", Assertion{Key: key, Algorithm: "HS256"},
			None(),
			TokenOptions{}, "check key", "", "", ""},
		{"row 78: client_id and scope", Assertion{Key: key}, None(),
			TokenOptions{Scopes: []string{"read", "write"}}, "ok", "client", "",
			"client_id=client&grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&" +
				"scope=read+write"},
		{"row 78: without subject", Assertion{Key: key, OmitSubject: true}, ClientSecretBasic("s"),
			TokenOptions{}, "ok", "", "",
			"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"},
		{"row 78: jti of one's own", Assertion{Key: key, Claims: map[string]any{"jti": "mine"}},
			ClientSecretBasic("s"), TokenOptions{}, "ok", "client", "mine",
			"grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer"},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newServer(t, answerJSON(200, goodToken))
			config := configAt(s.URL)
			config.Auth = test.auth
			c := newClient(t, config)
			signed, err := c.SignAssertion(test.a)
			if got := outcome(err); got != test.want {
				t.Fatalf("outcome %q, want %q", got, test.want)
			}
			if err != nil {
				return
			}
			if _, err := c.JWTBearer(t.Context(), signed, test.o); err != nil {
				t.Fatal(err)
			}
			_, body, _ := strings.Cut(s.requests()[0], "\n\n")
			form, _ := url.ParseQuery(body)
			got := assertionOf(t, form.Get("assertion"), key, s.URL)
			if got.Subject != test.subject || test.id != "" && got.ID != test.id {
				t.Errorf("signed %+v", got)
			}
			if form.Del("assertion"); form.Encode() != test.extra {
				t.Errorf("sent %q, want %q", form.Encode(), test.extra)
			}
		})
	}
}

// Who asks anew signs anew: no two assertions have one ID.
func TestAuthlibJWTBearerAgain(t *testing.T) {
	key := newKey(t)
	c := newClient(t, configAt("https://as.example"))
	ids := map[string]bool{}
	for range 3 {
		signed, err := c.SignAssertion(Assertion{Key: key, Claims: map[string]any{"x": "y"}})
		if err != nil {
			t.Fatal(err)
		}
		ids[assertionOf(t, signed, key, "https://as.example").ID] = true
	}
	if len(ids) != 3 || ids[""] {
		t.Errorf("IDs are %v", ids)
	}
}

// assertionOf verifies an assertion of the client as a server would.
func assertionOf(t *testing.T, signed string, key *jose.Key, audience string) *jose.Token {
	t.Helper()
	v, err := jose.NewVerifier(jose.VerifierConfig{
		Keys:       jose.NewSet(key),
		Algorithms: key.Algorithms(),
		Issuer:     "client",
		Audience:   audience,
		Type:       "JWT",
		Required:   []string{"iat", "jti"},
		Leeway:     -1,
		Now:        func() time.Time { return start },
	})
	if err != nil {
		t.Fatal(err)
	}
	tok, err := v.Verify(t.Context(), signed)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// Authlib's case 79: it has no device grant; this is what was asked for.
func TestAuthlibDevice(t *testing.T) {
	granted := reply{status: 200, body: goodToken}
	for _, test := range []struct {
		name    string
		replies []reply
		polls   []int
		want    string
	}{
		{"row 79: pending", []reply{pending, pending, granted}, []int{5, 10, 15}, "ok"},
		{"row 79: slow_down", []reply{refusing("slow_down"), pending, granted}, []int{5, 15, 25},
			"ok"},
		{"row 79: expired_token", []reply{refusing("expired_token")}, []int{5},
			"server expired_token 400"},
		{"row 79: access_denied", []reply{pending, refusing("access_denied")}, []int{5, 10},
			"server access_denied 400"},
		{"row 79: success", []reply{granted}, []int{5}, "ok"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := &poller{replies: test.replies}
				c := p.client(t)
				tok, err := c.DeviceToken(t.Context(), loginFor(c, 5*time.Second, 30*time.Minute))
				if got := outcome(err); got != test.want || (tok == nil) != (err != nil) {
					t.Errorf("%v and %q, want %q", tok, got, test.want)
				}
				if got := secondsOf(p.polls); !slices.Equal(got, test.polls) {
					t.Errorf("asked at %v, want %v", got, test.polls)
				}
			})
		})
	}
}
