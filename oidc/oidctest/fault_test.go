package oidctest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oidc/oidctest"
)

// change returns a provocation: a good authorization request with parameters
// changed, or removed if they have no value.
func change(pairs ...string) func(walk) answer {
	return func(w walk) answer {
		params, _ := w.request("openid")
		return w.authorize(changed(params, pairs...))
	}
}

func changed(params url.Values, pairs ...string) url.Values {
	for i := 0; i < len(pairs); i += 2 {
		if pairs[i+1] == "" {
			params.Del(pairs[i])
		} else {
			params.Set(pairs[i], pairs[i+1])
		}
	}
	return params
}

// exchange returns the same for a token request for a code.
func exchange(pairs ...string) func(walk) answer {
	return func(w walk) answer { return w.token(changed(w.code("openid"), pairs...)) }
}

// repeat returns an authorization request of which one parameter came before.
func repeat(name string) func(walk) answer {
	return func(w walk) answer {
		first, _ := w.request("openid")
		w.authorize(first)
		second, _ := w.request("openid")
		second.Set(name, first.Get(name))
		return w.authorize(second)
	}
}

// as returns a good token request with an authentication of its own.
func as(header http.Header, pairs ...string) func(walk) answer {
	return func(w walk) answer {
		return w.do("POST", w.Endpoint("token"), changed(w.code("openid"), pairs...), header)
	}
}

// refresh returns a refresh with a token of another kind.
func refresh(make func(w walk, token string) url.Values) func(walk) answer {
	return func(w walk) answer { return w.token(make(w, w.grant("openid").RefreshToken)) }
}

// poll lets a device in, and goes on from there.
func poll(next func(w walk, d device) answer) func(walk) answer {
	return func(w walk) answer {
		d := w.device("openid")
		w.enter(d.UserCode)
		return next(w, d)
	}
}

func revokeAsAnother(w walk, token string) answer {
	return w.do("POST", w.Endpoint("revoke"), url.Values{"token": {token}}, basic("odd", "100%+"))
}

// submit fills in the login form, after the one before, and sends it.
func submit(forms ...url.Values) func(walk) answer {
	return func(w walk) (a answer) {
		params, _ := w.request("openid")
		a = w.authorize(params)
		for _, form := range forms {
			form.Set("request", hidden(a.body))
			a = w.do("POST", w.Endpoint("login"), form, nil)
		}
		return a
	}
}

const (
	page     = 400 // shown to the user
	shown    = 403 // the form, once more
	redirect = 303 // brought to the client by the browser
)

