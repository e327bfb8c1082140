package oidc

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"

	"vouchsafe/jose"
	"vouchsafe/oauth2"
	"vouchsafe/oidc/oidctest"
)

const goodbye = "http://127.0.0.1/goodbye"

// endsAt is a client of a provider whose end_session_endpoint is a URL.
func endsAt(endpoint string) func(*Config) {
	return func(c *Config) { c.Provider.EndSessionEndpoint = endpoint }
}

func TestLogout(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, endsAt("https://p.example/end?tenant=1&x=a%20b"))
	hint := w.issue(nil)
	old := w.issue(claim("exp", after(-1e6)))
	for _, tt := range []struct {
		name    string
		options LogoutOptions
		want    url.Values // beside client_id, tenant and x
		returns bool
	}{
		{"nothing", LogoutOptions{}, url.Values{}, false},
		{"hint", LogoutOptions{IDTokenHint: hint}, url.Values{"id_token_hint": {hint}}, false},
		{"hint that has expired", LogoutOptions{IDTokenHint: old},
			url.Values{"id_token_hint": {old}}, false},
		{"redirect", LogoutOptions{RedirectURI: goodbye},
			url.Values{"post_logout_redirect_uri": {goodbye}}, true},
		{"redirect with a query", LogoutOptions{RedirectURI: goodbye + "?a=b"},
			url.Values{"post_logout_redirect_uri": {goodbye + "?a=b"}}, true},
		{"redirect to an application", LogoutOptions{RedirectURI: "com.example.app:/bye"},
			url.Values{"post_logout_redirect_uri": {"com.example.app:/bye"}}, true},
		{"all", LogoutOptions{goodbye, hint, "alice@example.com", []string{"fr-CA", "fr"},
			url.Values{"reason": {"idle", "late"}}},
			url.Values{"post_logout_redirect_uri": {goodbye}, "id_token_hint": {hint},
				"logout_hint": {"alice@example.com"}, "ui_locales": {"fr-CA fr"},
				"reason": {"idle", "late"}}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			req, err := w.client.Logout(t.Context(), tt.options)
			if err != nil {
				t.Fatal(err)
			}
			endpoint, query, _ := strings.Cut(req.URL, "?")
			if endpoint != "https://p.example/end" ||
				!strings.HasPrefix(query, "tenant=1&x=a%20b&") || strings.Contains(query, "+") {
				t.Errorf("goes to %s", req.URL)
			}
			got := paramsOf(t, req.URL)
			tt.want["client_id"], tt.want["tenant"], tt.want["x"] = one("client"), one("1"),
				one("a b")
			if tt.returns {
				tt.want["state"] = one(req.Transaction.State())
				if len(req.Transaction.State()) != 43 {
					t.Errorf("state %q", req.Transaction.State())
				}
			} else if req.Transaction != nil {
				t.Error("a transaction although the browser does not come back")
			}
			if len(got) != len(tt.want) {
				t.Errorf("sends %v, want %v", got, tt.want)
			}
			for name, values := range tt.want {
				if !slices.Equal(got[name], values) {
					t.Errorf("%s is %q, want %q", name, got[name], values)
				}
			}
		})
	}
}

func one(s string) []string { return []string{s} }

// An endpoint without a query of its own, as it is discovered.
func TestLogoutDiscovered(t *testing.T) {
	w := newWorld(t, oidctest.Options{EditMetadata: member("end_session_endpoint",
		"http://127.0.0.1/end")}, nil, nil)
	req, err := w.client.Logout(t.Context(), LogoutOptions{})
	if err != nil || req.URL != "http://127.0.0.1/end?client_id=client" {
		t.Errorf("got %+v, %v", req, err)
	}
}

// member returns an edit of one member of metadata; nil removes it.
func member(name string, value any) func(map[string]any) {
	return func(members map[string]any) { put(members, name, value) }
}

