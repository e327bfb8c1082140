package oidctest_test

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"vouchsafe/jose"
	"vouchsafe/oidc/oidctest"
)

const after = "http://127.0.0.1/after?b&a=%7e"

// endSession sends a logout request.
func (w walk) endSession(pairs ...string) answer {
	w.t.Helper()
	params := changed(url.Values{}, pairs...)
	return w.do("GET", w.Endpoint("end_session")+"?"+params.Encode(), nil, nil)
}

// live reports whether the session of an access token goes on.
func (w walk) live(g granted) bool {
	w.t.Helper()
	return w.ask("me", g.AccessToken).status == 200
}

// OpenID Connect RP-Initiated Logout 1.0, Section 2 and 3: the browser goes where it was
// asked to, which stays as it is, and state only if there is one.
func TestEndSession(t *testing.T) {
	for _, method := range []string{"GET", "POST"} {
		for _, test := range []struct {
			name  string
			pairs []string
			want  string
		}{
			{"nothing more", nil, ""},
			{"client", []string{"client_id", "client"}, ""},
			{"target", []string{"post_logout_redirect_uri", after}, after},
			{"target and client", []string{"post_logout_redirect_uri", after,
				"client_id", "client"}, after},
			{"state", []string{"post_logout_redirect_uri", after, "state", "a b&c=d"},
				after + "&state=a+b%26c%3Dd"},
			{"state without a query", []string{"post_logout_redirect_uri", "http://127.0.0.1/",
				"state", "x"}, "http://127.0.0.1/?state=x"},
			{"state without a target", []string{"state", "x"}, ""},
			{"languages and more", []string{"ui_locales", "de en", "anything", "else",
				"logout_hint", "alice", "post_logout_redirect_uri", after}, after},
		} {
			w := start(t, oidctest.Options{})
			other, g := w.grant("openid"), w.grant("openid")
			params := changed(url.Values{"id_token_hint": {g.IDToken}}, test.pairs...)
			a := w.do(method, w.Endpoint("end_session"), params, nil)
			if method == "GET" {
				a = w.do(method, w.Endpoint("end_session")+"?"+params.Encode(), nil, nil)
			}
			location := a.header.Get("Location")
			if location != test.want || (a.status == 303) != (test.want != "") ||
				(a.status == 200 && strings.Contains(a.body, "<h1>Logged out</h1>")) !=
					(test.want == "") {
				t.Errorf("%s %s: %+v", method, test.name, a)
			}
			if w.live(g) || !w.live(other) {
				t.Errorf("%s %s: session goes on: %t, the other: %t", method, test.name,
					w.live(g), w.live(other))
			}
		}
	}
}

// spoiltHint signs an ID Token as it should not be.
func spoiltHint(key func(w walk) *jose.Key, claims map[string]any) func(walk) answer {
	return func(w walk) answer {
		w.grant("openid")
		all := map[string]any{"iss": w.Issuer(), "sub": "alice", "aud": "client"}
		for name, value := range claims {
			all[name] = value
		}
		payload, err := json.Marshal(all)
		if err != nil {
			w.t.Fatal(err)
		}
		hint, err := jose.Sign(payload, key(w), jose.SignOptions{})
		if err != nil {
			w.t.Fatal(err)
		}
		return w.endSession("id_token_hint", hint, "post_logout_redirect_uri", after)
	}
}

func ownKey(w walk) *jose.Key { return w.Key() }

func otherKey(w walk) *jose.Key {
	key, err := jose.GenerateKey("RS256")
	if err != nil {
		w.t.Fatal(err)
	}
	return key
}

// hinted sends a logout request with an ID Token, and parameters changed.
func hinted(pairs ...string) func(walk) answer {
	return func(w walk) answer {
		return w.endSession(append([]string{"id_token_hint", w.grant("openid").IDToken,
			"post_logout_redirect_uri", after, "state", "x"}, pairs...)...)
	}
}