// Every fault there is: what provokes it, and the answer. The description is its
// name, in whatever way it comes.
var faults = []struct {
	name    string
	fault   oidctest.Fault
	provoke func(walk) answer
	status  int
	code    string
}{
	{"no client_id", oidctest.UnknownClient, change("client_id", ""), page, ""},
	{"another client_id", oidctest.UnknownClient, change("client_id", "Client"), page, ""},
	{"no redirect_uri", oidctest.WrongRedirectURI, change("redirect_uri", ""), page, ""},
	{"redirect_uri elsewhere", oidctest.WrongRedirectURI,
		change("redirect_uri", "https://evil.example"), page, ""},
	{"scope twice", oidctest.RepeatedParameter, func(w walk) answer {
		params, _ := w.request("openid")
		params.Add("scope", "openid")
		return w.authorize(params)
	}, redirect, "invalid_request"},
	{"no response_type", oidctest.WrongResponseType, change("response_type", ""),
		redirect, "unsupported_response_type"},
	{"response_type token", oidctest.WrongResponseType, change("response_type", "token"),
		redirect, "unsupported_response_type"},
	{"no state", oidctest.MissingState, change("state", ""), redirect, "invalid_request"},
	{"no challenge", oidctest.MissingChallenge, change("code_challenge", ""), redirect,
		"invalid_request"},
	{"plain", oidctest.WrongChallenge, change("code_challenge_method", "plain"), redirect,
		"invalid_request"},
	{"plain by default", oidctest.WrongChallenge, change("code_challenge_method", ""),
		redirect, "invalid_request"},
	{"short challenge", oidctest.WrongChallenge, change("code_challenge", strings.Repeat("c", 42)),
		redirect, "invalid_request"},
	{"long challenge", oidctest.WrongChallenge, change("code_challenge", strings.Repeat("c", 44)),
		redirect, "invalid_request"},
	{"challenge of padding", oidctest.WrongChallenge,
		change("code_challenge", strings.Repeat("=", 43)), redirect, "invalid_request"},
	{"challenge in base64", oidctest.WrongChallenge,
		change("code_challenge", strings.Repeat("+", 42)+"A"), redirect, "invalid_request"},
	{"challenge with a new line", oidctest.WrongChallenge,
		change("code_challenge", strings.Repeat("A", 43)+"\n"), redirect, "invalid_request"},
	{"short challenge with a new line", oidctest.WrongChallenge,
		change("code_challenge", strings.Repeat("A", 42)+"\n"), redirect, "invalid_request"},
	{"challenge of another spelling", oidctest.WrongChallenge,
		change("code_challenge", strings.Repeat("A", 42)+"B"), redirect, "invalid_request"},
	{"state again", oidctest.RepeatedState, repeat("state"), redirect, "invalid_request"},
	{"challenge again", oidctest.RepeatedChallenge, repeat("code_challenge"), redirect,
		"invalid_request"},
	{"nonce again", oidctest.RepeatedNonce, repeat("nonce"), redirect, "invalid_request"},

	{"response_type none", oidctest.WrongResponseType, change("response_type", "none"),
		redirect, "unsupported_response_type"},
	{"code twice in response_type", oidctest.WrongResponseType,
		change("response_type", "code code"), redirect, "unsupported_response_type"},
	{"unknown response_mode", oidctest.WrongResponseMode, change("response_mode", "web_message"),
		redirect, "invalid_request"},
	{"ID Token in the query", oidctest.WrongResponseMode,
		change("response_type", "code id_token", "response_mode", "query"), redirect,
		"invalid_request"},
	{"access token in the query of a response", oidctest.WrongResponseMode,
		change("response_type", "code token", "response_mode", "query"), redirect,
		"invalid_request"},
	{"token signed in the query", oidctest.WrongResponseMode,
		change("response_type", "id_token", "response_mode", "query.jwt"), redirect,
		"invalid_request"},
	{"no nonce for id_token", oidctest.MissingNonce,
		change("response_type", "id_token", "nonce", ""), redirect, "invalid_request"},
	{"no nonce for code id_token", oidctest.MissingNonce,
		change("response_type", "code id_token", "nonce", ""), redirect, "invalid_request"},
	{"id_token without openid", oidctest.IDTokenWithoutOpenID,
		change("response_type", "id_token token", "scope", "profile"), redirect,
		"invalid_scope"},
	{"no challenge for code id_token", oidctest.MissingChallenge,
		change("response_type", "code id_token", "code_challenge", ""), redirect,
		"invalid_request"},
	{"prompt none and login", oidctest.WrongPrompt, change("prompt", "login none"), redirect,
		"invalid_request"},
	{"unknown prompt", oidctest.WrongPrompt, change("prompt", "login register"), redirect,
		"invalid_request"},
	{"prompt of another case", oidctest.WrongPrompt, change("prompt", "Create"), redirect,
		"invalid_request"},
	{"prompt none and create", oidctest.WrongPrompt, change("prompt", "none create"), redirect,
		"invalid_request"},
	{"max_age below 0", oidctest.WrongMaxAge, change("max_age", "-1"), redirect,
		"invalid_request"},
	{"max_age of a word", oidctest.WrongMaxAge, change("max_age", "day"), redirect,
		"invalid_request"},
	{"empty max_age", oidctest.WrongMaxAge, func(w walk) answer {
		params, _ := w.request("openid")
		params["max_age"] = []string{""}
		return w.authorize(params)
	}, redirect, "invalid_request"},
	{"claims that are no JSON", oidctest.WrongClaims, change("claims", "email"), redirect,
		"invalid_request"},
	{"claims null", oidctest.WrongClaims, change("claims", "null"), redirect,
		"invalid_request"},
	{"claims a list", oidctest.WrongClaims, change("claims", `{"id_token":["email"]}`),
		redirect, "invalid_request"},
	{"claim true", oidctest.WrongClaims, change("claims", `{"userinfo":{"email":true}}`),
		redirect, "invalid_request"},
	{"hint that is no token", oidctest.WrongIDTokenHint, change("id_token_hint", "x"), redirect,
		"invalid_request"},
	{"hint of another issuer", oidctest.WrongIDTokenHint, func(w walk) answer {
		hint, err := jose.Sign([]byte(`{"iss":"https://op.example","sub":"alice"}`), w.Key(),
			jose.SignOptions{})
		if err != nil {
			w.t.Fatal(err)
		}
		return change("id_token_hint", hint)(w)
	}, redirect, "invalid_request"},
	{"hint about nobody", oidctest.WrongIDTokenHint, func(w walk) answer {
		hint, err := jose.Sign([]byte(`{"iss":"`+w.Issuer()+`"}`), w.Key(), jose.SignOptions{})
		if err != nil {
			w.t.Fatal(err)
		}
		return change("id_token_hint", hint)(w)
	}, redirect, "invalid_request"},
	{"hint by another key", oidctest.WrongIDTokenHint, func(w walk) answer {
		key, err := jose.GenerateKey("ES256")
		if err != nil {
			w.t.Fatal(err)
		}
		hint, err := jose.Sign([]byte(`{"iss":"`+w.Issuer()+`","sub":"alice"}`), key,
			jose.SignOptions{})
		if err != nil {
			w.t.Fatal(err)
		}
		return change("id_token_hint", hint)(w)
	}, redirect, "invalid_request"},
	{"nobody of that name", oidctest.LoginRequired,
		change("claims", `{"id_token":{"sub":{"value":"mallory"}}}`), redirect,
		"login_required"},

	{"denied", oidctest.UserDenied, submit(url.Values{"action": {"deny"}}), redirect,
		"access_denied"},
	{"wrong password", oidctest.WrongPassword,
		submit(url.Values{"username": {"alice"}, "password": {"Password"}}), shown, ""},
	{"unknown user", oidctest.WrongPassword,
		submit(url.Values{"username": {"mallory"}, "password": {"password"}}), shown, ""},
	{"user without a password", oidctest.WrongPassword,
		submit(url.Values{"username": {"bob"}, "password": {""}}), shown, ""},
	{"form twice", oidctest.UnknownLogin,
		submit(url.Values{"username": {"alice"}, "password": {"password"}}, url.Values{}), page,
		""},
	{"form too long", oidctest.UnknownLogin,
		submit(url.Values{"username": {"alice"}, "password": {"password"},
			"x": {strings.Repeat("x", 64<<10)}}),
		page, ""},
	{"form of nothing", oidctest.UnknownLogin, func(w walk) answer {
		return w.do("POST", w.Endpoint("login"), url.Values{"action": {"deny"}}, nil)
	}, page, ""},

	{"wrong secret", oidctest.WrongSecret, as(basic("client", "Secret")), 401, "invalid_client"},
	{"secret of its beginning", oidctest.WrongSecret, as(basic("client", "secre")), 401,
		"invalid_client"},
	{"no secret", oidctest.WrongSecret, as(nil, "client_id", "client"), 401, "invalid_client"},
	{"secret not encoded", oidctest.WrongSecret, func(w walk) answer {
		r := http.Request{Header: http.Header{}}
		r.SetBasicAuth("odd", "100%+")
		return as(r.Header)(w)
	}, 401, "invalid_client"},
	{"secret in both places", oidctest.SeveralSecrets,
		as(basic("client", "secret"), "client_secret", "secret"), 401, "invalid_client"},
	{"another client_id in the body", oidctest.OtherClientID,
		as(basic("client", "secret"), "client_id", "odd"), 401, "invalid_client"},
	{"client_id of a stranger in the body", oidctest.OtherClientID,
		as(basic("client", "secret"), "client_id", "mallory"), 401, "invalid_client"},
	{"another client_id to revoke", oidctest.OtherClientID, func(w walk) answer {
		return w.do("POST", w.Endpoint("revoke"),
			url.Values{"token": {"x"}, "client_id": {"odd"}}, basic("client", "secret"))
	}, 401, "invalid_client"},
	{"token request of no one", oidctest.UnknownClient, as(nil), 401, "invalid_client"},
	{"token request of a stranger", oidctest.UnknownClient, as(basic("mallory", "secret")), 401,
		"invalid_client"},
	{"JSON", oidctest.WrongContentType, func(w walk) answer {
		header := basic("client", "secret")
		header.Set("Content-Type", "application/json")
		return w.do("POST", w.Endpoint("token"), w.code("openid"), header)
	}, 400, "invalid_request"},
	{"no content type", oidctest.WrongContentType, func(w walk) answer {
		return w.do("POST", w.Endpoint("token"), nil, basic("client", "secret"))
	}, 400, "invalid_request"},
	{"form that does not parse", oidctest.WrongContentType, func(w walk) answer {
		form := w.code("openid")
		form.Set("x", strings.Repeat("x", 64<<10))
		return w.token(form)
	}, 400, "invalid_request"},
	{"code twice", oidctest.RepeatedParameter, func(w walk) answer {
		form := w.code("openid")
		form.Add("code", form.Get("code"))
		return w.token(form)
	}, 400, "invalid_request"},
	{"no grant_type", oidctest.WrongGrantType, exchange("grant_type", ""), 400,
		"unsupported_grant_type"},
	{"password grant", oidctest.WrongGrantType, exchange("grant_type", "password"),
		400, "unsupported_grant_type"},
	{"no code", oidctest.UnknownCode, exchange("code", ""), 400, "invalid_grant"},
	{"made up code", oidctest.UnknownCode, exchange("code", "x"), 400, "invalid_grant"},
	{"code again", oidctest.ReusedCode, func(w walk) answer {
		form := w.code("openid")
		w.read(w.token(form))
		return w.token(form)
	}, 400, "invalid_grant"},
	{"code of another client", oidctest.OtherClientsCode, func(w walk) answer {
		return w.do("POST", w.Endpoint("token"), w.code("openid"), basic("odd", "100%+"))
	}, 400, "invalid_grant"},
	{"no redirect_uri with the code", oidctest.OtherRedirectURI, exchange("redirect_uri", ""),
		400, "invalid_grant"},
	{"another redirect_uri", oidctest.OtherRedirectURI, exchange("redirect_uri", callback+"&y=2"),
		400, "invalid_grant"},
	{"no verifier", oidctest.MissingVerifier, exchange("code_verifier", ""), 400, "invalid_grant"},
	{"another verifier", oidctest.WrongVerifier, exchange("code_verifier", verifier), 400,
		"invalid_grant"},
	{"short verifier", oidctest.WrongVerifier, exchange("code_verifier", "x"), 400,
		"invalid_grant"},
	{"challenge as the verifier", oidctest.WrongVerifier, func(w walk) answer {
		params, _ := w.request("openid")
		code := w.authorize(params).location.Query().Get("code")
		return w.token(url.Values{"grant_type": {"authorization_code"}, "code": {code},
			"redirect_uri": {callback}, "code_verifier": {params.Get("code_challenge")}})
	}, 400, "invalid_grant"},

	{"no refresh token", oidctest.UnknownRefreshToken,
		refresh(func(walk, string) url.Values { return refreshForm("") }), 400, "invalid_grant"},
	{"made up refresh token", oidctest.UnknownRefreshToken,
		refresh(func(walk, string) url.Values { return refreshForm("x") }), 400, "invalid_grant"},
	{"refresh token of another client", oidctest.UnknownRefreshToken, func(w walk) answer {
		form := refreshForm(w.grant("openid").RefreshToken)
		return w.do("POST", w.Endpoint("token"), form, basic("odd", "100%+"))
	}, 400, "invalid_grant"},
	{"refresh token again", oidctest.ReusedRefreshToken,
		refresh(func(w walk, token string) url.Values {
			w.read(w.token(refreshForm(token)))
			return refreshForm(token)
		}), 400, "invalid_grant"},
	{"refresh token revoked", oidctest.RevokedRefreshToken,
		refresh(func(w walk, token string) url.Values {
			w.Revoke(token)
			return refreshForm(token)
		}), 400, "invalid_grant"},
	{"wider scope", oidctest.WidenedScope, refresh(func(_ walk, token string) url.Values {
		form := refreshForm(token)
		form.Set("scope", "openid admin")
		return form
	}), 400, "invalid_scope"},

	{"token of its own for a public client", oidctest.PublicClient, func(w walk) answer {
		form := url.Values{"grant_type": {"client_credentials"}, "client_id": {"public"}}
		return w.do("POST", w.Endpoint("token"), form, nil)
	}, 400, "unauthorized_client"},
	{"openid for the client itself", oidctest.ScopeWithoutUser, func(w walk) answer {
		return w.token(url.Values{"grant_type": {"client_credentials"}, "scope": {"read openid"}})
	}, 400, "invalid_scope"},

	{"device with a wrong secret", oidctest.WrongSecret, func(w walk) answer {
		return w.do("POST", w.Endpoint("device_authorization"), url.Values{},
			basic("client", "Secret"))
	}, 401, "invalid_client"},
	{"device with scope twice", oidctest.RepeatedParameter, func(w walk) answer {
		return w.do("POST", w.Endpoint("device_authorization"),
			url.Values{"scope": {"read", "write"}}, basic("client", "secret"))
	}, 400, "invalid_request"},
	{"made up user code", oidctest.UnknownUserCode, func(w walk) answer {
		w.device("openid")
		return w.enter("BBBB-BBBB")
	}, page, ""},
	{"user code cut off", oidctest.UnknownUserCode, func(w walk) answer {
		return w.enter(w.device("openid").UserCode[:8])
	}, page, ""},
	{"user code of one letter", oidctest.UnknownUserCode, func(w walk) answer {
		return w.enter(w.device("openid").UserCode[:1])
	}, page, ""},
	{"user code with more", oidctest.UnknownUserCode, func(w walk) answer {
		return w.enter(w.device("openid").UserCode + "B")
	}, page, ""},
	{"user code again", oidctest.UnknownUserCode, func(w walk) answer {
		d := w.device("openid")
		w.enter(d.UserCode)
		return w.enter(d.UserCode)
	}, page, ""},
	{"no device code", oidctest.UnknownDeviceCode, poll(func(w walk, d device) answer {
		return w.poll("")
	}), 400, "invalid_grant"},
	{"user code for a device code", oidctest.UnknownDeviceCode, poll(func(w walk, d device) answer {
		return w.poll(d.UserCode)
	}), 400, "invalid_grant"},
	{"another's device code", oidctest.UnknownDeviceCode, poll(func(w walk, d device) answer {
		return w.do("POST", w.Endpoint("token"), pollForm(d.DeviceCode), basic("odd", "100%+"))
	}), 400, "invalid_grant"},
	{"device code again", oidctest.ReusedDeviceCode, poll(func(w walk, d device) answer {
		w.read(w.poll(d.DeviceCode))
		return w.poll(d.DeviceCode)
	}), 400, "invalid_grant"},
	{"polled at once", oidctest.PolledTooFast, func(w walk) answer {
		d := w.device("openid")
		w.poll(d.DeviceCode)
		return w.poll(d.DeviceCode)
	}, 400, "slow_down"},

	{"nothing to revoke", oidctest.MissingToken, func(w walk) answer { return w.revoke("") }, 400,
		"invalid_request"},
	{"revoked with a wrong secret", oidctest.WrongSecret, func(w walk) answer {
		return w.do("POST", w.Endpoint("revoke"), url.Values{"token": {"x"}},
			basic("client", "Secret"))
	}, 401, "invalid_client"},
	{"access token of another client to revoke", oidctest.OtherClientsToken, func(w walk) answer {
		return revokeAsAnother(w, w.grant("openid").AccessToken)
	}, 400, "invalid_grant"},
	{"refresh token of another client to revoke", oidctest.OtherClientsToken, func(w walk) answer {
		return revokeAsAnother(w, w.grant("openid").RefreshToken)
	}, 400, "invalid_grant"},

	{"no access token", oidctest.UnusableAccessToken,
		func(w walk) answer { return w.do("GET", w.Endpoint("me"), nil, nil) }, 401,
		"invalid_token"},
	{"made up access token", oidctest.UnusableAccessToken,
		func(w walk) answer { return w.ask("userinfo", "x") }, 401, "invalid_token"},
	{"revoked access token", oidctest.UnusableAccessToken, func(w walk) answer {
		g := w.grant("read")
		w.Revoke(g.AccessToken)
		return w.ask("me", g.AccessToken)
	}, 401, "invalid_token"},
	{"access token of a revoked login", oidctest.UnusableAccessToken, func(w walk) answer {
		g := w.grant("read")
		w.Revoke(g.RefreshToken)
		return w.ask("me", g.AccessToken)
	}, 401, "invalid_token"},
	{"access token of another scheme", oidctest.UnusableAccessToken, func(w walk) answer {
		header := http.Header{"Authorization": {"MAC " + w.grant("read").AccessToken}}
		return w.do("GET", w.Endpoint("me"), nil, header)
	}, 401, "invalid_token"},
	{"access token in the query", oidctest.AccessTokenInQuery, func(w walk) answer {
		token := w.grant("read").AccessToken
		header := http.Header{"Authorization": {"Bearer " + token}}
		return w.do("GET", w.Endpoint("me")+"?access_token="+token, nil, header)
	}, 400, "invalid_request"},
	{"access token in the query of a POST", oidctest.AccessTokenInQuery, func(w walk) answer {
		token := w.grant("openid").AccessToken
		return w.do("POST", w.Endpoint("userinfo")+"?access_token="+token, url.Values{}, nil)
	}, 400, "invalid_request"},
	{"access token in two places", oidctest.SeveralAccessTokens, func(w walk) answer {
		token := w.grant("openid").AccessToken
		return w.do("POST", w.Endpoint("userinfo"), url.Values{"access_token": {token}},
			http.Header{"Authorization": {"Bearer " + token}})
	}, 400, "invalid_request"},
	{"access token in a form that is none", oidctest.UnusableAccessToken, func(w walk) answer {
		form := url.Values{"access_token": {w.grant("openid").AccessToken}}
		return w.do("POST", w.Endpoint("userinfo"), form,
			http.Header{"Content-Type": {"text/plain"}})
	}, 401, "invalid_token"},
	{"access token in a form for the API", oidctest.UnusableAccessToken, func(w walk) answer {
		form := url.Values{"access_token": {w.grant("openid").AccessToken}}
		return w.do("GET", w.Endpoint("me"), form, nil)
	}, 401, "invalid_token"},
	{"UserInfo without openid", oidctest.InsufficientScope,
		func(w walk) answer { return w.ask("userinfo", w.grant("read").AccessToken) }, 403,
		"insufficient_scope"},
}