func TestLogoutRefuses(t *testing.T) {
	const end = "https://p.example/end"
	params := func(name string) LogoutOptions {
		return LogoutOptions{RedirectURI: goodbye, Params: url.Values{name: {"x"}}}
	}
	w := newWorld(t, oidctest.Options{}, nil, nil)
	for _, tt := range []struct {
		name, endpoint string
		options        LogoutOptions
		want           string
	}{
		{"http endpoint", "http://p.example/end", LogoutOptions{}, "check end_session_endpoint"},
		{"no URL for an endpoint", "end", LogoutOptions{}, "check end_session_endpoint"},
		{"endpoint with a client_id", end + "?client_id=a", LogoutOptions{},
			"check end_session_endpoint"},
		{"endpoint with a state", end + "?state=a", LogoutOptions{RedirectURI: goodbye},
			"check end_session_endpoint"},
		{"endpoint with no form", end + "?%zz", LogoutOptions{}, "check end_session_endpoint"},
		{"redirect to a path", end, LogoutOptions{RedirectURI: "/goodbye"},
			"check post_logout_redirect_uri"},
		{"redirect to http", end, LogoutOptions{RedirectURI: "http://app.example/"},
			"check post_logout_redirect_uri"},
		{"redirect to a script", end, LogoutOptions{RedirectURI: "javascript:alert(1)"},
			"check post_logout_redirect_uri"},
		{"redirect with a fragment", end, LogoutOptions{RedirectURI: goodbye + "#a"},
			"check post_logout_redirect_uri"},
		{"redirect with an empty fragment", end, LogoutOptions{RedirectURI: "com.example:/a#"},
			"check post_logout_redirect_uri"},
		{"redirect with a user", end, LogoutOptions{RedirectURI: "com.example://a@b/"},
			"check post_logout_redirect_uri"},
		{"redirect with a state", end, LogoutOptions{RedirectURI: goodbye + "?state=a"},
			"check post_logout_redirect_uri"},
		{"redirect with no form", end, LogoutOptions{RedirectURI: goodbye + "?%zz"},
			"check post_logout_redirect_uri"},
		{"no ID Token for a hint", end, LogoutOptions{IDTokenHint: "alice"},
			"check id_token_hint"},
		{"hint of another provider", end,
			LogoutOptions{IDTokenHint: w.issue(claim("iss", stranger))}, "check id_token_hint"},
		{"state in Params", end, params("state"), "check params"},
		{"state in Params of no return", end, LogoutOptions{Params: url.Values{"state": {"x"}}},
			"check params"},
		{"client_id in Params", end, params("client_id"), "check params"},
		{"redirect in Params", end,
			LogoutOptions{Params: url.Values{"post_logout_redirect_uri": {goodbye}}}, "check params"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWorld(t, oidctest.Options{}, nil, endsAt(tt.endpoint))
			req, err := w.client.Logout(t.Context(), tt.options)
			if !hasOutcome(err, tt.want) || req != nil {
				t.Errorf("got %v, %v, want %s", req, err, tt.want)
			}
		})
	}
}

// A hint that is refused is said to be by the rules of logouts, not by those of logins.
func TestLogoutHintClause(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, endsAt("https://p.example/end"))
	_, err := w.client.Logout(t.Context(), LogoutOptions{IDTokenHint: "alice"})
	if check, ok := errors.AsType[*jose.CheckError](err); !ok || check.Clause != logoutClause ||
		strings.Contains(check.Need, "asked for") {
		t.Errorf("got %v", err)
	}
}

// Of a path that is no URL the check says so, and not which schemes there are.
func TestLogoutRedirectNeed(t *testing.T) {
	check, ok := errors.AsType[*jose.CheckError](checkLogoutRedirect("/goodbye"))
	if !ok || !strings.Contains(check.Need, "absolute") {
		t.Errorf("got %v", check)
	}
}

func TestLogoutWithoutEndpoint(t *testing.T) {
	w := newWorld(t, oidctest.Options{EditMetadata: member("end_session_endpoint", nil)}, nil, nil)
	if req, err := w.client.Logout(t.Context(), LogoutOptions{}); req != nil ||
		!hasOutcome(err, "check end_session_endpoint") {
		t.Errorf("got %v, %v", req, err)
	}
	down := newWorld(t, oidctest.Options{}, answerer{wellKnown: say(500, "", "")}, nil)
	if req, err := down.client.Logout(t.Context(), LogoutOptions{}); req != nil || err == nil {
		t.Errorf("of a provider that is down: %v, %v", req, err)
	}
}