// What is wrong with a logout request sends the browser nowhere, and ends no session
// (OpenID Connect RP-Initiated Logout 1.0, Section 3 and 4).
var logoutFaults = []struct {
	name    string
	fault   oidctest.Fault
	provoke func(walk) answer
}{
	{"state twice", oidctest.RepeatedParameter, func(w walk) answer {
		return w.do("GET", w.Endpoint("end_session")+"?state=x&state=x", nil, nil)
	}},
	{"state twice in a form", oidctest.RepeatedParameter, func(w walk) answer {
		return w.do("POST", w.Endpoint("end_session"), url.Values{"state": {"x", "x"}}, nil)
	}},
	{"JSON", oidctest.WrongContentType, func(w walk) answer {
		return w.do("POST", w.Endpoint("end_session"), url.Values{"state": {"x"}},
			http.Header{"Content-Type": {"application/json"}})
	}},
	{"form too long", oidctest.WrongContentType, func(w walk) answer {
		return w.do("POST", w.Endpoint("end_session"),
			url.Values{"state": {strings.Repeat("x", 64<<10)}}, nil)
	}},
	{"unknown client", oidctest.UnknownClient, func(w walk) answer {
		return w.endSession("client_id", "Client")
	}},
	{"client other than that of the hint", oidctest.OtherClientID, hinted("client_id", "odd")},
	{"unknown client beside the hint", oidctest.OtherClientID, hinted("client_id", "mallory")},
	{"hint that is no token", oidctest.WrongIDTokenHint, hinted("id_token_hint", "x")},
	{"hint without claims", oidctest.WrongIDTokenHint, hinted("id_token_hint", "x.x.x")},
	{"hint by another key", oidctest.WrongIDTokenHint, spoiltHint(otherKey, nil)},
	{"hint of another issuer", oidctest.WrongIDTokenHint,
		spoiltHint(ownKey, map[string]any{"iss": "https://op.example"})},
	{"hint about nobody", oidctest.WrongIDTokenHint,
		spoiltHint(ownKey, map[string]any{"sub": ""})},
	{"hint for a stranger", oidctest.WrongIDTokenHint,
		spoiltHint(ownKey, map[string]any{"aud": "mallory"})},
	{"hint for nobody", oidctest.WrongIDTokenHint, spoiltHint(ownKey, map[string]any{"aud": ""})},
	{"hint for a list", oidctest.WrongIDTokenHint,
		spoiltHint(ownKey, map[string]any{"aud": []string{"client", "odd"}})},
	{"hint whose session is a number", oidctest.WrongIDTokenHint,
		spoiltHint(ownKey, map[string]any{"sid": 1})},
	{"hint with a signature cut off", oidctest.WrongIDTokenHint, func(w walk) answer {
		idToken := w.grant("openid").IDToken
		return w.endSession("id_token_hint", idToken[:strings.LastIndex(idToken, ".")+1])
	}},
	{"logout token for a hint", oidctest.WrongIDTokenHint, func(w walk) answer {
		token, err := w.LogoutToken("client", "alice", w.sid(w.grant("openid").IDToken))
		if err != nil {
			w.t.Fatal(err)
		}
		return w.endSession("id_token_hint", token)
	}},
	{"target elsewhere", oidctest.WrongPostLogoutRedirectURI,
		hinted("post_logout_redirect_uri", "https://evil.example/")},
	{"target of a script", oidctest.WrongPostLogoutRedirectURI,
		hinted("post_logout_redirect_uri", "javascript:alert(1)")},
	{"target that is no URI", oidctest.WrongPostLogoutRedirectURI,
		hinted("post_logout_redirect_uri", "%")},
	{"target for nobody", oidctest.WrongPostLogoutRedirectURI, func(w walk) answer {
		return w.endSession("post_logout_redirect_uri", after)
	}},
	{"target not registered", oidctest.WrongPostLogoutRedirectURI, func(w walk) answer {
		return w.endSession("client_id", "strict", "post_logout_redirect_uri", after)
	}},
	{"target almost registered", oidctest.WrongPostLogoutRedirectURI, func(w walk) answer {
		return w.endSession("client_id", "strict",
			"post_logout_redirect_uri", "https://rp.example/Out")
	}},
	{"target registered, but no URI", oidctest.WrongPostLogoutRedirectURI, func(w walk) answer {
		return w.endSession("client_id", "strict", "post_logout_redirect_uri", "%")
	}},
	{"redirection endpoint for a target", oidctest.WrongPostLogoutRedirectURI,
		func(w walk) answer {
			return w.endSession("client_id", "strict",
				"post_logout_redirect_uri", "https://rp.example/cb")
		}},
	{"form of nothing", oidctest.UnknownLogin, func(w walk) answer {
		return w.do("POST", w.Endpoint("logout"), url.Values{"action": {"allow"}}, nil)
	}},
}