func TestFaults(t *testing.T) {
	for _, test := range faults {
		t.Run(test.name, func(t *testing.T) {
			form := slices.Contains([]oidctest.Fault{
				oidctest.UserDenied, oidctest.WrongPassword, oidctest.UnknownLogin}, test.fault)
			w := start(t, oidctest.Options{
				LoginForm: form,
				Clients: []oidctest.Client{{ID: "client", Secret: "secret"},
					{ID: "odd", Secret: "100%+"}, {ID: "public"}},
				Users: []oidctest.User{{Subject: "alice", Password: "password"},
					{Subject: "bob"}},
			})
			a := test.provoke(w)
			if got := w.Faults(); !slices.Equal(got, []oidctest.Fault{test.fault}) {
				t.Errorf("faults %q, want %q", got, test.fault)
			}
			described := a.description == string(test.fault) ||
				test.fault == oidctest.WrongPassword || test.fault == oidctest.UserDenied
			if a.status != test.status || a.error != test.code || !described {
				t.Errorf("answer is %d %q %q, want %d %q", a.status, a.error, a.description,
					test.status, test.code)
			}
			checkManner(t, w, a)
		})
	}
}

// checkManner checks what answers of a kind have in common.
func checkManner(t *testing.T, w walk, a answer) {
	t.Helper()
	challenge := a.header.Get("WWW-Authenticate")
	switch {
	case a.location != nil:
		if q := a.params(); q.Get("iss") != w.Issuer() || q.Has("code") || q.Has("id_token") ||
			!strings.HasPrefix(a.location.String(), "http://127.0.0.1/callback?") ||
			strings.Count(a.body, "<a ") > 1 {
			t.Errorf("sent back to %s", a.location)
		}
	case a.error == "invalid_client":
		if challenge != `Basic realm="oidctest"` {
			t.Errorf("challenge is %q", challenge)
		}
	case strings.HasPrefix(challenge, "Bearer"):
		if challenge != `Bearer error="`+a.error+`", error_description="`+a.description+`"` {
			t.Errorf("challenge is %q", challenge)
		}
	case a.error == "":
		if got := a.header.Get("Content-Security-Policy"); !strings.HasPrefix(got,
			"default-src 'none'") {
			t.Errorf("content security policy is %q", got)
		}
		if (a.status == page) != strings.Contains(a.body, "<h1>Request refused</h1>") ||
			(a.status == shown) != strings.Contains(a.body, "<form ") {
			t.Errorf("page is %s", a.body)
		}
	}
}