func TestLogoutCallback(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, endsAt("https://p.example/end"))
	req, err := w.client.Logout(t.Context(), LogoutOptions{RedirectURI: goodbye})
	if err != nil {
		t.Fatal(err)
	}
	stored, err := req.Transaction.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	var txn LogoutTransaction
	if err := txn.UnmarshalBinary(stored); err != nil {
		t.Fatal(err)
	}
	other := newWorld(t, oidctest.Options{}, nil, nil) // of another issuer
	sibling, err := New(Config{Issuer: w.Issuer(), ID: "other", Auth: oauth2.None()})
	if err != nil {
		t.Fatal(err)
	}
	state := txn.State()
	for _, tt := range []struct {
		name   string
		client *Client
		params url.Values
		txn    *LogoutTransaction
		want   string
	}{
		{"state", w.client, url.Values{"state": {state}}, &txn, "ok"},
		{"and more", w.client, url.Values{"state": {state}, "x": {"y"}}, &txn, "ok"},
		{"other state", w.client, url.Values{"state": {state + "x"}}, &txn, "check state"},
		{"empty state", w.client, url.Values{"state": {""}}, &txn, "check state"},
		{"no state", w.client, url.Values{}, &txn, "check state"},
		{"state twice", w.client, url.Values{"state": {state, state}}, &txn, "check parameters"},
		{"another twice", w.client, url.Values{"state": {state}, "x": {"", ""}}, &txn,
			"check parameters"},
		{"no transaction", w.client, url.Values{"state": {""}}, nil, "check transaction"},
		{"zero transaction", w.client, url.Values{"state": {""}}, &LogoutTransaction{},
			"check transaction"},
		{"of another issuer", other.client, url.Values{"state": {state}}, &txn,
			"check transaction"},
		{"of another client", sibling, url.Values{"state": {state}}, &txn, "check transaction"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.client.LogoutCallback(t.Context(), tt.params, tt.txn); outcome(err) != tt.want {
				t.Errorf("got %v, want %s", err, tt.want)
			}
		})
	}
}

// Neither a login's transaction nor anything else is that of a logout, nor the other way round.
func TestLogoutTransactionGarbage(t *testing.T) {
	w := newWorld(t, oidctest.Options{}, nil, endsAt("https://p.example/end"))
	login, err := w.begin(AuthorizationOptions{}).Transaction.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	req, err := w.client.Logout(t.Context(), LogoutOptions{RedirectURI: goodbye})
	if err != nil {
		t.Fatal(err)
	}
	before := req.Transaction.State()
	for _, garbage := range []string{"", "null", "{}", "[]", string(login),
		`{"logout_state":"s","issuer":"i"}`, `{"logout_state":"s","client_id":"c"}`,
		`{"issuer":"i","client_id":"c"}`,
		`{"logout_state":"s","issuer":"i","client_id":"c","issuer":7}`,
		`{"logout_state":"s","issuer":"i","client_id":"c"`} {
		if err := req.Transaction.UnmarshalBinary([]byte(garbage)); err == nil ||
			req.Transaction.State() != before {
			t.Errorf("%q: %v", garbage, err)
		}
	}
	logout, err := req.Transaction.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if err := new(Transaction).UnmarshalBinary(logout); err == nil {
		t.Error("a logout's transaction is one of a login")
	}
	if b, err := new(LogoutTransaction).MarshalBinary(); err == nil || b != nil {
		t.Errorf("the zero transaction is %q, %v", b, err)
	}
	mustNotShow(t, "LogoutTransaction", req.Transaction, before)
	mustNotShow(t, "LogoutRequest", struct{ T LogoutTransaction }{*req.Transaction}, before)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		if text := fmt.Sprintf(verb, LogoutOptions{IDTokenHint: canary}); strings.Contains(text, canary) {
			t.Error(text)
		}
	}
	if text := (LogoutOptions{IDTokenHint: canary}).LogValue().String(); strings.Contains(text, canary) {
		t.Error(text)
	}
}