func TestLogoutFaults(t *testing.T) {
	for _, test := range logoutFaults {
		t.Run(test.name, func(t *testing.T) {
			w := start(t, oidctest.Options{Clients: []oidctest.Client{
				{ID: "client", Secret: "secret"}, {ID: "odd", Secret: "100%+"},
				{ID: "strict", RedirectURIs: []string{"https://rp.example/cb"},
					PostLogoutRedirectURIs: []string{"https://rp.example/out", "%"}}}})
			g := w.grant("openid")
			a := test.provoke(w)
			if got := w.Faults(); !slices.Equal(got, []oidctest.Fault{test.fault}) {
				t.Errorf("faults %q, want %q", got, test.fault)
			}
			if a.status != page || a.location != nil || a.description != string(test.fault) {
				t.Errorf("answer is %+v", a)
			}
			checkManner(t, w, a)
			if !w.live(g) {
				t.Error("the session has ended")
			}
		})
	}
}

// A registered URI is good, of whatever scheme, and with the client ID alone.
func TestPostLogoutRedirectURIs(t *testing.T) {
	for _, uri := range []string{"https://rp.example/out", "com.example.app:/out"} {
		w := start(t, oidctest.Options{Clients: []oidctest.Client{{ID: "client",
			PostLogoutRedirectURIs: []string{"https://rp.example/out", "com.example.app:/out"}}}})
		a := w.endSession("client_id", "client", "post_logout_redirect_uri", uri, "state", "x")
		if a.status != 303 || a.header.Get("Location") != uri+"?state=x" {
			t.Errorf("answer is %+v", a)
		}
	}
}