// Expired codes are faults too, but need a clock; see [TestDeviceLife].
func TestExpiredCode(t *testing.T) {
	now := time.Now()
	w := start(t, oidctest.Options{Now: func() time.Time { return now }})
	form := w.code("openid")
	now = now.Add(time.Hour)
	a := w.token(form)
	if a.status != 400 || a.error != "invalid_grant" ||
		a.description != string(oidctest.ExpiredCode) ||
		!slices.Equal(w.Faults(), []oidctest.Fault{oidctest.ExpiredCode}) {
		t.Errorf("answer is %+v", a)
	}
}

// A code is good for one try.
func TestCodeAfterAWrongVerifier(t *testing.T) {
	w := start(t, oidctest.Options{})
	form := w.code("openid")
	right := form.Get("code_verifier")
	form.Set("code_verifier", verifier)
	w.token(form)
	form.Set("code_verifier", right)
	a := w.token(form)
	if want := []oidctest.Fault{oidctest.WrongVerifier,
		oidctest.ReusedCode}; !slices.Equal(w.Faults(), want) {
		t.Errorf("faults %q, want %q; answer %+v", w.Faults(), want, a)
	}
}

// No fault is without a test.
func TestFaultsAreAll(t *testing.T) {
	provoked := map[string]bool{
		string(oidctest.ExpiredCode):       true,
		string(oidctest.ExpiredDeviceCode): true,
		string(oidctest.MissingResource):   true, // see [TestWebFingerFaults]

		string(oidctest.UnusableInitialToken): true, // see [TestInitialAccessToken]
	}
	for _, test := range faults {
		provoked[string(test.fault)] = true
	}
	for _, test := range objectFaults {
		provoked[string(test.fault)] = true
	}
	for _, test := range logoutFaults {
		provoked[string(test.fault)] = true
	}
	for _, test := range backChannelAnswers {
		if test.fault != "" {
			provoked[string(test.fault)] = true
		}
	}
	for _, test := range registrationFaults {
		provoked[string(test.fault)] = true
	}
	file, err := parser.ParseFile(token.NewFileSet(), "fault.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	declared := 0
	ast.Inspect(file, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING && lit.Value != `"slices"` {
			name, _ := strconv.Unquote(lit.Value)
			if declared++; !provoked[name] {
				t.Errorf("%s is not provoked", name)
			}
		}
		return true
	})
	if declared != len(provoked) {
		t.Errorf("%d faults declared, %d provoked", declared, len(provoked))
	}
}

// A fault of the request does not use up what must come once.
func TestFaultsKeepState(t *testing.T) {
	w := start(t, oidctest.Options{})
	params, _ := w.request("openid")
	method := params.Get("code_challenge_method")
	params.Set("code_challenge_method", "plain")
	w.authorize(params)
	params.Set("code_challenge_method", method)
	if a := w.authorize(params); a.error != "" {
		t.Errorf("answer is %+v", a)
	}
}

// State is repeated in a refusal, if there is one.
func TestRefusalHasState(t *testing.T) {
	w := start(t, oidctest.Options{})
	params, _ := w.request("openid")
	params.Set("response_type", "token")
	if a := w.authorize(params); a.location.Query().Get("state") != params.Get("state") {
		t.Errorf("sent back to %s", a.location)
	}
	params.Del("state")
	if a := w.authorize(params); a.location.Query().Has("state") {
		t.Errorf("sent back to %s", a.location)
	}
}