// Which of several sessions a request is about: the one that the ID Token names, or else the
// last that it can mean.
func TestWhichSession(t *testing.T) {
	for _, test := range []struct {
		name  string
		pairs func(w walk, idTokens, sids []string) []string
		want  int // of the logins below; -1 if none
	}{
		{"nothing", func(walk, []string, []string) []string { return nil }, 3},
		{"client", func(walk, []string, []string) []string {
			return []string{"client_id", "client"}
		}, 2},
		{"user", func(walk, []string, []string) []string {
			return []string{"logout_hint", "alice", "client_id", "client"}
		}, 1},
		{"email", func(walk, []string, []string) []string {
			return []string{"logout_hint", "bob@example.com"}
		}, 2},
		{"session", func(_ walk, _, sids []string) []string {
			return []string{"logout_hint", sids[0]}
		}, 0},
		{"session of another client", func(_ walk, _, sids []string) []string {
			return []string{"logout_hint", sids[0], "client_id", "odd"}
		}, -1},
		{"nobody", func(walk, []string, []string) []string {
			return []string{"logout_hint", "mallory"}
		}, -1},
		{"ID Token", func(_ walk, idTokens, _ []string) []string {
			return []string{"id_token_hint", idTokens[0]}
		}, 0},
		{"ID Token and another user", func(_ walk, idTokens, _ []string) []string {
			return []string{"id_token_hint", idTokens[0], "logout_hint", "bob"}
		}, -1},
		{"ID Token without a session", func(w walk, _, _ []string) []string {
			hint, err := jose.Sign([]byte(`{"iss":"`+w.Issuer()+`","sub":"alice","aud":"client"}`),
				w.Key(), jose.SignOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return []string{"id_token_hint", hint}
		}, 1},
		{"session of another user", func(w walk, _, sids []string) []string {
			hint, err := jose.Sign([]byte(`{"iss":"`+w.Issuer()+`","sub":"bob","aud":"client",`+
				`"sid":"`+sids[0]+`"}`), w.Key(), jose.SignOptions{})
			if err != nil {
				t.Fatal(err)
			}
			return []string{"id_token_hint", hint}
		}, -1},
	} {
		w := start(t, oidctest.Options{Users: users, Clients: []oidctest.Client{
			{ID: "client"}, {ID: "odd"}}})
		var tokens, idTokens, sids []string
		for _, login := range [][]string{{"client", "alice"}, {"client", "alice"},
			{"client", "bob"}, {"odd", "carol"}} {
			params, _ := w.request("openid")
			_, got := brought(w.authorize(changed(params, "response_type", "id_token token",
				"client_id", login[0], "login_hint", login[1])))
			tokens = append(tokens, got.Get("access_token"))
			idTokens = append(idTokens, got.Get("id_token"))
			sids = append(sids, w.sid(got.Get("id_token")))
		}
		if a := w.endSession(test.pairs(w, idTokens, sids)...); a.status != 200 {
			t.Errorf("%s: answer is %+v", test.name, a)
		}
		ended := -1
		for i, token := range tokens {
			if w.ask("me", token).status != 200 {
				ended = i
			}
		}
		if live := slices.DeleteFunc(tokens, func(s string) bool {
			return w.ask("me", s).status != 200
		}); ended != test.want || len(live) < 3 {
			t.Errorf("%s: %d has ended, want %d; %d go on", test.name, ended, test.want, len(live))
		}
	}
}

// An ID Token is a hint however old it is, whoever signed it, when a client has decrypted it,
// and when its session has ended, which is no fault.
func TestOldLogoutHint(t *testing.T) {
	now := time.Now()
	secret := strings.Repeat("s", 32)
	key, d := recipient(t, "RSA-OAEP-256", "A128CBC-HS256")
	for _, client := range []oidctest.Client{
		{ID: "client"},
		{ID: "client", Secret: secret, IDTokenAlgorithm: "HS256"},
		{ID: "client", IDTokenEncryption: oidctest.Recipient{Key: key}},
	} {
		w := start(t, oidctest.Options{Clients: []oidctest.Client{client},
			Now: func() time.Time { return now }})
		idToken := w.idToken()
		now = now.Add(48 * time.Hour)
		if client.IDTokenEncryption.Key != nil {
			if a := w.endSession("id_token_hint", idToken); a.description != "wrong_id_token_hint" {
				t.Errorf("encrypted: %+v", a)
			}
			opened, err := d.Decrypt(t.Context(), idToken)
			if err != nil {
				t.Fatal(err)
			}
			idToken = string(opened.Plaintext())
		}
		faults := len(w.Faults())
		for range 2 {
			a := w.endSession("id_token_hint", idToken, "post_logout_redirect_uri", after)
			if a.header.Get("Location") != after {
				t.Errorf("answer is %+v", a)
			}
		}
		if len(w.Faults()) != faults {
			t.Errorf("faults %q", w.Faults())
		}
	}
}

// OpenID Connect Back-Channel Logout 1.0, Section 2.7: what a logout takes with it, and that
// offline_access outlives it.
func TestLogoutRevokes(t *testing.T) {
	ends := map[string]func(w walk, g granted){
		"request": func(w walk, g granted) { w.endSession("id_token_hint", g.IDToken) },
		"method": func(w walk, g granted) {
			if err := w.EndSession(t.Context(), w.sid(g.IDToken)); err != nil {
				t.Error(err)
			}
		},
	}
	for name, end := range ends {
		for scope, outlives := range map[string]bool{
			"openid": false, "openid offline_access": true} {
			w := start(t, oidctest.Options{})
			g := w.grant(scope)
			end(w, g)
			api := w.ask("me", g.AccessToken)
			refreshed := w.token(refreshForm(g.RefreshToken))
			if outlives && (api.status != 200 || refreshed.status != 200) || !outlives &&
				(api.status != 401 || refreshed.description != "revoked_refresh_token") {
				t.Errorf("%s %s: API answers %+v, refresh %+v", name, scope, api, refreshed)
			}
		}
	}
}

// With the login form the user is asked, unless the ID Token is one of a session that goes
// on (OpenID Connect RP-Initiated Logout 1.0, Section 2).
func TestLogoutForm(t *testing.T) {
	logIn := func(w walk) granted {
		params, verifier := w.request("openid")
		form := credentials(w.authorize(params).body, "alice", "password")
		code := w.do("POST", w.Endpoint("login"), form, nil).location.Query().Get("code")
		return w.read(w.token(url.Values{"grant_type": {"authorization_code"},
			"redirect_uri": {callback}, "code": {code}, "code_verifier": {verifier}}))
	}
	w := start(t, oidctest.Options{LoginForm: true, Name: "<op>"})
	g := logIn(w)
	asked := func(action string) (first, second answer) {
		first = w.endSession("client_id", "client", "post_logout_redirect_uri", after,
			"state", "x")
		if first.status != 200 || first.location != nil ||
			!strings.Contains(first.body, `action="`+w.Endpoint("logout")+`"`) ||
			!strings.Contains(first.body, "<h1>&lt;op&gt;</h1>") || !w.live(g) {
			t.Errorf("form is %+v", first)
		}
		form := url.Values{"request": {hidden(first.body)}, "action": {action}}
		return first, w.do("POST", w.Endpoint("logout"), form, nil)
	}
	_, denied := asked("deny")
	if denied.status != 200 || denied.location != nil || !w.live(g) ||
		!strings.Contains(denied.body, "<h1>Still logged in</h1>") {
		t.Errorf("denied: %+v", denied)
	}
	form, allowed := asked("allow")
	if allowed.header.Get("Location") != after+"&state=x" || w.live(g) {
		t.Errorf("allowed: %+v", allowed)
	}
	again := w.do("POST", w.Endpoint("logout"), url.Values{"request": {hidden(form.body)}}, nil)
	if again.description != "unknown_login_request" {
		t.Errorf("form used twice: %+v", again)
	}
	if a := w.endSession("id_token_hint", g.IDToken); !strings.Contains(a.body, "<form") {
		t.Errorf("after the session: %+v", a)
	}
	g = logIn(w)
	if a := w.endSession("id_token_hint", g.IDToken); a.status != 200 || w.live(g) ||
		strings.Contains(a.body, "<form") {
		t.Errorf("with a hint: %+v", a)
	}
	if a := w.endSession("state", ""); !strings.Contains(a.body, "<form") {
		t.Errorf("with nothing: %+v", a)
	}
	want := []oidctest.Fault{oidctest.UserDenied, oidctest.UnusableAccessToken,
		oidctest.UnknownLogin, oidctest.UnusableAccessToken}
	if got := w.Faults(); !slices.Equal(got, want) {
		t.Errorf("faults %q, want %q", got, want)
	}
}

var frames = regexp.MustCompile(`<iframe src="([^"]*)"`)

// OpenID Connect Front-Channel Logout 1.0, Section 2 and 3: a frame for each client of the
// session, with what its URI has in it, and then the way on.
func TestFrontChannel(t *testing.T) {
	w := start(t, oidctest.Options{Clients: []oidctest.Client{
		{ID: "client", FrontChannelLogoutURI: `https://rp.example/out?a=%7e&b="><script>`},
		{ID: "odd", FrontChannelLogoutURI: "http://127.0.0.1/out"},
		{ID: "third", FrontChannelLogoutURI: "http://127.0.0.1/third"}, {ID: "none"}}})
	first := w.idToken()
	for _, id := range []string{"odd", "none", "odd"} {
		w.idToken("client_id", id, "id_token_hint", first)
	}
	w.idToken("client_id", "third")
	other := w.idToken("client_id", "third")
	query := url.Values{"iss": {w.Issuer()}, "sid": {w.sid(first)}}.Encode()
	a := w.endSession("id_token_hint", first, "post_logout_redirect_uri", after, "state", "x")
	var got []string
	for _, m := range frames.FindAllStringSubmatch(a.body, -1) {
		got = append(got, html.UnescapeString(m[1]))
	}
	want := []string{`https://rp.example/out?a=%7e&b=%22%3e%3cscript%3e&` + query,
		"http://127.0.0.1/out?" + query}
	if !slices.Equal(got, want) || a.status != 200 || a.location != nil {
		t.Errorf("answer is %d, frames %q, want %q", a.status, got, want)
	}
	if !strings.Contains(html.UnescapeString(a.body), `<a href="`+after+`&state=x">`) ||
		strings.Count(a.body, "<script>") != 1 {
		t.Errorf("page is %s", a.body)
	}
	_, script, _ := strings.Cut(a.body, "<script>")
	script, _, _ = strings.Cut(script, "</script>")
	sum := sha256.Sum256([]byte(script))
	if got := a.header.Get("Content-Security-Policy"); got != "default-src 'none'; base-uri "+
		"'none'; frame-ancestors 'none'; frame-src http: https:; script-src 'sha256-"+
		base64.StdEncoding.EncodeToString(sum[:])+"'" {
		t.Errorf("content security policy is %s", got)
	}
	a = w.endSession("id_token_hint", other)
	if a.status != 200 || len(frames.FindAllString(a.body, -1)) != 1 ||
		strings.Contains(a.body, "<script") || strings.Contains(a.body, "<a ") {
		t.Errorf("without a target: %+v", a)
	}
	a = w.endSession("id_token_hint", other, "post_logout_redirect_uri", after)
	if a.status != 303 {
		t.Errorf("after the session: %+v", a)
	}
}

// OpenID Connect Back-Channel Logout 1.0, Section 2.2, and OpenID Connect Front-Channel
// Logout 1.0, Section 2.
func TestLogoutURIs(t *testing.T) {
	redirects := []string{"com.example.app:/cb", "%", "https://RP.example:443/cb"}
	for _, test := range []struct {
		client oidctest.Client
		good   bool
	}{
		{oidctest.Client{BackChannelLogoutURI: "https://rp.example/out?a=b"}, true},
		{oidctest.Client{BackChannelLogoutURI: "/out"}, false},
		{oidctest.Client{BackChannelLogoutURI: "https:///out"}, false},
		{oidctest.Client{BackChannelLogoutURI: "ftp://rp.example/out"}, false},
		{oidctest.Client{BackChannelLogoutURI: "https://rp.example/out#"}, false},
		{oidctest.Client{BackChannelLogoutURI: "https://%"}, false},
		{oidctest.Client{BackChannelLogoutURI: "https://x.example", RedirectURIs: redirects}, true},
		{oidctest.Client{FrontChannelLogoutURI: "http://127.0.0.1/out"}, true},
		{oidctest.Client{FrontChannelLogoutURI: "http://127.0.0.1/out#a"}, false},
		{oidctest.Client{FrontChannelLogoutURI: "%"}, false},
		{oidctest.Client{FrontChannelLogoutURI: "https://rp.example/x", RedirectURIs: redirects},
			true},
		{oidctest.Client{FrontChannelLogoutURI: "http://rp.example/x", RedirectURIs: redirects},
			false},
		{oidctest.Client{FrontChannelLogoutURI: "https://rp.example:444/", RedirectURIs: redirects},
			false},
		{oidctest.Client{FrontChannelLogoutURI: "https://x.example/", RedirectURIs: redirects},
			false},
	} {
		_, err := oidctest.New(oidctest.Options{BaseURL: "http://127.0.0.1",
			Clients: []oidctest.Client{test.client}})
		if (err == nil) != test.good {
			t.Errorf("%+v: %v", test.client, err)
		}
	}
}
